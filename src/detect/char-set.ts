/** Sets of bytes, as tables of 256: what a pattern's characters are to checks that look at bytes. */

/** 1 at every byte of the set. */
export type CharSet = Uint8Array;

/** The set of these characters; pairs in `ranges` are inclusive: `charSet('azAZ', '_-')`. */
export function charSet(ranges: string, singles = ''): CharSet {
  const set = new Uint8Array(256);
  for (let at = 0; at + 1 < ranges.length; at += 2) set.fill(1, ranges.charCodeAt(at), ranges.charCodeAt(at + 1) + 1);
  for (let at = 0; at < singles.length; at++) set[singles.charCodeAt(at)] = 1;
  return set;
}

/** Everything that is not in the set. */
export function invert(set: CharSet): CharSet {
  return set.map((bit) => 1 - bit);
}

/** What is in either. */
export function union(a: CharSet, b: CharSet): CharSet {
  const either = a.slice();
  addTo(either, b);
  return either;
}

/** Puts one set into another; gives back how many bytes are new there. */
export function addTo(target: CharSet, set: CharSet): number {
  let added = 0;
  for (let byte = set.indexOf(1); byte !== -1 && byte < 256; byte++) {
    if (set[byte] === 1 && target[byte] === 0) {
      target[byte] = 1;
      added++;
    }
  }
  return added;
}

/** Whether some byte is in both. */
export function overlaps(a: CharSet, b: CharSet): boolean {
  for (let at = 0; at < 256; at++) if (a[at] === 1 && b[at] === 1) return true;
  return false;
}

/** How many bytes are in it. */
export function sizeOf(set: CharSet): number {
  let size = 0;
  for (let at = 0; at < 256; at++) size += set[at] as number;
  return size;
}

/** The set with both cases of each ASCII letter in it. */
export function foldCase(set: CharSet): CharSet {
  const folded = set.slice();
  for (let upper = 65; upper <= 90; upper++) {
    const either = (set[upper] ?? 0) | (set[upper + 32] ?? 0);
    folded[upper] = either;
    folded[upper + 32] = either;
  }
  return folded;
}

/** `[0-9A-Za-z_]`. */
export const wordSet: CharSet = charSet('09AZaz', '_');
/** `[0-9]`. */
export const digitSet: CharSet = charSet('09');
/** `\s` within a byte. */
export const spaceSet: CharSet = charSet('', ' \t\n\r\v\f\u00a0');
