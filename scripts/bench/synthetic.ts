/**
 * Images of any size, number of layers and number of files, of ordinary content that is repeated under other names. Every file
 * begins with a line of its own and has another each 64 KiB, so that no two are the same to whoever compresses, hashes or remembers.
 */

import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packEntry } from '../../test/support/tar-writer.ts';
import { filesOf } from './corpus.ts';
import { type BenchImage, imageOf } from './image-file.ts';
import { packLayer } from './layer-file.ts';

/** What an image is to be. */
export interface Shape {
  readonly title: string;
  readonly bytes: number;
  readonly layers: number;
  /** Files in all layers together; without it, as large as they are. */
  readonly files?: number;
  /** One file of this size among the first layer's. */
  readonly largeFileBytes?: number;
}

const saltEvery = 64 * 1024;
const blockBytes = 512;
const batchBytes = 512 * 1024;

/** Content of real files, end to end. */
export function gatherContent(mostBytes: number): Buffer {
  const files = filesOf([join(process.cwd(), 'node_modules'), '/usr/lib'], mostBytes);
  return Buffer.concat(files.filter((file) => lstatSync(file).isFile()).map((file) => readFileSync(file)));
}

/** Makes an image's layers in a folder. */
export async function synthesise(shape: Shape, content: Buffer, folder: string): Promise<BenchImage> {
  const layers = [];
  for (let index = 0; index < shape.layers; index++) {
    process.stderr.write(`making ${shape.title}: layer ${index + 1} of ${shape.layers}\n`);
    layers.push(await packLayer(batched(layerTar(shape, index, content)), join(folder, `${index}.tar.gz`), 1));
  }
  return imageOf(shape.title, layers);
}

const usualFileBytes = 24 * 1024;

function* layerTar(shape: Shape, layer: number, content: Buffer): Generator<Uint8Array> {
  const large = layer === 0 ? (shape.largeFileBytes ?? 0) : 0;
  if (large > 0) yield* file('large.bin', large, content, 0);
  const bytes = (shape.bytes - (shape.largeFileBytes ?? 0)) / shape.layers;
  const files = Math.max(
    1,
    Math.round(shape.files === undefined ? bytes / usualFileBytes : shape.files / shape.layers),
  );
  const size = Math.floor(bytes / files);
  for (let index = 0; index < files; index++) {
    const path = `srv/${layer}/${index >> 8}/file-${index}.txt`;
    yield* file(path, size, content, (layer * files + index) * size);
  }
  yield Buffer.alloc(2 * blockBytes);
}

/** A million files are four million pieces, and each would go through a stream by itself. */
async function* batched(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let batch: Uint8Array[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    batch.push(piece);
    bytes += piece.length;
    if (bytes < batchBytes) continue;
    yield Buffer.concat(batch);
    batch = [];
    bytes = 0;
  }
  yield Buffer.concat(batch);
}

function* file(path: string, size: number, content: Buffer, from: number): Generator<Uint8Array> {
  yield packEntry({ path, claimedSize: size });
  for (let at = 0; at < size; at += saltEvery) {
    const start = (from + at) % Math.max(1, content.length - saltEvery);
    const piece = Buffer.from(content.subarray(start, start + Math.min(saltEvery, size - at)));
    piece.write(`\n${path} ${at}\n`, 'latin1');
    yield piece;
  }
  yield Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}
