/**
 * Looks into what is encoded in a content: runs and escapes are decoded and go through a matcher of their own, whose matches come
 * back to the place of what was decoded. That matcher does the same, so that codes in codes are opened, to a
 * depth, and what deflated text expands to has a budget for each content.
 */

import type { LineColumn } from '../line-counter.ts';
import type { Match } from '../rule.ts';
import { type EscapeKind, EscapeSegments, escapeKinds, type Segment } from './escape.ts';
import type { EscapeSight } from './escape-sight.ts';
import { inflateValue, mostPackedBytes } from './inflate.ts';
import type { DecodedMatch } from './merge-decoded.ts';
import { DecodeRoom } from './run-decoder.ts';
import { prefixReach, type Region, type Run, RunSearch, type RunSink } from './run-search.ts';
import { restoreSigns, toEscaped, type Unescaped, writeOut } from './write-out.ts';

/** Codes in codes that are opened: a Helm release in a Secret is three, and has Secrets in it. */
export const mostDecodings = 4;

/** Bytes that all deflated values of one content may expand to. */
const mostInflatedBytes = 64 * 1024 * 1024;

/** Matches kept of what is encoded in one content: more than are reported, since some are told in plain text too. */
const mostFound = 4000;

/** Why something encoded was not looked into. */
export type Undecoded = 'depth' | 'size';

/** What decoding may cost for one content and all that is decoded of it. */
export interface DecodeBudget {
  inflatedBytes: number;
  /** Why something was left out. */
  readonly undecoded: Set<Undecoded>;
}

/** A matcher for what was decoded. */
export interface InnerMatcher {
  begin(contentId: number, path: string | undefined, budget: DecodeBudget): void;
  write(bytes: Uint8Array): void;
  end(): void;
  flush(): void;
  close(): void;
}

/** Something decoded that goes through the inner matcher as one content. */
interface Item {
  readonly content: HiddenContent;
  readonly steps: readonly string[];
  /** Where it stands, as offsets. */
  readonly start: number;
  end: number;
  /** Where a match in it stands; undefined for one that is no news. */
  readonly spanOf: (match: Match) => { readonly start: number; readonly end: number } | undefined;
  /** The secret of a match in it, where it is not as it was written out. */
  readonly secretOf?: (match: Match) => string;
  /** Where it begins, once those bytes have left. */
  place?: LineColumn;
}

/** What is known of the encoded parts of one content. */
export class HiddenContent {
  readonly path: string | undefined;
  readonly runs: RunSearch = new RunSearch();
  readonly sight: EscapeSight = { nameless: 0 };
  readonly found: DecodedMatch[] = [];
  /** Segments that are there and not yet written out. */
  readonly closed: Segment[] = [];
  /** What was found and has no line yet. */
  fresh: { readonly match: DecodedMatch; readonly item: Item }[] = [];
  truncated = false;
  #budget: DecodeBudget | undefined;
  #segments: Map<EscapeKind, EscapeSegments> | undefined;

  constructor(path: string | undefined, budget: DecodeBudget | undefined) {
    this.path = path;
    this.#budget = budget;
  }

  get budget(): DecodeBudget {
    this.#budget ??= { inflatedBytes: mostInflatedBytes, undecoded: new Set() };
    return this.#budget;
  }

  get undecoded(): ReadonlySet<Undecoded> {
    return this.#budget?.undecoded ?? none;
  }

  segmentsOf(kind: EscapeKind): EscapeSegments {
    this.#segments ??= new Map(escapeKinds.map((each) => [each, new EscapeSegments(each)]));
    return this.#segments.get(kind) as EscapeSegments;
  }

  get segments(): Iterable<EscapeSegments> {
    return this.#segments?.values() ?? [];
  }

  /** The first byte that is still needed, as an offset. */
  get needed(): number {
    let needed = this.runs.resume - prefixReach;
    for (const { pending } of this.segments) if (pending !== -1) needed = Math.min(needed, pending);
    return needed;
  }
}

const none: ReadonlySet<Undecoded> = new Set();

/** Decodes for the contents of one matcher. */
export class HiddenText implements RunSink {
  readonly room: DecodeRoom = new DecodeRoom();
  readonly #openInner: (onContent: (id: number, matches: readonly Match[], truncated: boolean) => void) => InnerMatcher;
  /** Codes around what this matcher sees. */
  readonly #depth: number;
  #inner: InnerMatcher | undefined;
  #nextId = 0;
  readonly #items = new Map<number, Item>();
  #content: HiddenContent | undefined;
  #run: { readonly run: Run; readonly id: number; readonly packed: Uint8Array[]; bytes: number } | undefined;
  /** Unescaped text that waits for a run to end. */
  #waiting: { readonly id: number; readonly bytes: Uint8Array }[] = [];

  constructor(
    depth: number,
    openInner: (onContent: (id: number, matches: readonly Match[], truncated: boolean) => void) => InnerMatcher,
  ) {
    this.#depth = depth;
    this.#openInner = openInner;
  }

  /** An escape at that offset of a content. Nothing is matched before `search`: an automaton that reports a hit is not to be run. */
  escape(content: HiddenContent, kind: EscapeKind, offset: number): void {
    if (this.#depth === mostDecodings) return;
    const segment = content.segmentsOf(kind).add(offset);
    if (segment !== undefined) content.closed.push(segment);
  }

  /** Decodes what of a content has come. */
  search(content: HiddenContent, region: Region): void {
    this.#content = content;
    content.runs.search(region, this);
    for (const segment of content.closed) this.#writeOut(content, segment, region);
    content.closed.length = 0;
    for (const segments of content.segments) {
      const high = region.high + region.toOffset;
      const segment = region.ended ? segments.take() : segments.takeBefore(high);
      if (segment !== undefined) this.#writeOut(content, segment, region);
    }
  }

  /** Brings home what was found, to `HiddenContent.fresh`. */
  flush(): void {
    this.#inner?.flush();
  }

  /** Gives what was found in a content its lines; `locate` tells those of bytes that are there, which begin at `base`. */
  settle(content: HiddenContent, base: number, locate: (offset: number) => LineColumn): void {
    for (const { match, item } of content.fresh) {
      if (content.found.length === mostFound) {
        content.truncated = true;
        break;
      }
      const { column: _, ...rest } = match;
      content.found.push({ ...rest, ...placeOf(match, item, base, locate) });
    }
    content.fresh = [];
  }

  /** Takes note of the places of what goes on when the bytes before an offset leave. */
  leave(content: HiddenContent, before: number, locate: (offset: number) => LineColumn): void {
    for (const item of this.#items.values()) {
      if (item.content === content && item.start < before) item.place ??= locate(item.start);
    }
  }

  close(): void {
    this.#inner?.close();
  }

  runBegin(run: Run, prefix: Uint8Array): void {
    const content = this.#content as HiddenContent;
    if (this.#depth === mostDecodings) {
      content.budget.undecoded.add('depth');
      return;
    }
    const steps = run.packed === undefined ? [run.kind] : [run.kind, run.packed];
    // A value is told by its name, what was deflated is no value.
    const written = run.packed === undefined ? prefix.length : 0;
    const item: Item = {
      content,
      steps,
      start: run.start,
      end: run.start,
      spanOf: ({ start, end }) => {
        if (start < written) return undefined;
        if (run.kind !== 'utf-16') return { start: item.start, end: item.end };
        return { start: run.start + 2 * start, end: run.start + 2 * end };
      },
    };
    const id = this.#nextId++;
    this.#items.set(id, item);
    this.#run = { run, id, packed: [], bytes: 0 };
    if (run.packed === undefined) this.#begin(id, prefix);
  }

  runData(bytes: Uint8Array): void {
    const open = this.#run;
    if (open === undefined) return;
    open.bytes += bytes.length;
    if (open.run.packed === undefined) this.#inner?.write(bytes);
    else if (open.bytes <= mostPackedBytes) open.packed.push(bytes.slice());
  }

  runEnd(end: number): void {
    const open = this.#run;
    this.#run = undefined;
    if (open === undefined) return;
    const item = this.#items.get(open.id) as Item;
    item.end = end;
    if (open.run.packed === undefined) this.#inner?.end();
    else this.#inflate(open.id, item, open.run.packed, Buffer.concat(open.packed), open.bytes > mostPackedBytes);
    if (this.#waiting.length === 0) return;
    for (const { id, bytes } of this.#waiting) this.#give(id, bytes);
    this.#waiting = [];
  }

  #inflate(id: number, item: Item, kind: 'gzip' | 'zlib', packed: Uint8Array, isCut: boolean): void {
    const { budget } = item.content;
    const inflated = inflateValue(kind, packed, budget.inflatedBytes);
    if (isCut || inflated === 'bomb') budget.undecoded.add('size');
    if (inflated === undefined || inflated === 'bomb') {
      this.#items.delete(id);
      return;
    }
    budget.inflatedBytes -= inflated.length;
    this.#give(id, inflated);
  }

  #writeOut(content: HiddenContent, segment: Segment, region: Region): void {
    const { bytes, low, high, toOffset } = region;
    const start = Math.max(low, segment.start - toOffset);
    const end = Math.min(high, segment.end - toOffset);
    const unescaped = writeOut(segment.kind, bytes, start, end);
    if (unescaped.escapes.length === 0) return;
    const edges = { starts: start + toOffset === 0, ends: region.ended && end === high };
    const item: Item = {
      content,
      steps: [segment.kind],
      start: start + toOffset,
      end: end + toOffset,
      spanOf: (match) => spanOfEscaped(unescaped, match, edges, toOffset, start),
      secretOf: (match) => restoreSigns(unescaped, match.start, match.end, match.secret),
    };
    const id = this.#nextId++;
    this.#items.set(id, item);
    if (this.#run === undefined || this.#run.run.packed !== undefined) this.#give(id, unescaped.bytes);
    else this.#waiting.push({ id, bytes: unescaped.bytes });
  }

  #give(id: number, bytes: Uint8Array): void {
    this.#begin(id, bytes);
    this.#inner?.end();
  }

  #begin(id: number, bytes: Uint8Array): void {
    this.#inner ??= this.#openInner((found, matches, truncated) => this.#deliver(found, matches, truncated));
    const { content } = this.#items.get(id) as Item;
    this.#inner.begin(id, content.path, content.budget);
    this.#inner.write(bytes);
  }

  #deliver(id: number, matches: readonly Match[], truncated: boolean): void {
    const item = this.#items.get(id) as Item;
    this.#items.delete(id);
    if (truncated) item.content.truncated = true;
    for (const match of matches) {
      const span = item.spanOf(match);
      if (span === undefined) continue;
      const decoded = [...item.steps, ...(match.decoded ?? [])];
      const secret = item.secretOf?.(match) ?? match.secret;
      item.content.fresh.push({ match: { ...match, ...span, secret, decoded }, item });
    }
  }
}

function placeOf(match: Match, item: Item, base: number, locate: (offset: number) => LineColumn): LineColumn {
  const start = item.steps[0] === 'utf-16' ? item.start : match.start;
  const place = start >= base ? locate(start) : (item.place ?? locate(base));
  if (item.steps[0] !== 'utf-16') return place;
  // A unit is two bytes, a column is one unit: the lines of the decoded text are right.
  const line = place.line + match.line - 1;
  if (match.column === undefined) return { line };
  if (match.line > 1 || item.start <= byteOrderMark + 1) return { line, column: match.column };
  return { line, ...(place.column === undefined ? {} : { column: place.column + match.column - 1 }) };
}

const byteOrderMark = 2;

/** The place of a match in unescaped text; undefined where no escape hid it, or where it may be cut. */
function spanOfEscaped(
  unescaped: Unescaped,
  { start, end }: Match,
  edges: { readonly starts: boolean; readonly ends: boolean },
  toOffset: number,
  first: number,
): { start: number; end: number } | undefined {
  if ((start === 0 && !edges.starts) || (end === unescaped.bytes.length && !edges.ends)) return undefined;
  const from = toEscaped(unescaped, start, first) + toOffset;
  return { start: from, end: toEscaped(unescaped, end, first) + toOffset };
}
