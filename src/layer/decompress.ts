/**
 * A blob's bytes to its tar, told by first bytes, since media types are only what somebody claims. The stream never
 * throws for what is wrong with the data: all that could be decompressed comes first, what was wrong is in `problems` when it
 * has ended, and the blob has then been read to its end, so that its digest can be verified.
 */

import { type Diagnostic, incomplete, notice } from '../errors.ts';
import type { ByteStream } from './byte-stream.ts';
import { ChunkReader } from './chunk-reader.ts';
import { type DecompressEnd, gunzip } from './gunzip.ts';
import type { IsCrowded } from './inflate-ahead.ts';
import type { LayerLimits } from './limits.ts';
import { unzstd } from './unzstd.ts';
import { frameMagic, isSkippable } from './zstd-frame.ts';

/** How a blob is compressed. */
export type Compression = 'gzip' | 'zstd' | 'none';

/** A blob, decompressed as it is read. */
export interface Decompressed {
  readonly compression: Compression;
  /** To be read to its end. */
  readonly stream: AsyncIterable<Uint8Array>;
  /** What was wrong, complete when the stream has ended. */
  readonly problems: readonly Diagnostic[];
}

type DecompressLimits = Pick<LayerLimits, 'uncompressedBytes' | 'zstdWindowBytes'>;

/** Opens a blob. */
export async function decompress(
  bytes: ByteStream,
  limits: DecompressLimits,
  isCrowded: IsCrowded = () => false,
): Promise<Decompressed> {
  const reader = new ChunkReader(bytes);
  const compression = sniffCompression(Buffer.from(await reader.peek(4)));
  const problems: Diagnostic[] = [];
  const chunks = open(reader, compression, limits, isCrowded);
  return { compression, problems, stream: run(reader, chunks, compression, limits, problems) };
}

function sniffCompression(head: Buffer): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head.length < 4) return 'none';
  const magic = head.readUInt32LE(0);
  return magic === frameMagic || isSkippable(magic) ? 'zstd' : 'none';
}

async function* run(
  reader: ChunkReader,
  chunks: AsyncGenerator<Uint8Array, DecompressEnd>,
  compression: Compression,
  limits: DecompressLimits,
  problems: Diagnostic[],
): AsyncGenerator<Uint8Array, void> {
  let left = limits.uncompressedBytes;
  let finished = false;
  try {
    for (;;) {
      const step = await chunks.next();
      if (step.done === true) {
        if (step.value !== 'ok') problems.push(problemOf(step.value, compression, limits));
        break;
      }
      if (step.value.length > left) {
        if (left > 0) yield step.value.subarray(0, left);
        const message = `decompresses to more than ${limits.uncompressedBytes} bytes; what follows was not looked at`;
        problems.push(incomplete('LIMIT_EXCEEDED', '', message));
        break;
      }
      left -= step.value.length;
      yield step.value;
    }
    await chunks.return('ok');
    await reader.drain();
    finished = true;
  } finally {
    if (!finished) {
      reader.close();
      await chunks.return('ok');
    }
  }
}

function open(
  reader: ChunkReader,
  compression: Compression,
  limits: DecompressLimits,
  isCrowded: IsCrowded,
): AsyncGenerator<Uint8Array, DecompressEnd> {
  switch (compression) {
    case 'gzip':
      return gunzip(reader, isCrowded);
    case 'zstd':
      return unzstd(reader, limits.zstdWindowBytes);
    case 'none':
      return plain(reader);
  }
}

async function* plain(reader: ChunkReader): AsyncGenerator<Uint8Array, DecompressEnd> {
  for (let chunk = await reader.read(); chunk !== undefined; chunk = await reader.read()) yield chunk;
  return 'ok';
}

function problemOf(
  end: Exclude<DecompressEnd, 'ok'>,
  compression: Compression,
  { zstdWindowBytes }: DecompressLimits,
): Diagnostic {
  switch (end) {
    case 'truncated':
      return incomplete('BLOB_TRUNCATED', '', `the ${compression} data is cut short; what was there was scanned`);
    case 'corrupt':
      return incomplete('LAYER_CORRUPT', '', `the ${compression} data is damaged; what came before was scanned`);
    case 'window':
      return incomplete(
        'LIMIT_EXCEEDED',
        '',
        `a zstd frame needs more than ${zstdWindowBytes} bytes of memory; compress the layer without --long`,
      );
    case 'trailing':
      return notice(
        'TRAILING_DATA',
        '',
        `bytes that are no ${compression} follow the compressed data; no runtime reads them`,
      );
  }
}
