/** Reads a source to its end, as a scan would, and keeps what it gave. */

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { Diagnostic } from '../../src/errors.ts';
import type { ByteStream } from '../../src/layer/byte-stream.ts';
import type { Blob, ImageRecord, ImageSource } from '../../src/source/source.ts';

export interface ReadSource {
  readonly images: readonly ImageRecord[];
  readonly diagnostics: readonly Diagnostic[];
  /** The blobs in the order they came, with their bytes. */
  readonly blobs: readonly { readonly blob: Blob; readonly bytes: Buffer }[];
}

/** Reads every blob, then the images, and closes the source. */
export async function readSource(source: ImageSource): Promise<ReadSource> {
  const { signal } = new AbortController();
  try {
    const blobs = [];
    for await (const blob of source.blobs(signal)) blobs.push({ blob, bytes: await readAll(await blob.open(signal)) });
    return { images: await source.images(), diagnostics: source.diagnostics(), blobs };
  } finally {
    await source.close();
  }
}

/** Everything a stream gives. */
export async function readAll(stream: ByteStream): Promise<Buffer> {
  const chunks = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** The diff IDs of an image's layers, from the blobs that were given for them. */
export function diffIdsOf(read: ReadSource, image: ImageRecord): readonly (string | undefined)[] {
  return image.layers.map((layer) => {
    const found = read.blobs.find(({ blob }) => blob.key === layer.blob);
    return found && `sha256:${createHash('sha256').update(inflate(found.bytes)).digest('hex')}`;
  });
}

/** The codes of diagnostics, each once, in order of the alphabet. */
export function codesOf(diagnostics: readonly Diagnostic[], effect?: Diagnostic['effect']): readonly string[] {
  const kept = diagnostics.filter((diagnostic) => effect === undefined || diagnostic.effect === effect);
  return [...new Set(kept.map((diagnostic) => diagnostic.code))].sort();
}

/** Runs with a folder that is gone afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'whichlayer-test-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function inflate(bytes: Buffer): Buffer {
  if (bytes[0] === 0x1f) return gunzipSync(bytes);
  return bytes[0] === 0x28 ? zstdDecompressSync(bytes) : bytes;
}
