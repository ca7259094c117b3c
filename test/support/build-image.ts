/**
 * Builds images for tests from the specifications: an image as blobs (`assembleImage`), as a tar in any
 * of the layouts that tools write (`buildImage`), or as an OCI layout folder (`writeOciLayout`). The same
 * input gives the same bytes.
 */

import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { packTar, type TarEntry } from './tar-writer.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

/** The layouts of an image tar: docker ≤ 24, docker ≥ 25, podman and skopeo's docker-archive, skopeo's oci-archive. */
export type Layout = 'docker-old' | 'docker-25' | 'podman' | 'oci';

/** One layer; its entries are written in the order of the fields below. */
export interface LayerSpec {
  readonly directories?: readonly string[];
  /** Opaque directories: what lower layers have in them is hidden. */
  readonly opaque?: readonly string[];
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** Path → target: a symlink, or a hard link to a path in the layer. */
  readonly links?: Readonly<Record<string, { readonly symlink: string } | { readonly hardlink: string }>>;
  /** Paths this layer removes. */
  readonly whiteouts?: readonly string[];
  /** Entries written as they are, after all others. */
  readonly entries?: readonly TarEntry[];
  /** The tar itself, instead of all above. */
  readonly tar?: Uint8Array;
  /** Instead of the image's. */
  readonly compression?: Compression;
  /** The instruction in the default history. */
  readonly createdBy?: string;
}

/** One image. */
export interface ImageSpec {
  readonly layers: readonly LayerSpec[];
  /** The `config` object of the image configuration: `Env`, `Labels`, `Cmd` … */
  readonly config?: Readonly<Record<string, unknown>>;
  /** The `history` array as JSON; without it one entry for each layer, then one for each `Env`; `null` leaves it out. */
  readonly history?: readonly Readonly<Record<string, unknown>>[] | null;
  /** Further top-level fields of the image configuration; overrides those made here. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** Of the manifest. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Of blobs in `docker-25` and `oci` layouts and registries (`docker save` of old layouts has plain tars); default none for docker-25, gzip else. */
  readonly compression?: Compression;
  /** `app:1`; default none. */
  readonly tags?: readonly string[];
  /** `os/architecture[/variant]`, default `linux/amd64`. */
  readonly platform?: string;
}

/** What `buildImage` and `writeOciLayout` take: one image, or several with shared layers given once. */
export interface ArchiveSpec extends Partial<ImageSpec> {
  readonly layout?: Layout;
  /** Instead of the fields of one image. */
  readonly images?: readonly ImageSpec[];
  /** In the `oci` layout: all images behind one nested index (a multi-platform image). */
  readonly nested?: boolean;
  /** Entries written after the layout's own. */
  readonly entries?: readonly TarEntry[];
  /** Names of entries to leave out, for archives with holes. */
  readonly omit?: readonly string[];
  /** Compression of the whole tar; default none. */
  readonly outer?: Compression;
}

export interface BuiltLayer {
  /** As stored: compressed. */
  readonly bytes: Buffer;
  readonly tar: Buffer;
  readonly digest: string;
  readonly diffId: string;
  readonly mediaType: string;
}

export interface BuiltImage {
  readonly layers: readonly BuiltLayer[];
  readonly config: Buffer;
  readonly configDigest: string;
  readonly manifest: Buffer;
  readonly manifestDigest: string;
  readonly manifestMediaType: string;
  readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
  readonly tags: readonly string[];
}

/** `sha256:…` of the bytes. */
export function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** The tar of one layer. */
export function layerTar(layer: LayerSpec): Buffer {
  if (layer.tar !== undefined) return Buffer.from(layer.tar);
  const entries: TarEntry[] = [];
  for (const path of layer.directories ?? []) entries.push({ path: `${path}/`, type: 'directory' });
  for (const path of layer.opaque ?? []) {
    entries.push({ path: `${path}/`, type: 'directory' }, { path: `${path}/.wh..wh..opq` });
  }
  for (const [path, content] of Object.entries(layer.files ?? {})) entries.push({ path, content });
  for (const [path, link] of Object.entries(layer.links ?? {})) {
    if ('symlink' in link) entries.push({ path, type: 'symlink', linkTarget: link.symlink });
    else entries.push({ path, type: 'hardlink', linkTarget: link.hardlink });
  }
  for (const path of layer.whiteouts ?? []) {
    const slash = path.lastIndexOf('/') + 1;
    entries.push({ path: `${path.slice(0, slash)}.wh.${path.slice(slash)}` });
  }
  return packTar([...entries, ...(layer.entries ?? [])]);
}

/** Compresses bytes as a layer or an outer tar would be. */
export function compress(bytes: Uint8Array, compression: Compression): Buffer {
  if (compression === 'gzip') return gzipSync(bytes);
  if (compression === 'zstd') return zstdCompressSync(bytes);
  return Buffer.from(bytes);
}

const layerTypes: Readonly<Record<Compression, string>> = {
  none: 'application/vnd.oci.image.layer.v1.tar',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
};
const configType = 'application/vnd.oci.image.config.v1+json';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';
const epoch = '2026-01-01T00:00:00Z';

/** One image as the blobs an OCI layout or a registry holds. */
export function assembleImage(spec: ImageSpec): BuiltImage {
  const layers = spec.layers.map((layer): BuiltLayer => {
    const tar = layerTar(layer);
    const compression = layer.compression ?? spec.compression ?? 'gzip';
    const bytes = compress(tar, compression);
    return { bytes, tar, digest: sha256(bytes), diffId: sha256(tar), mediaType: layerTypes[compression] };
  });
  const [os = 'linux', architecture = 'amd64', variant] = (spec.platform ?? 'linux/amd64').split('/');
  const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
  const history = spec.history === undefined ? defaultHistory(spec) : spec.history;
  const config = json({
    ...platform,
    created: epoch,
    config: spec.config ?? {},
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    ...(history === null ? {} : { history }),
    ...spec.extra,
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: manifestType,
    config: descriptor(configType, config),
    layers: layers.map((layer) => descriptor(layer.mediaType, layer.bytes)),
    ...(spec.annotations === undefined ? {} : { annotations: spec.annotations }),
  });
  return {
    layers,
    config,
    configDigest: sha256(config),
    manifest,
    manifestDigest: sha256(manifest),
    manifestMediaType: manifestType,
    platform,
    tags: spec.tags ?? [],
  };
}

/** A tar of the image or images in the layout (default `docker-old`). */
export function buildImage(spec: ArchiveSpec): Buffer {
  const layout = spec.layout ?? 'docker-old';
  const compression = layout === 'oci' ? 'gzip' : 'none';
  const images = specsOf(spec).map((image) => assembleImage({ compression, ...image }));
  const entries = { 'docker-old': dockerOld, 'docker-25': docker25, podman, oci }[layout](images, spec.nested ?? false);
  const omit = new Set(spec.omit);
  const kept = once(entries).filter((entry) => !omit.has(entry.path));
  return compress(packTar([...kept, ...(spec.entries ?? [])]), spec.outer ?? 'none');
}

/** Writes the image or images as an OCI layout into the folder, which need not exist. */
export function writeOciLayout(spec: ArchiveSpec, folder: string): void {
  const images = specsOf(spec).map((image) => assembleImage(image));
  const omit = new Set(spec.omit);
  for (const entry of oci(images, spec.nested ?? false)) {
    if (entry.type === 'directory' || omit.has(entry.path)) continue;
    const path = join(folder, entry.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, entry.content ?? '');
  }
}

function specsOf(spec: ArchiveSpec): readonly ImageSpec[] {
  return spec.images ?? [{ ...spec, layers: spec.layers ?? [] }];
}

function defaultHistory(spec: ImageSpec): Record<string, unknown>[] {
  const env = Array.isArray(spec.config?.['Env']) ? (spec.config['Env'] as string[]) : [];
  return [
    ...spec.layers.map((layer, index) => ({
      created: epoch,
      created_by: layer.createdBy ?? `COPY layer-${index} / # buildkit`,
      comment: 'buildkit.dockerfile.v0',
    })),
    ...env.map((assignment) => ({
      created: epoch,
      created_by: `ENV ${assignment}`,
      comment: 'buildkit.dockerfile.v0',
      empty_layer: true,
    })),
  ];
}

// dockerd 20.10: folders in the order of their ids, not of the layers; the manifest last.
function dockerOld(images: readonly BuiltImage[]): TarEntry[] {
  const folders = new Map<string, TarEntry[]>();
  const configs: TarEntry[] = [];
  const manifest = images.map((image) => {
    let chain = '';
    const paths = image.layers.map((layer) => {
      chain = sha256(chain + layer.diffId);
      const id = hex(chain);
      folders.set(id, [
        { path: `${id}/`, type: 'directory' },
        { path: `${id}/VERSION`, content: '1.0' },
        { path: `${id}/json`, content: json({ id, os: 'linux' }) },
        { path: `${id}/layer.tar`, content: layer.tar },
      ]);
      return `${id}/layer.tar`;
    });
    configs.push({ path: `${hex(image.configDigest)}.json`, content: image.config });
    return { Config: `${hex(image.configDigest)}.json`, RepoTags: tagsOrNull(image), Layers: paths };
  });
  const ids = [...folders.keys()].sort();
  return [
    ...ids.flatMap((id) => folders.get(id) ?? []),
    ...configs,
    { path: 'manifest.json', content: json(manifest) },
    { path: 'repositories', content: json({}) },
  ];
}

// podman 4.3 and skopeo: layers by diff ID, then the folders of the old layout as links to them.
function podman(images: readonly BuiltImage[]): TarEntry[] {
  const layers = images.flatMap((image) =>
    image.layers.map((layer) => ({ path: `${hex(layer.diffId)}.tar`, content: layer.tar })),
  );
  const links = images.flatMap((image) =>
    image.layers.map(
      (layer): TarEntry => ({
        path: `${hex(sha256(`link ${layer.diffId}`))}/layer.tar`,
        type: 'symlink',
        linkTarget: `../${hex(layer.diffId)}.tar`,
      }),
    ),
  );
  const configs = images.map((image) => ({ path: `${hex(image.configDigest)}.json`, content: image.config }));
  const manifest = images.map((image) => ({
    Config: `${hex(image.configDigest)}.json`,
    RepoTags: tagsOrNull(image),
    Layers: image.layers.map((layer) => `${hex(layer.diffId)}.tar`),
  }));
  return [
    ...layers,
    ...configs,
    ...links,
    { path: 'repositories', content: json({}) },
    { path: 'manifest.json', content: json(manifest) },
  ];
}

function docker25(images: readonly BuiltImage[], nested: boolean): TarEntry[] {
  const manifest = images.map((image) => ({
    Config: blobPath(image.configDigest),
    RepoTags: tagsOrNull(image),
    Layers: image.layers.map((layer) => blobPath(layer.digest)),
    LayerSources: Object.fromEntries(
      image.layers.map((layer) => [layer.diffId, descriptor(layer.mediaType, layer.bytes)]),
    ),
  }));
  return [...oci(images, nested), { path: 'manifest.json', content: json(manifest) }];
}

function oci(images: readonly BuiltImage[], nested: boolean): TarEntry[] {
  const blobs = images.flatMap((image) => [...image.layers.map((layer) => layer.bytes), image.config, image.manifest]);
  let manifests = images.flatMap((image) => {
    const target = { ...descriptor(manifestType, image.manifest), platform: image.platform };
    return image.tags.length === 0 ? [target] : image.tags.map((tag) => ({ ...target, annotations: names(tag) }));
  });
  if (nested) {
    const inner = json({
      schemaVersion: 2,
      mediaType: indexType,
      manifests: images.map((image) => ({ ...descriptor(manifestType, image.manifest), platform: image.platform })),
    });
    blobs.push(inner);
    const tag = images[0]?.tags[0];
    manifests = [
      { ...descriptor(indexType, inner), ...(tag === undefined ? {} : { annotations: names(tag) }) } as never,
    ];
  }
  return [
    { path: 'blobs/', type: 'directory' },
    { path: 'blobs/sha256/', type: 'directory' },
    ...once(blobs.map((content) => ({ path: blobPath(sha256(content)), content }))),
    { path: 'index.json', content: json({ schemaVersion: 2, mediaType: indexType, manifests }) },
    { path: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }) },
  ];
}

function names(tag: string): Record<string, string> {
  return { 'io.containerd.image.name': `docker.io/library/${tag}`, 'org.opencontainers.image.ref.name': tag };
}

function once<T extends TarEntry>(entries: readonly T[]): T[] {
  return [...new Map(entries.map((entry) => [entry.path, entry])).values()];
}

function descriptor(mediaType: string, bytes: Uint8Array): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest: sha256(bytes), size: bytes.length };
}

function tagsOrNull(image: BuiltImage): readonly string[] | null {
  return image.tags.length === 0 ? null : image.tags;
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function hex(digest: string): string {
  return digest.slice('sha256:'.length);
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
