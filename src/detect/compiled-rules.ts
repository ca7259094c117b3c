/**
 * A rule set ready to run: detectors, the automaton's table, and for each of its outputs the anchors that may stand there. An output
 * with many anchors (`token` has ninety) has them by the byte beside the needle, so that a hit looks at few.
 */

import { type Anchor, jointSet } from './anchor.ts';
import type { AutomatonTable } from './compile-automaton.ts';
import { CompiledDetector } from './compile-detector.ts';
import type { EscapeKind } from './decode/escape.ts';
import { planMatches } from './match-plan.ts';
import { decodePlan, encodePlan, type PackedPlan } from './plan-bytes.ts';
import type { RuleSet } from './rule.ts';
import type { Sieve } from './sieve.ts';

/** A rule set ready to run. Not cloneable (it holds functions): make one in each thread, some milliseconds. */
export interface CompiledRules {
  readonly detectorCount: number;
  readonly table: AutomatonTable;
  /** The anchors whose needles end at an output of the automaton. */
  readonly anchorsOf: (output: number) => OutputAnchors;
  /** What must stand around needles for any detector to find something. */
  readonly sieve: Sieve;
  /** For each output the escape that ends there. */
  readonly escapes: readonly (EscapeKind | undefined)[];
  /** Ids of the detectors of last resort. */
  readonly generic: ReadonlySet<string>;
  /** Bytes before and after a hit that its detectors may read, at most. */
  readonly before: number;
  readonly after: number;
}

/** An anchor and the detectors that look around it. */
export interface CompiledAnchor {
  readonly anchor: Anchor;
  readonly detectors: readonly CompiledDetector[];
}

/** The anchors of one output. */
export interface OutputAnchors {
  /** Bytes of the longest needle that ends here. */
  readonly needleLength: number;
  /** Those that are looked at whatever stands beside the needle. */
  readonly always: readonly CompiledAnchor[];
  /** The others, by the last character of the word before the needle, or the first of what follows it. */
  readonly beside: { readonly before: AnchorsByByte; readonly after: AnchorsByByte } | undefined;
}

type AnchorsByByte = readonly (readonly CompiledAnchor[] | undefined)[];

/** A rule set made ready to run. @throws SyntaxError for rules that were never checked */
export function compileMatcher(ruleSet: RuleSet): CompiledRules {
  return compilePlan(decodePlan(encodePlan(planMatches(ruleSet))));
}

/** A plan made ready to run; what is never hit is never made. */
export function compilePlan(plan: PackedPlan): CompiledRules {
  const { table, sieve, generic, before, after, needleLengths } = plan;
  const made: (OutputAnchors | undefined)[] = new Array(plan.outputs.length).fill(undefined);
  const anchors = new Map<number, CompiledAnchor>();
  const detectors = new Map<number, CompiledDetector>();
  const detectorAt = (index: number): CompiledDetector => {
    const known = detectors.get(index);
    if (known !== undefined) return known;
    const { rule, provider, bounds } = plan.detectors.read(index);
    const detector = new CompiledDetector(rule, provider, index, bounds);
    detectors.set(index, detector);
    return detector;
  };
  const anchorAt = (index: number): CompiledAnchor => {
    const known = anchors.get(index);
    if (known !== undefined) return known;
    const { anchor, detectors: users } = plan.anchors.read(index);
    const compiled = { anchor, detectors: users.map(detectorAt) };
    anchors.set(index, compiled);
    return compiled;
  };
  const make = (output: number): OutputAnchors =>
    byNeighbour(needleLengths[output] as number, plan.outputs.read(output).map(anchorAt));
  const escapes: (EscapeKind | undefined)[] = new Array(plan.outputs.length).fill(undefined);
  for (const [output, kind] of plan.escapes) escapes[output] = kind;
  return {
    detectorCount: plan.detectors.length,
    table,
    anchorsOf: (output) => {
      const known = made[output] ?? make(output);
      made[output] = known;
      return known;
    },
    sieve,
    escapes,
    generic: new Set(generic),
    before,
    after,
  };
}

/** Fewer anchors than this are looked at one by one. */
const worthAnIndex = 4;

function byNeighbour(needleLength: number, all: readonly CompiledAnchor[]): OutputAnchors {
  if (all.length < worthAnIndex) return { needleLength, always: all, beside: undefined };
  const always: CompiledAnchor[] = [];
  const before: CompiledAnchor[][] = [];
  const after: CompiledAnchor[][] = [];
  for (const each of all) {
    const next = each.anchor.rest + (each.anchor.after[0] ?? '');
    const last = each.anchor.before[0] ?? '';
    // The index reads the bytes beside the longest needle of the output.
    if (next !== '') addTo(after, next.charCodeAt(0), each);
    else if (last !== '' && each.anchor.needle.length === needleLength)
      addTo(before, last.charCodeAt(last.length - 1), each);
    else always.push(each);
  }
  return { needleLength, always, beside: { before, after } };
}

function addTo(lists: CompiledAnchor[][], byte: number, anchor: CompiledAnchor): void {
  const list = lists[byte];
  if (list === undefined) lists[byte] = [anchor];
  else list.push(anchor);
}

/** The anchors of an output that the bytes beside a needle, which ends before `end`, do not exclude; besides those of `always`. */
export function anchorsBeside(
  { needleLength, beside }: OutputAnchors,
  bytes: Uint8Array,
  end: number,
): readonly CompiledAnchor[] {
  if (beside === undefined) return none;
  const after = lookBeside(beside.after, bytes, end, 1, none);
  return lookBeside(beside.before, bytes, end - needleLength - 1, -1, after);
}

const none: readonly CompiledAnchor[] = [];

/** Between a needle and the next word stand two signs at most, and a word may begin with one. */
function lookBeside(
  lists: AnchorsByByte,
  bytes: Uint8Array,
  from: number,
  step: 1 | -1,
  found: readonly CompiledAnchor[],
): readonly CompiledAnchor[] {
  let all = found;
  let first = -1;
  let second = -1;
  for (let at = from, count = 0; count < 3; at += step, count++) {
    const byte = bytes[at] ?? 0;
    const folded = byte >= 65 && byte <= 90 ? byte + 32 : byte;
    if (folded !== first && folded !== second) {
      const list = lists[folded];
      // Mostly there is one list or none: nothing is copied.
      if (list !== undefined) all = all.length === 0 ? list : [...all, ...list];
    }
    if (jointSet[byte] === 0) return all;
    if (count === 0) first = folded;
    else second = folded;
  }
  return all;
}
