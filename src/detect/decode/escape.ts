/**
 * Escapes: text in which single characters are written in another way, `\u003d`, `%2F`, `&amp;`. The automaton says where they are (they
 * are rare), and what lies around them is written out. Unlike a run it was readable before: only what an escape
 * hid is new.
 */

import { nibbles } from './byte-class.ts';

/** How characters are escaped; the names reports tell. */
export type EscapeKind = 'backslash' | 'url' | 'xml';

/** All of them. */
export const escapeKinds: readonly EscapeKind[] = ['backslash', 'url', 'xml'];

/** `21` … `7e` */
const printableHex: readonly string[] = Array.from({ length: 0x7f - 0x21 }, (_, index) => (index + 0x21).toString(16));

/** `041` … `176`, as `printf` and `$'…'` of a shell have them. */
const printableOctal: readonly string[] = printableHex.map((hex) =>
  Number.parseInt(hex, 16).toString(8).padStart(3, '0'),
);

/** What the automaton looks for, lower case. `\n` and `\"` are everywhere, and the rules read them as they are. */
export const escapeNeedles: Readonly<Record<EscapeKind, readonly string[]>> = {
  backslash: [
    ...['\\/', ...printableHex.flatMap((hex) => [`\\u00${hex}`, `\\x${hex}`])],
    ...printableOctal.map((octal) => `\\${octal}`),
  ],
  url: printableHex.map((hex) => `%${hex}`),
  xml: ['&amp;', '&quot;', '&apos;', '&lt;', '&gt;', '&#'],
};

/** What lies around escapes, as offsets. */
export interface Segment {
  readonly kind: EscapeKind;
  readonly start: number;
  readonly end: number;
}

/** Bytes around an escape that are written out with it. */
const [reachBefore, reachAfter] = [256, 512];

/** A longer stretch of escapes is cut, with an overlap. */
export const mostSegmentBytes: number = 8 * 1024;

/** What stands before a slash that is escaped within a text; most others are in regular expressions or close a tag. */
const [slash, beforeSlash] = [0x2f, /[\w:.+=\\-]/];

/** Whether what the automaton found up to `position` is worth a look. */
export function isEscapeAt(bytes: Uint8Array, position: number, low: number): boolean {
  if (bytes[position] !== slash) return true;
  return position - 2 >= low && beforeSlash.test(String.fromCharCode(bytes[position - 2] as number));
}

/** Gathers escapes of one kind in one content into segments. */
export class EscapeSegments {
  readonly #kind: EscapeKind;
  #start = -1;
  #end = -1;

  constructor(kind: EscapeKind) {
    this.#kind = kind;
  }

  /** Where the segment begins that is not yet given out; -1 where there is none. */
  get pending(): number {
    return this.#start;
  }

  /** An escape at that offset; they come in order. @returns a segment that it closes */
  add(offset: number): Segment | undefined {
    const joins = this.#start !== -1 && offset < this.#end && offset + reachAfter - this.#start <= mostSegmentBytes;
    // What follows the escape may not be there yet.
    if (!joins) this.#end = Math.min(this.#end, offset);
    const closed = joins ? undefined : this.take();
    if (!joins) this.#start = Math.max(0, offset - reachBefore);
    this.#end = offset + reachAfter;
    return closed;
  }

  /** The segment if all of it is there. */
  takeBefore(high: number): Segment | undefined {
    return this.#start !== -1 && this.#end <= high ? this.take() : undefined;
  }

  /** The segment as it is. */
  take(): Segment | undefined {
    if (this.#start === -1) return undefined;
    const segment = { kind: this.#kind, start: this.#start, end: this.#end };
    this.#start = -1;
    return segment;
  }
}

/** Text without its escapes, and what became of them. */
export interface Unescaped {
  readonly bytes: Uint8Array;
  readonly escapes: readonly WrittenOut[];
}

/** Where an escape's character stands now, and where the escape stood. */
interface WrittenOut {
  readonly at: number;
  readonly next: number;
  readonly start: number;
  readonly end: number;
}

/** Writes out the escapes of one kind in `start`…`end`. */
export function writeOut(kind: EscapeKind, bytes: Uint8Array, start: number, end: number): Unescaped {
  const out = new Uint8Array(end - start);
  const escapes: WrittenOut[] = [];
  const lead = kind === 'backslash' ? 0x5c : kind === 'url' ? 0x25 : 0x26;
  const read = readers[kind];
  let length = 0;
  for (let at = start; at < end; ) {
    const byte = bytes[at] as number;
    const found = byte === lead ? read(bytes, at, end) : undefined;
    if (found === undefined) {
      out[length++] = byte;
      at++;
      continue;
    }
    // No escape is shorter than the UTF-8 of its character.
    const next = length + writeCodePoint(out, length, found);
    escapes.push({ at: length, next, start: at, end: at + found.length });
    length = next;
    at += found.length;
  }
  return { bytes: out.subarray(0, length), escapes };
}

/** Where a byte of the unescaped text stood. */
export function toEscaped({ escapes }: Unescaped, at: number, segmentStart: number): number {
  let low = 0;
  let high = escapes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((escapes[middle] as WrittenOut).at <= at) low = middle + 1;
    else high = middle;
  }
  const last = escapes[low - 1];
  if (last === undefined) return segmentStart + at;
  return at < last.next ? last.start : last.end + at - last.next;
}

/** A character that was escaped: a byte, or a code point, and the bytes its escape takes. */
interface Escape {
  readonly value: number;
  readonly isByte: boolean;
  readonly length: number;
}

type EscapeReader = (bytes: Uint8Array, at: number, end: number) => Escape | undefined;

const controls: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9 };

const readBackslash: EscapeReader = (bytes, at, end) => {
  if (at + 1 >= end) return undefined;
  const next = bytes[at + 1] as number;
  const char = String.fromCharCode(next);
  if (char === 'u') return asCodePoint(readHex(bytes, at + 2, Math.min(end, at + 6), 4), 6);
  if (char === 'x') {
    const value = readHex(bytes, at + 2, Math.min(end, at + 4), 2);
    return value === undefined ? undefined : { value, isByte: true, length: 4 };
  }
  const octal = readOctal(bytes, at + 1, end);
  if (octal !== undefined) return { value: octal, isByte: true, length: 4 };
  const control = controls[char];
  if (control !== undefined) return { value: control, isByte: true, length: 2 };
  // Classes of regular expressions (`\d`) are no escapes; signs stand for themselves.
  const isSign = next > 0x20 && next < 0x7f && !/[0-9A-Za-z]/.test(char);
  return isSign ? { value: next, isByte: true, length: 2 } : undefined;
};

const readPercent: EscapeReader = (bytes, at, end) => {
  const value = readHex(bytes, at + 1, Math.min(end, at + 3), 2);
  return value === undefined ? undefined : { value, isByte: true, length: 3 };
};

const entities: Readonly<Record<string, number>> = { amp: 0x26, lt: 0x3c, gt: 0x3e, quot: 0x22, apos: 0x27 };
const longestEntity = 8;

const readEntity: EscapeReader = (bytes, at, end) => {
  const last = Math.min(end, at + longestEntity + 2);
  let to = at + 1;
  while (to < last && bytes[to] !== 0x3b) to++;
  if (to === last) return undefined;
  const name = String.fromCharCode(...bytes.subarray(at + 1, to));
  const known = entities[name];
  const number = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name);
  const value =
    known ?? (number === null ? undefined : Number.parseInt(number[1] ?? number[2] ?? '', number[1] ? 16 : 10));
  return asCodePoint(value, to + 1 - at);
};

const readers: Readonly<Record<EscapeKind, EscapeReader>> = {
  backslash: readBackslash,
  url: readPercent,
  xml: readEntity,
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

/** @returns how many bytes it took */
function writeCodePoint(out: Uint8Array, at: number, { value, isByte }: Escape): number {
  if (isByte) {
    out[at] = value;
    return 1;
  }
  const lone = value >= 0xd800 && value < 0xe000;
  return encoder.encodeInto(lone ? '\ufffd' : String.fromCodePoint(value), out.subarray(at)).written;
}

const encoder = new TextEncoder();
