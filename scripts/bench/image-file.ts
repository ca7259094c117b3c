/**
 * Images of layers that lie in files: as an archive in the layout crane writes, whose layers are called `….tar.gz`, because
 * some scanners tell archives by name and would look fast by not opening the blobs of other layouts; and as a folder in
 * the OCI layout, which needs no second copy.
 */

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { packEntry } from '../../test/support/tar-writer.ts';
import type { LayerFile } from './layer-file.ts';

/** An image and the files it is made of. */
export interface BenchImage {
  /** What it is, for people. */
  readonly title: string;
  readonly layers: readonly LayerFile[];
  readonly sizeBytes: number;
  readonly uncompressedBytes: number;
}

/** The image of these layers, lowest first. */
export function imageOf(title: string, layers: readonly LayerFile[]): BenchImage {
  const sum = (field: 'sizeBytes' | 'uncompressedBytes'): number =>
    layers.reduce((all, layer) => all + layer[field], 0);
  return { title, layers, sizeBytes: sum('sizeBytes'), uncompressedBytes: sum('uncompressedBytes') };
}

/** Writes a `docker save` archive. */
export async function writeArchive(image: BenchImage, file: string): Promise<void> {
  const config = configOf(image);
  const name = (layer: LayerFile): string => `${hexOf(layer.digest)}.tar.gz`;
  const manifest = [{ Config: `${digestOf(config)}.json`, RepoTags: ['bench:1'], Layers: image.layers.map(name) }];
  async function* tar(): AsyncGenerator<Uint8Array> {
    const written = new Set<string>();
    for (const layer of image.layers) {
      if (written.has(layer.digest)) continue;
      written.add(layer.digest);
      yield packEntry({ path: name(layer), claimedSize: layer.sizeBytes });
      yield* createReadStream(layer.file, { highWaterMark: 1 << 20 });
      yield Buffer.alloc((512 - (layer.sizeBytes % 512)) % 512);
    }
    yield packEntry({ path: `${digestOf(config)}.json`, content: config });
    yield packEntry({ path: 'manifest.json', content: JSON.stringify(manifest) });
    yield Buffer.alloc(1024);
  }
  await pipeline(Readable.from(tar()), createWriteStream(file));
}

/** Writes an OCI layout; the layers are linked into it. @returns the manifest's digest */
export function writeLayout(image: BenchImage, folder: string): string {
  const blobs = join(folder, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  for (const { file, digest } of new Map(image.layers.map((layer) => [layer.digest, layer])).values()) {
    linkSync(file, join(blobs, hexOf(digest)));
  }
  const put = (mediaType: string, text: string): { mediaType: string; digest: string; size: number } => {
    writeFileSync(join(blobs, digestOf(text)), text);
    return { mediaType, digest: `sha256:${digestOf(text)}`, size: Buffer.byteLength(text) };
  };
  const manifest = put(
    'application/vnd.oci.image.manifest.v1+json',
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: put('application/vnd.oci.image.config.v1+json', configOf(image)),
      layers: image.layers.map(({ digest, sizeBytes }) => ({
        mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
        digest,
        size: sizeBytes,
      })),
    }),
  );
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  writeFileSync(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return manifest.digest;
}

function configOf({ layers }: BenchImage): string {
  return JSON.stringify({
    os: 'linux',
    architecture: 'amd64',
    config: {},
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map((_, index) => ({ created_by: `COPY layer-${index} / # buildkit` })),
  });
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hexOf(digest: string): string {
  return digest.slice('sha256:'.length);
}
