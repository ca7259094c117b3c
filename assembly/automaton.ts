/**
 * The inner loops of detection, in AssemblyScript. One automaton over one stream waits some six cycles a byte for its
 * own table; four streams over four quarters of a block run in the shadow of each other's loads. Unrolled over the four bytes of a word. No memory is
 * allocated here: the host lays tables, hits and slab out in the memory it passes in (src/detect/wasm-automaton.ts).
 */

// @ts-ignore: decorator
@inline
const lanes: i32 = 4;

/** The row after `state` for a byte. */
// @ts-ignore: decorator
@inline
function step(state: u32, byte: u32, classes: u32): u32 {
  return load<u32>(state + load<u16>(classes + (byte << 1)));
}

/** Writes a hit down; gives back where the next one goes. */
// @ts-ignore: decorator
@inline
function report(hits: u32, position: u32, state: u32): u32 {
  store<u32>(hits, position);
  store<u32>(hits, state, 4);
  return hits + 8;
}

/** Brings a stream from the root to the state it has before `position`, without reporting. */
function warmUp(root: u32, classes: u32, slab: u32, from: i32, position: i32): u32 {
  let state = root;
  for (let at = from; at < position; at++) state = step(state, <u32>load<u8>(slab + at), classes);
  return state;
}

/**
 * Scans `length` bytes (a multiple of 16) from `start` in four streams. Row addresses in the table are absolute.
 * Hits of stream n lie from `hits + n * hitBytes`; their counts in the four words before `hits`.
 */
export function scan(
  root: u32,
  firstHit: u32,
  classes: u32,
  slab: u32,
  start: i32,
  length: i32,
  overlap: i32,
  hits: u32,
  hitBytes: u32,
): void {
  const quarter = length / lanes;
  const p0 = start;
  const p1 = p0 + quarter;
  const p2 = p1 + quarter;
  const p3 = p2 + quarter;
  let s0 = warmUp(root, classes, slab, max(0, p0 - overlap), p0);
  let s1 = warmUp(root, classes, slab, max(0, p1 - overlap), p1);
  let s2 = warmUp(root, classes, slab, max(0, p2 - overlap), p2);
  let s3 = warmUp(root, classes, slab, max(0, p3 - overlap), p3);
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
    s0 = step(s0, w0 & 0xff, classes);
    s1 = step(s1, w1 & 0xff, classes);
    s2 = step(s2, w2 & 0xff, classes);
    s3 = step(s3, w3 & 0xff, classes);
    if (s0 >= firstHit) h0 = report(h0, p0 + at, s0);
    if (s1 >= firstHit) h1 = report(h1, p1 + at, s1);
    if (s2 >= firstHit) h2 = report(h2, p2 + at, s2);
    if (s3 >= firstHit) h3 = report(h3, p3 + at, s3);
    s0 = step(s0, (w0 >> 8) & 0xff, classes);
    s1 = step(s1, (w1 >> 8) & 0xff, classes);
    s2 = step(s2, (w2 >> 8) & 0xff, classes);
    s3 = step(s3, (w3 >> 8) & 0xff, classes);
    if (s0 >= firstHit) h0 = report(h0, p0 + at + 1, s0);
    if (s1 >= firstHit) h1 = report(h1, p1 + at + 1, s1);
    if (s2 >= firstHit) h2 = report(h2, p2 + at + 1, s2);
    if (s3 >= firstHit) h3 = report(h3, p3 + at + 1, s3);
    s0 = step(s0, (w0 >> 16) & 0xff, classes);
    s1 = step(s1, (w1 >> 16) & 0xff, classes);
    s2 = step(s2, (w2 >> 16) & 0xff, classes);
    s3 = step(s3, (w3 >> 16) & 0xff, classes);
    if (s0 >= firstHit) h0 = report(h0, p0 + at + 2, s0);
    if (s1 >= firstHit) h1 = report(h1, p1 + at + 2, s1);
    if (s2 >= firstHit) h2 = report(h2, p2 + at + 2, s2);
    if (s3 >= firstHit) h3 = report(h3, p3 + at + 2, s3);
    s0 = step(s0, w0 >> 24, classes);
    s1 = step(s1, w1 >> 24, classes);
    s2 = step(s2, w2 >> 24, classes);
    s3 = step(s3, w3 >> 24, classes);
    if (s0 >= firstHit) h0 = report(h0, p0 + at + 3, s0);
    if (s1 >= firstHit) h1 = report(h1, p1 + at + 3, s1);
    if (s2 >= firstHit) h2 = report(h2, p2 + at + 3, s2);
    if (s3 >= firstHit) h3 = report(h3, p3 + at + 3, s3);
  }
  store<u32>(hits - 16, (h0 - hits) >> 3);
  store<u32>(hits - 12, (h1 - hits - hitBytes) >> 3);
  store<u32>(hits - 8, (h2 - hits - 2 * hitBytes) >> 3);
  store<u32>(hits - 4, (h3 - hits - 3 * hitBytes) >> 3);
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

// Tables of the host, below everything else: bytes of base64, and bytes that with a zero are a letter of UTF-16.
// @ts-ignore: decorator
@inline
const wideTable: u32 = 256;
// @ts-ignore: decorator
@inline
const foundAt: u32 = 512;

// @ts-ignore: decorator
@inline
function isUnit(at: u32): bool {
  return load<u8>(at + 1) == 0 && load<u8>(wideTable + <u32>load<u8>(at)) != 0;
}

/**
 * Looks for a run of `least` bytes of base64, or for letters with zeros between them, from `low` to `high` (addresses). Gives back 0 for
 * none, 1 for a run, 2 for letters; at `foundAt` lies where the run begins or where the search goes on, and then the zero.
 */
export function findRun(low: i32, high: i32, least: i32): i32 {
  for (let probe = low + least - 1; probe < high; probe = low + least - 1) {
    let at = probe;
    while (at >= low && load<u8>(<u32>load<u8>(at)) != 0) at--;
    if (at < low) {
      store<i32>(foundAt, low);
      return 1;
    }
    const zero = load<u8>(at) == 0 ? at : at + 1 < high && load<u8>(at + 1) == 0 ? at + 1 : 0;
    if (zero != 0 && ((zero + 2 < high && isUnit(zero + 1)) || (isUnit(zero - 1) && isUnit(zero - 3)))) {
      store<i32>(foundAt, at);
      store<i32>(foundAt, zero, 4);
      return 2;
    }
    low = at + 1;
  }
  store<i32>(foundAt, low);
  return 0;
}
