/**
 * Escapes: text in which single characters are written in another way, `\u003d`, `%2F`, `&amp;`. The automaton says where they are (they
 * are rare), and what lies around them is written out. Unlike a run it was readable before: only what an escape
 * hid is new.
 */

import { latin1, toText } from '../bytes.ts';
import { charSet } from '../char-set.ts';
import { nibbles } from './byte-class.ts';

/** How characters are escaped; the names reports tell. */
export type EscapeKind = 'backslash' | 'url' | 'xml' | 'shell' | 'php';

/** All of them. */
export const escapeKinds: readonly EscapeKind[] = ['backslash', 'url', 'xml', 'shell', 'php'];

/** `21` … `7e` */
const printableHex: readonly string[] = Array.from({ length: 0x7f - 0x21 }, (_, index) => (index + 0x21).toString(16));

/** `041` … `176`, as `printf` and `$'…'` of a shell have them. */
const printableOctal: readonly string[] = printableHex.map((hex) =>
  Number.parseInt(hex, 16).toString(8).padStart(3, '0'),
);

/** Signs that a backslash stands before in shells, SQL, JSON and `.properties`, and ends of lines that it takes away. */
const signs: readonly string[] = [...'$\'"\\`!&:=#@;%^*?', '\n', '\r'];

/** Accented letters, which `.properties` can't hold. */
const accents: readonly string[] = ['c', 'd', 'e', 'f'].map((digit) => `\\u00${digit}`);

/** What the automaton looks for, lower case. `\n` and `\"` are everywhere, and the rules read them as they are. */
export const escapeNeedles: Readonly<Record<EscapeKind, readonly string[]>> = {
  backslash: [
    ...['\\/', ...printableHex.flatMap((hex) => [`\\u00${hex}`, `\\x${hex}`])],
    ...printableOctal.map((octal) => `\\${octal}`),
    ...signs.map((sign) => `\\${sign}`),
    ...accents,
  ],
  url: printableHex.map((hex) => `%${hex}`),
  xml: ['&amp;', '&quot;', '&apos;', '&lt;', '&gt;', '&#'],
  // The one way to a quote within a shell's single quotes, written in two.
  shell: [`'\\''`, `'"'"'`],
  // `s:8:"password";s:12:"…";`: a string behind a string.
  php: ['";s:'],
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

const [backslash, apostrophe] = [0x5c, 0x27];
const [quote, lineFeed, carriageReturn] = [0x22, 0x0a, 0x0d];
const hexDigits = charSet('09afAF', 'UXux');

/** What makes a value worth writing out whose signs are escaped: its name, or that a URL is around it; most others are strings of programs. */
const secretName = /(?:pass|pwd|secret|token|key|auth|cred|identified|:\/\/|\s-[pu])[^\n]{0,100}$/i;
/** The same where a backslash takes the end of a line away, in the middle of a value or before it. */
const cutValue =
  /(?:pass|pwd|secret|token|key|auth|cred)[^\n]{0,100}[^\s\\]$|(?:pass\w{0,8}|token|secret|key|\s-p)["']?[ =]?[ ]?$/i;
const nameReach = 128;
/** Of `identified`, with room. */
const longestName = 12;

/** What was seen of a content before its escapes: strings of programs are full of them, and most have no name before them. */
export interface EscapeSight {
  /** No name that makes a value worth writing out ends before this offset within reach of what follows it. */
  nameless: number;
}

/** Whether what the automaton found up to `position` is worth a look; nothing behind it may be there yet. Asked in the order of positions. */
export function isEscapeAt(
  bytes: Uint8Array,
  position: number,
  low: number,
  toOffset: number,
  sight: EscapeSight,
): boolean {
  const last = bytes[position] as number;
  if (last === slash)
    return position - 2 >= low && beforeSlash.test(String.fromCharCode(bytes[position - 2] as number));
  if (bytes[position - 1] !== backslash)
    return !(isAccent(bytes, position) || last === apostrophe) || isNamed(bytes, position - 4, low, toOffset, sight);
  if (hexDigits[last] === 1) return true;
  const isLineEnd = last === lineFeed || last === carriageReturn;
  // What opens or closes a string in a string is no part of a value.
  if (last === quote && !isInWord(bytes, position - 2, low)) return false;
  if (isLineEnd) return isCutValue(bytes, position - 1, low);
  return isNamed(bytes, position - 1, low, toOffset, sight);
}

function isInWord(bytes: Uint8Array, at: number, low: number): boolean {
  return at >= low && /[\w$!@#%^&*.?+-]/.test(String.fromCharCode(bytes[at] as number));
}

/** `\u00e`, whose digit is the last that the automaton looks for. */
function isAccent(bytes: Uint8Array, position: number): boolean {
  return bytes[position - 4] === backslash && (bytes[position] as number) > 0x60;
}

/** Signs that are held down (`\\\\\\…`) are no value: the first of them were looked at, and what follows those is written out anyway. */
const heldBytes = 12;

function isHeld(bytes: Uint8Array, end: number, low: number): boolean {
  if (end - heldBytes - 2 < low) return false;
  for (let at = end - 1; at >= end - heldBytes; at--) if (bytes[at] !== bytes[at - 2]) return false;
  return true;
}

function isCutValue(bytes: Uint8Array, end: number, low: number): boolean {
  return !isHeld(bytes, end, low) && cutValue.test(latin1(bytes, Math.max(low, end - nameReach), Math.max(low, end)));
}

function isNamed(bytes: Uint8Array, end: number, low: number, toOffset: number, sight: EscapeSight): boolean {
  if (isHeld(bytes, end, low)) return false;
  // What stood before was looked at; a name may stand across its end.
  const from = Math.max(low, end - nameReach, sight.nameless - toOffset - longestName);
  if (from >= end) return false;
  if (secretName.test(latin1(bytes, from, end))) return true;
  sight.nameless = Math.max(sight.nameless, end + toOffset);
  return false;
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
  /** The character, where another one stands for it. */
  readonly hidden?: number;
  readonly at: number;
  readonly next: number;
  readonly start: number;
  readonly end: number;
}

/** What each escape begins with. */
const leads: Readonly<Record<EscapeKind, number>> = { backslash, url: 0x25, xml: 0x26, shell: 0x27, php: 0x3b };

/** Writes out the escapes of one kind in `start`…`end`. */
export function writeOut(kind: EscapeKind, bytes: Uint8Array, start: number, end: number): Unescaped {
  const out = new Uint8Array(end - start);
  const escapes: WrittenOut[] = [];
  const lead = leads[kind];
  const read = readers[kind];
  let length = 0;
  for (let at = start; at < end; ) {
    const byte = bytes[at] as number;
    const found = byte === lead ? read(bytes, at, end, start) : undefined;
    if (found === undefined) {
      out[length++] = byte;
      at++;
      continue;
    }
    // No escape is shorter than the UTF-8 of its character.
    const hidden = standsInValue(bytes, at, { low: start, end }, found) ? found.value : undefined;
    if (hidden !== undefined) out[length] = standIn;
    const written = found.value === gone ? 0 : hidden === undefined ? writeCodePoint(out, length, found) : 1;
    const next = length + written;
    escapes.push({ at: length, next, start: at, end: at + found.length, ...(hidden === undefined ? {} : { hidden }) });
    length = next;
    at += found.length;
  }
  return { bytes: out.subarray(0, length), escapes };
}

/** What is written for a sign that is part of a value, though rules take it for the end of one, or for a variable: `xK9\$vQ2`. */
const standIn = 0x5f;
const ofValue = /[\w!@#%^&*+?.-]/;
const [dollar, backtick] = [0x24, 0x60];

function standsInValue(
  bytes: Uint8Array,
  at: number,
  { low, end }: { readonly low: number; readonly end: number },
  { value, length }: Escape,
): boolean {
  if (![quote, apostrophe, backslash, dollar, backtick].includes(value)) return false;
  const after = latin1(bytes, at + length, Math.min(end, at + length + 24));
  const isInside =
    at > low && ofValue.test(String.fromCharCode(bytes[at - 1] as number)) && ofValue.test(after.slice(0, 1));
  // A variable that is expanded later is none that is known: `prefix\$DB_PASSWORD`.
  return isInside && !(value === dollar && /^[A-Z][A-Z0-9_]{2,}(?![a-z])/.test(after));
}

/** A secret in unescaped text with the signs that others stood for. */
export function restoreSigns({ bytes, escapes }: Unescaped, start: number, end: number, secret: string): string {
  const signs = escapes.filter(({ hidden, at }) => hidden !== undefined && at >= start && at < end);
  if (signs.length === 0 || toText(latin1(bytes, start, end)) !== secret) return secret;
  const restored = bytes.slice(start, end);
  for (const { at, hidden } of signs) restored[at - start] = hidden as number;
  return toText(latin1(restored, 0, restored.length));
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

/** The value of an escape that stands for nothing. */
const gone = -1;

/** Reads the escape at an offset; nothing outside of `low`…`end` may decide. */
type EscapeReader = (bytes: Uint8Array, at: number, end: number, low: number) => Escape | undefined;

const controls: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9 };

const readBackslash: EscapeReader = (bytes, at, end, low) => {
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
  if (next === lineFeed || next === carriageReturn) return readLineEnd(bytes, at, end, low);
  // Classes of regular expressions (`\d`) are no escapes; signs stand for themselves.
  const isSign = next > 0x20 && next < 0x7f && !/[0-9A-Za-z]/.test(char);
  return isSign ? { value: next, isByte: true, length: 2 } : undefined;
};

/** A backslash at the end of a line: the next one goes on, behind its indentation in YAML and where a word ended. */
const readLineEnd: EscapeReader = (bytes, at, end, low) => {
  const isPair = bytes[at + 1] === carriageReturn && at + 2 < end && bytes[at + 2] === lineFeed;
  let length = isPair ? 3 : 2;
  const before = latin1(bytes, Math.max(low, at - nameReach), at);
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
