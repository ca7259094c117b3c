/**
 * A rule set worked out for matching, as plain data: the automaton's table, which anchors end where, each detector's bounds.
 * Working it out takes a quarter of a second for two thousand rules; so it is made once where rules are compiled, written as
 * bytes, and read back by each thread. Prose and examples stay behind.
 */

import { ScanError } from '../errors.ts';
import { type Anchor, keyOfAnchor, parseAnchor } from './anchor.ts';
import { type AutomatonTable, compileAutomaton } from './compile-automaton.ts';
import { boundsOf, type DetectorBounds } from './compile-detector.ts';
import { type EscapeKind, escapeKinds, escapeNeedles } from './decode/escape.ts';
import { type NeighbourBytes, neighboursOf } from './neighbour-bytes.ts';
import type { Detector, RuleSet } from './rule.ts';

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
  /** For each needle the anchors (by index) that have it. */
  readonly needles: readonly (readonly number[])[];
  /** Needles (by index) that say where text is escaped. */
  readonly escapes: readonly (readonly [needle: number, kind: EscapeKind])[];
  readonly neighbours: NeighbourBytes;
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
  const escapes = escapeKinds.flatMap((kind) =>
    escapeNeedles[kind].map((needle) => [texts.indexOf(needle), kind] as const),
  );
  const needles = [...byNeedle.values()];
  const table = compileAutomaton(texts);
  if (table === undefined) return undefined;
  const neighbours = neighboursOf(table, (needle) =>
    (needles[needle] ?? []).map((index) => ({
      anchor: anchors[index]!.anchor,
      rules: anchors[index]!.detectors.map((each) => detectors[each]!.rule),
    })),
  );
  return { digest, detectors, anchors, needles, escapes, neighbours, table };
}

function leanRule(rule: Detector): Detector {
  return { ...rule, anchors: [], examples: [], counterExamples: [], knownMisses: [] };
}

const magic = 'whichlayer plan 4\n';
const digestBytes = 71;
const digestAt = magic.length + 10;
const headAt = digestAt + digestBytes;

/** A plan as bytes, in memory that threads can share. */
export function encodePlan(plan: MatchPlan): Uint8Array {
  const { columns, rows, ...table } = plan.table;
  const head = Buffer.from(JSON.stringify({ ...plan, table }));
  const rowsAt = align(headAt + head.length + columns.byteLength);
  const bytes = new Uint8Array(new SharedArrayBuffer(rowsAt + rows.byteLength));
  bytes.set(Buffer.from(`${magic}${String(head.length).padStart(10, '0')}${plan.digest.padEnd(digestBytes)}`));
  bytes.set(head, headAt);
  bytes.set(bytesOf(columns), rowsAt - columns.byteLength);
  bytes.set(bytesOf(rows), rowsAt);
  return bytes;
}

/** `RuleSet.digest` of the rules a plan was made of; undefined for other bytes. */
export function digestOfPlan(bytes: Uint8Array): string | undefined {
  const start = textAt(bytes, 0, headAt);
  return start.startsWith(magic) ? start.slice(digestAt).trimEnd() : undefined;
}

/** Reads a plan; the table's rows stay where they are. @throws SyntaxError for other bytes */
export function decodePlan(bytes: Uint8Array): MatchPlan {
  const start = textAt(bytes, 0, headAt);
  const length = Number(start.slice(magic.length, digestAt));
  if (!start.startsWith(magic) || !Number.isSafeInteger(length)) throw new SyntaxError('these bytes are no match plan');
  const { table, ...plan } = JSON.parse(textAt(bytes, headAt, headAt + length)) as MatchPlan;
  const columnsBytes = 1024;
  const rowsAt = align(headAt + length + columnsBytes);
  const columns = new Uint32Array(bytes.slice(rowsAt - columnsBytes, rowsAt).buffer);
  const rows = new Uint16Array(bytes.buffer, bytes.byteOffset + rowsAt, (bytes.length - rowsAt) >>> 1);
  return { ...plan, table: { ...table, columns, rows } };
}

function bytesOf(array: Uint16Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function textAt(bytes: Uint8Array, start: number, end: number): string {
  // Shared memory is not to be decoded in place.
  return Buffer.from(bytes.slice(start, end)).toString('utf8');
}

function align(at: number): number {
  return (at + 63) & ~63;
}
