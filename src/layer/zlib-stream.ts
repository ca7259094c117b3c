/**
 * Inflates zlib streams (RFC 1950) that lie side by side, as git packs them: where one ends is known only by inflating it, to the
 * byte. zlib-sync does not tell that and has no way to begin anew, hence the handle below `node:zlib`, as in inflate-sync.ts.
 */

import { constants, createInflate } from 'node:zlib';
import type { NodeHandle } from './inflate-sync.ts';

/** `open` where all input was used, `full` where the output was. */
export type ZlibState = 'open' | 'full' | 'ended' | 'corrupt';

const nothing = Buffer.alloc(0);
const scratch = Buffer.alloc(64);

const pieceBytes = 64 * 1024;

/** Kept for the next reader: a repository can be ten thousand files of one stream each. */
const idle: ZlibStream[] = [];
const mostIdle = 8;

/** One stream after another. */
export class ZlibStream {
  readonly #handle: NodeHandle;
  readonly #left: Uint32Array;
  #failed = false;
  /** Room for output, for whoever reads the stream. */
  readonly piece: Buffer = Buffer.allocUnsafeSlow(pieceBytes);
  /** Where in the last input the next byte to use is. */
  inputAt = 0;
  /** Where in the last output the next byte to fill is. */
  outputAt = 0;

  /** One that nobody reads, at the beginning of a stream; to be closed. */
  static open(): ZlibStream {
    const stream = idle.pop() ?? new ZlibStream();
    stream.reset();
    return stream;
  }

  private constructor() {
    const stream = createInflate() as unknown as { _handle: NodeHandle; _writeState: Uint32Array };
    this.#handle = stream._handle;
    this.#left = stream._writeState;
    this.#handle.onerror = (): void => {
      this.#failed = true;
    };
  }

  close(): void {
    if (idle.length < mostIdle) idle.push(this);
  }

  /** Begins a stream. */
  reset(): void {
    this.#handle.reset();
  }

  /** Inflates input from `inputAt` into output from `outputAt`, as far as both go. */
  inflate(input: Buffer, inputAt: number, output: Buffer, outputAt: number): ZlibState {
    this.inputAt = inputAt;
    this.outputAt = outputAt;
    if (!this.#write(constants.Z_SYNC_FLUSH, input, inputAt, output, outputAt)) return 'corrupt';
    this.outputAt = output.length - this.#left[0]!;
    this.inputAt = input.length - this.#left[1]!;
    if (this.outputAt === output.length) return 'full';
    // An end exactly where the input ends shows only when one asks to finish: an open stream calls that an error.
    const isEnded = this.inputAt < input.length || this.#write(constants.Z_FINISH, nothing, 0, scratch, 0);
    return isEnded ? 'ended' : 'open';
  }

  #write(flush: number, input: Buffer, inputAt: number, output: Buffer, outputAt: number): boolean {
    this.#failed = false;
    this.#handle.writeSync(flush, input, inputAt, input.length - inputAt, output, outputAt, output.length - outputAt);
    return !this.#failed;
  }
}
