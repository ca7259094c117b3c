/**
 * The seam between a compressed format and what reads files of it: one stream, pushed in pieces, decoded synchronously in bounded
 * memory. Output is handed over in views that are only good until the call returns.
 */

/** `ended` by its own end mark; `stopped` by who listens; a `bomb` past the ratio; `window` where it wants too much memory. */
export type DecodeState = 'open' | 'ended' | 'corrupt' | 'stopped' | 'bomb' | 'window';

/** Receives decoded bytes; false to stop. */
export type Emit = (bytes: Uint8Array) => boolean;

/** Decodes one stream. */
export interface StreamDecoder {
  readonly state: DecodeState;
  /** Takes bytes; those behind the stream's end are kept for `rest`. */
  push(bytes: Uint8Array): void;
  /** Decodes all that is there, though more may come: tells whether the stream has ended here. */
  settle(): DecodeState;
  /** No more bytes come: gives even what is cut short. A stream that is still `open` then was cut. */
  finish(): DecodeState;
  /** What was pushed and lies behind the end. */
  rest(): Uint8Array;
  close(): void;
}

/** Output from which on the ratio is asked; zeros may honestly be packed tightly. */
export const ratioFromBytes: number = 32 * 1024 * 1024;

/** Counts what goes in and out of a decoder and hands its output on. */
export class Outlet {
  readonly #emit: Emit;
  readonly #ratio: number;
  inputBytes = 0;
  outputBytes = 0;

  constructor(emit: Emit, ratio: number) {
    this.#emit = emit;
    this.#ratio = ratio;
  }

  give(bytes: Uint8Array): 'open' | 'stopped' | 'bomb' {
    this.outputBytes += bytes.length;
    if (bytes.length > 0 && !this.#emit(bytes)) return 'stopped';
    return this.outputBytes > ratioFromBytes && this.outputBytes > this.#ratio * this.inputBytes ? 'bomb' : 'open';
  }
}
