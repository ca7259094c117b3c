/**
 * A pack's bytes as they are stored, kept for deltas: which objects are bases is known only behind them, and a stream can't
 * be read twice. Compressed it is a fraction of what it holds; up to a bound, and nothing touches the disk.
 */

import { type ZlibState, ZlibStream } from './zlib-stream.ts';

const blockBytes = 256 * 1024;

/** What was appended, from its beginning. */
export class PackStore {
  readonly #mostBytes: number;
  readonly #blocks: Buffer[] = [];
  #length = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Bytes that are kept. */
  get length(): number {
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    const end = Math.min(this.#length + bytes.length, this.#mostBytes);
    for (let taken = 0; this.#length < end; ) {
      const inBlock = this.#length % blockBytes;
      if (inBlock === 0) this.#blocks.push(Buffer.allocUnsafeSlow(blockBytes));
      const part = bytes.subarray(taken, taken + Math.min(blockBytes - inBlock, end - this.#length));
      this.#blocks.at(-1)!.set(part, inBlock);
      this.#length += part.length;
      taken += part.length;
    }
  }

  /** A copy of bytes; fewer where no more are kept. */
  read(at: number, length: number): Buffer {
    const parts: Buffer[] = [];
    for (let from = at; from < Math.min(at + length, this.#length); ) {
      const part = this.#piece(from).subarray(0, at + length - from);
      parts.push(part);
      from += part.length;
    }
    return Buffer.concat(parts);
  }

  /** What the zlib stream at `at` inflates to; undefined where that is not `sizeBytes`, or not all of it is kept. */
  inflate(at: number, sizeBytes: number): Buffer | undefined {
    // One more: a stream that is longer than it says has to show.
    const output = Buffer.allocUnsafeSlow(sizeBytes + 1);
    let state: ZlibState = 'open';
    const stream = ZlibStream.open();
    let filled = 0;
    for (let from = at; state === 'open' && from < this.#length; ) {
      const piece = this.#piece(from);
      state = stream.inflate(piece, 0, output, filled);
      filled = stream.outputAt;
      from += piece.length;
    }
    stream.close();
    return state === 'ended' && filled === sizeBytes ? output.subarray(0, sizeBytes) : undefined;
  }

  clear(): void {
    this.#blocks.length = 0;
    this.#length = 0;
  }

  /** What lies side by side from there on. */
  #piece(at: number): Buffer {
    const start = Math.floor(at / blockBytes) * blockBytes;
    return this.#blocks[start / blockBytes]!.subarray(at - start, Math.min(blockBytes, this.#length - start));
  }
}
