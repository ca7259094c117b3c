/**
 * The proof of a finding: one command that gets the secret out of the image as it is stored, with tools everybody has,
 * so that nobody has to believe us. It names digests, not tags: what it shows is what was scanned. Where no command can
 * be told for certain there is none, and where a command would hold a secret itself, the secret's place is a wildcard.
 */

import type { Draft } from './draft.ts';
import { lookUp } from './layer-index.ts';
import type { LayerScan } from './layer-scan.ts';
import { type ProofKit, selection } from './proof-kit.ts';
import { annotationSteps, attachmentSteps, configSteps } from './proof-metadata.ts';
import { listingStep, nestedSteps, rowSelection } from './proof-nested.ts';
import { isPrintable, quote, tarName, tarPattern } from './proof-shell.ts';
import { storedBlob } from './proof-source.ts';

/** No command is longer: nobody could look it through. */
const longest = 4096;

/** The command that shows what a draft says; undefined where there is none. */
export function proofOf(draft: Draft, kit: ProofKit): string | undefined {
  const steps = stepsOf(draft, kit);
  const command = steps?.join(' | ');
  if (command === undefined || command.length > longest || !isPrintable(command)) return undefined;
  return kit.masker.applyToName(command) === command ? command : undefined;
}

function stepsOf(draft: Draft, kit: ProofKit): string[] | undefined {
  if (draft.layer !== undefined) return layerSteps(draft, draft.layer, kit);
  if (draft.exposure === 'attestation') return attachmentSteps(draft, kit);
  return draft.location.kind === 'annotation' ? annotationSteps(draft, kit) : configSteps(draft, kit);
}

function layerSteps(draft: Draft, layer: number, { place, record, scans, masker }: ProofKit): string[] | undefined {
  const scan = scans[layer];
  const key = record.layers[layer]?.blob;
  const { stored } = draft;
  // What is no image may be no tar, and content between entries has no name that tar would know.
  const isLoose = stored === undefined || /(?:^#[\w-]+@\d+|#data)$/.test(stored.rawName);
  if (scan === undefined || key === undefined || isLoose || record.artifactType !== undefined) return undefined;
  const blob = storedBlob(place, record, key);
  if (blob === undefined) return undefined;
  const { compression } = scan;
  const unpack = compression === 'zstd' ? ['zstd -dc'] : [];
  const z = compression === 'gzip' ? 'z' : '';
  const number = stored.ordinal + 1;
  const { nested = [] } = draft.location;
  if (stored.header?.attribute === 'link target') return [...blob, ...unpack, `tar -tv${z}f -`, `sed -n ${number}p`];
  if (stored.header?.attribute !== undefined) {
    const keyword = stored.header.attribute.replace(/[^\w:-]/g, '\\$&');
    const inflate = compression === 'gzip' ? ['gunzip'] : unpack;
    return [...blob, ...inflate, `grep -aoE ${quote(`[0-9]+ ${keyword}=.*`)}`];
  }
  if (stored.header !== undefined && nested.length === 0)
    return [...blob, ...unpack, `tar -t${z}f -`, `sed -n ${number}p`];

  const parts = masker.partsOfName(stored.rawName);
  const name = parts.length === 1 ? tarName(stored.rawName) : `--wildcards ${tarPattern(parts)}`;
  const absolute = /^\/|(?:^|\/)\.\.(?:\/|$)/.test(stored.rawName) ? 'P' : '';
  const occurrence = occurrenceOf(scan, stored);
  const extract = `tar -x${z}${absolute}Of -${occurrence === undefined ? '' : ` --occurrence=${occurrence}`} ${name}`;
  if (stored.header !== undefined) {
    const inner = nestedSteps(draft, nested.length - 1, masker);
    const listed = listingStep(stored.containers?.[nested.length - 1]);
    if (inner === undefined || listed === undefined) return undefined;
    return [...blob, ...unpack, extract, ...inner, listed];
  }
  const inner = nestedSteps(draft, nested.length, masker);
  const shown = stored.containers?.at(-1) === 'sqlite' ? rowSelection(draft) : selection(draft);
  return inner && shown && [...blob, ...unpack, extract, ...inner, ...shown];
}

/** Which of the entries of the same path it is, from 1; undefined where it is the only one. */
function occurrenceOf(
  { index }: Pick<LayerScan, 'index'>,
  { ordinal, path }: NonNullable<Draft['stored']>,
): number | undefined {
  const hits = lookUp(index, [path]).get(path) ?? [];
  const same = hits.filter(({ type }) => type !== 'whiteout' && type !== 'opaque');
  return same.length < 2 ? undefined : same.findIndex((hit) => hit.ordinal === ordinal) + 1;
}
