/**
 * `manifest.json` of a `docker save` tar: a list of images, each with the names of its configuration and
 * its layers (docker's image/spec v1.2; Docker ≥ 25 adds `LayerSources`, descriptors by diff ID).
 */

import { ScanError } from '../errors.ts';
import { cleanPath } from '../layer/clean-path.ts';
import { isDigest } from '../oci/digest.ts';
import { asArray, asObject, asText, asTexts, field, type JsonObject, parseJson } from '../oci/json.ts';
import { plainLayerType } from '../oci/media-type.ts';
import { digestOfPath } from './archive-path.ts';
import type { ImageCandidate, LayerCandidate } from './image-candidate.ts';

const maxImages = 10_000;
const maxLayers = 10_000;

/** The images a `manifest.json` lists. @throws ScanError MANIFEST_INVALID, LIMIT_EXCEEDED */
export function parseDockerManifest(bytes: Uint8Array): readonly ImageCandidate[] {
  const json = parseJson(bytes, 'manifest.json');
  if (!Array.isArray(json)) throw invalid('is no list of images');
  if (json.length > maxImages) throw tooMany(`${json.length} images`);
  return asArray(json).map(parseImage);
}

function parseImage(json: unknown, position: number): ImageCandidate {
  const image = asObject(json);
  const config = asText(field(image, 'Config'));
  if (image === undefined || config === undefined) throw invalid(`names no configuration for image ${position}`);
  const layers = field(image, 'Layers') ?? [];
  const paths = asTexts(layers);
  if (!Array.isArray(layers) || paths.length !== layers.length)
    throw invalid(`has layers of image ${position} that are no names`);
  if (paths.length > maxLayers) throw tooMany(`${paths.length} layers in image ${position}`);
  const sources = sourcesByDigest(image);
  const path = cleanPath(config);
  const digest = digestOfPath(path);
  return {
    names: asTexts(field(image, 'RepoTags')),
    positions: [position],
    config: { path, ...(digest === undefined ? {} : { digest }) },
    layers: paths.map((layer) => toLayer(cleanPath(layer), sources)),
  };
}

function toLayer(path: string, sources: ReadonlyMap<string, JsonObject>): LayerCandidate {
  const digest = digestOfPath(path);
  if (digest === undefined) return { path, mediaType: plainLayerType };
  const source = sources.get(digest);
  const size = field(source, 'size');
  return {
    path,
    digest,
    mediaType: asText(field(source, 'mediaType')) ?? plainLayerType,
    ...(typeof size === 'number' ? { sizeBytes: size } : {}),
  };
}

function sourcesByDigest(image: JsonObject): ReadonlyMap<string, JsonObject> {
  const sources = new Map<string, JsonObject>();
  for (const value of Object.values(asObject(field(image, 'LayerSources')) ?? {})) {
    const source = asObject(value);
    const digest = field(source, 'digest');
    if (source !== undefined && isDigest(digest)) sources.set(digest, source);
  }
  return sources;
}

function invalid(problem: string): ScanError {
  return new ScanError('MANIFEST_INVALID', `manifest.json ${problem}.`, { subject: 'manifest.json' });
}

function tooMany(what: string): ScanError {
  return new ScanError('LIMIT_EXCEEDED', `manifest.json lists ${what}.`, { subject: 'manifest.json' });
}
