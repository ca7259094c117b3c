/**
 * Lines and columns in a content that passes through a slab. Lines are counted when somebody asks or when bytes leave
 * the slab, never twice; of a line whose beginning has left, only its code points so far are remembered.
 */

import type { Automaton } from './automaton.ts';

/** Columns are not told beyond so many bytes in a line. */
const maxColumnBytes = 64 * 1024;
const newline = 10;

/** Where something stands: 1-based. */
export interface LineColumn {
  readonly line: number;
  readonly column?: number;
}

/** Counts the lines of one content. */
export class LineCounter {
  readonly #automaton: Automaton;
  /** Newlines before `#at` (an offset in the content). */
  #newlines = 0;
  #at = 0;
  /** Of the line at the beginning of what is in the slab: where it begins, and its code points that have left. */
  #lineStart = 0;
  #lineCodePoints = 0;

  constructor(automaton: Automaton) {
    this.#automaton = automaton;
  }

  /** The place of `offset`; `base` is the offset of the content's first byte in the slab, which lies at `slabStart`. */
  locate(offset: number, base: number, slabStart: number): LineColumn {
    const toSlab = slabStart - base;
    this.#countTo(offset, toSlab);
    const line = this.#newlines + 1;
    const slab = this.#automaton.slab;
    const index = offset + toSlab;
    let start = index;
    const floor = Math.max(slabStart, index - maxColumnBytes - 1);
    while (start > floor && slab[start - 1] !== newline) start--;
    const reachesBase = start === slabStart;
    const lineStart = reachesBase ? this.#lineStart : start - toSlab;
    if (offset - lineStart > maxColumnBytes) return { line };
    return { line, column: 1 + (reachesBase ? this.#lineCodePoints : 0) + countCodePoints(slab, start, index) };
  }

  /** Takes note of the bytes before `newBase` (an offset), which are about to leave the slab. */
  leave(newBase: number, base: number, slabStart: number): void {
    const toSlab = slabStart - base;
    this.#countTo(newBase, toSlab);
    const slab = this.#automaton.slab;
    const end = newBase + toSlab;
    const last = end > slabStart ? slab.subarray(slabStart, end).lastIndexOf(newline) : -1;
    const from = last === -1 ? slabStart : slabStart + last + 1;
    if (last !== -1) {
      this.#lineStart = from - toSlab;
      this.#lineCodePoints = 0;
    }
    if (newBase - this.#lineStart <= maxColumnBytes) this.#lineCodePoints += countCodePoints(slab, from, end);
  }

  #countTo(offset: number, toSlab: number): void {
    if (offset >= this.#at) this.#newlines += this.#automaton.countNewlines(this.#at + toSlab, offset + toSlab);
    else this.#newlines -= this.#automaton.countNewlines(offset + toSlab, this.#at + toSlab);
    this.#at = offset;
  }
}

/** Bytes that begin a UTF-8 sequence. */
function countCodePoints(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if (((bytes[at] as number) & 0xc0) !== 0x80) count++;
  return count;
}
