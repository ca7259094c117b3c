/**
 * A match plan as bytes, in memory that threads share: flat tables are read where they lie, detectors and anchors one by one when
 * something stands where they look. Most are never met; as objects, all of them took ten megabytes a thread and a tenth of a second.
 */

import type { Anchor } from './anchor.ts';
import type { AutomatonTable } from './compile-automaton.ts';
import type { EscapeKind } from './decode/escape.ts';
import type { MatchPlan, PlannedAnchor, PlannedDetector } from './match-plan.ts';
import { Records, RecordWriter } from './records.ts';

/** A plan whose lists are read an item at a time. */
export interface PackedPlan extends Omit<MatchPlan, 'detectors' | 'anchors' | 'outputs'> {
  readonly detectors: Records<PlannedDetector>;
  readonly anchors: Records<PlannedAnchor>;
  readonly outputs: Records<readonly number[]>;
}

/** What is read whole: small, or asked for at once. */
interface Head {
  readonly generic: readonly string[];
  readonly escapes: readonly (readonly [output: number, kind: EscapeKind])[];
  readonly before: number;
  readonly after: number;
  readonly table: Omit<AutomatonTable, 'columns' | 'rows'>;
  /** Where each section begins, behind the head, and its bytes. */
  readonly sections: readonly (readonly [at: number, bytes: number])[];
}

type Bytes = Uint8Array | Uint16Array | Uint32Array;

const magic = 'whichlayer plan 6\n';
const digestBytes = 71;
const digestAt = magic.length + 10;
const headAt = digestAt + digestBytes;

/** A plan as bytes, in memory that threads can share. */
export function encodePlan(plan: MatchPlan): Uint8Array {
  const { digest, generic, escapes, before, after, sieve, needleLengths } = plan;
  const { columns, rows, ...table } = plan.table;
  const contents: readonly Bytes[] = [
    columns,
    rows,
    sieve.programs,
    sieve.sets,
    needleLengths,
    ...recordsOf(plan.detectors),
    ...recordsOf(plan.anchors.map(({ anchor, detectors }) => [...tupleOf(anchor), detectors])),
    ...recordsOf(plan.outputs),
  ];
  let end = 0;
  const sections = contents.map(({ byteLength }) => {
    const at = end;
    end = align(at + byteLength);
    return [at, byteLength] as const;
  });
  const head = Buffer.from(JSON.stringify({ generic, escapes, before, after, table, sections } satisfies Head));
  const start = align(headAt + head.length);
  const bytes = new Uint8Array(new SharedArrayBuffer(start + end));
  bytes.set(Buffer.from(`${magic}${String(head.length).padStart(10, '0')}${digest.padEnd(digestBytes)}`));
  bytes.set(head, headAt);
  for (const [index, { buffer, byteOffset, byteLength }] of contents.entries()) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), start + (sections[index]?.[0] ?? 0));
  }
  return bytes;
}

/** `RuleSet.digest` of the rules a plan was made of; undefined for other bytes. */
export function digestOfPlan(bytes: Uint8Array): string | undefined {
  const start = textAt(bytes, 0, headAt);
  return start.startsWith(magic) ? start.slice(digestAt).trimEnd() : undefined;
}

/** Reads a plan, where it lies as far as that goes. @throws SyntaxError for other bytes */
export function decodePlan(bytes: Uint8Array): PackedPlan {
  const digest = digestOfPlan(bytes);
  const length = Number(textAt(bytes, magic.length, digestAt));
  if (digest === undefined || !Number.isSafeInteger(length)) throw new SyntaxError('these bytes are no match plan');
  const head = JSON.parse(textAt(bytes, headAt, headAt + length)) as Head;
  const { sections, table, generic, escapes, before, after } = head;
  const start = align(headAt + length);
  const section = (index: number): Uint8Array => {
    const [at, size] = sections[index]!;
    return bytes.subarray(start + at, start + at + size);
  };
  const words = (index: number): Uint32Array => new Uint32Array(section(index).slice().buffer);
  const [rows, programs, needleLengths] = [section(1), section(2), section(4).slice()];
  return {
    digest,
    generic,
    escapes,
    before,
    after,
    table: {
      ...table,
      columns: words(0),
      rows: new Uint16Array(rows.buffer, rows.byteOffset, rows.byteLength >>> 1),
    },
    sieve: {
      programs: new Uint32Array(programs.buffer, programs.byteOffset, programs.byteLength >>> 2),
      sets: section(3),
    },
    needleLengths,
    detectors: new Records(section(5), words(6), (value) => value as PlannedDetector),
    anchors: new Records(section(7), words(8), anchorOf),
    outputs: new Records(section(9), words(10), (value) => value as readonly number[]),
  };
}

type AnchorTuple = readonly [
  needle: string,
  rest: string,
  before: readonly string[],
  after: readonly string[],
  maxLength: number,
];

function tupleOf({ needle, rest, before, after, maxLength }: Anchor): AnchorTuple {
  return [needle, rest, before, after, maxLength];
}

function anchorOf(value: unknown): PlannedAnchor {
  const [needle, rest, before, after, maxLength, detectors] = value as [...AnchorTuple, readonly number[]];
  return { anchor: { needle, rest, before, after, maxLength }, detectors };
}

function recordsOf(values: readonly unknown[]): readonly [Uint8Array, Uint32Array] {
  const writer = new RecordWriter();
  for (const value of values) writer.add(value);
  return writer.finish();
}

function textAt(bytes: Uint8Array, start: number, end: number): string {
  // Shared memory is not to be decoded in place.
  return Buffer.from(bytes.slice(start, end)).toString('utf8');
}

function align(at: number): number {
  return (at + 63) & ~63;
}
