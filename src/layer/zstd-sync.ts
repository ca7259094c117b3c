/**
 * One zstd frame inside the synchronous scan, through `node:zlib`'s handle, block by block: what is lost to damage is a block, and
 * where the frame ends is known from its headers (zstd-frame.ts) and not from the engine.
 */

import { constants, createZstdDecompress } from 'node:zlib';
import { ByteQueue } from './byte-queue.ts';
import { type DecodeState, type Emit, Outlet, type StreamDecoder } from './decoder.ts';
import type { NodeHandle } from './inflate-sync.ts';
import {
  blockHeaderBytes,
  checksumBytes,
  type FrameHeader,
  mostFrameHeaderBytes,
  parseBlockHeader,
  parseFrameHeader,
} from './zstd-frame.ts';

const mostIdleWindowBytes = 8 * 1024 * 1024;

/** Decodes one frame. */
export class ZstdDecoder implements StreamDecoder {
  readonly #outlet: Outlet;
  readonly #mostWindowBytes: number;
  readonly #input: ByteQueue = new ByteQueue();
  state: DecodeState = 'open';
  #engine: NodeZstd | undefined;
  #header: FrameHeader | undefined;
  #isLastBlock = false;

  constructor(emit: Emit, options: { readonly ratio: number; readonly windowBytes: number }) {
    this.#outlet = new Outlet(emit, options.ratio);
    this.#mostWindowBytes = options.windowBytes;
  }

  push(bytes: Uint8Array): void {
    if (this.state !== 'open') return;
    this.#input.push(bytes);
    this.#outlet.inputBytes += bytes.length;
    while (this.state === 'open' && this.#step(false));
  }

  settle(): DecodeState {
    while (this.state === 'open' && this.#step(true));
    return this.state;
  }

  finish(): DecodeState {
    return this.settle();
  }

  rest(): Uint8Array {
    return this.#input.bytes.subarray(this.#input.start, this.#input.end);
  }

  close(): void {
    if (this.#engine === undefined) return;
    // The window stays with the engine: only small ones are kept for the next frame. An error stays too, whatever `reset` does.
    if (this.state === 'ended' && idle.length < 2 && (this.#header?.windowBytes ?? 0) <= mostIdleWindowBytes) {
      this.#engine.reset();
      idle.push(this.#engine);
    } else this.#engine.close();
    this.#engine = undefined;
  }

  #step(isLast: boolean): boolean {
    if (this.#header === undefined) return this.#frame(isLast);
    return this.#isLastBlock ? this.#end() : this.#block();
  }

  #frame(isLast: boolean): boolean {
    if (this.#input.length < mostFrameHeaderBytes && !isLast) return false;
    const { bytes, start, end } = this.#input;
    const header = parseFrameHeader(bytes.subarray(start, Math.min(end, start + mostFrameHeaderBytes)));
    if (header === undefined) {
      this.state = this.#input.length < mostFrameHeaderBytes ? 'open' : 'corrupt';
      return false;
    }
    if (header.windowBytes > this.#mostWindowBytes) {
      this.state = 'window';
      return false;
    }
    this.#header = header;
    this.#engine = idle.pop() ?? new NodeZstd();
    return this.#feed(header.length);
  }

  #block(): boolean {
    const { bytes, start, length } = this.#input;
    if (length < blockHeaderBytes) return false;
    const block = parseBlockHeader(bytes, start);
    if (block === undefined) {
      this.state = 'corrupt';
      return false;
    }
    if (length < block.length) return false;
    this.#isLastBlock = block.last;
    return this.#feed(block.length);
  }

  #end(): boolean {
    const sumBytes = this.#header!.hasChecksum ? checksumBytes : 0;
    if (this.#input.length < sumBytes) return false;
    if (this.#feed(sumBytes)) this.state = 'ended';
    return false;
  }

  #feed(length: number): boolean {
    const piece = this.#input.take(length);
    if (length === 0) return true;
    const isWhole = this.#engine!.write(piece, (bytes) => {
      this.state = this.#outlet.give(bytes);
      return this.state === 'open';
    });
    if (!isWhole && this.state === 'open') this.state = 'corrupt';
    return this.state === 'open';
  }
}

class NodeZstd {
  readonly #handle: NodeHandle;
  readonly #left: Uint32Array;
  readonly #output: Buffer = Buffer.allocUnsafeSlow(128 * 1024);
  #error = '';

  constructor() {
    // The window was looked at before; Node's own limit must not come first.
    const params = { [constants.ZSTD_d_windowLogMax]: 31 };
    const stream = createZstdDecompress({ params }) as unknown as { _handle: NodeHandle; _writeState: Uint32Array };
    this.#handle = stream._handle;
    this.#left = stream._writeState;
    this.#handle.onerror = (_message, _errno, code): void => {
      this.#error = code;
    };
  }

  /** @returns false where the bytes make no sense or no more output is wanted */
  write(piece: Buffer, give: Emit): boolean {
    const output = this.#output;
    for (let at = 0; ; ) {
      this.#error = '';
      this.#handle.writeSync(constants.ZSTD_e_flush, piece, at, piece.length - at, output, 0, output.length);
      if (this.#error !== '') return false;
      const outputLeft = this.#left[0]!;
      at = piece.length - this.#left[1]!;
      const made = output.length - outputLeft;
      if (made > 0 && !give(output.subarray(0, made))) return false;
      if (outputLeft > 0) return true;
    }
  }

  reset(): void {
    this.#handle.reset();
  }

  close(): void {
    this.#handle.close();
  }
}

const idle: NodeZstd[] = [];
