/**
 * Tells whether a name of a secret, or what else makes a value worth writing out, stands before a sign in its line. Nine of ten
 * escaped signs are told off by it, so that it costs a load for most bytes: it goes back from the sign, and looks for each name where
 * the character is that text has fewest of.
 */

import { spaceSet } from '../char-set.ts';

/** Each as it is folded, and where its rarest character is. A space stands for any white space. */
const names: readonly (readonly [name: string, rarest: number])[] = [
  ['pass', 0],
  ['pwd', 1],
  ['secret', 2],
  ['cred', 0],
  ['token', 2],
  ['key', 0],
  ['auth', 1],
  ['identified', 6],
  ['://', 0],
  [' -p', 1],
  [' -u', 1],
];

/** Bytes of the longest of them, with room. */
export const longestName = 12;

const lineFeed = 0x0a;

/** Bytes in lower case, all white space as one. */
const folded = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (spaceSet[byte] === 1) return 0x20;
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
});

/** The names, those of one rarest character together: its place, the name's length, the name; a length of zero ends them. */
const packed: number[] = [];
/** By byte where its names begin in `packed`; other bytes have none, and a line's end ends the search. */
const [none, stop] = [0xff, 0xfe];
const namesAt = new Uint8Array(256).fill(none);

for (const sign of new Set(names.map(([name, rarest]) => name.charCodeAt(rarest)))) {
  for (let byte = 0; byte < 256; byte++) if (folded[byte] === sign) namesAt[byte] = packed.length;
  for (const [name, rarest] of names) {
    if (name.charCodeAt(rarest) === sign)
      packed.push(rarest, name.length, ...Array.from(name, (char) => char.charCodeAt(0)));
  }
  packed.push(0, 0);
}
namesAt[lineFeed] = stop;
const table = Uint8Array.from(packed);

/** Whether a name that begins at `from` or later ends at most `reach` bytes before `end`, in the same line. */
export function standsBehindName(bytes: Uint8Array, from: number, end: number, reach: number): boolean {
  const low = Math.max(from, end - reach - longestName);
  for (let at = end - 1; at >= low; at--) {
    let entry = namesAt[bytes[at] as number] as number;
    if (entry === none) continue;
    if (entry === stop) return false;
    for (let length = table[entry + 1] as number; length !== 0; length = table[entry + 1] as number) {
      const start = at - (table[entry] as number);
      entry += 2;
      const isInReach = start >= from && start + length <= end && start + length >= end - reach;
      if (isInReach && isNameAt(bytes, start, entry, length)) return true;
      entry += length;
    }
  }
  return false;
}

function isNameAt(bytes: Uint8Array, start: number, entry: number, length: number): boolean {
  for (let at = 0; at < length; at++) if (folded[bytes[start + at] as number] !== table[entry + at]) return false;
  return true;
}
