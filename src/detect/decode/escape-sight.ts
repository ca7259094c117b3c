/**
 * Which of the escapes that the automaton finds are worth a look. Strings of programs are full of escaped signs: those count where a name
 * of a secret stands before them, in the same line. Asked a thousand times a megabyte, so that bytes are looked at before text.
 */

import { latin1 } from '../bytes.ts';
import { charSet, union, wordSet } from '../char-set.ts';
import { longestName, standsBehindName } from './secret-name.ts';

/** What stands before a slash that is escaped within a text; most others are in regular expressions or close a tag. */
const [slash, beforeSlash] = [0x2f, union(wordSet, charSet('', ':.+=\\-'))];
/** What stands before a quote in a value, and not before one that opens or closes a string in a string. */
const beforeQuote = union(wordSet, charSet('', '$!@#%^&*.?+-'));

const [backslash, apostrophe] = [0x5c, 0x27];
const [quote, lineFeed, carriageReturn] = [0x22, 0x0a, 0x0d];
const hexDigits = charSet('09afAF', 'UXux');

/** What a backslash takes the end of a line away from: a value in its middle, or what stands before one. */
const cutValue =
  /(?:pass|pwd|secret|token|key|auth|cred)[^\n]{0,100}[^\s\\]$|(?:pass\w{0,8}|token|secret|key|\s-p)["']?[ =]?[ ]?$/i;
/** Bytes that the expression reads, and those between a name and the end of its line. */
const [nameReach, cutReach] = [128, 101];
/** Bytes between a name and a sign of its value. */
const namedReach = 100;

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
  if (last === slash) return position - 2 >= low && beforeSlash[bytes[position - 2] as number] === 1;
  if (bytes[position - 1] !== backslash)
    return !(isAccent(bytes, position) || last === apostrophe) || isNamed(bytes, position - 4, low, toOffset, sight);
  if (hexDigits[last] === 1) return true;
  const isLineEnd = last === lineFeed || last === carriageReturn;
  if (last === quote && (position - 2 < low || beforeQuote[bytes[position - 2] as number] === 0)) return false;
  if (isLineEnd) return isCutValue(bytes, position - 1, low);
  return isNamed(bytes, position - 1, low, toOffset, sight);
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
  if (isHeld(bytes, end, low) || !standsBehindName(bytes, low, end, cutReach)) return false;
  return cutValue.test(latin1(bytes, Math.max(low, end - nameReach), end));
}

function isNamed(bytes: Uint8Array, end: number, low: number, toOffset: number, sight: EscapeSight): boolean {
  if (isHeld(bytes, end, low)) return false;
  // What stood before was looked at; a name may stand across its end.
  const from = Math.max(low, sight.nameless - toOffset - longestName);
  if (from >= end) return false;
  if (standsBehindName(bytes, from, end, namedReach)) return true;
  sight.nameless = Math.max(sight.nameless, end + toOffset);
  return false;
}
