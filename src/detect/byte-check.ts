/**
 * What a few loads can tell before a regular expression runs: most hits of an anchor are words in prose or code with
 * no run of token characters near them. These checks never refuse what the expression would match.
 */

import { type CharSet, digitSet } from './char-set.ts';
import type { Run } from './pattern-analysis.ts';

/** Whether the bytes at `start` begin as every match does. */
export function beginsWith(bytes: Uint8Array, start: number, end: number, leading: readonly CharSet[]): boolean {
  if (start + leading.length > end) return false;
  for (let at = 0; at < leading.length; at++) {
    if ((leading[at] as CharSet)[bytes[start + at] as number] === 0) return false;
  }
  return true;
}

/** Whether a byte is in `start`…`end`. */
export function holdsByte(bytes: Uint8Array, start: number, end: number, byte: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === byte) return true;
  return false;
}

/** Whether some run of the set is long enough (and holds a digit); it jumps, looking at one byte in `run.length` mostly. */
export function holdsRun(bytes: Uint8Array, start: number, end: number, run: Run, needsDigit: boolean): boolean {
  const { length, set } = run;
  if (length === 0) return true;
  for (let probe = start + length - 1, low = start; probe < end; ) {
    let at = probe;
    while (at >= low && set[bytes[at] as number] === 1) at--;
    if (at < low) {
      let digits = false;
      let stop = low;
      while (stop < end && set[bytes[stop] as number] === 1) {
        if (digitSet[bytes[stop] as number] === 1) digits = true;
        stop++;
      }
      if (digits || !needsDigit) return true;
      low = stop + 1;
    } else {
      low = at + 1;
    }
    probe = low + length - 1;
  }
  return false;
}
