/** What is said of an archive that is no image's, or that is not whole: what was found, and what to do instead. */

import { type Diagnostic, incomplete, ScanError } from '../errors.ts';
import { sniff } from '../oci/magic.ts';

/** How reading an archive ended. */
export type Ending = 'complete' | 'truncated' | 'damaged' | 'limit';

/** The diagnostic for an archive that could not be read to its end; what came before is scanned. */
export function endingDiagnostic(ending: Ending, archive: string, last: string | undefined): Diagnostic | undefined {
  const where = last === undefined ? 'at its beginning' : `after or in ${last}`;
  switch (ending) {
    case 'complete':
      return undefined;
    case 'truncated':
      return incomplete('BLOB_TRUNCATED', archive, `The archive ends early, ${where}; what came before was scanned.`);
    case 'damaged':
      return incomplete('ARCHIVE_INVALID', archive, `The archive is damaged ${where}; what came before was scanned.`);
    case 'limit':
      return incomplete('LIMIT_EXCEEDED', archive, `The archive has more entries than are read; it was left ${where}.`);
  }
}

/** The error for an archive without a list of images, or cut off before any image was whole. */
export function noImageError(
  archive: string,
  found: { readonly names: readonly string[]; readonly ending: Ending; readonly head: Uint8Array },
): ScanError {
  const { names, ending, head } = found;
  const details = (hint: string): { subject: string; hint: string } => ({ subject: archive, hint });
  if (ending === 'truncated' && (names.length > 0 || sniff(head).kind === 'layer')) {
    const seen = `after ${names.length} entries: no image in it is whole`;
    return new ScanError(
      'BLOB_TRUNCATED',
      `${archive} ends early, ${seen}.`,
      details('Make or copy the archive again.'),
    );
  }
  if (names.length === 0) {
    return new ScanError(
      'ARCHIVE_INVALID',
      `${archive} is no tar of an image: ${looks(head)}.`,
      details('Write one with docker save, podman save or skopeo copy.'),
    );
  }
  const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '');
  const message = `${archive} has neither manifest.json nor index.json among its ${names.length} entries (${shown}).`;
  return new ScanError('ARCHIVE_INVALID', message, details(hintFor(names)));
}

function hintFor(names: readonly string[]): string {
  if (names.includes('repositories'))
    return 'It is of docker before 1.10: load it into a current docker and save it again.';
  const folders = new Set(names.map((name) => name.split('/')[0]));
  if (['bin', 'etc', 'usr', 'var'].filter((folder) => folders.has(folder)).length >= 2) {
    return 'It looks like a root file system (docker export, or one layer): use docker save, which keeps the layers.';
  }
  return 'Write it with docker save, podman save or skopeo copy.';
}

function looks(head: Uint8Array): string {
  const content = sniff(head);
  if (content.kind === 'empty') return 'it is empty';
  if (content.kind === 'json') return 'it is JSON';
  if (content.kind === 'unknown' && content.looksLike !== undefined) return `it looks like ${content.looksLike}`;
  if (content.kind === 'layer') return 'it holds nothing';
  return 'it begins with something else';
}
