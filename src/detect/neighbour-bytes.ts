/**
 * What the bytes beside a needle tell before anything else is looked at: four of five hits are of words that go on otherwise
 * than any anchor does. Worked out once, with the plan; sets that are equal are one.
 */

import type { Anchor } from './anchor.ts';
import { addTo, type CharSet, charSet } from './char-set.ts';
import { leadingSets } from './pattern-analysis.ts';
import { parsePattern } from './pattern-parser.ts';
import type { Detector } from './rule.ts';

/** For each output of an automaton the bytes that may stand beside its needles; flat, since it is asked at every hit. */
export interface NeighbourBytes {
  /** Sets of bytes, eight words each, a bit for each byte. */
  readonly sets: Uint32Array;
  /** By output: where the set of what may precede a needle begins. */
  readonly before: Uint32Array;
  /** By output: where the set of what may follow a needle begins. */
  readonly after: Uint32Array;
}

/** What is needed of an anchor and the detectors that look around it. */
interface AnchorUse {
  readonly anchor: Anchor;
  readonly rules: readonly Detector[];
}

const everything: CharSet = new Uint8Array(256).fill(1);
const signs = ' _-.';

/** Works out the neighbours of each output, whose anchors are given. */
export function neighboursOf(outputs: readonly (readonly AnchorUse[])[]): NeighbourBytes {
  const sets = new Map<string, { readonly at: number; readonly words: Uint32Array }>();
  const known = (set: CharSet): number => {
    const words = wordsOf(set);
    const key = words.join();
    const same = sets.get(key) ?? { at: sets.size * wordsOfSet, words };
    sets.set(key, same);
    return same.at;
  };
  const all = known(everything);
  const leads = new Map<Detector, readonly CharSet[]>();
  const leading = (rule: Detector): readonly CharSet[] => {
    const lead = leads.get(rule) ?? leadingSets(parsePattern(rule.pattern));
    leads.set(rule, lead);
    return lead;
  };
  const before: number[] = [];
  const after: number[] = [];
  for (const uses of outputs) {
    const first = charSet('');
    const last = charSet('');
    const lengths = new Set<number>();
    for (const use of uses) {
      addTo(first, byteBefore(use.anchor));
      addTo(last, byteAfter(use, leading));
      lengths.add(use.anchor.needle.length);
    }
    before.push(lengths.size === 1 ? known(first) : all);
    after.push(known(last));
  }
  return {
    sets: Uint32Array.from([...sets.values()].flatMap(({ words }) => [...words])),
    before: Uint32Array.from(before),
    after: Uint32Array.from(after),
  };
}

/** Words of 32 bits that a set has. */
const wordsOfSet = 8;

function wordsOf(set: CharSet): Uint32Array {
  const words = new Uint32Array(wordsOfSet);
  for (let byte = 0; byte < 256; byte++) if (set[byte] === 1) words[byte >> 5]! |= 1 << (byte & 31);
  return words;
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
