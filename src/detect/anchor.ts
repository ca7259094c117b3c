/**
 * Anchors as the automaton and the matcher see them. A space in an anchor stands for `_`, `-`, `.`, a space or
 * nothing: one word goes into the automaton (the needle), the rest is verified at a hit, so that spellings do not
 * multiply the automaton's states. The needle is the longest word that is not anybody's (`api`, `client`).
 */

import { type CharSet, charSet } from './char-set.ts';
import { everydayWords } from './everyday-words.ts';
import { isGlue } from './name-words.ts';

/** An anchor, cut into its needle and the words around it; all lower case, one character a byte. */
export interface Anchor {
  /** What the automaton looks for: the chosen word, or its beginning. */
  readonly needle: string;
  /** How a long word goes on after the needle; verified at a hit, which half the automaton's states are saved by. */
  readonly rest: string;
  /** Words before the needle, nearest first. */
  readonly before: readonly string[];
  /** Words after the needle, nearest first. */
  readonly after: readonly string[];
  /** Bytes it covers at most. */
  readonly maxLength: number;
}

/** The half-open span an anchor was found at. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Fewer bytes than this are everywhere. */
export const minNeedleBytes = 3;

/** What may stand between two words of an anchor. */
export const jointSet: CharSet = charSet('', ' _-.');

/** Signs between two words of an anchor: `GITEA__SECURITY` has two. */
export const mostSigns = 2;

/** Longer anchors are refused. */
export const maxAnchorBytes = 64;

/** Ways to write one anchor, at most. */
const mostWays = 1000;

/** Cuts an anchor as a rule writes it, with needles of so many bytes; one without a word long enough is spelled out in full, and `{abc}` is any one of a, b, c. */
export function parseAnchor(text: string, mostNeedleBytes = 8): Anchor[] {
  return waysToWrite(text).flatMap((way) => cutAnchor(way, mostNeedleBytes));
}

/** An anchor once for each choice of a character in its braces. */
function waysToWrite(text: string): string[] {
  const sets = text.split(/\{([0-9A-Za-z]{2,36})\}/);
  const ways = sets.reduce((product, set, index) => product * (index % 2 === 1 ? set.length : 1), 1);
  if (ways > mostWays) return [text];
  return sets.reduce<string[]>(
    (texts, part, index) => texts.flatMap((each) => (index % 2 === 1 ? [...part] : [part]).map((next) => each + next)),
    [''],
  );
}

function cutAnchor(text: string, most: number): Anchor[] {
  const words = toBytes(text)
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    .split(' ')
    .filter((word) => word !== '');
  const maxLength = words.join(' '.repeat(mostSigns)).length;
  if (words.length < 4 && words.every((word) => word.length < minNeedleBytes)) {
    return spellings(words).map((word) => ({ ...cutWord(word, most), before: [], after: [], maxLength }));
  }
  const chosen = heaviest(words.map(weightOf));
  const word = words[chosen] ?? '';
  if (words.length === 1 || !isEveryday(word)) return [around(words, chosen, 1, cutWord(word, most), maxLength)];
  // With its heavier neighbour: `tru token` is rare, `tru` is in every `true`.
  const pair = words
    .slice(0, -1)
    .map((first, at) => (at === chosen - 1 || at === chosen ? weightOf(first) + weightOf(words[at + 1] ?? '') : -1));
  const first = heaviest(pair);
  return spellings(words.slice(first, first + 2)).map((needle) =>
    around(words, first, 2, cutWord(needle, most), maxLength),
  );
}

function around(words: readonly string[], first: number, count: number, cut: Cut, maxLength: number): Anchor {
  return { ...cut, before: words.slice(0, first).reverse(), after: words.slice(first + count), maxLength };
}

type Cut = Pick<Anchor, 'needle' | 'rest'>;

function cutWord(word: string, most: number): Cut {
  return { needle: word.slice(0, most), rest: word.slice(most) };
}

/** Tells anchors apart that mean different texts. */
export function keyOfAnchor({ needle, rest, before, after }: Anchor): string {
  return [...before, `"${needle}${rest}"`, ...after].join(' ');
}

/** How rare a word is: everyday words and those that name nobody only where there are no others. */
function weightOf(word: string): number {
  if (word.length < minNeedleBytes) return 0;
  return word.length + (isGlue(word) ? 0 : maxAnchorBytes) + (isEveryday(word) ? 0 : maxAnchorBytes);
}

function isEveryday(word: string): boolean {
  // A row of signs (`----`) is in every table that is drawn.
  return word.length <= minNeedleBytes || everydayWords.has(word) || !/[0-9a-z]/.test(word);
}

function heaviest(weights: readonly number[]): number {
  return weights.reduce((best, weight, index) => (weight > (weights[best] ?? 0) ? index : best), 0);
}

/** What may stand between two words that are spelled out. */
const joints = ['', '_', '-', '.', ' ', '__', '--'];

/** All ways to write some words: `wx mp`, `wx_mp`, `wxmp` … */
function spellings(words: readonly string[]): string[] {
  return words.reduce<string[]>(
    (texts, word, index) => (index === 0 ? [word] : texts.flatMap((text) => joints.map((sign) => text + sign + word))),
    [],
  );
}

/** The span of an anchor whose needle begins at `needleAt`, within `low`…`high`; undefined where its other words are missing. */
export function anchorSpan(
  anchor: Anchor,
  bytes: Uint8Array,
  needleAt: number,
  bounds: { readonly low: number; readonly high: number },
): Span | undefined {
  let start = needleAt;
  let end = needleAt + anchor.needle.length;
  if (anchor.rest !== '') {
    if (!isWordAt(bytes, end, anchor.rest)) return undefined;
    end += anchor.rest.length;
    if (end > bounds.high) return undefined;
  }
  if (anchor.before.length === 0 && anchor.after.length === 0) return { start, end };
  for (const word of anchor.after) {
    // Word first, sign after: a word may itself begin with one (`mysql -p`).
    for (let signs = 0; !isWordAt(bytes, end, word); signs++) {
      if (signs === mostSigns || end >= bounds.high || !isJoint(bytes[end])) return undefined;
      end++;
    }
    end += word.length;
    if (end > bounds.high) return undefined;
  }
  for (const word of anchor.before) {
    for (let signs = 0; !isWordAt(bytes, start - word.length, word); signs++) {
      if (signs === mostSigns || start <= bounds.low || !isJoint(bytes[start - 1])) return undefined;
      start--;
    }
    start -= word.length;
    if (start < bounds.low) return undefined;
  }
  return { start, end };
}

function isWordAt(bytes: Uint8Array, at: number, word: string): boolean {
  for (let offset = 0; offset < word.length; offset++) {
    const byte = bytes[at + offset] ?? 0;
    const folded = byte >= 65 && byte <= 90 ? byte + 32 : byte;
    if (folded !== word.charCodeAt(offset)) return false;
  }
  return true;
}

function isJoint(byte = 0): boolean {
  return jointSet[byte] === 1;
}

/** Text as its UTF-8 bytes, one character each: anchors are compared with bytes. */
function toBytes(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');
}
