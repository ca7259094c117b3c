/** Reads one escape of each kind; nothing outside of the segment may decide, or where a slab is cut would. */

import { latin1 } from '../bytes.ts';
import { nibbles } from './byte-class.ts';
import type { EscapeKind } from './escape.ts';

const [backslash, quote, lineFeed, carriageReturn] = [0x5c, 0x22, 0x0a, 0x0d];
const [letterU, letterX] = [0x75, 0x78];

/** Bytes before the end of a line that say whether it is one of YAML. */
const lineReach = 128;

/** What each escape begins with. */
export const leads: Readonly<Record<EscapeKind, number>> = { backslash, url: 0x25, xml: 0x26, shell: 0x27, php: 0x3b };

/** A character that was escaped: a byte, or a code point, and the bytes its escape takes. */
export interface Escape {
  readonly value: number;
  readonly isByte: boolean;
  readonly length: number;
}

/** The value of an escape that stands for nothing. */
export const gone = -1;

/** Reads the escape at an offset; nothing outside of `low`…`end` may decide. */
type EscapeReader = (bytes: Uint8Array, at: number, end: number, low: number) => Escape | undefined;

// Classes of regular expressions (`\d`) are no escapes; signs stand for themselves.
/** By what follows a backslash: the byte that the two stand for, or 0. */
const simple = Uint8Array.from({ length: 256 }, (_, byte) => {
  const isSign = byte > 0x20 && byte < 0x7f && !/[0-9A-Za-z]/.test(String.fromCharCode(byte));
  return isSign ? byte : byte === 0x6e ? lineFeed : byte === 0x72 ? carriageReturn : byte === 0x74 ? 9 : 0;
});

const readBackslash: EscapeReader = (bytes, at, end, low) => {
  if (at + 1 >= end) return undefined;
  const next = bytes[at + 1] as number;
  const value = simple[next] as number;
  if (value !== 0) return { value, isByte: true, length: 2 };
  if (next === lineFeed || next === carriageReturn) return readLineEnd(bytes, at, end, low);
  if (next === letterU) return asCodePoint(readHex(bytes, at + 2, Math.min(end, at + 6), 4), 6);
  const byte = next === letterX ? readHex(bytes, at + 2, Math.min(end, at + 4), 2) : readOctal(bytes, at + 1, end);
  return byte === undefined ? undefined : { value: byte, isByte: true, length: 4 };
};

/** A backslash at the end of a line: the next one goes on, behind its indentation in YAML and where a word ended. */
const readLineEnd: EscapeReader = (bytes, at, end, low) => {
  const isPair = bytes[at + 1] === carriageReturn && at + 2 < end && bytes[at + 2] === lineFeed;
  let length = isPair ? 3 : 2;
  const before = latin1(bytes, Math.max(low, at - lineReach), at);
  if (/[ \t]$/.test(before) || yamlString.test(before)) {
    while (at + length < end && isBlank(bytes[at + length])) length++;
  }
  return { value: gone, isByte: true, length };
};

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}

/** A quoted value of YAML that has not ended. */
const yamlString = /(?:^|\n)[ \t-]*[\w.-]+: +"[^"\n]*$/;

const readQuotes: EscapeReader = (bytes, at, end) => {
  const isSign = (offset: number, sign: number): boolean => at + offset < end && bytes[at + offset] === sign;
  if (isSign(1, backslash) && isSign(2, 0x27) && isSign(3, 0x27)) return { value: 0x27, isByte: true, length: 4 };
  const isPair = isSign(1, quote) && isSign(2, 0x27) && isSign(3, quote) && isSign(4, 0x27);
  return isPair ? { value: 0x27, isByte: true, length: 5 } : undefined;
};

/** `;s:12:` between two strings that PHP has serialized, written out as a name's colon. */
const readSerialized: EscapeReader = (bytes, at, end, low) => {
  const found = serialized.exec(latin1(bytes, at, Math.min(end, at + 12)));
  return found === null || at === low || bytes[at - 1] !== quote
    ? undefined
    : { value: 0x3a, isByte: true, length: found[0].length - 1 };
};

const serialized = /^;s:\d{1,6}:"/;

const readPercent: EscapeReader = (bytes, at, end) => {
  const value = readHex(bytes, at + 1, Math.min(end, at + 3), 2);
  return value === undefined ? undefined : { value, isByte: true, length: 3 };
};

const entities: ReadonlyMap<string, number> = new Map(
  Object.entries({ amp: 0x26, lt: 0x3c, gt: 0x3e, quot: 0x22, apos: 0x27 }),
);
const longestEntity = 8;

const readEntity: EscapeReader = (bytes, at, end) => {
  const last = Math.min(end, at + longestEntity + 2);
  let to = at + 1;
  while (to < last && bytes[to] !== 0x3b) to++;
  if (to === last) return undefined;
  const name = latin1(bytes, at + 1, to);
  const known = entities.get(name);
  const number = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name);
  const value =
    known ?? (number === null ? undefined : Number.parseInt(number[1] ?? number[2] ?? '', number[1] ? 16 : 10));
  return asCodePoint(value, to + 1 - at);
};

export const readers: Readonly<Record<EscapeKind, EscapeReader>> = {
  backslash: readBackslash,
  url: readPercent,
  xml: readEntity,
  shell: readQuotes,
  php: readSerialized,
};

function asCodePoint(value: number | undefined, length: number): Escape | undefined {
  if (value === undefined || value > 0x10ffff) return undefined;
  return { value, isByte: value < 0x80, length };
}

function readHex(bytes: Uint8Array, start: number, end: number, digits: number): number | undefined {
  if (end - start < digits) return undefined;
  let value = 0;
  for (let at = start; at < end; at++) {
    const nibble = nibbles[bytes[at] as number] as number;
    if (nibble > 15) return undefined;
    value = value * 16 + nibble;
  }
  return value;
}

// Three digits of a byte: with fewer it is a reference of a regular expression as likely.
function readOctal(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (end - start < 3) return undefined;
  let value = 0;
  for (let at = start; at < start + 3; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 7) return undefined;
    value = value * 8 + digit;
  }
  return value < 0x100 ? value : undefined;
}
