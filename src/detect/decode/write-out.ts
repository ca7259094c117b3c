/** Writes out a segment of escapes, and keeps where each of its bytes stood: a secret in it is told at the place of what hid it. */

import { latin1, toText } from '../bytes.ts';
import { charSet, union, wordSet } from '../char-set.ts';
import type { EscapeKind } from './escape.ts';
import { type Escape, gone, leads, readers } from './escape-readers.ts';

/** Text without its escapes, and what became of them. */
export interface Unescaped {
  readonly bytes: Uint8Array;
  readonly escapes: readonly WrittenOut[];
}

/** Where an escape's character stands now, and where the escape stood. */
interface WrittenOut {
  /** The character, where another one stands for it. */
  readonly hidden: number | undefined;
  readonly at: number;
  readonly next: number;
  readonly start: number;
  readonly end: number;
}

/** Writes out the escapes of one kind in `start`…`end`. */
export function writeOut(kind: EscapeKind, bytes: Uint8Array, start: number, end: number): Unescaped {
  // In place, since no escape is shorter than the UTF-8 of its character: what lies between escapes is moved as a whole.
  const out = Buffer.allocUnsafe(end - start);
  out.set(bytes.subarray(start, end));
  const escapes: WrittenOut[] = [];
  const lead = leads[kind];
  const read = readers[kind];
  const segment = { low: start, end };
  let length = 0;
  for (let at = start; ; ) {
    let plain = at;
    while (plain < end && bytes[plain] !== lead) plain++;
    if (plain > at) out.copyWithin(length, at - start, plain - start);
    length += plain - at;
    at = plain;
    if (at === end) break;
    const found = read(bytes, at, end, start);
    if (found === undefined) {
      out[length++] = lead;
      at++;
      continue;
    }
    const hidden = standsInValue(bytes, at, segment, found) ? found.value : undefined;
    if (hidden !== undefined) out[length] = standIn;
    const written = found.value === gone ? 0 : hidden === undefined ? writeCodePoint(out, length, found) : 1;
    const next = length + written;
    escapes.push({ at: length, next, start: at, end: at + found.length, hidden });
    length = next;
    at += found.length;
  }
  return { bytes: out.subarray(0, length), escapes };
}

/** What is written for a sign that is part of a value, though rules take it for the end of one, or for a variable: `xK9\$vQ2`. */
const standIn = 0x5f;
const ofValue = union(wordSet, charSet('', '!@#%^&*+?.-'));
const [dollar, backtick, quote, apostrophe, backslash] = [0x24, 0x60, 0x22, 0x27, 0x5c];
const standsFor: readonly number[] = [quote, apostrophe, backslash, dollar, backtick];
/** A variable that is expanded later is none that is known: `prefix\$DB_PASSWORD`. */
const variable = /^[A-Z][A-Z0-9_]{2,}(?![a-z])/;
const variableReach = 24;

function standsInValue(
  bytes: Uint8Array,
  at: number,
  { low, end }: { readonly low: number; readonly end: number },
  { value, length }: Escape,
): boolean {
  const next = at + length;
  if (at === low || ofValue[bytes[at - 1] as number] === 0) return false;
  if (next >= end || ofValue[bytes[next] as number] === 0) return false;
  if (!standsFor.includes(value)) return false;
  return value !== dollar || !variable.test(latin1(bytes, next, Math.min(end, next + variableReach)));
}

/** A secret in unescaped text with the signs that others stood for. */
export function restoreSigns({ bytes, escapes }: Unescaped, start: number, end: number, secret: string): string {
  const signs = escapes.filter(({ hidden, at }) => hidden !== undefined && at >= start && at < end);
  if (signs.length === 0 || toText(latin1(bytes, start, end)) !== secret) return secret;
  const restored = Uint8Array.from(bytes.subarray(start, end));
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
