/**
 * Writes a parsed RE2 expression as a pattern our rules can have: JavaScript, without flags, every repeat bounded. RE2 runs
 * in time proportional to the text whatever the expression; an engine that backtracks does not, so `*` and `+` get the
 * greatest bound under which the pattern's cost is bounded too (lint-pattern.ts).
 */

import type { CharSet } from './char-set.ts';
import { invert, overlaps, sizeOf, wordSet } from './char-set.ts';
import type { Place, RegexNode } from './gitleaks-regex.ts';

/** Blanks and signs between a name and its value: nobody writes more of them. */
const mostSeparators = 64;

/** The same expression with every repeat bounded: one without a bound may go on for `most` times beyond its least, one of nothing but separators for 64 at most. */
export function boundRepeats(node: RegexNode, most: number): RegexNode {
  switch (node.kind) {
    case 'set':
    case 'assertion':
      return node;
    case 'group':
      return { ...node, item: boundRepeats(node.item, most) };
    case 'sequence':
    case 'choice':
      return { ...node, items: node.items.map((item) => boundRepeats(item, most)) };
    case 'repeat':
      return {
        ...node,
        item: boundRepeats(node.item, most),
        max: Number.isFinite(node.max)
          ? node.max
          : node.min + (isSeparator(node.item) ? Math.min(most, mostSeparators) : most),
      };
  }
}

/** Without what may stand before everything else, or not: where the secret is a group of its own, it says nothing of it. */
export function withoutOptionalStart(node: RegexNode): RegexNode {
  if (node.kind !== 'sequence') return node;
  const [first, ...rest] = node.items;
  return first?.kind === 'repeat' && first.min === 0 && first.item.kind === 'set'
    ? withoutOptionalStart({ ...node, items: rest })
    : node;
}

function isSeparator(node: RegexNode): boolean {
  return node.kind === 'set' && !overlaps(node.set, wordSet);
}

/** Bytes of a match at least and at most. */
export function lengthOf(node: RegexNode): { readonly min: number; readonly max: number } {
  switch (node.kind) {
    case 'set':
      return { min: 1, max: 1 };
    case 'assertion':
      return { min: 0, max: 0 };
    case 'group':
      return lengthOf(node.item);
    case 'repeat': {
      const { min, max } = lengthOf(node.item);
      return { min: min * node.min, max: max === 0 || node.max === 0 ? 0 : max * node.max };
    }
    case 'sequence': {
      const lengths = node.items.map(lengthOf);
      return {
        min: lengths.reduce((sum, { min }) => sum + min, 0),
        max: lengths.reduce((sum, { max }) => sum + max, 0),
      };
    }
    case 'choice': {
      const lengths = node.items.map(lengthOf);
      return { min: Math.min(...lengths.map(({ min }) => min)), max: Math.max(...lengths.map(({ max }) => max)) };
    }
  }
}

/** The expression in JavaScript; `captures` tells which groups are to capture. */
export function writePattern(node: RegexNode, captures: (index: number) => boolean = () => false): string {
  switch (node.kind) {
    case 'set':
      return writeSet(node.set);
    case 'assertion':
      return assertions[node.place];
    case 'group': {
      const text = writePattern(node.item, captures);
      return node.index > 0 && captures(node.index) ? `(${text})` : `(?:${text})`;
    }
    case 'sequence':
      return node.items
        .map((item) => (item.kind === 'choice' ? `(?:${writePattern(item, captures)})` : writePattern(item, captures)))
        .join('');
    case 'choice':
      return node.items.map((item) => writePattern(item, captures)).join('|');
    case 'repeat': {
      const text = writePattern(node.item, captures);
      const item = node.item.kind === 'set' || node.item.kind === 'group' ? text : `(?:${text})`;
      return `${item}${writeTimes(node)}${node.lazy ? '?' : ''}`;
    }
  }
}

// JavaScript's own ^ and $ mean the ends of the window a pattern is shown.
const assertions: Readonly<Record<Place, string>> = {
  textStart: '(?<![\\s\\S])',
  textEnd: '(?![\\s\\S])',
  lineStart: '(?<![^\\n])',
  lineEnd: '(?![^\\n])',
  word: '\\b',
  notWord: '\\B',
};

function writeTimes({ min, max }: { readonly min: number; readonly max: number }): string {
  if (min === 0 && max === Number.POSITIVE_INFINITY) return '*';
  if (max === Number.POSITIVE_INFINITY) return `{${min},}`;
  if (min === 0 && max === 1) return '?';
  return min === max ? `{${min}}` : `{${min},${max}}`;
}

function writeSet(set: CharSet): string {
  const size = sizeOf(set);
  if (size === 256) return '[\\s\\S]';
  if (size === 1) return writeByte(set.indexOf(1), '\\^$.*+?()[]{}|/');
  return size > 128 ? `[^${writeRanges(invert(set))}]` : `[${writeRanges(set)}]`;
}

function writeRanges(set: CharSet): string {
  let text = '';
  for (let low = 0; low < 256; low++) {
    if (set[low] !== 1) continue;
    let high = low;
    while (high < 255 && set[high + 1] === 1) high++;
    const first = writeByte(low, '\\]^-[');
    if (high === low) text += first;
    else text += `${first}${high === low + 1 ? '' : '-'}${writeByte(high, '\\]^-[')}`;
    low = high;
  }
  return text;
}

function writeByte(byte: number, special: string): string {
  const char = String.fromCharCode(byte);
  if (byte === 10) return '\\n';
  if (byte < 0x20 || byte > 0x7e) return `\\x${byte.toString(16).padStart(2, '0')}`;
  return special.includes(char) ? `\\${char}` : char;
}
