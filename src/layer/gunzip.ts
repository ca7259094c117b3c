/**
 * A gzip blob of one or many members (RFC 1952; eStargz has one a file) to its contents. Members are taken apart
 * here and only the deflate data goes to zlib: `createGunzip` would throw away the last chunk where a checksum is wrong or
 * bytes follow the last member, and would not say where that is.
 */

import { constants, crc32, inflateRawSync } from 'node:zlib';
import type { ChunkReader } from './chunk-reader.ts';
import { mostHeaderBytes, parseGzipHeader, trailerBytes } from './gzip-header.ts';
import { type IsCrowded, inflateAhead } from './inflate-ahead.ts';
import { type PumpEnd, pieceBytes } from './pump.ts';

/** How a compressed blob ended: well, or with what. */
export type DecompressEnd = 'ok' | 'truncated' | 'corrupt' | 'trailing' | 'window';

/** Gives the contents of all members in their order, then how it ended. */
export async function* gunzip(reader: ChunkReader, isCrowded: IsCrowded): AsyncGenerator<Uint8Array, DecompressEnd> {
  for (let members = 0; ; members++) {
    if (members > 0 && !(await reader.skipZeros())) return 'ok';
    const header = await readHeader(reader);
    if (header === 'truncated') return 'truncated';
    if (header === 'none') return members === 0 ? 'corrupt' : 'trailing';
    const end = yield* inflateMember(reader, isCrowded, members > 0);
    if (end !== 'ok') return end;
  }
}

async function readHeader(reader: ChunkReader): Promise<'read' | 'none' | 'truncated'> {
  for (let length = 1024; ; length = Math.min(length * 4, mostHeaderBytes)) {
    const head = await reader.peek(length);
    const header = parseGzipHeader(head);
    if (header === 'none') return 'none';
    if (header !== 'more') {
      await reader.skip(header.length);
      return 'read';
    }
    if (head.length < length) return 'truncated';
    if (length === mostHeaderBytes) return 'none';
  }
}

async function* inflateMember(
  reader: ChunkReader,
  isCrowded: IsCrowded,
  trySmall: boolean,
): AsyncGenerator<Uint8Array, DecompressEnd> {
  let crc = 0;
  let sizeBytes = 0;
  const small = trySmall ? await inflateSmall(reader) : undefined;
  if (small !== undefined) {
    crc = crc32(small, crc);
    sizeBytes = small.length;
    if (sizeBytes > 0) yield small;
  } else {
    // Whole pieces: what is lost to damage must not depend on how the network cut the blob.
    const inflating = inflateAhead((piece) => reader.readInto(piece), isCrowded);
    let end: PumpEnd | undefined;
    try {
      for (;;) {
        const step = await inflating.next();
        if (step.done === true) {
          end = step.value;
          break;
        }
        crc = crc32(step.value, crc);
        sizeBytes += step.value.length;
        yield step.value;
      }
    } finally {
      if (end === undefined) await inflating.return({ how: 'truncated', unused: new Uint8Array(0) });
    }
    if (end.how !== 'ended') return end.how;
    reader.unread(end.unused);
  }
  const trailer = Buffer.from(await reader.peek(trailerBytes));
  if (trailer.length < trailerBytes) return 'truncated';
  await reader.skip(trailerBytes);
  return trailer.readUInt32LE(0) === crc && trailer.readUInt32LE(4) === sizeBytes % 2 ** 32 ? 'ok' : 'corrupt';
}

// A stream for each of 100,000 small members would cost more than inflating them.
async function inflateSmall(reader: ChunkReader): Promise<Uint8Array | undefined> {
  const input = await reader.peek(pieceBytes);
  try {
    const options = { info: true, finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 4 * 1024 * 1024 };
    const { buffer, engine } = inflateRawSync(input, options) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    // All input used: whether the data ended exactly there can't be told, the stream will.
    if (engine.bytesWritten >= input.length) return undefined;
    await reader.skip(engine.bytesWritten);
    return buffer;
  } catch {
    return undefined;
  }
}
