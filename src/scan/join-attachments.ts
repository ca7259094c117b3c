/** From the matches in what hangs off an image, where it was scanned as content, to findings: which attachment, where in it. */

import { type Diagnostic, incomplete } from '../errors.ts';
import type { Attachment } from '../source/source.ts';
import type { Draft, RuleLookup } from './draft.ts';
import type { ScannedBlobs } from './join.ts';
import { oneASecret } from './join-files.ts';

/** What attachments add to an image's report. */
export interface JoinedAttachments {
  readonly drafts: readonly Draft[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Joins the attachments that are blobs; those that were read are among the metadata's strings. */
export function joinAttachments(
  attachments: readonly Attachment[],
  blobs: ScannedBlobs,
  rules: RuleLookup,
): JoinedAttachments {
  const drafts: Draft[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const attachment of attachments) {
    const { title, blob } = attachment;
    if (blob === undefined) continue;
    const scan = blobs.scans.get(blob);
    if (scan === undefined) {
      const failure = blobs.failures.get(blob) ?? incomplete('BLOB_MISSING', '', 'its source does not have it');
      diagnostics.push({ ...failure, subject: title });
      continue;
    }
    for (const diagnostic of scan.diagnostics) {
      const subject = diagnostic.subject === '' ? title : `${title}: ${diagnostic.subject}`;
      diagnostics.push({ ...diagnostic, subject });
    }
    for (const content of scan.contents) {
      for (const match of oneASecret(content.matches, rules)) {
        drafts.push({
          match,
          location: {
            kind: 'attestation',
            name: title,
            path: content.path,
            line: match.line,
            ...(match.column === undefined ? {} : { column: match.column }),
            offset: match.start,
            ...(content.nested.length === 0 ? {} : { nested: content.nested }),
            ...(content.git === undefined ? {} : { git: content.git }),
          },
          attachment,
          alsoAt: [],
          exposure: 'attestation',
        });
      }
    }
  }
  return { drafts, diagnostics };
}
