/**
 * LZMA2: LZMA cut into chunks of at most 64 KiB, which can be stored, or begin anew (xz-file-format 1.2.1, 5.3.1, and the
 * LZMA SDK's Lzma2Dec.c). A chunk is decoded when all of it is there.
 */

import type { ByteQueue } from './byte-queue.ts';
import { Lzma } from './lzma.ts';

/** What became of a chunk: `more` asks for more bytes; `ended` is the end mark. */
export type ChunkResult = 'done' | 'more' | 'ended' | 'corrupt' | 'window' | 'stopped';

/** Decodes the chunks of one LZMA2 stream. */
export class Lzma2 {
  readonly #lzma: Lzma;
  #needsWindow = true;
  #needsProperties = true;
  #needsState = true;

  constructor(dictionaryBytes: number, mostWindowBytes: number, give: (bytes: Uint8Array) => boolean) {
    this.#lzma = new Lzma(dictionaryBytes, mostWindowBytes, give);
  }

  /** Decodes the next chunk, if it is there whole. */
  chunk(input: ByteQueue): ChunkResult {
    if (input.length === 0) return 'more';
    const { bytes, start } = input;
    const control = bytes[start]!;
    if (control === 0) {
      input.start++;
      return 'ended';
    }
    if (control >= 0xe0 || control === 1) {
      this.#needsWindow = false;
      this.#needsProperties = true;
    } else if (this.#needsWindow) return 'corrupt';
    return control >= 0x80 ? this.#packed(input, control) : control <= 2 ? this.#stored(input, control) : 'corrupt';
  }

  #stored(input: ByteQueue, control: number): ChunkResult {
    if (input.length < 3) return 'more';
    const length = input.bytes.readUInt16BE(input.start + 1) + 1;
    if (input.length < 3 + length) return 'more';
    if (control === 1) this.#lzma.resetWindow();
    input.start += 3;
    return this.#lzma.copy(input.take(length)) ? 'done' : 'stopped';
  }

  #packed(input: ByteQueue, control: number): ChunkResult {
    const { bytes, start } = input;
    const hasProperties = control >= 0xc0;
    const headerBytes = hasProperties ? 6 : 5;
    if (input.length < headerBytes) return 'more';
    const packedBytes = bytes.readUInt16BE(start + 3) + 1;
    if (input.length < headerBytes + packedBytes) return 'more';
    let left = ((control & 0x1f) << 16) + bytes.readUInt16BE(start + 1) + 1;
    if (control >= 0xe0) this.#lzma.resetWindow();
    if (hasProperties) {
      if (!this.#lzma.resetState(bytes[start + 5]!) || !this.#lzma.isSmallModel) return 'corrupt';
      this.#needsProperties = false;
      this.#needsState = false;
    } else if (this.#needsProperties) {
      return 'corrupt';
    } else if (control >= 0xa0) {
      this.#lzma.resetState();
      this.#needsState = false;
    } else if (this.#needsState) return 'corrupt';
    let at = start + headerBytes;
    const end = at + packedBytes;
    input.start = end;
    if (packedBytes < 5 || !this.#lzma.startRange(bytes, at)) return 'corrupt';
    at += 5;
    while (left > 0) {
      const before = this.#lzma.outputBytes;
      at = this.#lzma.decode(bytes, at, end, left);
      const made = this.#lzma.outputBytes - before;
      left -= made;
      if (!this.#lzma.drain()) return 'stopped';
      if (this.#lzma.trouble !== undefined) return this.#lzma.trouble;
      if (made === 0 || at > end || this.#lzma.ended) return 'corrupt';
    }
    return at === end && this.#lzma.isRangeAtEnd ? 'done' : 'corrupt';
  }
}
