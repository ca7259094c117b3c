/** An image report is a join: the image's record with the scans of its layers and of its metadata. Nothing is read here. */

import { type Diagnostic, incomplete, notice } from '../errors.ts';
import type { Dockerfile } from '../oci/provenance.ts';
import type { ImageRecord } from '../source/source.ts';
import { findBase, type KnownBase, markBase, seenWhole } from './base-image.ts';
import type { ImageStack, KnownImage } from './cache/known-images.ts';
import { DockerfileLines } from './dockerfile-line.ts';
import type { Draft, RuleLookup } from './draft.ts';
import type { BaseImage, ImageReport, LayerPlace, LayerReport, Suppressed } from './finding.ts';
import type { Fingerprinter } from './fingerprint.ts';
import { finish, instructionAt } from './finish.ts';
import { alignHistory } from './history.ts';
import { joinAttachments } from './join-attachments.ts';
import { joinFiles } from './join-files.ts';
import { joinMetadata, metadataLeftOut, scanMetadata } from './join-metadata.ts';
import type { LayerScan } from './layer-scan.ts';
import { liveLooks } from './live-in.ts';
import { Masker } from './mask.ts';
import type { TextMatcher } from './match-texts.ts';
import type { ProofPlace } from './proof-source.ts';
import { canBeTold, type Secret } from './secret.ts';
import { secretTexts } from './secret-texts.ts';
import { demotePublic, type Filter, triage } from './triage.ts';

/** What every image of a run is joined with. */
export interface JoinKit {
  readonly matchTexts: TextMatcher;
  readonly rules: RuleLookup;
  /** Hashes of published secrets. */
  readonly knownPublic: Pick<ReadonlySet<string>, 'has'>;
  readonly fingerprinter: Fingerprinter;
  readonly filter: Filter;
  /** Where the images are from, as the user named it; without it there are no proofs. */
  readonly place?: ProofPlace;
  /** Images the user named as bases. */
  readonly bases?: readonly KnownBase[];
  /** Images of earlier scans whose layers are a stack's lowest. */
  readonly imagesBelow?: (stack: ImageStack) => readonly KnownImage[];
  /** The user's Dockerfile of the images. */
  readonly dockerfile?: Dockerfile;
  readonly showSecrets: boolean;
}

/** A joined image, and how many findings were too weak to show. */
export interface JoinedImage {
  readonly report: ImageReport;
  readonly hiddenByConfidence: number;
  readonly suppressed: Suppressed;
  /** How live secrets look that are not shown (`liveLooks`). */
  readonly hiddenLooks: ReadonlySet<string>;
  /** What a later scan may know it by. */
  readonly seen?: KnownImage;
}

/** What became of a source's blobs, by their keys. */
export interface ScannedBlobs {
  readonly scans: ReadonlyMap<string, LayerScan<Secret>>;
  /** Those that came from the cache. */
  readonly cached?: ReadonlySet<string>;
  /** Why a blob could not be read. */
  readonly failures: ReadonlyMap<string, Diagnostic>;
}

/** Blobs whose kept scans don't say what has to be shown of their secrets: they must be scanned once more. */
export class KeptTooLittle extends Error {
  readonly blobs: readonly string[];

  constructor(blobs: readonly string[]) {
    super('kept scans have too little for this report');
    this.blobs = blobs;
  }
}

/** Joins one image with the blobs of its source. @throws KeptTooLittle */
export async function joinImage(record: ImageRecord, blobs: ScannedBlobs, kit: JoinKit): Promise<JoinedImage> {
  const layers = record.layers.map((layer) => (layer.blob === undefined ? undefined : blobs.scans.get(layer.blob)));
  const { attachments = [], artifactType } = record;
  const isStack = artifactType === undefined;
  const alignment = isStack
    ? alignHistory(record.config.history, layers.length, 'io.buildah.version' in record.config.labels)
    : { layers: new Array<undefined>(layers.length).fill(undefined), diagnostics: [] };
  const scannedStrings = await scanMetadata(record, kit.matchTexts);
  const attached = joinAttachments(attachments, blobs, kit.rules);
  const isWindows = /^windows(?:\/|$)/i.test(record.platform);
  const drafts = [
    ...joinFiles(layers, alignment.layers, kit.rules, { isStack, isWindows }),
    ...attached.drafts,
    ...joinMetadata(record.config, scannedStrings, kit.rules),
  ];
  const masker = new Masker([...drafts.map(({ match }) => match.secret), ...secretTexts(scannedStrings)]);
  const history = record.config.history ?? [];
  const lines = new DockerfileLines({ attachments, history, dockerfile: kit.dockerfile });
  const skipBase = kit.filter.skipBase === true;
  const { bases = [], imagesBelow } = kit;
  const found = findBase({ record, scans: layers, known: bases, lines, imagesBelow, skipBase });
  const base = found.base && maskBase(found.base, masker);
  const places = layers.map((scan, index) => placeOf(record, scan, index, base));
  const known = demotePublic(markBase(drafts, found), kit.knownPublic);
  const { shown, hiddenByConfidence, suppressed } = triage(known, kit.filter, kit.rules);
  const isShown = new Set(shown);
  const hiddenLooks = liveLooks(known.filter((draft) => !isShown.has(draft)));
  const untold = shown.filter(({ match }) => !canBeTold(match.secret));
  if (untold.length > 0) throw new KeptTooLittle(untold.flatMap((draft) => blobOf(draft, record) ?? []));
  const findings = await finish(shown, {
    ...kit,
    history,
    layers: places,
    madeBy: alignment.layers,
    masker,
    lines,
    ...(kit.place === undefined ? {} : { proofs: { place: kit.place, record, scans: layers, masker } }),
  });
  const skipped = [
    ...record.diagnostics,
    ...alignment.diagnostics,
    ...lines.diagnostics,
    ...found.diagnostics.map((diagnostic) => ({ ...diagnostic, message: masker.apply(diagnostic.message) })),
    ...metadataLeftOut(scannedStrings, masker),
    ...attached.diagnostics.map((diagnostic) => ({ ...diagnostic, message: masker.apply(diagnostic.message) })),
    ...layers.flatMap((scan, index) => {
      const title = `layer ${index}`;
      if (scan !== undefined) return layerDiagnostics(record, scan, index, masker);
      const failure = blobs.failures.get(record.layers[index]!.blob ?? '');
      return [
        failure === undefined
          ? incomplete('BLOB_MISSING', title, 'its source does not have it')
          : { ...failure, subject: title },
      ];
    }),
  ];
  const scanned = layers.filter((scan) => scan !== undefined);
  const isCached = (index: number): boolean => blobs.cached?.has(record.layers[index]?.blob ?? '') ?? false;
  const layersCached = layers.filter((_, index) => isCached(index)).length;
  const report: ImageReport = {
    reference: record.reference,
    source: record.source,
    platform: record.platform,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(record.manifestDigest === undefined ? {} : { manifestDigest: record.manifestDigest }),
    ...(record.configDigest === undefined ? {} : { configDigest: record.configDigest }),
    ...(record.config.created === undefined ? {} : { createdAt: record.config.created }),
    repoTags: record.repoTags,
    ...(base === undefined ? {} : { base }),
    layers: layers.map((scan, index) =>
      layerReport(record, scan, places[index]!, alignment.layers[index], {
        history,
        masker,
        cached: isCached(index),
      }),
    ),
    coverage: {
      complete: !skipped.some(({ effect }) => effect === 'incomplete'),
      layersScanned: scanned.length,
      ...(layersCached === 0 ? {} : { layersCached }),
      layersTotal: layers.length,
      filesScanned: scanned.reduce((sum, scan) => sum + scan.files, 0),
      bytesScanned: scanned.reduce((sum, scan) => sum + scan.uncompressedBytes, 0),
      skipped,
    },
    findings,
  };
  const seen = seenWhole(record, layers, masker);
  return { report, hiddenByConfidence, suppressed, hiddenLooks, ...(seen === undefined ? {} : { seen }) };
}

function maskBase({ name, claim, ...base }: BaseImage, masker: Masker): BaseImage {
  return {
    ...base,
    name: masker.applyToName(name),
    ...(claim === undefined ? {} : { claim: { ...claim, name: masker.applyToName(claim.name) } }),
  };
}

function blobOf({ layer, attachment }: Draft, record: ImageRecord): string | undefined {
  return layer === undefined ? attachment?.blob : record.layers[layer]?.blob;
}

function placeOf(
  record: ImageRecord,
  scan: LayerScan<Secret> | undefined,
  index: number,
  base: BaseImage | undefined,
): LayerPlace {
  const digest = record.layers[index]?.digest;
  const diffId = record.config.diffIds[index] ?? scan?.diffId;
  return {
    index,
    ...(digest === undefined ? {} : { digest }),
    ...(diffId === undefined ? {} : { diffId }),
    ...(index < (base?.layers ?? 0) ? { baseImage: base!.name } : {}),
  };
}

function layerReport(
  record: ImageRecord,
  scan: LayerScan<Secret> | undefined,
  place: LayerPlace,
  historyIndex: number | undefined,
  context: Parameters<typeof instructionAt>[1] & { readonly cached: boolean },
): LayerReport {
  const layer = record.layers[place.index]!;
  const sizeBytes = scan?.sizeBytes ?? layer.sizeBytes;
  const instruction = instructionAt(historyIndex, context);
  return {
    ...place,
    mediaType: layer.mediaType,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(scan === undefined ? {} : { uncompressedBytes: scan.uncompressedBytes, entries: scan.entries }),
    ...(instruction ?? {}),
    base: place.baseImage !== undefined,
    cached: context.cached,
  };
}

function layerDiagnostics(
  record: ImageRecord,
  scan: Pick<LayerScan, 'diagnostics' | 'diffId'>,
  index: number,
  masker: Masker,
): Diagnostic[] {
  const title = `layer ${index}`;
  const found = scan.diagnostics.map((diagnostic) => ({
    ...diagnostic,
    subject: diagnostic.subject === '' ? title : `${title}: ${masker.apply(diagnostic.subject)}`,
    message: masker.apply(diagnostic.message),
  }));
  const claimed = record.config.diffIds[index];
  const whole = !found.some(({ effect, code }) => effect === 'incomplete' && code !== 'LIMIT_EXCEEDED');
  if (!whole || claimed === undefined || claimed === scan.diffId) return found;
  const message = `its content has the diff ID ${scan.diffId}, the configuration says ${claimed}`;
  // A layer that was asked for by a digest it has is the right one whatever the configuration claims; one
  // that has no other name than its diff ID is not.
  const verified = record.layers[index]?.digest !== undefined;
  return [
    ...found,
    verified ? notice('DIFF_ID_MISMATCH', title, message) : incomplete('DIFF_ID_MISMATCH', title, message),
  ];
}
