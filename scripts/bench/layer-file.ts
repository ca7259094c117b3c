/** A gzip layer in a file of its own, and what an image has to say of it. */

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { decompress } from '../../src/layer/decompress.ts';
import { defaultLimits } from '../../src/layer/limits.ts';

/** A layer as it lies on disk. */
export interface LayerFile {
  readonly file: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly diffId: string;
  readonly uncompressedBytes: number;
}

const chunkBytes = 1 << 20;

/** Compresses a tar into a layer. */
export async function packLayer(tar: AsyncIterable<Uint8Array>, file: string, level: number): Promise<LayerFile> {
  const inside = meter();
  const outside = meter();
  const gzip = createGzip({ level, chunkSize: chunkBytes });
  await pipeline(Readable.from(tar), inside.passing, gzip, outside.passing, createWriteStream(file));
  const [diffId, digest] = [inside.digest(), outside.digest()];
  return { file, digest, sizeBytes: outside.bytes(), diffId, uncompressedBytes: inside.bytes() };
}

/** Reads a layer that is there; one that is not gzip is compressed into `file`, since that is what is compared with. */
export async function adoptLayer(bytes: AsyncIterable<Uint8Array>, file: string): Promise<LayerFile> {
  await pipeline(Readable.from(bytes), createWriteStream(file));
  const opened = await decompress(createReadStream(file, { highWaterMark: chunkBytes }), defaultLimits);
  if (opened.compression !== 'gzip') {
    const plain = `${file}.tar.gz`;
    return packLayer(opened.stream, plain, 6);
  }
  const inside = createHash('sha256');
  let uncompressedBytes = 0;
  for await (const chunk of opened.stream) {
    inside.update(chunk);
    uncompressedBytes += chunk.length;
  }
  const outside = meter();
  outside.passing.resume();
  await pipeline(createReadStream(file, { highWaterMark: chunkBytes }), outside.passing);
  const diffId = `sha256:${inside.digest('hex')}`;
  return { file, digest: outside.digest(), sizeBytes: outside.bytes(), diffId, uncompressedBytes };
}

interface Meter {
  readonly passing: Transform;
  readonly bytes: () => number;
  readonly digest: () => string;
}

function meter(): Meter {
  const hash = createHash('sha256');
  let bytes = 0;
  const passing = new Transform({
    transform(chunk: Buffer, _encoding, done): void {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  return { passing, bytes: () => bytes, digest: () => `sha256:${hash.digest('hex')}` };
}
