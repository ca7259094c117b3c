/** Proofs of what is in no layer: the configuration through jq, what hangs off an image. */

import { createHash } from 'node:crypto';
import type { ImageRecord } from '../source/source.ts';
import type { Draft } from './draft.ts';
import type { LocationKind } from './finding.ts';
import { type ProofKit, selection } from './proof-kit.ts';
import { jqString, quote } from './proof-shell.ts';
import { storedBlob, storedManifest } from './proof-source.ts';

/** Where a configuration has what the kind of place holds. */
const filters: Partial<Record<LocationKind, string>> = {
  cmd: '.config.Cmd | join(" ")',
  entrypoint: '.config.Entrypoint | join(" ")',
  healthcheck: '.config.Healthcheck.Test | join(" ")',
  shell: '.config.Shell | join(" ")',
  onbuild: '.config.OnBuild[]',
  user: '.config.User',
  workdir: '.config.WorkingDir',
  volume: '.config.Volumes | keys[]',
  config: '.. | strings',
};

/** The commands that show a string of the configuration. */
export function configSteps(draft: Draft, { place, record }: ProofKit): string[] | undefined {
  const key = configKey(record);
  const filter = filterOf(draft);
  if (key === undefined || filter === undefined) return undefined;
  const blob = storedBlob(place, record, key);
  return blob && [...blob, jq(filter)];
}

/** The commands that show an annotation in each place where its document has one of this name. */
export function annotationSteps({ location, document }: Draft, { place, record }: ProofKit): string[] | undefined {
  const { name } = location;
  if (name === undefined || document === undefined) return undefined;
  const manifest = storedManifest(place, record, document);
  return manifest && [...manifest, jq(`.. | .annotations? | .[${jqString(name)}]? // empty`)];
}

function configKey({ source, configDigest, configKey: stored }: ImageRecord): string | undefined {
  return source === 'registry' ? configDigest : stored;
}

function filterOf({ location, historyIndex }: Draft): string | undefined {
  const { kind, name } = location;
  switch (kind) {
    case 'env':
      return name === undefined ? '.. | strings' : `.. | strings | select(startswith(${jqString(`${name}=`)}))`;
    case 'label':
      return name === undefined ? '.config.Labels' : `.config.Labels[${jqString(name)}]`;
    case 'arg':
    case 'history':
      return historyIndex === undefined ? undefined : `.history[${historyIndex}].created_by`;
    case 'author':
    case 'comment':
      return historyIndex === undefined ? `.${kind}` : `.history[${historyIndex}] | .${kind} // .created_by`;
    default:
      return filters[kind];
  }
}

/** The commands that show a string of an attachment, decoded where it is base64. */
export function attachmentSteps(draft: Draft, { place, record }: ProofKit): string[] | undefined {
  const { attachment } = draft;
  const { document, blob: key } = attachment ?? {};
  if (document !== undefined) {
    const hex = createHash('sha256').update(document).digest('hex');
    const blob = storedBlob(place, record, record.source === 'registry' ? `sha256:${hex}` : `blobs/sha256/${hex}`);
    return blob && [...blob, jq('.. | strings | ., (try @base64d catch empty)')];
  }
  if (key === undefined || draft.location.nested !== undefined) return undefined;
  const blob = storedBlob(place, record, key);
  const shown = selection(draft);
  return blob && shown && [...blob, ...shown];
}

function jq(filter: string): string {
  return `jq -r ${quote(filter)}`;
}
