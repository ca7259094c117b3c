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
      this.#run(bytes, { from: start + headerBytes, end: end - mostSymbolBytes, isWhole: false, left });
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
    const { result, at } = this.#run(bytes, { from, end: from + packedBytes, isWhole: true, left });
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

  /** Decodes a chunk up to `end`, or what there is of it. */
  #run(
    bytes: Uint8Array,
    run: { readonly from: number; readonly end: number; readonly isWhole: boolean; readonly left: number },
  ): { readonly result: ChunkResult; readonly at: number } {
    const lzma = this.#lzma;
    if (!lzma.startRange(bytes, run.from)) return { result: 'corrupt', at: run.from };
    let at = run.from + rangeBytes;
    const outputEnd = lzma.outputBytes + run.left;
    while (lzma.outputBytes < outputEnd) {
      const before = { at, outputBytes: lzma.outputBytes };
      const most = outputEnd - lzma.outputBytes;
      at = run.isWhole ? lzma.decodeLast(bytes, at, run.end, most) : lzma.decode(bytes, at, run.end, most);
      if (!lzma.drain()) return { result: 'stopped', at };
      if (lzma.trouble !== undefined) return { result: lzma.trouble, at };
      const isStuck = lzma.outputBytes === before.outputBytes && at === before.at;
      if (isStuck || at > run.end || lzma.ended) return { result: 'corrupt', at };
    }
    return { result: 'done', at };
  }
}
