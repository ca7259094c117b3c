/**
 * What a few loads can tell before a regular expression runs: most hits of an anchor are words in prose or code with
 * no run of token characters near them. These checks never refuse what the expression would match.
 */

import { type CharSet, digitSet } from './char-set.ts';
import type { Run, Step } from './pattern-analysis.ts';

/** Whether the bytes at `start` begin as every match does. */
export function beginsWith(bytes: Uint8Array, start: number, end: number, leading: readonly Step[]): boolean {
  let at = start;
  for (const { set, min, max } of leading) {
    const least = at + min;
    if (least > end) return false;
    for (; at < least; at++) if (set[bytes[at] as number] === 0) return false;
    if (max === min) continue;
    for (const last = Math.min(end, at + max - min); at < last && set[bytes[at] as number] === 1; ) at++;
  }
  return true;
}

/** Whether a value that begins at `start` may be strong by its first run: with a digit, or of three other kinds of characters. */
export function mayBeStrong(bytes: Uint8Array, start: number, end: number, set: CharSet): boolean {
  let kinds = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (set[byte] === 0) break;
    if (byte >= 0x30 && byte <= 0x39) return true;
    kinds |= byte >= 0x61 && byte <= 0x7a ? 1 : byte >= 0x41 && byte <= 0x5a ? 2 : 4;
    if (kinds === 7) return true;
  }
  return false;
}

/** Whether a byte is in `start`…`end`. */
export function holdsByte(bytes: Uint8Array, start: number, end: number, byte: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === byte) return true;
  return false;
}

/** Whether some run of the set is long enough (and holds a digit). */
export function holdsRun(bytes: Uint8Array, start: number, end: number, run: Run, needsDigit: boolean): boolean {
  if (run.length === 0) return true;
  for (let low = nextRun(bytes, start, end, run); low !== -1; ) {
    if (!needsDigit) return true;
    const stop = endOfRun(bytes, low, end, run.set);
    for (let at = low; at < stop; at++) if (digitSet[bytes[at] as number] === 1) return true;
    low = nextRun(bytes, stop + 1, end, run);
  }
  return false;
}

/** Whether a run in `start`…`end` is long enough, and may be strong with what it goes on with up to `high`. */
export function holdsStrongRun(bytes: Uint8Array, start: number, end: number, high: number, run: Run): boolean {
  for (let low = nextRun(bytes, start, end, run); low !== -1; ) {
    if (mayBeStrong(bytes, low, high, run.set)) return true;
    low = nextRun(bytes, endOfRun(bytes, low, high, run.set) + 1, end, run);
  }
  return false;
}

/** Where the next run begins that is long enough; -1 where there is none. It jumps, looking at one byte in `length` mostly. */
function nextRun(bytes: Uint8Array, start: number, end: number, { length, set }: Run): number {
  for (let low = start; low + length <= end; ) {
    let at = low + length - 1;
    while (at >= low && set[bytes[at] as number] === 1) at--;
    if (at < low) return low;
    low = at + 1;
  }
  return -1;
}

function endOfRun(bytes: Uint8Array, low: number, end: number, set: CharSet): number {
  let at = low;
  while (at < end && set[bytes[at] as number] === 1) at++;
  return at;
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Bytes a name goes on with. */
export const nameSet: CharSet = setOf(`${letters}0123456789_.$-`);
/** What closes a name. */
export const closingSet: CharSet = setOf('\\"\'`)]}');
/** An operator begins, or (where no name goes on any more) a word that is one: `is`, `value=`. */
export const signSet: CharSet = setOf(`${letters} \t=:,(>|?+&-<!`);
/** Blanks up to an attribute. */
export const breakSet: CharSet = setOf(' \t\r\n\f\v;,');
/** Beginnings of `value="…"`, `default: …`, `content=…` in the lines after a name. */
export const attributeSet: CharSet = setOf('vdcVDC"\'\\');

/** Bytes a name goes on after an anchor, closing signs after it, and blanks up to an attribute, at most. */
const [longestName, mostClosing, mostBreaks] = [80, 6, 69];

/** Whether a name that goes on at `start` may be followed by a sign that assigns to it; most words in prose and code are not. */
export function mayAssign(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  for (const last = Math.min(end, start + longestName); at < last && nameSet[bytes[at] as number] === 1; ) at++;
  for (const last = Math.min(end, at + mostClosing); at < last && closingSet[bytes[at] as number] === 1; ) at++;
  if (at >= end || signSet[bytes[at] as number] === 1) return at < end;
  for (const last = Math.min(end, at + mostBreaks); at < last && breakSet[bytes[at] as number] === 1; ) at++;
  return at < end && attributeSet[bytes[at] as number] === 1;
}

function setOf(characters: string): Uint8Array {
  const set = new Uint8Array(256);
  for (const character of characters) set[character.charCodeAt(0)] = 1;
  return set;
}
