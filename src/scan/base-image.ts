/**
 * Which layers an image has from the one it was built upon. What an image says of that (annotations, labels, its
 * provenance), what a Dockerfile shows and what earlier scans have seen is worth a label; but findings are left out only
 * for a base the user named, and only where the layers' contents, as we hashed them, are those of the base.
 */

import { type Diagnostic, notice } from '../errors.ts';
import { isDigest } from '../oci/digest.ts';
import { readBaseImages } from '../oci/provenance.ts';
import type { ImageRecord } from '../source/source.ts';
import { whyNotBase } from './base-mismatch.ts';
import { type ImageStack, type KnownImage, knownImage } from './cache/known-images.ts';
import type { DockerfileLines } from './dockerfile-line.ts';
import type { Draft } from './draft.ts';
import type { BaseImage, LocationKind } from './finding.ts';
import type { LayerScan } from './layer-scan.ts';
import type { Masker } from './mask.ts';
import { type MetadataString, metadataStrings } from './metadata-strings.ts';
import { isPrintable } from './proof-shell.ts';
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
  /** Images of earlier scans whose layers are a stack's lowest; without it none is known. */
  readonly imagesBelow?: ((stack: ImageStack) => readonly KnownImage[]) | undefined;
  /** True where findings in the base are not to be shown. */
  readonly skipBase: boolean;
}

/** Finds the base of an image. */
export function findBase(sources: BaseSources): FoundBase {
  const { known, skipBase, record, scans } = sources;
  if (record.artifactType !== undefined) return { diagnostics: [] };
  const compared = compare(sources);
  if (compared !== undefined) return { ...compared, diagnostics: [] };
  const base = betterOf(claimedBase(sources), seenBase(sources));
  const found = base === undefined ? {} : { base };
  const claim = claimOf(base);
  if (known.length > 0) {
    const why = known.map((one) => whyNotBase(one, record, scans)).join('; ');
    return { ...found, diagnostics: [notice('DIFF_ID_MISMATCH', 'base image', `${why}.${claim}`)] };
  }
  if (!skipBase) return { ...found, diagnostics: [] };
  const message = `--skip-base leaves nothing out without --base ${base?.name ?? 'REF'}: only what you name as a base hides anything.${claim}`;
  return { ...found, diagnostics: [notice('HISTORY_MISMATCH', 'base image', message)] };
}

function claimOf(base: BaseImage | undefined): string {
  if (base === undefined) return '';
  return base.from === 'cache' ? ` The cache knows ${base.name} below it.` : ` It is said to be built on ${base.name}.`;
}

/** Marks what a base whose layers were compared has as well. */
export function markBase<D extends Draft>(drafts: readonly D[], { base, record }: FoundBase): readonly D[] {
  const { layers } = base ?? {};
  if (layers === undefined || record === undefined) return drafts;
  const strings = metadataStrings(record.config);
  return drafts.map((draft) => {
    const { layer, exposure, match } = draft;
    const isBase =
      layer === undefined
        ? exposure === 'metadata' &&
          strings.some((string) => isSamePlace(string, draft) && holds(string.value, match.secret))
        : layer < layers;
    return isBase ? { ...draft, isBase } : draft;
  });
}

/** A weak secret may stand anywhere in a base by chance; in the same variable, or at the same step of its history, it is the base's. */
function isSamePlace({ kind, name, historyIndex }: MetadataString, draft: Draft): boolean {
  const { location } = draft;
  const isArgument = (each: LocationKind): boolean => each === 'arg' || each === 'history';
  const isSameKind = kind === location.kind || (isArgument(kind) && isArgument(location.kind));
  const isSameStep = historyIndex === undefined || historyIndex === draft.historyIndex;
  return isSameKind && isSameStep && (name === undefined || name === location.name);
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
  return { record, base: { name, ...digestOf(record.manifestDigest), layers, from: 'option', verified: true } };
}

/** What the image, or the Dockerfile beside its history, says. */
function claimedBase({ record, lines }: BaseSources): BaseImage | undefined {
  const { attachments = [] } = record;
  const annotated = annotationOf(record, 'name');
  const attested = attachments.flatMap(({ document }) => (document === undefined ? [] : readBaseImages(document)));
  // Of several, one is the last stage's, and nobody says which.
  const [only, ...others] = new Set(attested);
  const attestedName = others.length === 0 ? only : undefined;
  const name = annotated || (lines.base?.name ?? attestedName);
  if (!name) return undefined;
  const from = annotated ? 'annotation' : lines.base === undefined ? 'provenance' : 'dockerfile';
  const layers = layersOf(record, lines);
  const digest = annotated ? digestOf(annotationOf(record, 'digest')) : {};
  return { name, ...digest, from, verified: false, ...(layers === 0 ? {} : { layers }) };
}

function annotationOf({ annotations = [], config }: ImageRecord, part: 'name' | 'digest'): string | undefined {
  const key = `org.opencontainers.image.base.${part}`;
  return annotations.find(({ name }) => name === key)?.value || config.labels[key];
}

function digestOf(digest: string | undefined): { readonly digest?: string } {
  return digest === undefined || !isDigest(digest) ? {} : { digest };
}

/** The image of an earlier scan that lies below this one: of several alike the one it says to be built on, then of its platform. */
function seenBase({ record, scans, imagesBelow }: BaseSources): BaseImage | undefined {
  if (imagesBelow === undefined) return undefined;
  const whole = scans.findIndex((scan, index) => !isWhole(scan, record.config.diffIds[index]));
  const diffIds = scans.slice(0, whole < 0 ? scans.length : whole).map((scan) => scan!.diffId);
  const own = new Set([record.reference, ...record.repoTags].map(repositoryOf));
  // What has the same name is a former build of the same, which is no base though it may have been built from the same lines.
  const below = imagesBelow({ diffIds, history: record.config.history ?? [] }).filter(
    ({ reference }) => !own.has(repositoryOf(reference)),
  );
  const [first] = below;
  const alike = below.filter(({ layers }) => layers === first?.layers);
  const claimed = annotationOf(record, 'digest');
  const most =
    alike.find(({ digest }) => digest !== undefined && digest === claimed) ??
    alike.find(({ platform }) => platform === record.platform) ??
    first;
  if (most === undefined) return undefined;
  const { reference, digest, layers } = most;
  return { name: reference, ...digestOf(digest), layers, from: 'cache', verified: true };
}

/** What earlier scans have seen was compared; a Dockerfile that goes on where that ends knows a nearer one. */
function betterOf(claimed: BaseImage | undefined, seen: BaseImage | undefined): BaseImage | undefined {
  if (claimed === undefined || seen === undefined) return claimed ?? seen;
  if ((claimed.layers ?? 0) > (seen.layers ?? 0)) return claimed;
  const { name, from } = claimed;
  return name === seen.name ? seen : { ...seen, claim: { name, from } };
}

/** What a later scan may know an image by: nothing where not all of its layers were read, or its name is not told. */
export function seenWhole(
  record: ImageRecord,
  scans: readonly (LayerScan<Secret> | undefined)[],
  masker: Masker,
): KnownImage | undefined {
  const { reference, platform, manifestDigest: digest, config, artifactType } = record;
  const isTold = isPrintable(reference) && masker.applyToName(reference) === reference;
  if (artifactType !== undefined || !isTold) return undefined;
  if (!scans.every((scan, index) => isWhole(scan, config.diffIds[index]))) return undefined;
  const stack = { diffIds: scans.map((scan) => scan!.diffId), history: config.history ?? [] };
  return knownImage({ reference, platform, ...digestOf(digest) }, stack);
}

/** True where a layer's diff ID is that of all its bytes. */
function isWhole(scan: LayerScan<Secret> | undefined, claimed: string | undefined): boolean {
  return scan !== undefined && (scan.diffId === claimed || scan.diagnostics.every(({ effect }) => effect === 'notice'));
}

/** A name without transport, tag and digest, and without what Docker's short names leave out. */
function repositoryOf(reference: string): string {
  return reference
    .replace(/^(?:docker:\/\/|(?:docker-daemon|podman|container|docker-archive|oci-archive|oci):)/, '')
    .replace(/@[^/]*$/, '')
    .replace(/:[^:/]*$/, '')
    .replace(/^(?:index\.)?docker\.io\/|^localhost\//, '')
    .replace(/^library\//, '');
}

/** How many layers the history entries of the base made; 0 where it is not known which these are. */
function layersOf({ config: { history = [] }, layers }: ImageRecord, { base }: DockerfileLines): number {
  const made = history.filter(({ emptyLayer }) => !emptyLayer);
  if (base === undefined || made.length !== layers.length) return 0;
  return made.filter(({ index }) => index < base.historyEntries).length;
}
