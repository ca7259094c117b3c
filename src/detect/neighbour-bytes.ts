/**
 * What the bytes beside a needle tell before anything else is looked at: four of five hits are of words that go on otherwise
 * than any anchor does. Worked out once, with the plan; sets that are equal are one.
 */

import type { Anchor } from './anchor.ts';
import { addTo, type CharSet, charSet } from './char-set.ts';
import type { AutomatonTable } from './compile-automaton.ts';
import { leadingSets } from './pattern-analysis.ts';
import { parsePattern } from './pattern-parser.ts';
import type { Detector } from './rule.ts';

/** For each output of an automaton the bytes that may stand beside its needles, as indexes of sets; set 0 is all bytes. */
export interface NeighbourBytes {
  /** Each a set of bytes: eight words of 32 bits in hexadecimal, the bit of byte 0 the lowest of the first. */
  readonly sets: readonly string[];
  /** By output: what may precede a needle. */
  readonly before: readonly number[];
  /** By output: what may follow a needle. */
  readonly after: readonly number[];
}

/** What is needed of an anchor and the detectors that look around it. */
export interface AnchorUse {
  readonly anchor: Anchor;
  readonly rules: readonly Detector[];
}

const everything: CharSet = new Uint8Array(256).fill(1);
const signs = ' _-.';

/** Works out the neighbours of each output; `ofNeedle` gives a needle's anchors. */
export function neighboursOf(
  table: AutomatonTable,
  ofNeedle: (needle: number) => readonly AnchorUse[],
): NeighbourBytes {
  const sets = new Map<string, number>([[writeSet(everything), 0]]);
  const known = (set: CharSet): number => {
    const text = writeSet(set);
    const index = sets.get(text) ?? sets.size;
    sets.set(text, index);
    return index;
  };
  const leads = new Map<Detector, readonly CharSet[]>();
  const leading = (rule: Detector): readonly CharSet[] => {
    const lead = leads.get(rule) ?? leadingSets(parsePattern(rule.pattern));
    leads.set(rule, lead);
    return lead;
  };
  const before: number[] = [];
  const after: number[] = [];
  for (const needles of table.outputs) {
    const first = charSet('');
    const last = charSet('');
    const lengths = new Set<number>();
    for (const use of needles.flatMap(ofNeedle)) {
      addTo(first, byteBefore(use.anchor));
      addTo(last, byteAfter(use, leading));
      lengths.add(use.anchor.needle.length);
    }
    before.push(lengths.size === 1 ? known(first) : 0);
    after.push(known(last));
  }
  return { sets: [...sets.keys()], before, after };
}

/** Words of 32 bits that a set has. */
export const wordsOfSet = 8;

/** A set as it was written, a bit for each byte. */
export function readSet(text: string): number[] {
  return Array.from({ length: wordsOfSet }, (_, word) => Number.parseInt(text.slice(8 * word, 8 * word + 8), 16));
}

function writeSet(set: CharSet): string {
  const words = new Uint32Array(wordsOfSet);
  for (let byte = 0; byte < 256; byte++) if (set[byte] === 1) words[byte >> 5]! |= 1 << (byte & 31);
  return Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('');
}

function byteBefore({ before }: Anchor): CharSet {
  const word = before[0];
  return word === undefined ? everything : bothCases(signs + word.slice(-1));
}

function byteAfter({ anchor, rules }: AnchorUse, leading: (rule: Detector) => readonly CharSet[]): CharSet {
  if (anchor.rest !== '') return bothCases(anchor.rest.slice(0, 1));
  const word = anchor.after[0];
  if (word !== undefined) return bothCases(signs + word.slice(0, 1));
  const set = charSet('');
  for (const rule of rules) {
    // Of a token whose anchor is all needle, the place after it is one of its own.
    const own = rule.at === 'token' && anchor.before.length === 0 ? leading(rule)[anchor.needle.length] : undefined;
    addTo(set, own ?? everything);
  }
  return set;
}

function bothCases(characters: string): CharSet {
  return charSet('', characters.toLowerCase() + characters.toUpperCase());
}
