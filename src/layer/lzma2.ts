/**
 * LZMA2: LZMA cut into chunks of at most 64 KiB, which can be stored, or begin anew (xz-file-format 1.2.1, 5.3.1, and the
 * LZMA SDK's Lzma2Dec.c). A chunk is decoded when all of it is there.
 */

import type { ByteQueue } from './byte-queue.ts';
import { Lzma, mostSymbolBytes } from './lzma.ts';

/** Bytes the range coder begins with. */
const rangeBytes = 5;

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

  /** Gives what there is of a chunk that is cut short. */
  salvage(input: ByteQueue): void {
    const { bytes, start, end, length } = input;
    const control = bytes[start] ?? 0;
    const headerBytes = control >= 0xc0 ? 6 : control >= 0x80 ? 5 : 3;
    if (control === 0 || length <= headerBytes + rangeBytes + mostSymbolBytes) return;
    if (control < 0x80) this.#lzma.copy(bytes.subarray(start + headerBytes, end));
    else if (this.#begin(bytes, start, control)) {
      const left = ((control & 0x1f) << 16) + bytes.readUInt16BE(start + 1) + 1;
      this.#run(bytes, { from: start + headerBytes, lastStart: end - mostSymbolBytes, left });
    }
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
    const headerBytes = control >= 0xc0 ? 6 : 5;
    if (input.length < headerBytes) return 'more';
    const packedBytes = bytes.readUInt16BE(start + 3) + 1;
    if (input.length < headerBytes + packedBytes) return 'more';
    if (!this.#begin(bytes, start, control)) return 'corrupt';
    const from = start + headerBytes;
    const left = ((control & 0x1f) << 16) + bytes.readUInt16BE(start + 1) + 1;
    input.start = from + packedBytes;
    if (packedBytes < rangeBytes) return 'corrupt';
    const { result, at } = this.#run(bytes, { from, lastStart: from + packedBytes, left });
    return result !== 'done' || (at === from + packedBytes && this.#lzma.isRangeAtEnd) ? result : 'corrupt';
  }

  /** Resets what the chunk says is to be reset; false where that makes no sense. */
  #begin(bytes: Uint8Array, start: number, control: number): boolean {
    if (control >= 0xe0) this.#lzma.resetWindow();
    if (control >= 0xc0) {
      if (!this.#lzma.resetState(bytes[start + 5]!) || !this.#lzma.isSmallModel) return false;
      this.#needsProperties = false;
      this.#needsState = false;
    } else if (this.#needsProperties) {
      return false;
    } else if (control >= 0xa0) {
      this.#lzma.resetState();
      this.#needsState = false;
    }
    return !this.#needsState;
  }

  #run(
    bytes: Uint8Array,
    { from, lastStart, left }: { readonly from: number; readonly lastStart: number; readonly left: number },
  ): { readonly result: ChunkResult; readonly at: number } {
    if (!this.#lzma.startRange(bytes, from)) return { result: 'corrupt', at: from };
    let at = from + rangeBytes;
    const end = this.#lzma.outputBytes + left;
    while (this.#lzma.outputBytes < end) {
      const before = this.#lzma.outputBytes;
      at = this.#lzma.decode(bytes, at, lastStart, end - before);
      if (!this.#lzma.drain()) return { result: 'stopped', at };
      if (this.#lzma.trouble !== undefined) return { result: this.#lzma.trouble, at };
      if (this.#lzma.outputBytes === before || at > lastStart || this.#lzma.ended) return { result: 'corrupt', at };
    }
    return { result: 'done', at };
  }
}
