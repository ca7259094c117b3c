/**
 * Tells from its first bytes what a run of base64 or hex holds: most runs are names, paths, digests, keys, images and
 * fonts, and are passed over after a byte or two. Only what is text, UTF-16 or deflated is worth decoding.
 */

import { nibbles, sextets, textSet, wideSet } from './byte-class.ts';

/** What a run turned out to hold. */
export interface Sampled {
  readonly kind: 'base64' | 'hex';
  /** Where it really begins: a path or a prefix may stand before it. */
  readonly start: number;
  /** What has to be inflated first. */
  readonly packed?: 'gzip' | 'zlib';
}

/** Fewer characters of base64 hold nothing that could not as well be a name. */
export const leastBase64 = 20;

/** Fewer hex digits hold nothing that could not as well be a number. */
export const leastHex = 40;

/** Characters of a run that a decision depends on, at most: it must be the same wherever a slab is cut. */
export const sampleReach = 192;

/** Bytes that are decoded of a run, at most. */
const sampleBytes = 27;

/** Places in a run where something else may end and base64 begin. */
const mostStarts = 4;
const prefixReach = 128;

/** The first six bits of byte order marks. */
const [utf8Mark, utf16Mark] = [0xef >> 2, 0xff >> 2];

const scratch = new Uint8Array(sampleBytes);

/** What the run at `start`…`end` holds; `end` may be cut at `sampleReach`. */
export function sampleRun(bytes: Uint8Array, start: number, end: number): Sampled | undefined {
  const hexStart = bytes[start] === 0x30 && (bytes[start + 1] as number | 0x20) === 0x78 ? start + 2 : start;
  if (end - hexStart >= leastHex && isHexText(bytes, hexStart)) return { kind: 'hex', start: hexStart };
  let starts = 0;
  const last = Math.min(end - leastBase64, start + prefixReach);
  for (let at = start; at <= last; at++) {
    if (at !== start) {
      if ((sextets[bytes[at - 1] as number] as number) < 62) continue;
      if (++starts === mostStarts) return undefined;
    }
    const held = sampleBase64(bytes, at, end);
    if (held !== undefined) return { kind: 'base64', start: at, ...(held === 'text' ? {} : { packed: held }) };
  }
  return undefined;
}

function isHexText(bytes: Uint8Array, start: number): boolean {
  if (isHeldDown(bytes, start, start + leastHex)) return false;
  let length = 0;
  for (let at = start; at < start + leastHex; at += 2) {
    const high = nibbles[bytes[at] as number] as number;
    const low = nibbles[bytes[at + 1] as number] as number;
    if (high > 15 || low > 15) return false;
    const byte = high * 16 + low;
    if (length === sampleBytes) continue;
    scratch[length++] = byte;
    if (length > 4 && !isWorthIt(length)) return false;
  }
  return isText(length) || isWide(length);
}

/** Whether hardly more than one key was pressed: `3333…` is hex of `333…`, which is hex again, and so on. */
function isHeldDown(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start] as number;
  let second = first;
  for (let at = start + 1; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === first || byte === second) continue;
    if (second !== first) return false;
    second = byte;
  }
  return true;
}

function sampleBase64(bytes: Uint8Array, start: number, end: number): 'text' | 'gzip' | 'zlib' | undefined {
  // Text begins with ASCII or a byte order mark; most names are told apart by this alone.
  const first = sextets[bytes[start] as number] as number;
  if (first >= 32 && first !== utf8Mark && first !== utf16Mark) return undefined;
  let length = 0;
  const last = Math.min(end - 3, start + (sampleBytes / 3) * 4 - 3);
  for (let at = start; at < last; at += 4) {
    const a = sextets[bytes[at] as number] as number;
    const b = sextets[bytes[at + 1] as number] as number;
    const c = sextets[bytes[at + 2] as number] as number;
    const d = sextets[bytes[at + 3] as number] as number;
    scratch[length++] = (a << 2) | (b >> 4);
    scratch[length++] = (b << 4) | (c >> 2);
    scratch[length++] = (c << 6) | d;
    if (length === 3) {
      const packed = packedKind();
      if (packed !== undefined) return packed;
    }
    if (!isWorthIt(length)) return undefined;
  }
  return isText(length) || isWide(length) ? 'text' : undefined;
}

/** The header of RFC 1952, or of RFC 1950 with a window of 32 KiB and a right check. */
function packedKind(): 'gzip' | 'zlib' | undefined {
  if (scratch[0] === 0x1f && scratch[1] === 0x8b && scratch[2] === 8) return 'gzip';
  const flags = scratch[1] as number;
  const isZlib = scratch[0] === 0x78 && (flags & 0x20) === 0 && (0x7800 + flags) % 31 === 0;
  return isZlib ? 'zlib' : undefined;
}

/** Whether the last bytes can be part of text in any of the ways that are asked about in the end. */
function isWorthIt(length: number): boolean {
  for (let at = Math.max(0, length - 3); at < length; at++) {
    const byte = scratch[at] as number;
    if (byte < 0x80 && textSet[byte] === 0 && byte !== 0 && byte !== 0x1b) return false;
  }
  return true;
}

/** Whether the sample is UTF-8 and all of it is text; a character at its end may be cut. */
function isText(length: number): boolean {
  let more = 0;
  for (let at = 0; at < length; at++) {
    const byte = scratch[at] as number;
    if (more > 0) {
      if ((byte & 0xc0) !== 0x80) return false;
      more--;
    } else if (byte >= 0x80) {
      if (byte < 0xc2 || byte > 0xf4) return false;
      more = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    } else if (textSet[byte] === 0 && byte !== 0x1b) return false;
  }
  return true;
}

/** Whether the sample is UTF-16 of Latin letters, with a byte order mark or without. */
function isWide(length: number): boolean {
  const at = (scratch[0] as number) >= 0xfe ? 2 : 0;
  const zeros = scratch[at] === 0 ? 0 : 1;
  for (let index = at; index < length; index++) {
    const byte = scratch[index] as number;
    if (((index - at) & 1) === zeros ? byte !== 0 : wideSet[byte] === 0) return false;
  }
  return true;
}
