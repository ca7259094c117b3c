/**
 * Which layers an image has from the one it was built upon. What an image says of that (annotations, labels, its
 * provenance) and what a Dockerfile shows is worth a label; but findings are left out only for a base the user named,
 * and only where the layers' contents, as we hashed them, are those of the base.
 */

import { type Diagnostic, notice } from '../errors.ts';
import { readBaseImages } from '../oci/provenance.ts';
import type { ImageRecord } from '../source/source.ts';
import type { DockerfileLines } from './dockerfile-line.ts';
import type { Draft } from './draft.ts';
import type { BaseImage } from './finding.ts';
import type { LayerScan } from './layer-scan.ts';
import { metadataStrings } from './metadata-strings.ts';
import type { Secret } from './secret.ts';

/** An image the user named as a base, all its platforms. */
export interface KnownBase {
  readonly name: string;
  readonly records: readonly ImageRecord[];
}

/** What an image was built upon. */
export interface FoundBase {
  readonly base?: BaseImage;
  /** The base's own record, where its layers were compared. */
  readonly record?: ImageRecord;
  readonly diagnostics: readonly Diagnostic[];
}

/** What a base is told from. */
export interface BaseSources {
  readonly record: ImageRecord;
  readonly scans: readonly (LayerScan<Secret> | undefined)[];
  readonly known: readonly KnownBase[];
  readonly lines: DockerfileLines;
  /** True where findings in the base are not to be shown. */
  readonly skipBase: boolean;
}

/** Finds the base of an image. */
export function findBase(sources: BaseSources): FoundBase {
  const { known, skipBase } = sources;
  if (sources.record.artifactType !== undefined) return { diagnostics: [] };
  const compared = compare(sources);
  if (compared !== undefined) return { ...compared, diagnostics: [] };
  const base = claimedBase(sources);
  const names = known.map(({ name }) => name).join(', ');
  const claim = base === undefined ? '' : ` It is said to be built on ${base.name}.`;
  if (known.length > 0) {
    const message = `its lowest layers are not those of ${names}, which was updated since, or is not its base.${claim}`;
    return {
      ...(base === undefined ? {} : { base }),
      diagnostics: [notice('DIFF_ID_MISMATCH', 'base image', message)],
    };
  }
  if (!skipBase) return { ...(base === undefined ? {} : { base }), diagnostics: [] };
  const name = base?.name ?? 'REF';
  const message = `--skip-base leaves nothing out without --base ${name}: what an image says of itself hides nothing.${claim}`;
  return { ...(base === undefined ? {} : { base }), diagnostics: [notice('HISTORY_MISMATCH', 'base image', message)] };
}

/** Marks what a base whose layers were compared has as well. */
export function markBase<D extends Draft>(drafts: readonly D[], { base, record }: FoundBase): readonly D[] {
  const { layers } = base ?? {};
  if (layers === undefined || record === undefined) return drafts;
  const strings = metadataStrings(record.config).map(({ value }) => value);
  return drafts.map((draft) => {
    const { layer, exposure, match } = draft;
    const isBase =
      layer === undefined
        ? exposure === 'metadata' && strings.some((value) => holds(value, match.secret))
        : layer < layers;
    return isBase ? { ...draft, isBase } : draft;
  });
}

// Only layers are kept; metadata's secrets are always in the clear.
function holds(text: string, secret: Draft['match']['secret']): boolean {
  return typeof secret === 'string' && text.includes(secret);
}

/** The base with the most layers that are all, in their order, the image's lowest. */
function compare({ known, scans }: BaseSources): Pick<FoundBase, 'base' | 'record'> | undefined {
  const fitting = known.flatMap(({ name, records }) =>
    records
      .filter(
        ({ config: { diffIds } }) => diffIds.length > 0 && diffIds.every((id, index) => scans[index]?.diffId === id),
      )
      .map((record) => ({ name, record, layers: record.config.diffIds.length })),
  );
  const [most] = fitting.sort((a, b) => b.layers - a.layers);
  if (most === undefined) return undefined;
  const { name, record, layers } = most;
  return { record, base: { name, layers, from: 'option', verified: true } };
}

/** What the image, or the Dockerfile beside its history, says. */
function claimedBase({ record, lines }: BaseSources): BaseImage | undefined {
  const { annotations = [], attachments = [], config } = record;
  const key = 'org.opencontainers.image.base.name';
  const annotated = annotations.find(({ name }) => name === key)?.value || config.labels[key];
  const attested = attachments.flatMap(({ document }) => (document === undefined ? [] : readBaseImages(document)));
  // Of several, one is the last stage's, and nobody says which.
  const [only, ...others] = new Set(attested);
  const attestedName = others.length === 0 ? only : undefined;
  const name = annotated || (lines.base?.name ?? attestedName);
  if (!name) return undefined;
  const from = annotated ? 'annotation' : lines.base === undefined ? 'provenance' : 'dockerfile';
  const layers = layersOf(record, lines);
  return { name, from, verified: false, ...(layers === 0 ? {} : { layers }) };
}

/** How many layers the history entries of the base made; 0 where it is not known which these are. */
function layersOf({ config: { history = [] }, layers }: ImageRecord, { base }: DockerfileLines): number {
  const made = history.filter(({ emptyLayer }) => !emptyLayer);
  if (base === undefined || made.length !== layers.length) return 0;
  return made.filter(({ index }) => index < base.historyEntries).length;
}
