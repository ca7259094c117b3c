/**
 * What a registry or layout holds besides container images: charts, build caches, WebAssembly, anything
 * somebody pushed. Its blobs are contents, which the scan opens where they are tars and takes as files where not.
 */

import type { Descriptor } from '../oci/descriptor.ts';
import { shortDigest } from '../oci/digest.ts';
import { type ImageConfig, parseImageConfig } from '../oci/image-config.ts';
import { asObject, maxJsonBytes, parseJson } from '../oci/json.ts';
import type { ImageManifest } from '../oci/manifest.ts';

/** What kind of artifact a manifest says it is (image-spec manifest.md, "Guidelines for Artifact Usage"). */
export function artifactTypeOf({ artifactType, config }: ImageManifest): string {
  return (artifactType ?? config.mediaType).slice(0, 200) || 'unknown';
}

/** What an artifact's content is called where it is no tar. */
export function contentNameOf({ annotations, digest }: Descriptor): string {
  return annotations?.['org.opencontainers.image.title'] ?? shortDigest(digest);
}

/** True where an artifact's configuration is read for its strings; else its blob is scanned as content. */
export function hasReadableConfig({ config }: ImageManifest): boolean {
  return /json|cacheconfig/i.test(config.mediaType) && config.size <= maxJsonBytes;
}

/** The contents of an artifact that are scanned as blobs. */
export function contentsOf(manifest: ImageManifest): readonly Descriptor[] {
  const isEmpty = manifest.config.size <= 2;
  return isEmpty || hasReadableConfig(manifest) ? manifest.layers : [manifest.config, ...manifest.layers];
}

/** An artifact's configuration, whose strings are metadata; of none the empty one. */
export function artifactConfig(bytes: Uint8Array | undefined, subject: string): ImageConfig {
  const json = bytes === undefined || bytes.length === 0 ? undefined : parseJson(bytes, subject);
  return parseImageConfig(asObject(json) ?? {}, subject);
}
