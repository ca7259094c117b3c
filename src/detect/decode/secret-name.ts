/**
 * Tells whether a name of a secret, or what else makes a value worth writing out, stands before a sign in its line. Nine of ten
 * escaped signs are told off by it, so that it costs two loads a byte: it goes back from the sign, and looks for a name only
 * where the two of its characters are that other text has fewest of.
 */

import { spaceSet } from '../char-set.ts';

interface Name {
  /** As it is folded. */
  readonly bytes: Uint8Array;
  /** Where its rarest two characters are. */
  readonly pair: number;
}

/** Bytes in lower case, all white space as one. */
const folded = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (spaceSet[byte] === 1) return 0x20;
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
});

const names: readonly Name[] = [
  nameOf('pass', 'pa'),
  nameOf('pwd', 'pw'),
  nameOf('secret', 'cr'),
  nameOf('cred', 'cr'),
  nameOf('token', 'ok'),
  nameOf('key', 'ke'),
  nameOf('auth', 'au'),
  nameOf('identified', 'fi'),
  nameOf('://', ':/'),
  nameOf(' -p', '-p'),
  nameOf(' -u', '-u'),
];

function nameOf(name: string, pair: string): Name {
  return { bytes: Uint8Array.from(name, (char) => char.charCodeAt(0)), pair: name.indexOf(pair) };
}

/** Bytes of the longest of them, with room. */
export const longestName = 12;

/** By byte a bit for each name whose pair it begins or ends; a line's end, whatever follows it, has one of its own. */
const lineEnd = 1 << names.length;
const begins = bitsOf(0).with(0x0a, lineEnd);
const ends = bitsOf(1).map((bits) => bits | lineEnd);

function bitsOf(offset: number): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, byte) =>
    names.reduce((bits, name, index) => bits | (Number(folded[byte] === name.bytes[name.pair + offset]) << index), 0),
  );
}

/** Whether a name that begins at `from` or later ends at most `reach` bytes before `end`, in the same line. */
export function standsBehindName(bytes: Uint8Array, from: number, end: number, reach: number): boolean {
  const low = Math.max(from, end - reach - longestName);
  let behind = lineEnd;
  for (let at = end - 1; at >= low; at--) {
    const byte = bytes[at] as number;
    const bits = (begins[byte] as number) & behind;
    behind = ends[byte] as number;
    if (bits === 0) continue;
    if (bits === lineEnd) return false;
    for (let left = bits; left !== 0; left &= left - 1) {
      const name = names[31 - Math.clz32(left & -left)] as Name;
      const start = at - name.pair;
      const isInReach = start >= from && start + name.bytes.length <= end && start + name.bytes.length >= end - reach;
      if (isInReach && isNameAt(bytes, start, name.bytes)) return true;
    }
  }
  return false;
}

function isNameAt(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let at = 0; at < name.length; at++) if (folded[bytes[start + at] as number] !== name[at]) return false;
  return true;
}
