/**
 * Sieves hits where they were found: most are of words that go on otherwise than anything a detector looks for, and telling a hit to the
 * host costs more than finding it. What must stand around a needle is a program of a few words (src/detect/sieve.ts);
 * a hit stays where one of its alternatives may hold. Nothing is dropped that the host would find something at.
 */

import { isHexDigit } from './bytes';
import { counterOf, hitSize, lanes, report } from './hits';

// Operations: the first byte of their first word. Behind it come the mask of a set (a byte) and its table (two); of the first two, which are
// the words of anchors, how many bytes are compared and how many signs may stand before them.
// @ts-ignore: decorator
@inline
const after: u32 = 0;
// @ts-ignore: decorator
@inline
const before: u32 = 1;
// @ts-ignore: decorator
@inline
const lead: u32 = 2;
// @ts-ignore: decorator
@inline
const boundary: u32 = 3;
// @ts-ignore: decorator
@inline
const assign: u32 = 4;

// Sets of the first table, which the code below knows by their masks.
// @ts-ignore: decorator
@inline
const wordMask: u32 = 1;
// @ts-ignore: decorator
@inline
const nameMask: u32 = 2;
// @ts-ignore: decorator
@inline
const closingMask: u32 = 4;
// @ts-ignore: decorator
@inline
const signMask: u32 = 8;
// @ts-ignore: decorator
@inline
const breakMask: u32 = 16;
// @ts-ignore: decorator
@inline
const attributeMask: u32 = 32;
// @ts-ignore: decorator
@inline
const jointMask: u32 = 64;

// @ts-ignore: decorator
@inline
function isIn(table: u32, mask: u32, at: u32): bool {
  return (<u32>load<u8>(table + <u32>load<u8>(at)) & mask) != 0;
}

/** Bytes before a string with a length before it that are asked whether they are text, as in string-prefix.ts. */
// @ts-ignore: decorator
@inline
const binaryReach: u32 = 48;

function isBinary(at: u32): bool {
  for (let back = at - 3; back >= at - binaryReach; back--) if (load<u8>(back) < 9) return true;
  return false;
}

/** Whether a token may begin: what stands before is no word, or an escape, or the length of a string. */
function mayBegin(at: u32, sets: u32): bool {
  if (!isIn(sets, wordMask, at - 1)) return true;
  const last = <u32>load<u8>(at - 1);
  const second = <u32>load<u8>(at - 2);
  if (second == 0x5c) return true;
  if (isHexDigit(at - 1) && (load<u8>(at - 3) == 0x25 || load<u8>(at - 4) == 0x5c || load<u8>(at - 6) == 0x5c)) return true;
  if (last == 0x6d && (second == 0x5b || second == 0x3b || second - 0x30 < 10)) return true;
  if (load<u8>(at - 3) == 1 && second < 16) return true;
  return (second & 0x5f) == 0x5a && isBinary(at);
}

// What `mayAssign` of byte-check.ts has.
// @ts-ignore: decorator
@inline
const longestName: u32 = 80;
// @ts-ignore: decorator
@inline
const mostClosing: u32 = 6;
// @ts-ignore: decorator
@inline
const mostBreaks: u32 = 69;

function mayAssign(start: u32, top: u32, sets: u32): bool {
  let at = start;
  for (const last = min(top, at + longestName); at < last && isIn(sets, nameMask, at); ) at++;
  for (const last = min(top, at + mostClosing); at < last && isIn(sets, closingMask, at); ) at++;
  if (at >= top) return false;
  if (isIn(sets, signMask, at)) return true;
  for (const last = min(top, at + mostBreaks); at < last && isIn(sets, breakMask, at); ) at++;
  return at < top && isIn(sets, attributeMask, at);
}

function hasDigit(from: u32, to: u32): bool {
  for (let at = from; at < to; at++) if (<u32>load<u8>(at) - 0x30 < 10) return true;
  return false;
}

/** Whether a value may be strong, as `mayBeStrong` of byte-check.ts says. */
function isStrong(from: u32, to: u32): bool {
  let kinds: u32 = 0;
  for (let at = from; at < to && kinds != 7; at++) {
    const byte = <u32>load<u8>(at);
    if (byte - 0x30 < 10) return true;
    kinds |= byte - 0x61 < 26 ? 1 : byte - 0x41 < 26 ? 2 : 4;
  }
  return kinds == 7;
}

// Flags of a run: it needs a digit, it is looked for from the anchor's end on, it needs to be strong with what it goes on with.
// @ts-ignore: decorator
@inline
const withDigit: u32 = 1;
// @ts-ignore: decorator
@inline
const fromEnd: u32 = 2;
// @ts-ignore: decorator
@inline
const strong: u32 = 4;

/** A strong run is followed so far. */
// @ts-ignore: decorator
@inline
const mostStrong: u32 = 256;

function holdsRun(from: u32, to: u32, top: u32, table: u32, mask: u32, length: u32, flags: u32): bool {
  let low = from;
  for (let probe = low + length - 1; probe < to; probe = low + length - 1) {
    let at = probe;
    while (at >= low && isIn(table, mask, at)) at--;
    if (at >= low) {
      low = at + 1;
      continue;
    }
    if ((flags & (withDigit | strong)) == 0) return true;
    let end = probe + 1;
    const last = (flags & strong) == 0 ? to : min(top, end + mostStrong);
    while (end < last && isIn(table, mask, end)) end++;
    if ((flags & strong) == 0 ? hasDigit(low, end) : end == last || isStrong(low, end)) return true;
    low = end + 1;
  }
  return false;
}

/** Whether bytes (four at most, in lower case) stand at an address. */
// @ts-ignore: decorator
@inline
function isWordAt(at: u32, bytes: u32, length: u32): bool {
  return ((load<u32>(at) | 0x20202020) ^ bytes) << ((4 - length) << 3) == 0;
}

/** Whether what one alternative asks for may stand around a needle at `first`…`behind`. */
function mayHold(program: u32, end: u32, sets: u32, first: u32, behind: u32, floor: u32, top: u32): bool {
  let start = first;
  let stop = behind;
  let next: u32 = 0;
  while (program < end) {
    const head = load<u32>(program);
    const operand = load<u32>(program, 4);
    const kind = head & 0xff;
    program += 8;
    if (kind <= before) {
      const length = (head >> 8) & 0xff;
      let signs = head >> 16;
      if (kind == after) {
        for (; signs != 0 && isIn(sets, jointMask, stop); signs--) stop++;
        if (!isWordAt(stop, operand, length)) return false;
        stop += length;
        if (stop > top) return false;
      } else {
        for (; signs != 0 && isIn(sets, jointMask, start - 1); signs--) start--;
        start -= length;
        if (start < floor || !isWordAt(start, operand, length)) return false;
      }
      continue;
    }
    const mask = (head >> 8) & 0xff;
    const table = sets + ((head >> 16) << 8);
    const low = operand & 0xffff;
    const high = operand >> 16;
    if (kind == boundary) {
      if (!mayBegin(start, sets)) return false;
    } else if (kind == lead) {
      if (next == 0) next = start;
      const least = next + low;
      if (least > top) return false;
      for (; next < least; next++) if (!isIn(table, mask, next)) return false;
      for (const most = min(top, next + high - low); next < most && isIn(table, mask, next); ) next++;
    } else if (kind == assign) {
      if (!mayAssign(stop, top, sets)) return false;
    } else {
      const length = <u32>load<u16>(program);
      const flags = <u32>load<u16>(program, 2);
      program += 4;
      const from = (flags & fromEnd) != 0 ? stop : max(floor, start - low);
      if (!holdsRun(from, min(top, start + high), top, table, mask, length, flags)) return false;
    }
  }
  return true;
}

/** Whether one of a program's alternatives may hold around a needle whose last byte is at `last`; its first word is the set of what may follow. */
function mayStand(program: u32, sets: u32, last: u32, floor: u32, top: u32): bool {
  const next = load<u32>(program);
  if (!isIn(sets + ((next >> 16) << 8), next >> 8, last + 1)) return false;
  let at = program + 4;
  for (let words = <u32>load<u16>(at); words != 0; words = <u32>load<u16>(at)) {
    const needleBytes = <u32>load<u16>(at, 2);
    const end = at + (words << 2);
    if (mayHold(at + 4, end, sets, last + 1 - needleBytes, last + 1, floor, top)) return true;
    at = end;
  }
  return false;
}

/**
 * Drops hits of four streams, as `scan` has written them, that come to nothing. `programs` holds for each output where its program
 * begins, in words (0 for one that stays whatever stands beside it), `sets` the tables of eight sets each. Hits from
 * `settled` on stay: what follows them is not there. The slab's bytes end at `top`.
 */
export function sift(
  firstHit: u32,
  programs: u32,
  sets: u32,
  slab: u32,
  settled: i32,
  top: i32,
  hits: u32,
  hitBytes: u32,
): void {
  for (let lane: u32 = 0; lane < lanes; lane++) {
    const first = hits + lane * hitBytes;
    const counter = counterOf(hits, lane);
    let from = first;
    let to = first;
    for (let left = load<u32>(counter); left > 0; left--, from += hitSize) {
      const position = load<i32>(from);
      const state = load<u32>(from, 4);
      const program = load<u32>(programs + ((state - firstHit) << 2));
      if (program != 0 && position < settled) {
        if (!mayStand(programs + (program << 2), sets, slab + position, slab, slab + top)) continue;
      }
      to = report(to, position, state);
    }
    store<u32>(counter, (to - first) / hitSize);
  }
}
