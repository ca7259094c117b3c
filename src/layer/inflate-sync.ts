/**
 * Inflates raw deflate data inside the synchronous scan, in bounded steps: members of nested archives. Two engines behind
 * one interface, zlib-sync (an optional addon) and node:zlib, which give the same output for the same input, damaged or not: both
 * get the same pieces, and a piece's output counts only when all of it made sense. design.md 3.2 has zlib-sync's traps.
 */

import { createRequire } from 'node:module';
import { constants, createInflateRaw } from 'node:zlib';

/** What inflates. */
export type InflateEngine = 'zlib-sync' | 'node';

/** `ended` by its own end mark; `stopped` by whoever listens; a `bomb` where the ratio is past its limit. */
export type InflateState = 'open' | 'ended' | 'corrupt' | 'stopped' | 'bomb';

/** Bytes of one step: a bomb makes 4 MiB of it, and damage takes no more than that with it. */
export const stepBytes: number = 4 * 1024;

/** Output from which on the ratio is asked; zeros may honestly be packed as tightly as deflate can. */
const ratioFromBytes = 32 * 1024 * 1024;

/** One deflate stream; output goes to `emit`, which returns false to stop. */
export class Inflater {
  readonly #raw: RawInflate;
  readonly #emit: (bytes: Uint8Array) => boolean;
  readonly #ratio: number;
  readonly #piece: Buffer = Buffer.allocUnsafe(stepBytes);
  #pieceBytes = 0;
  #lastPieceBytes = 0;
  #inputBytes = 0;
  #outputBytes = 0;
  #state: InflateState = 'open';

  constructor(engine: InflateEngine, ratio: number, emit: (bytes: Uint8Array) => boolean) {
    this.#raw = openRaw(engine);
    this.#ratio = ratio;
    this.#emit = emit;
  }

  get state(): InflateState {
    return this.#state;
  }

  /** Takes bytes and inflates whole steps of them. @returns how many were taken: all of them while the state stays `open` */
  push(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && this.#state === 'open') {
      const length = Math.min(stepBytes - this.#pieceBytes, bytes.length - at);
      this.#piece.set(bytes.subarray(at, at + length), this.#pieceBytes);
      this.#pieceBytes += length;
      at += length;
      if (this.#pieceBytes === stepBytes) this.settle();
    }
    return at;
  }

  /** Inflates what was taken and not yet inflated. */
  settle(): InflateState {
    if (this.#state === 'open' && this.#pieceBytes > 0) this.#step();
    return this.#state;
  }

  /** As `settle`: all that is there was given by then. */
  finish(): InflateState {
    return this.settle();
  }

  /** The bytes of the step in which the stream ended: its end lies somewhere in them. */
  lastStep(): Buffer {
    return this.#piece.subarray(0, this.#lastPieceBytes);
  }

  close(): void {
    this.#raw.close();
  }

  #step(): void {
    const piece = this.#piece.subarray(0, this.#pieceBytes);
    this.#lastPieceBytes = this.#pieceBytes;
    this.#pieceBytes = 0;
    this.#inputBytes += piece.length;
    const outputs: Uint8Array[] = [];
    this.#state = this.#raw.step(piece, outputs);
    if (this.#state === 'corrupt') return;
    for (const output of outputs) {
      this.#outputBytes += output.length;
      if (!this.#emit(output)) {
        this.#state = 'stopped';
        return;
      }
    }
    if (this.#outputBytes > ratioFromBytes && this.#outputBytes > this.#ratio * this.#inputBytes) this.#state = 'bomb';
  }
}

/** True where the addon loads on this machine. */
export function hasZlibSync(): boolean {
  return zlibSync() !== undefined;
}

/** zlib-sync where it loads, else node:zlib. */
export function defaultEngine(): InflateEngine {
  return hasZlibSync() ? 'zlib-sync' : 'node';
}

interface RawInflate {
  /** Adds what the piece inflates to, which is good until the next step. */
  step(piece: Buffer, outputs: Uint8Array[]): 'open' | 'ended' | 'corrupt';
  close(): void;
}

/**
 * Every zlib-sync stream this thread has opened, for good: Node aborts when one is collected outside of JavaScript (its destructor
 * asks for a context that is not there), and what zlib allocated is never freed anyway. Hence the bound on all of them together;
 * past it node:zlib takes over.
 */
const zlibSyncStreams: ZlibSyncInflate[] = [];
let zlibSyncBytes = 0;
const mostZlibSyncBytes = 2 * 1024 * 1024;
const zlibSyncStreamBytes = 80 * 1024;

function openRaw(engine: InflateEngine): RawInflate {
  const addon = engine === 'zlib-sync' && zlibSyncBytes < mostZlibSyncBytes ? zlibSync() : undefined;
  if (addon === undefined) return idleNodeInflates.pop() ?? new NodeInflate();
  const stream = new ZlibSyncInflate(addon);
  zlibSyncStreams.push(stream);
  zlibSyncBytes += zlibSyncStreamBytes;
  return stream;
}

type ZlibSync = typeof import('zlib-sync');
let loaded: { readonly addon: ZlibSync | undefined } | undefined;

function zlibSync(): ZlibSync | undefined {
  if (loaded === undefined) {
    try {
      loaded = { addon: createRequire(import.meta.url)('zlib-sync') as ZlibSync };
    } catch {
      loaded = { addon: undefined };
    }
  }
  return loaded.addon;
}

class ZlibSyncInflate implements RawInflate {
  readonly #addon: ZlibSync;
  readonly #inflate: InstanceType<ZlibSync['Inflate']>;
  #largestOutput = 0;

  constructor(addon: ZlibSync) {
    this.#addon = addon;
    this.#inflate = new addon.Inflate({ windowBits: -15, chunkSize: 16 * 1024 });
  }

  step(piece: Buffer, outputs: Uint8Array[]): 'open' | 'ended' | 'corrupt' {
    // Never without Z_SYNC_FLUSH: otherwise output piles up and is written past a buffer that has shrunk.
    for (let input = piece; ; input = nothing) {
      this.#inflate.push(input, this.#addon.Z_SYNC_FLUSH);
      const { err } = this.#inflate;
      // No progress: all output of this piece has been taken.
      if (err === this.#addon.Z_BUF_ERROR) return 'open';
      if (err !== this.#addon.Z_OK && err !== this.#addon.Z_STREAM_END) return 'corrupt';
      const output = this.#inflate.result as Buffer;
      if (output.length > 0) outputs.push(output);
      this.#largestOutput = Math.max(this.#largestOutput, output.length);
      if (err === this.#addon.Z_STREAM_END) return 'ended';
    }
  }

  close(): void {
    // Its buffer grew to this and stays.
    zlibSyncBytes += this.#largestOutput;
    this.#largestOutput = 0;
  }
}

const nothing = Buffer.alloc(0);

/** The part of `node:zlib` streams that works synchronously; undocumented, the same in Node 20 to 24, and the tests notice. */
export interface NodeHandle {
  writeSync(
    flush: number,
    input: Buffer,
    inputAt: number,
    inputBytes: number,
    output: Buffer,
    outputAt: number,
    outputBytes: number,
  ): void;
  onerror: (message: string, errno: number, code: string) => void;
  reset(): void;
  close(): void;
}

/** Kept for the next member: making one costs more than inflating a small file. */
const idleNodeInflates: NodeInflate[] = [];

class NodeInflate implements RawInflate {
  readonly #handle: NodeHandle;
  readonly #left: Uint32Array;
  readonly #output: Buffer = Buffer.allocUnsafeSlow(64 * 1024);
  #error = '';

  constructor() {
    const stream = createInflateRaw() as unknown as { _handle: NodeHandle; _writeState: Uint32Array };
    this.#handle = stream._handle;
    this.#left = stream._writeState;
    this.#handle.onerror = (_message, _errno, code): void => {
      this.#error = code;
    };
  }

  step(piece: Buffer, outputs: Uint8Array[]): 'open' | 'ended' | 'corrupt' {
    for (let at = 0; ; ) {
      if (this.#write(constants.Z_SYNC_FLUSH, piece, at, 0) !== '') return 'corrupt';
      const outputLeft = this.#left[0]!;
      const inputLeft = this.#left[1]!;
      at = piece.length - inputLeft;
      if (outputLeft === 0) {
        outputs.push(Buffer.from(this.#output));
        continue;
      }
      const filled = this.#output.length - outputLeft;
      if (filled > 0) outputs.push(this.#output.subarray(0, filled));
      // An end exactly where the input ends shows only when one asks to finish: an open stream calls that an error.
      return inputLeft > 0 || this.#write(constants.Z_FINISH, nothing, 0, filled) === '' ? 'ended' : 'open';
    }
  }

  #write(flush: number, input: Buffer, at: number, outputAt: number): string {
    this.#error = '';
    const room = this.#output.length - outputAt;
    this.#handle.writeSync(flush, input, at, input.length - at, this.#output, outputAt, room);
    return this.#error;
  }

  close(): void {
    this.#handle.reset();
    if (idleNodeInflates.length < 4) idleNodeInflates.push(this);
  }
}
