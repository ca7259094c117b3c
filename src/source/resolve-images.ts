/**
 * From an archive's or layout's JSON to image records. `manifest.json` and `index.json` are both read
 * where both are there (docker ≥ 25), and an image that both name is one record. One image that can't be
 * resolved does not hide the others: it becomes a diagnostic, and an error where nothing else is left.
 */

import { createHash } from 'node:crypto';
import { type Diagnostic, incomplete, ScanError } from '../errors.ts';
import type { Platform } from '../oci/descriptor.ts';
import { configPlatform, type ImageConfig, parseImageConfig } from '../oci/image-config.ts';
import { parseJson } from '../oci/json.ts';
import { isForeignLayerType } from '../oci/media-type.ts';
import { formatPlatform, matchesPlatform } from '../oci/platform.ts';
import type { ImageSelector } from '../oci/reference.ts';
import { type ResolvedCandidate, withoutAbsent } from './absent-platforms.ts';
import { commonOf, type Place, type ResolveOptions, StoredReader } from './candidate-record.ts';
import { parseDockerManifest } from './docker-manifest.ts';
import type { Candidates, Failure, ImageCandidate, LayerCandidate } from './image-candidate.ts';
import { hasName, referenceOf, repoTagsOf } from './image-name.ts';
import { readOciIndex } from './oci-index.ts';
import { resolveArtifact } from './resolve-artifact.ts';
import type { ImageRecord, LayerRecord } from './source.ts';
import { checkDigest, type StoredContent } from './stored-content.ts';

/** What a place holds. */
export interface Resolved {
  readonly images: readonly ImageRecord[];
  /** What concerns no image that was resolved. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Resolves the images of a place; undefined where it has neither `manifest.json` nor `index.json`. @throws ScanError */
export async function resolveImages(content: StoredContent, options: ResolveOptions): Promise<Resolved | undefined> {
  const found = await readCandidates(content, options.platform);
  if (found === undefined) return undefined;
  const wanted = found.images.filter((image) => isSelected(image, options.select));
  const failures = found.failures.filter((failure) => isSelected(failure, options.select));
  const reader = new StoredReader(content);
  const resolved: ResolvedCandidate[] = [];
  const absent: ImageCandidate[] = [];
  let otherPlatforms = 0;
  for (const candidate of wanted) {
    try {
      const record = await resolveImage({ content, reader }, candidate, options);
      if (record === undefined) otherPlatforms++;
      else resolved.push({ candidate, record });
    } catch (error) {
      if (!(error instanceof ScanError)) throw error;
      if (error.code === 'BLOB_MISSING' && candidate.family !== undefined) absent.push(candidate);
      failures.push({ ...candidate, name: referenceOf(candidate.names, options.reference), error });
    }
  }
  const { present, notices } = withoutAbsent(resolved, absent);
  const images = present.map(({ record }) => record);
  if (images.length === 0) throw nothingFound(found, failures, otherPlatforms, options);
  const told = new Set(notices.flatMap(({ candidate }) => candidate.manifestDigest ?? []));
  const failed = failures
    .filter((failure) => !told.has((failure as Partial<ImageCandidate>).manifestDigest ?? ''))
    .map(({ name, error }) => incomplete(error.code, `image ${name}`, error.message));
  return { images, diagnostics: [...failed, ...notices.map(({ diagnostic }) => diagnostic), ...found.diagnostics] };
}

async function readCandidates(content: StoredContent, platform: Platform | undefined): Promise<Candidates | undefined> {
  const manifest = await content.json('manifest.json');
  const index = await content.json('index.json');
  // An OCI layout whose `manifest.json` is somebody else's file is still an OCI layout, and the reverse.
  const docker = manifest === undefined ? undefined : await attempt(() => parseDockerManifest(manifest));
  const oci = index === undefined ? undefined : await attempt(() => readOciIndex(index, content, platform));
  if (docker instanceof ScanError && (oci === undefined || oci instanceof ScanError)) throw docker;
  if (oci instanceof ScanError && (docker === undefined || docker instanceof ScanError)) throw oci;
  if (docker === undefined && oci === undefined) return undefined;
  const diagnostics: Diagnostic[] = [];
  for (const failed of [docker, oci]) {
    if (failed instanceof ScanError)
      diagnostics.push(incomplete(failed.code, failed.subject ?? 'index', failed.message));
  }
  const fromDocker = docker === undefined || docker instanceof ScanError ? [] : docker;
  const fromIndex = oci === undefined || oci instanceof ScanError ? { images: [], failures: [], diagnostics: [] } : oci;
  return {
    images: join(fromDocker, fromIndex.images),
    failures: fromIndex.failures,
    diagnostics: [...diagnostics, ...fromIndex.diagnostics],
  };
}

/** Puts the two descriptions of one image together; they are one where configuration and layers are the same. */
function join(docker: readonly ImageCandidate[], oci: readonly ImageCandidate[]): readonly ImageCandidate[] {
  const identity = (image: ImageCandidate): string =>
    JSON.stringify([image.config.path, ...image.layers.map((layer) => layer.path)]);
  // Several manifests may say the same of an image in other words; the first stands for it, the others stay.
  const known = new Map(oci.toReversed().map((image) => [identity(image), image]));
  const taken = new Set<ImageCandidate>();
  const joined = docker.map((image): ImageCandidate => {
    const same = known.get(identity(image));
    if (same === undefined || taken.has(same)) return image;
    taken.add(same);
    return { ...same, positions: image.positions, names: [...new Set([...image.names, ...same.names])] };
  });
  return [...joined, ...oci.filter((image) => !taken.has(image))];
}

async function resolveImage(
  place: Place,
  candidate: ImageCandidate,
  options: ResolveOptions,
): Promise<ImageRecord | undefined> {
  const { content } = place;
  if (candidate.artifact !== undefined) return resolveArtifact(place, candidate, candidate.artifact, options);
  const { bytes, config } = await readConfig(content, candidate);
  const platform = candidate.platform === undefined ? configPlatform(config) : formatPlatform(candidate.platform);
  const [os = '', architecture = '', variant] = platform.split('/');
  const offered = { os, architecture, ...(variant === undefined ? {} : { variant }) };
  if (options.platform !== undefined && !matchesPlatform(offered, options.platform)) return undefined;

  const diagnostics: Diagnostic[] = [];
  const layers: LayerRecord[] = [];
  for (const [index, layer] of candidate.layers.entries()) {
    layers.push(await resolveLayer(content, layer, `layer ${index}`, diagnostics));
  }
  return {
    ...(await commonOf(place, candidate, options, diagnostics)),
    platform,
    configDigest: candidate.config.digest ?? `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    configKey: candidate.config.path,
    config,
    layers,
  };
}

async function readConfig(
  content: StoredContent,
  { config }: ImageCandidate,
): Promise<{ bytes: Uint8Array; config: ImageConfig }> {
  const bytes = await content.json(config.path);
  const subject = config.digest ?? config.path;
  if (bytes === undefined) {
    throw new ScanError('BLOB_MISSING', `The image's configuration ${config.path} is not there.`, { subject });
  }
  if (config.sizeBytes !== undefined && config.sizeBytes !== bytes.length) {
    const sizes = `${bytes.length} bytes instead of ${config.sizeBytes}`;
    throw new ScanError('BLOB_SIZE_MISMATCH', `The image's configuration ${config.path} has ${sizes}.`, { subject });
  }
  if (config.digest !== undefined) checkDigest(bytes, config.digest);
  return { bytes, config: parseImageConfig(parseJson(bytes, subject), subject) };
}

async function resolveLayer(
  content: StoredContent,
  layer: LayerCandidate,
  subject: string,
  diagnostics: Diagnostic[],
): Promise<LayerRecord> {
  const { path, ...record } = layer;
  try {
    const blob = await content.blob(path);
    if (blob === undefined) {
      const foreign = isForeignLayerType(layer.mediaType)
        ? ' (a non-distributable layer, which archives leave out)'
        : '';
      diagnostics.push(incomplete('BLOB_MISSING', subject, `Its content ${path} is not there${foreign}.`));
      return record;
    }
    if (layer.sizeBytes !== undefined && layer.sizeBytes !== blob.sizeBytes) {
      const sizes = `${blob.sizeBytes} bytes instead of ${layer.sizeBytes}`;
      diagnostics.push(incomplete('BLOB_SIZE_MISMATCH', subject, `Its content ${path} has ${sizes}.`));
    }
    return { ...record, blob: blob.key };
  } catch (error) {
    if (!(error instanceof ScanError)) throw error;
    diagnostics.push(incomplete(error.code, subject, error.message));
    return record;
  }
}

function isSelected(image: ImageCandidate | Failure, select: ImageSelector | undefined): boolean {
  if (select === undefined) return true;
  if ('digest' in select) return 'digests' in image && image.digests?.includes(select.digest) === true;
  return 'name' in select ? hasName(image.names, select.name) : image.positions.includes(select.index);
}

function nothingFound(
  found: Candidates,
  failures: readonly Failure[],
  otherPlatforms: number,
  options: ResolveOptions,
): ScanError {
  const { reference, platform, select } = options;
  const [failure] = failures;
  if (failure !== undefined) return failure.error;
  if (platform !== undefined && (otherPlatforms > 0 || select === undefined)) {
    return new ScanError('PLATFORM_NOT_FOUND', `${reference} has no image for ${formatPlatform(platform)}.`, {
      subject: reference,
      hint: 'Leave --platform out to scan the platforms it has.',
    });
  }
  const names = [...new Set(found.images.flatMap((image) => repoTagsOf(image.names)))];
  if (select !== undefined) {
    const wanted =
      'name' in select ? `"${select.name}"` : 'digest' in select ? select.digest : `at position ${select.index}`;
    const held =
      names.length === 0
        ? 'Its images have no names.'
        : `It has ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}.`;
    return new ScanError('IMAGE_NOT_FOUND', `There is no image ${wanted} in ${reference}.`, {
      subject: reference,
      hint: held,
    });
  }
  return new ScanError(
    'IMAGE_NOT_FOUND',
    `There is no image in ${reference}: its index is empty, or lists what is no image.`,
    {
      subject: reference,
    },
  );
}

async function attempt<T>(read: () => T | Promise<T>): Promise<T | ScanError> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ScanError) return error;
    throw error;
  }
}
