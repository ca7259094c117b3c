/**
 * A .lzma file (LZMA SDK's lzma-specification.txt, "lzma file format"): properties, dictionary size, size or an end mark, then
 * one LZMA stream. It has no magic and no checksum, so what passes for its header is what `xz` takes for one.
 */

import { ByteQueue } from './byte-queue.ts';
import { type DecodeState, type Emit, Outlet, type StreamDecoder } from './decoder.ts';
import { Lzma, mostSymbolBytes } from './lzma.ts';

/** Header and the first bytes of the range coder. */
const headerBytes = 13;
const rangeBytes = 5;
const unknownSize = 2n ** 64n - 1n;
const mostSizeBytes = 2n ** 38n;
/** lc = 3, lp = 0, pb = 2. */
const usualProperties = 0x5d;
/** Bounds how long one call of the decoder runs. */
const stepBytes = 1 << 20;

/** Decodes one .lzma file. */
export class LzmaAloneDecoder implements StreamDecoder {
  readonly #outlet: Outlet;
  readonly #mostWindowBytes: number;
  readonly #input: ByteQueue = new ByteQueue();
  #lzma: Lzma | undefined;
  #left = Number.POSITIVE_INFINITY;
  state: DecodeState = 'open';

  constructor(emit: Emit, options: { readonly ratio: number; readonly windowBytes: number }) {
    this.#outlet = new Outlet(emit, options.ratio);
    this.#mostWindowBytes = options.windowBytes;
  }

  push(bytes: Uint8Array): void {
    if (this.state !== 'open') return;
    this.#input.push(bytes);
    this.#outlet.inputBytes += bytes.length;
    this.#run(false);
  }

  /** Its last symbols may take bytes that are still to come: they wait for `finish`. */
  settle(): DecodeState {
    return this.state;
  }

  finish(): DecodeState {
    this.#run(true);
    return this.state;
  }

  rest(): Uint8Array {
    return this.#input.bytes.subarray(this.#input.start, this.#input.end);
  }

  close(): void {
    this.#lzma = undefined;
  }

  /** Decodes as long as the input left holds a whole symbol, or to its end. */
  #run(isLast: boolean): void {
    if (this.state !== 'open' || (this.#lzma === undefined && !this.#open())) return;
    const lzma = this.#lzma!;
    const { bytes, end } = this.#input;
    while (this.state === 'open' && this.#left > 0) {
      const before = { start: this.#input.start, outputBytes: lzma.outputBytes };
      const most = Math.min(this.#left, stepBytes);
      const at = isLast
        ? lzma.decodeLast(bytes, before.start, end, most)
        : lzma.decode(bytes, before.start, end - mostSymbolBytes, most);
      this.#input.start = Math.min(at, end);
      this.#left -= lzma.outputBytes - before.outputBytes;
      if (!lzma.drain()) return;
      // A symbol that took bytes that are not there says nothing: the stream is cut short.
      if (at > end) return;
      if (lzma.trouble !== undefined) this.state = lzma.trouble;
      else if (lzma.ended) this.#left = 0;
      else if (lzma.outputBytes === before.outputBytes && at === before.start) return;
    }
    if (this.#left === 0 && this.state === 'open') this.state = 'ended';
  }

  #open(): boolean {
    const { bytes, start } = this.#input;
    if (this.#input.length < headerBytes + rangeBytes) return false;
    const size = bytes.readBigUInt64LE(start + 5);
    if (size !== unknownSize) this.#left = Number(size);
    const lzma = new Lzma(bytes.readUInt32LE(start + 1), this.#mostWindowBytes, (content) => {
      this.state = this.#outlet.give(content);
      return this.state === 'open';
    });
    if (!lzma.resetState(bytes[start]!) || !lzma.startRange(bytes, start + headerBytes)) {
      this.state = 'corrupt';
      return false;
    }
    this.#input.start += headerBytes + rangeBytes;
    this.#lzma = lzma;
    return true;
  }
}

/**
 * True where the bytes may be an .lzma file: the properties that encoders write, or an end mark instead of a size; a dictionary size that
 * is possible; and what follows decodes.
 */
export function isLzmaAlone(head: Uint8Array): boolean {
  if (head.length < headerBytes + rangeBytes || head[0]! >= 9 * 5 * 5 || head[headerBytes] !== 0) return false;
  const view = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const size = view.readBigUInt64LE(5);
  const isSize = size === unknownSize || (head[0] === usualProperties && size > 0n && size < mostSizeBytes);
  return isSize && isDictionarySize(view.readUInt32LE(1)) && decodes(head);
}

/** 2^n or 2^n + 2^(n-1), as liblzma's lzma_alone_decoder demands; honest ones have 4 KiB at the least. */
function isDictionarySize(bytes: number): boolean {
  const odd = bytes / 2 ** Math.max(0, Math.floor(Math.log2(bytes || 1)) - 1);
  return bytes >= 4096 && (odd === 2 || odd === 3);
}

function decodes(head: Uint8Array): boolean {
  const decoder = new LzmaAloneDecoder(() => true, { ratio: Number.POSITIVE_INFINITY, windowBytes: 64 * 1024 });
  decoder.push(head);
  return decoder.state !== 'corrupt';
}
