/**
 * A zstd blob of any number of frames, skippable ones among them (RFC 8878; zstd:chunked has one a file), to its
 * contents. Frames are split here since Node's stream ends silently after the first frame of a write, and
 * blocks are fed one a write, so that a damaged block takes nothing with it that came before.
 */

import { constants, createZstdDecompress, zstdDecompressSync } from 'node:zlib';
import type { ChunkReader } from './chunk-reader.ts';
import type { DecompressEnd } from './gunzip.ts';
import { outputChunkBytes, pieceBytes, pump } from './pump.ts';
import {
  blockHeaderBytes,
  checksumBytes,
  type FrameHeader,
  frameMagic,
  isSkippable,
  mostBlockBytes,
  mostFrameHeaderBytes,
  parseBlockHeader,
  parseFrameHeader,
} from './zstd-frame.ts';

/** Gives the contents of all frames in their order, then how it ended; `window` where a frame wants more memory than allowed. */
export async function* unzstd(reader: ChunkReader, mostWindowBytes: number): AsyncGenerator<Uint8Array, DecompressEnd> {
  for (let frames = 0; ; frames++) {
    if (frames > 0 && !(await reader.skipZeros())) return 'ok';
    const head = Buffer.from(await reader.peek(mostFrameHeaderBytes));
    if (head.length === 0) return 'ok';
    if (head.length < 4) return frames === 0 ? 'truncated' : 'trailing';
    const magic = head.readUInt32LE(0);
    if (isSkippable(magic)) {
      if (head.length < 8) return 'truncated';
      if (!(await reader.skip(8 + head.readUInt32LE(4)))) return 'truncated';
      continue;
    }
    if (magic !== frameMagic) return frames === 0 ? 'corrupt' : 'trailing';
    const header = parseFrameHeader(head);
    if (header === undefined) return head.length < mostFrameHeaderBytes ? 'truncated' : 'corrupt';
    if (header.windowBytes > mostWindowBytes) return 'window';
    const small = await decompressSmall(reader, header);
    if (small !== undefined) {
      if (small.length > 0) yield small;
      continue;
    }
    const end = yield* decompressFrame(reader, header);
    if (end !== 'ok') return end;
  }
}

async function* decompressFrame(reader: ChunkReader, header: FrameHeader): AsyncGenerator<Uint8Array, DecompressEnd> {
  const parts = frameParts(reader, header);
  let cut: DecompressEnd = 'ok';
  const next = async (): Promise<Uint8Array | undefined> => {
    const part = await parts.next();
    if (part.done !== true) return part.value;
    cut = part.value;
    return undefined;
  };
  const params = { [constants.ZSTD_d_windowLogMax]: 31 };
  const end = yield* pump(createZstdDecompress({ chunkSize: outputChunkBytes, params }), next);
  if (cut !== 'ok') return cut;
  return end.how === 'ended' ? 'ok' : end.how;
}

/** The frame's header, blocks and checksum, one by one. */
async function* frameParts(reader: ChunkReader, header: FrameHeader): AsyncGenerator<Uint8Array, DecompressEnd> {
  const take = async function* (length: number): AsyncGenerator<Uint8Array, boolean> {
    const part = await reader.peek(length);
    if (part.length > 0) yield part;
    return (await reader.skip(part.length)) && part.length === length;
  };
  if (!(yield* take(header.length))) return 'truncated';
  for (let last = false; !last; ) {
    const head = await reader.peek(blockHeaderBytes);
    if (head.length < blockHeaderBytes) return 'truncated';
    const block = parseBlockHeader(head, 0);
    if (block === undefined) return 'corrupt';
    if (!(yield* take(block.length))) return 'truncated';
    last = block.last;
  }
  if (header.hasChecksum && !(yield* take(checksumBytes))) return 'truncated';
  return 'ok';
}

// A decompressor for each of 100,000 small frames would cost more than decompressing them.
async function decompressSmall(reader: ChunkReader, header: FrameHeader): Promise<Uint8Array | undefined> {
  const mostBlocks = 16;
  const input = await reader.peek(pieceBytes);
  let at = header.length;
  for (let blocks = 1; ; blocks++) {
    if (blocks > mostBlocks || at + blockHeaderBytes > input.length) return undefined;
    const block = parseBlockHeader(input, at);
    if (block === undefined) return undefined;
    at += block.length;
    if (block.last) break;
  }
  if (header.hasChecksum) at += checksumBytes;
  if (at > input.length) return undefined;
  try {
    const content = zstdDecompressSync(input.subarray(0, at), { maxOutputLength: mostBlocks * mostBlockBytes });
    await reader.skip(at);
    return content;
  } catch {
    return undefined;
  }
}
