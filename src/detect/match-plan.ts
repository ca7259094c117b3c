/**
 * A rule set worked out for matching, as plain data: the automaton's table, which anchors end where, each detector's bounds.
 * Working it out takes a quarter of a second for two thousand rules; so it is made once where rules are compiled, and written as
 * bytes (plan-bytes.ts) that each thread reads. Prose and examples stay behind.
 */

import { ScanError } from '../errors.ts';
import { type Anchor, keyOfAnchor, parseAnchor } from './anchor.ts';
import { type AutomatonTable, compileAutomaton } from './compile-automaton.ts';
import { boundsOf, type DetectorBounds } from './compile-detector.ts';
import { type EscapeKind, escapeKinds, escapeNeedles } from './decode/escape.ts';
import { hostLookBehind, marginBytes } from './evaluate.ts';
import { lineReach } from './line-around.ts';
import type { Detector, RuleSet } from './rule.ts';
import { type Sieve, sieveOf } from './sieve.ts';

/** A detector as matching needs it. */
export interface PlannedDetector {
  readonly rule: Detector;
  readonly provider: string;
  readonly bounds: DetectorBounds;
}

/** An anchor and the detectors (by index) that look around it. */
export interface PlannedAnchor {
  readonly anchor: Anchor;
  readonly detectors: readonly number[];
}

/** A rule set worked out for matching. */
export interface MatchPlan {
  /** `RuleSet.digest`. */
  readonly digest: string;
  readonly detectors: readonly PlannedDetector[];
  readonly anchors: readonly PlannedAnchor[];
  /** For each output of the automaton the anchors (by index) whose needles end there. */
  readonly outputs: readonly (readonly number[])[];
  /** For each output the bytes of its longest needle. */
  readonly needleLengths: Uint8Array;
  /** Outputs that say where text is escaped. */
  readonly escapes: readonly (readonly [output: number, kind: EscapeKind])[];
  readonly sieve: Sieve;
  /** Ids of the detectors of last resort. */
  readonly generic: readonly string[];
  /** Bytes before and after a hit that its detectors may read, at most. */
  readonly before: number;
  readonly after: number;
  readonly table: AutomatonTable;
}

/** Bytes of needles, at most; fewer where there are so many that the automaton has no room for their states. */
const needleBytes = [8, 6, 5, 4, 3];

/** Works out a rule set. @throws SyntaxError for rules that were never checked, ScanError RULE_INVALID where there are too many */
export function planMatches(ruleSet: RuleSet): MatchPlan {
  for (const most of needleBytes) {
    const plan = planWithin(ruleSet, most);
    if (plan !== undefined) return plan;
  }
  throw new ScanError('RULE_INVALID', 'the rules have more anchors than one automaton can look for', {
    hint: 'Leave some providers out: --only, or fewer rule files.',
  });
}

function planWithin({ digest, providers }: RuleSet, mostNeedleBytes: number): MatchPlan | undefined {
  const detectors: PlannedDetector[] = [];
  const anchors: { anchor: Anchor; detectors: number[] }[] = [];
  const byKey = new Map<string, number>();
  const byNeedle = new Map<string, number[]>();
  for (const provider of providers) {
    for (const rule of provider.detectors) {
      const index = detectors.push({ rule: leanRule(rule), provider: provider.id, bounds: boundsOf(rule) }) - 1;
      for (const anchor of rule.anchors.flatMap((text) => parseAnchor(text, mostNeedleBytes))) {
        const key = keyOfAnchor(anchor);
        const known = byKey.get(key) ?? anchors.push({ anchor, detectors: [] }) - 1;
        const users = anchors[known]!.detectors;
        if (users.at(-1) !== index) users.push(index);
        if (byKey.has(key)) continue;
        byKey.set(key, known);
        byNeedle.set(anchor.needle, [...(byNeedle.get(anchor.needle) ?? []), known]);
      }
    }
  }
  for (const kind of escapeKinds) {
    for (const needle of escapeNeedles[kind]) byNeedle.set(needle, byNeedle.get(needle) ?? []);
  }
  const texts = [...byNeedle.keys()];
  const compiled = compileAutomaton(texts);
  if (compiled === undefined) return undefined;
  const { outputs: needlesOf, ...table } = compiled;
  const escapeOf = new Map(escapeKinds.flatMap((kind) => escapeNeedles[kind].map((needle) => [needle, kind] as const)));
  const outputs = needlesOf.map((needles) => needles.flatMap((needle) => byNeedle.get(texts[needle]!) ?? []));
  const uses = anchors.map(({ anchor, detectors: users }) => ({
    anchor,
    detectors: users.map((each) => detectors[each]!),
  }));
  const escapes = needlesOf.flatMap((needles, output) => {
    const kind = needles.map((needle) => escapeOf.get(texts[needle]!)).find((each) => each !== undefined);
    return kind === undefined ? [] : [[output, kind] as const];
  });
  const escaping = new Set(escapes.map(([output]) => output));
  return {
    digest,
    detectors,
    anchors,
    outputs,
    needleLengths: Uint8Array.from(outputs, (indexes) =>
      Math.max(0, ...indexes.map((index) => uses[index]!.anchor.needle.length)),
    ),
    escapes,
    sieve: sieveOf(
      outputs.map((indexes) => indexes.map((index) => uses[index]!)),
      (output) => escaping.has(output),
    ),
    generic: detectors.filter(({ rule }) => rule.generic).map(({ rule }) => rule.id),
    ...reachOf(anchors, detectors),
    table,
  };
}

function reachOf(
  anchors: readonly PlannedAnchor[],
  detectors: readonly PlannedDetector[],
): Pick<MatchPlan, 'before' | 'after'> {
  let before = 0;
  let after = 0;
  for (const { anchor, detectors: users } of anchors) {
    for (const index of users) {
      const { rule, bounds } = detectors[index]!;
      const within = rule.companion?.within ?? 0;
      before = Math.max(before, Math.max(rule.before, hostLookBehind) + within + anchor.maxLength + marginBytes);
      after = Math.max(after, bounds.reach + within + anchor.maxLength + marginBytes);
    }
  }
  return { before: before + lineReach, after: after + lineReach };
}

function leanRule(rule: Detector): Detector {
  return { ...rule, anchors: [], examples: [], counterExamples: [], knownMisses: [] };
}
