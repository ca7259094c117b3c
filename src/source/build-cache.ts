/**
 * BuildKit's cache in a registry or layout (moby/buildkit cache/remotecache/v1/spec.go and doc.go): a configuration
 * of records and layers, and the layers of all stages of a build, with `mode=max` those that no image holds.
 * It is written as a manifest (`image-manifest=true`) or as an index that lists blobs where manifests should be.
 */

import type { ImageIndex, ImageManifest } from '../oci/manifest.ts';

/** The type of a build cache's configuration. */
export const cacheConfigType = 'application/vnd.buildkit.cacheconfig.v0';

/** The cache as a manifest; undefined where the index is one of images. */
export function cacheManifestOf(index: ImageIndex): ImageManifest | undefined {
  const config = index.manifests.find(({ mediaType }) => mediaType === cacheConfigType);
  if (config === undefined) return undefined;
  return {
    kind: 'image',
    mediaType: index.mediaType,
    config,
    layers: index.manifests.filter((descriptor) => descriptor !== config),
    annotations: index.annotations,
    artifactType: cacheConfigType,
  };
}
