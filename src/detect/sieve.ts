/**
 * What must stand around the needles of each output for any of its detectors to find something, as programs that the automaton runs
 * where it has found them (assembly/sieve.ts): of ten million hits in an image one in forty is told. Worked
 * out once, with the plan. A program says less than the detectors do, never more: what it cannot say stays.
 */

import { type Anchor, jointSet, mostSigns } from './anchor.ts';
import { attributeSet, breakSet, closingSet, nameSet, signSet } from './byte-check.ts';
import { type CharSet, charSet, union, wordSet } from './char-set.ts';
import { type DetectorBounds, needsDigit } from './compile-detector.ts';
import { hostLookBehind } from './evaluate.ts';
import { leadingSteps, leadingWays, requiredRun, type Step } from './pattern-analysis.ts';
import { type PatternNode, parsePattern } from './pattern-parser.ts';
import type { Detector } from './rule.ts';
import { SetTables } from './set-tables.ts';

/** Programs as the automaton reads them. */
export interface Sieve {
  /** For each output where its program begins, in words; 0 where every hit is told. Then the programs. */
  readonly programs: Uint32Array;
  /** Sets of bytes, eight a table of 256: a bit each. */
  readonly sets: Uint8Array;
}

/** An anchor, and what looks around it. */
export interface AnchorUse {
  readonly anchor: Anchor;
  readonly detectors: readonly { readonly rule: Detector; readonly bounds: DetectorBounds }[];
}

/** Operations, in the order in which assembly/sieve.ts counts them. */
const [after, before, lead, boundary, assign, run] = [0, 1, 2, 3, 4, 5];
/** Flags of `run`. */
const [withDigit, fromEnd, strong] = [1, 2, 4];

/** Sets that assembly/sieve.ts knows by their bits in the first table. */
const knownSets: readonly CharSet[] = [wordSet, nameSet, closingSet, signSet, breakSet, attributeSet, jointSet];

/** Ways a pattern may begin that are followed, and bytes of them. */
const [mostWays, mostLeading] = [16, 256];
/** Bytes that are looked through for a run, at most: a hit must cost little wherever it is. */
const mostWindow = 2048;

/** Bytes behind a needle that its program looks at, at most: a window from the anchor's end on, or a name, its signs and the blanks after it. */
export const sieveReach: number = mostWindow + 512;
const everything: CharSet = new Uint8Array(256).fill(1);

/** Works out the programs of each output, whose anchors are given; what `isKept` names is told in any case. */
export function sieveOf(outputs: readonly (readonly AnchorUse[])[], isKept: (output: number) => boolean): Sieve {
  const sets = new SetTables(knownSets);
  const known = new Map<AnchorUse, readonly Alternative[]>();
  const words: number[] = new Array<number>(outputs.length).fill(0);
  for (const [output, uses] of outputs.entries()) {
    const alternatives = uses.flatMap((use) => {
      const same = known.get(use) ?? alternativesOf(use, sets);
      known.set(use, same);
      return same;
    });
    // What has nothing to ask for may always hold.
    if (isKept(output) || alternatives.some(({ operations }) => operations.length === 1)) continue;
    words[output] = words.length;
    words.push(sets.word(alternatives.map(({ next }) => next).reduce(union)));
    // What asks for least holds most often.
    const unlike = new Map(alternatives.map(({ operations }) => [operations.join(), operations]));
    words.push(...[...unlike.values()].sort((a, b) => a.length - b.length).flat(), 0);
  }
  return { programs: Uint32Array.from(words), sets: sets.tables() };
}

/** One way in which something may stand around a needle: its part of the program, and which byte may follow the needle. */
interface Alternative {
  readonly operations: readonly number[];
  readonly next: CharSet;
}

/** What may stand around an anchor: one alternative for each way in which a detector's pattern begins. */
function alternativesOf({ anchor, detectors }: AnchorUse, sets: SetTables): readonly Alternative[] {
  const { operations, isStartKnown, isEndKnown } = wordsAround(anchor);
  const next = nextByte(anchor);
  return detectors.flatMap(({ rule, bounds }) =>
    operationsOf(rule, bounds, sets, { isStartKnown, isEndKnown }).map((own) => {
      const all = [...operations, ...own];
      return { operations: [(all.length + 1) | (anchor.needle.length << 16), ...all], next };
    }),
  );
}

/** What may follow a needle, as far as its anchor tells. */
function nextByte({ rest, after: [word] }: Anchor): CharSet {
  if (rest !== '') return eitherCase(rest.slice(0, 1));
  return word === undefined ? everything : union(jointSet, eitherCase(word.slice(0, 1)));
}

function eitherCase(letter: string): CharSet {
  return charSet('', letter + letter.toUpperCase());
}

/** The other words of an anchor. One that begins with a sign may stand in more ways than these; where the anchor ends is not known then. */
function wordsAround({ rest, before: wordsBefore, after: wordsAfter }: Anchor): {
  readonly operations: readonly number[];
  readonly isStartKnown: boolean;
  readonly isEndKnown: boolean;
} {
  const plainAfter = untilSigned(wordsAfter, (word) => word.slice(0, 1));
  const plainBefore = untilSigned(wordsBefore, (word) => word.slice(-1));
  return {
    operations: [
      ...wordOperations(after, piecesOf(rest), 0),
      ...plainAfter.flatMap((word) => wordOperations(after, piecesOf(word), mostSigns)),
      ...plainBefore.flatMap((word) => wordOperations(before, piecesOf(word).reverse(), mostSigns)),
    ],
    isStartKnown: plainBefore.length === wordsBefore.length,
    isEndKnown: plainAfter.length === wordsAfter.length,
  };
}

/** Bytes that are compared at a time. */
const pieceBytes = 4;

function piecesOf(word: string): string[] {
  return Array.from({ length: Math.ceil(word.length / pieceBytes) }, (_, index) =>
    word.slice(index * pieceBytes, (index + 1) * pieceBytes),
  );
}

/** Pieces of a word, from the needle on; signs may stand before the first of them. */
function wordOperations(kind: number, pieces: readonly string[], signs: number): readonly number[] {
  return pieces.flatMap((piece, index) => [
    kind | (piece.length << 8) | ((index === 0 ? signs : 0) << 16),
    [...piece].reduce((bytes, letter, at) => bytes | ((letter.charCodeAt(0) | 0x20) << (8 * at)), 0) >>> 0,
  ]);
}

function untilSigned(words: readonly string[], edgeOf: (word: string) => string): readonly string[] {
  const signed = words.findIndex((word) => jointSet[edgeOf(word).charCodeAt(0)] === 1);
  return signed === -1 ? words : words.slice(0, signed);
}

/** What a detector asks for beyond its anchor: one list for each way it may begin. */
function operationsOf(
  rule: Detector,
  bounds: DetectorBounds,
  sets: SetTables,
  { isStartKnown, isEndKnown }: { readonly isStartKnown: boolean; readonly isEndKnown: boolean },
): readonly (readonly number[])[] {
  const tree = parsePattern(rule.pattern);
  if (rule.at === 'token') return isStartKnown ? tokenOperations(rule, tree, sets) : [[]];
  if (rule.at === 'name' && rule.generic) return [isStartKnown && isEndKnown ? valueOperations(rule, tree, sets) : []];
  const whole = requiredRun(tree);
  const { length, set } = whole;
  const [back, ahead] =
    rule.at === 'name' ? [Math.max(rule.before, hostLookBehind), bounds.reach] : [rule.before, rule.after];
  if (!isStartKnown || length === 0 || back + ahead > mostWindow) return [[]];
  return [[...sets.operation(run, set, back, ahead), length | ((needsDigit(rule, whole) ? withDigit : 0) << 16)]];
}

function tokenOperations(rule: Detector, tree: PatternNode, sets: SetTables): readonly (readonly number[])[] {
  const first = rule.boundary ? sets.operation(boundary, wordSet, 0, 0) : [];
  return leadingWays(tree, mostWays).map((steps) => [...first, ...leadOperations(steps, sets)]);
}

function leadOperations(steps: readonly Step[], sets: SetTables): readonly number[] {
  const operations: number[] = [];
  let left = mostLeading;
  for (const { set, min, max } of steps) {
    const least = Math.min(min, left);
    const isWhole = max <= left;
    operations.push(...sets.operation(lead, set, least, isWhole ? max : least));
    left -= isWhole ? max : left;
    if (left === 0) break;
  }
  return operations;
}

/** Of a detector of last resort: an assignment, and behind it the first run of a value. */
function valueOperations(rule: Detector, tree: PatternNode, sets: SetTables): readonly number[] {
  const operations = sets.operation(assign, wordSet, 0, 0);
  const first = leadingSteps(tree)[0];
  if (first === undefined || first.min === 0 || rule.after + first.min > mostWindow) return operations;
  const flags = fromEnd | (rule.checks.includes('strong-password') ? strong : 0);
  return [...operations, ...sets.operation(run, first.set, 0, rule.after + first.min), first.min | (flags << 16)];
}
