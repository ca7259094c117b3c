/**
 * The inner loops of detection, in AssemblyScript. One automaton over one stream waits some six cycles a byte for its
 * own table; four streams over four quarters of a block run in the shadow of each other's loads. Unrolled over the four bytes of a word. No memory is
 * allocated here: the host lays tables, hits and slab out in the memory it passes in (src/detect/wasm-automaton.ts).
 */

import { isHexDigit } from './bytes';
import { counterOf, hitSize, lanes, report } from './hits';

export { sift } from './sieve';

/** The state after `state` for a byte; a state's steps within a plane are 64 bytes. */
// @ts-ignore: decorator
@inline
function step(state: u32, byte: u32, columns: u32): u32 {
  return load<u16>(load<u32>(columns + (byte << 2)) + (state << 6));
}

/** Brings a stream from the root to the state it has before `position`, without reporting. */
function warmUp(columns: u32, slab: u32, from: i32, position: i32): u32 {
  let state: u32 = 0;
  for (let at = from; at < position; at++) state = step(state, <u32>load<u8>(slab + at), columns);
  return state;
}

/**
 * Scans `length` bytes (a multiple of 16) from `start` in four streams. `columns` holds for each byte the address of its steps for state 0.
 * Where it puts hits is in hits.ts.
 */
export function scan(
  firstHit: u32,
  columns: u32,
  slab: u32,
  start: i32,
  length: i32,
  overlap: i32,
  hits: u32,
  hitBytes: u32,
): void {
  const quarter = length / <i32>lanes;
  const p0 = start;
  const p1 = p0 + quarter;
  const p2 = p1 + quarter;
  const p3 = p2 + quarter;
  let s0 = warmUp(columns, slab, max(0, p0 - overlap), p0);
  let s1 = warmUp(columns, slab, max(0, p1 - overlap), p1);
  let s2 = warmUp(columns, slab, max(0, p2 - overlap), p2);
  let s3 = warmUp(columns, slab, max(0, p3 - overlap), p3);
  let h0 = hits;
  let h1 = h0 + hitBytes;
  let h2 = h1 + hitBytes;
  let h3 = h2 + hitBytes;
  const b0 = slab + p0;
  const b1 = slab + p1;
  const b2 = slab + p2;
  const b3 = slab + p3;
  for (let at = 0; at < quarter; at += 4) {
    const w0 = load<u32>(b0 + at);
    const w1 = load<u32>(b1 + at);
    const w2 = load<u32>(b2 + at);
    const w3 = load<u32>(b3 + at);
    s0 = step(s0, w0 & 0xff, columns);
    s1 = step(s1, w1 & 0xff, columns);
    s2 = step(s2, w2 & 0xff, columns);
    s3 = step(s3, w3 & 0xff, columns);
    if (s0 >= firstHit) h0 = report(h0, p0 + at, s0);
    if (s1 >= firstHit) h1 = report(h1, p1 + at, s1);
    if (s2 >= firstHit) h2 = report(h2, p2 + at, s2);
    if (s3 >= firstHit) h3 = report(h3, p3 + at, s3);
    s0 = step(s0, (w0 >> 8) & 0xff, columns);
    s1 = step(s1, (w1 >> 8) & 0xff, columns);
    s2 = step(s2, (w2 >> 8) & 0xff, columns);
    s3 = step(s3, (w3 >> 8) & 0xff, columns);
    if (s0 >= firstHit) h0 = report(h0, p0 + at + 1, s0);
    if (s1 >= firstHit) h1 = report(h1, p1 + at + 1, s1);
    if (s2 >= firstHit) h2 = report(h2, p2 + at + 1, s2);
    if (s3 >= firstHit) h3 = report(h3, p3 + at + 1, s3);
    s0 = step(s0, (w0 >> 16) & 0xff, columns);
    s1 = step(s1, (w1 >> 16) & 0xff, columns);
    s2 = step(s2, (w2 >> 16) & 0xff, columns);
    s3 = step(s3, (w3 >> 16) & 0xff, columns);
    if (s0 >= firstHit) h0 = report(h0, p0 + at + 2, s0);
    if (s1 >= firstHit) h1 = report(h1, p1 + at + 2, s1);
    if (s2 >= firstHit) h2 = report(h2, p2 + at + 2, s2);
    if (s3 >= firstHit) h3 = report(h3, p3 + at + 2, s3);
    s0 = step(s0, w0 >> 24, columns);
    s1 = step(s1, w1 >> 24, columns);
    s2 = step(s2, w2 >> 24, columns);
    s3 = step(s3, w3 >> 24, columns);
    if (s0 >= firstHit) h0 = report(h0, p0 + at + 3, s0);
    if (s1 >= firstHit) h1 = report(h1, p1 + at + 3, s1);
    if (s2 >= firstHit) h2 = report(h2, p2 + at + 3, s2);
    if (s3 >= firstHit) h3 = report(h3, p3 + at + 3, s3);
  }
  store<u32>(counterOf(hits, 0), (h0 - hits) / hitSize);
  store<u32>(counterOf(hits, 1), (h1 - hits - hitBytes) / hitSize);
  store<u32>(counterOf(hits, 2), (h2 - hits - 2 * hitBytes) / hitSize);
  store<u32>(counterOf(hits, 3), (h3 - hits - 3 * hitBytes) / hitSize);
}

/** How many newlines there are from `from` to `to` (addresses), eight bytes at a time. */
export function countNewlines(from: u32, to: u32): i32 {
  let count = 0;
  let at = from;
  for (; at + 8 <= to; at += 8) {
    const word = load<u64>(at) ^ 0x0a0a0a0a0a0a0a0a;
    // The high bit of each byte that is not zero, exactly: no carry crosses a byte.
    const set = ((word & 0x7f7f7f7f7f7f7f7f) + 0x7f7f7f7f7f7f7f7f) | word;
    count += <i32>popcnt(~set & 0x8080808080808080);
  }
  for (; at < to; at++) count += <i32>(load<u8>(at) == 10);
  return count;
}

// Tables of the host, below everything else: the six bits of each character of base64 (64 for other bytes), and the bytes that with a
// zero are a letter of UTF-16.
// @ts-ignore: decorator
@inline
const wideTable: u32 = 256;
// @ts-ignore: decorator
@inline
const foundAt: u32 = 512;

// What src/detect/decode/sample.ts has: hex digits a run needs, places where base64 may begin in it, and how far in.
// @ts-ignore: decorator
@inline
const leastHex: i32 = 40;
// @ts-ignore: decorator
@inline
const mostStarts: i32 = 4;
// @ts-ignore: decorator
@inline
const prefixReach: i32 = 128;
// @ts-ignore: decorator
@inline
const leastUnitBytes: i32 = 24;

// @ts-ignore: decorator
@inline
function sextetAt(at: i32): u32 {
  return load<u8>(<u32>load<u8>(at));
}

// @ts-ignore: decorator
@inline
function isBase64(at: i32): bool {
  return sextetAt(at) < 64;
}

// @ts-ignore: decorator
@inline
function isUnit(at: u32): bool {
  return load<u8>(at + 1) == 0 && load<u8>(wideTable + <u32>load<u8>(at)) != 0;
}

function areHexDigits(at: i32): bool {
  for (let last = at + leastHex; at < last; at++) if (!isHexDigit(at)) return false;
  return true;
}

// @ts-ignore: decorator
@inline
function quantumAt(at: i32): u32 {
  return (sextetAt(at) << 18) | (sextetAt(at + 1) << 12) | (sextetAt(at + 2) << 6) | sextetAt(at + 3);
}

/** Whether six bytes, the first one highest, may begin a text in UTF-8. */
function isUtf8(bytes: u64): bool {
  let more = 0;
  for (let shift = 40; shift >= 0; shift -= 8) {
    const byte = <u32>(bytes >> shift) & 0xff;
    if (more > 0) {
      if ((byte & 0xc0) != 0x80) return false;
      more--;
    } else if (byte >= 0x80) {
      if (byte < 0xc2 || byte > 0xf4) return false;
      more = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    } else if (!((byte >= 0x20 && byte < 0x7f) || byte - 9 < 5 || byte == 0x1b)) return false;
  }
  return true;
}

/** Whether base64 that begins there may be text or deflated, by its first six bytes. */
function maySample(at: i32): bool {
  const first = sextetAt(at);
  // Text begins with ASCII or a byte order mark.
  if (first >= 32 && first != 59 && first != 63) return false;
  const begin = quantumAt(at);
  // The headers of gzip and zlib.
  if (begin == 0x1f8b08 || begin >> 16 == 0x78) return true;
  const bytes = (<u64>begin << 24) | quantumAt(at + 4);
  // UTF-16 of Latin letters, in either order.
  if ((bytes & 0x00ff00ff00ff) == 0 || (bytes & 0xff00ff00ff00) == 0 || begin >> 16 >= 0xfe) return true;
  return isUtf8(bytes);
}

/** Whether a whole run of base64's characters is worth a closer look; most are names and paths. */
function mayHold(low: i32, end: i32, least: i32): bool {
  const hexAt = load<u8>(low) == 0x30 && (<u32>load<u8>(low + 1) | 0x20) == 0x78 ? low + 2 : low;
  if (end - hexAt >= leastHex && areHexDigits(hexAt)) return true;
  let starts = 0;
  const last = min(end - least, low + prefixReach);
  for (let at = low; at <= last; at++) {
    if (at != low) {
      if (sextetAt(at - 1) < 62) continue;
      if (++starts == mostStarts) return false;
    }
    if (maySample(at)) return true;
  }
  return false;
}

// Sixteen bytes at a time: a character of base64 is told by what its two halves have in common. Of the high half a bit each for
// 2, 3, 4 and 6, 5, 7; of the low half those with which it is such a character.
// @ts-ignore: decorator
@inline
function base64Bits(bytes: v128): u64 {
  const highHalf = i8x16(0, 0, 1, 2, 4, 8, 4, 16, 0, 0, 0, 0, 0, 0, 0, 0);
  const lowHalf = i8x16(26, 30, 30, 30, 30, 30, 30, 30, 30, 30, 28, 5, 4, 5, 4, 13);
  const low = i8x16.swizzle(lowHalf, v128.and(bytes, i8x16.splat(15)));
  const high = i8x16.swizzle(highHalf, i8x16.shr_u(bytes, 4));
  return <u64>(<u32>i8x16.bitmask(i8x16.ne(v128.and(low, high), i8x16.splat(0))));
}

// @ts-ignore: decorator
@inline
function zeroBits(bytes: v128): u64 {
  return <u64>(<u32>i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0))));
}

/** What with a zero behind it is a letter of UTF-16: printed ASCII, what parts lines, and from a0 on. */
// @ts-ignore: decorator
@inline
function wideBits(bytes: v128): u64 {
  const printed = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x20)), i8x16.splat(0x5f));
  const blank = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(9)), i8x16.splat(5));
  const latin = i8x16.ge_u(bytes, i8x16.splat(<i8>0xa0));
  return <u64>(<u32>i8x16.bitmask(v128.or(v128.or(printed, blank), latin)));
}

/** Bytes that are looked at at a time, and how far to go on: what begins before that, and is long enough, ends within them. */
// @ts-ignore: decorator
@inline
const windowBytes: i32 = 64;
// @ts-ignore: decorator
@inline
const strideBytes: i32 = 40;

/** The first byte of a window where twenty characters of base64, or twelve letters of UTF-16, begin; 64 where nothing does. */
function firstIn(at: i32): i32 {
  const b0 = v128.load(at);
  const b1 = v128.load(at, 16);
  const b2 = v128.load(at, 32);
  const b3 = v128.load(at, 48);
  let runs = base64Bits(b0) | (base64Bits(b1) << 16) | (base64Bits(b2) << 32) | (base64Bits(b3) << 48);
  runs &= runs >> 1;
  runs &= runs >> 2;
  runs &= runs >> 4;
  runs &= runs >> 8;
  runs &= runs >> 4;
  const zeros = zeroBits(b0) | (zeroBits(b1) << 16) | (zeroBits(b2) << 32) | (zeroBits(b3) << 48);
  if (<i32>popcnt(zeros) >= leastUnitBytes / 2) {
    let units = (wideBits(b0) | (wideBits(b1) << 16) | (wideBits(b2) << 32) | (wideBits(b3) << 48)) & (zeros >> 1);
    units &= units >> 2;
    units &= units >> 4;
    units &= units >> 8;
    units &= units >> 8;
    runs |= units;
  }
  return <i32>ctz(runs);
}

/**
 * Looks for a run of `least` bytes of base64, or for letters with zeros between them, from `low` to `high` (addresses); passes over what
 * the host would pass over after a look at its first bytes. Gives back 0 for
 * none, 1 for a run, 2 for letters; at `foundAt` lies where the run begins or where the search goes on, and then the zero.
 */
export function findRun(low: i32, high: i32, least: i32): i32 {
  while (low + windowBytes <= high) {
    const first = firstIn(low);
    if (first >= strideBytes) {
      low += strideBytes;
      continue;
    }
    low += first;
    if (isUnit(low)) {
      store<i32>(foundAt, low);
      store<i32>(foundAt, low + 1, 4);
      return 2;
    }
    let end = low + least;
    while (end < high && isBase64(end)) end++;
    if (end == high || mayHold(low, end, least)) {
      store<i32>(foundAt, low);
      return 1;
    }
    low = end;
  }
  for (let probe = low + least - 1; probe < high; probe = low + least - 1) {
    let at = probe;
    while (at >= low && isBase64(at)) at--;
    if (at < low) {
      let end = probe + 1;
      while (end < high && isBase64(end)) end++;
      // Of a run that may go on beyond `high` too little is there to tell.
      if (end == high || mayHold(low, end, least)) {
        store<i32>(foundAt, low);
        return 1;
      }
      low = end;
      continue;
    }
    const zero = load<u8>(at) == 0 ? at : at + 1 < high && load<u8>(at + 1) == 0 ? at + 1 : 0;
    if (zero != 0 && ((zero + 2 < high && isUnit(zero + 1)) || (isUnit(zero - 1) && isUnit(zero - 3)))) {
      let start = zero + 1;
      while (zero - start < 2 * leastUnitBytes && isUnit(start - 2)) start -= 2;
      let end = zero + 1;
      while (end + 1 < high && end - start < leastUnitBytes && isUnit(end)) end += 2;
      if (end - start >= leastUnitBytes || end + 1 >= high) {
        store<i32>(foundAt, at);
        store<i32>(foundAt, zero, 4);
        return 2;
      }
      low = max(at + 1, end);
      continue;
    }
    low = at + 1;
  }
  store<i32>(foundAt, low);
  return 0;
}
