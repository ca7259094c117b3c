/**
 * The media types an image is made of: OCI's (image-spec media-types.md), Docker's (v2 schema 2), and the
 * ones that exist though no specification has them. They say what to expect of content; what a layer is
 * compressed with is told by its first bytes alone.
 */

/** The `Accept` header's list for a manifest: everything `manifestKind` knows as an image or index. */
export const manifestMediaTypes: readonly string[] = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

/** What `docker save` layouts that name no type hold: a plain tar. */
export const plainLayerType = 'application/vnd.docker.image.rootfs.diff.tar';

/** What kind of manifest a media type announces; `schema1` is recognised so that it can be refused by name. */
export type ManifestKind = 'image' | 'index' | 'schema1';

const manifestKinds: Readonly<Record<string, ManifestKind>> = {
  'application/vnd.oci.image.manifest.v1+json': 'image',
  'application/vnd.docker.distribution.manifest.v2+json': 'image',
  'application/vnd.oci.image.index.v1+json': 'index',
  'application/vnd.docker.distribution.manifest.list.v2+json': 'index',
  'application/vnd.docker.distribution.manifest.v1+json': 'schema1',
  'application/vnd.docker.distribution.manifest.v1+prettyjws': 'schema1',
};

/** The manifest kind of a media type, or undefined where it is none. */
export function manifestKind(mediaType: string | undefined): ManifestKind | undefined {
  return mediaType === undefined ? undefined : manifestKinds[bare(mediaType)];
}

/** True for the type of an image's configuration. */
export function isImageConfigType(mediaType: string): boolean {
  const type = bare(mediaType);
  return (
    type === 'application/vnd.oci.image.config.v1+json' || type === 'application/vnd.docker.container.image.v1+json'
  );
}

/** True for a layer that is a tar, however compressed and wherever it may be distributed. */
export function isLayerType(mediaType: string): boolean {
  return /^application\/vnd\.(oci\.image\.layer(\.nondistributable)?\.v1\.tar|docker\.image\.rootfs\.(diff|foreign\.diff)\.tar)([.+](gzip|zstd))?$/.test(
    bare(mediaType),
  );
}

/** True for a layer that a registry or archive may leave out; its descriptor's `urls` say where it is. */
export function isForeignLayerType(mediaType: string): boolean {
  return /\.nondistributable\.|\.foreign\./.test(bare(mediaType));
}

/** True for the type of an in-toto attestation, which stands where a layer would. */
export function isAttestationType(mediaType: string): boolean {
  return /^application\/vnd\.(in-toto|docker\.attestation\.manifest\.v1)\+json$/.test(bare(mediaType));
}

function bare(mediaType: string): string {
  return mediaType.replace(/;.*$/s, '').trim().toLowerCase();
}
