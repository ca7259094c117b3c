/**
 * The front door of detection: contents go in as bytes, matches come out by content. Small contents share a slab, so
 * that the automaton always has much to chew on; a large one flows through it, and as much of its end is kept as the
 * widest detector can reach. A hit is looked at once, when everything its detectors may read is there or the content
 * has ended: where a slab is cut or a chunk ends never changes a match.
 */

import type { Secret, View } from './accept.ts';
import { anchorSpan, type Span } from './anchor.ts';
import { type Automaton, createAutomaton } from './automaton.ts';
import type { CompiledDetector } from './compile-detector.ts';
import { anchorsBeside, type CompiledAnchor, type CompiledRules } from './compiled-rules.ts';
import { Content } from './content.ts';
import { type EscapeKind, mostSegmentBytes } from './decode/escape.ts';
import { isEscapeAt } from './decode/escape-sight.ts';
import { type DecodeBudget, HiddenText, type Undecoded } from './decode/hidden-text.ts';
import { mergeDecoded } from './decode/merge-decoded.ts';
import { evaluate, nearWindow } from './evaluate.ts';
import { HeldRun } from './held-run.ts';
import { resolveOverlap } from './resolve-overlap.ts';
import type { Match } from './rule.ts';
import { sieveReach } from './sieve.ts';

/** Called once for each content, after its end, in order; `undecoded` says why something encoded in it was not looked into. */
export type OnContent = (
  contentId: number,
  matches: Match[],
  truncated: boolean,
  undecoded: ReadonlySet<Undecoded>,
) => void;

/** Matches reported of one content at most; more set `truncated`. */
export const matchLimit = 1000;
const candidateLimit = 4 * matchLimit;
const candidateBytes = 4 * 1024 * 1024;
const defaultSlabBytes = 1024 * 1024;
/** What was decoded is less, and there is a slab for each level of it. */
const decodedSlabBytes = 128 * 1024;
/** Contents in a slab: a megabyte can be a hundred thousand strings, and each of them costs more to hold than to look at. */
const mostContents = 256;
/** What goes on where a slab ends is a segment of escapes at most, or the first bytes of a run. */
const mostHeldBytes = mostSegmentBytes + 4096;

/** Finds secrets in contents given one after another; one for each sequence of contents. */
export class Matcher {
  readonly #rules: CompiledRules;
  readonly #automaton: Automaton;
  readonly #onContent: OnContent;
  readonly #keep: number;
  readonly #slabBytes: number;
  readonly #hidden: HiddenText;
  readonly #held: HeldRun;
  #secrets = 0;
  #contents: Content[] = [];
  #open: Content | undefined;
  #fill = 0;
  #scanned = 0;

  constructor(
    rules: CompiledRules,
    module: Uint8Array | undefined,
    onContent: OnContent,
    options: { readonly slabBytes?: number; readonly decodings?: number } = {},
  ) {
    const { decodings = 0 } = options;
    this.#rules = rules;
    this.#onContent = onContent;
    this.#keep = rules.before + rules.after;
    this.#held = new HeldRun(rules.before, rules.after);
    this.#slabBytes = Math.max(options.slabBytes ?? defaultSlabBytes, this.#keep + mostHeldBytes + 64);
    this.#automaton = createAutomaton(rules, this.#slabBytes, module);
    this.#hidden = new HiddenText(
      decodings,
      (onDecoded) => new Matcher(rules, module, onDecoded, { slabBytes: decodedSlabBytes, decodings: decodings + 1 }),
    );
  }

  /** A content begins; the one before has ended. Its path is for rules that look at paths, its budget that of what it was decoded from. */
  begin(contentId: number, path?: string, budget?: DecodeBudget): void {
    if (this.#open !== undefined) throw new TypeError('begin before the end of another content');
    if (this.#fill === this.#slabBytes || this.#contents.length === mostContents) this.#process();
    // So that nothing of one content is ever read as what stands beside another one's.
    this.#automaton.slab[this.#fill++] = 0;
    this.#open = new Content(contentId, path, this.#fill, this.#automaton, budget);
    this.#contents.push(this.#open);
  }

  /** More bytes of the content; they are copied. */
  write(bytes: Uint8Array): void {
    if (this.#open === undefined) throw new TypeError('write outside of a content');
    for (let at = 0; at < bytes.length; ) {
      if (this.#fill === this.#slabBytes) this.#process();
      const taken = Math.min(bytes.length - at, this.#slabBytes - this.#fill);
      this.#automaton.slab.set(taken === bytes.length ? bytes : bytes.subarray(at, at + taken), this.#fill);
      this.#fill += taken;
      at += taken;
    }
  }

  /** The content has ended; its matches come when the slab is full, or with `flush`. */
  end(): void {
    if (this.#open === undefined) throw new TypeError('end outside of a content');
    this.#open.end = this.#fill;
    this.#open = undefined;
  }

  /** Gives the matches of all contents that have ended. */
  flush(): void {
    this.#process();
  }

  /** No more contents come. */
  close(): void {
    this.#automaton.close();
    this.#hidden.close();
  }

  #process(): void {
    for (const content of this.#contents) {
      const { path } = content;
      content.view = { bytes: this.#automaton.slab, low: content.start, high: content.end ?? this.#fill, path };
      this.#resume(content);
    }
    let index = 0;
    const contents = this.#contents;
    const { escapes } = this.#rules;
    // What a hit near the end of an open content goes on with is not there yet.
    const settled = this.#open === undefined ? this.#fill : this.#fill - sieveReach;
    this.#automaton.scan(this.#scanned, this.#fill, settled, (position, output) => {
      while (position >= (contents[index]?.end ?? Number.POSITIVE_INFINITY)) index++;
      const content = contents[index];
      if (content === undefined) return;
      const kind = escapes[output];
      if (kind !== undefined) this.#escape(content, kind, position);
      this.#hit(content, position, output);
    });
    this.#scanned = this.#fill;
    this.#decode();
    for (const content of this.#contents) if (content.end !== undefined) this.#deliver(content);
    this.#carry();
  }

  #escape(content: Content, kind: EscapeKind, position: number): void {
    const { start, base, hidden } = content;
    if (!isEscapeAt(this.#automaton.slab, position, start, base - start, hidden.sight)) return;
    this.#hidden.escape(hidden, kind, position - start + base);
  }

  /** Looks into what is encoded; where it stands is told while the bytes are there. */
  #decode(): void {
    for (const content of this.#contents) this.#hidden.search(content.hidden, content.regionIn(this.#automaton));
    this.#hidden.flush();
    for (const content of this.#contents) {
      const { base, start, hidden, lines } = content;
      if (hidden.fresh.length === 0) continue;
      this.#hidden.settle(hidden, base, (offset) => lines.locate(offset, base, start));
    }
  }

  /** Hits that were found when too little of what follows them was there. */
  #resume(content: Content): void {
    const { waiting } = content;
    content.waiting = [];
    for (const { offset, output } of waiting) this.#hit(content, offset - content.base + content.start, output);
  }

  #hit(content: Content, position: number, output: number): void {
    if (content.truncated) return;
    if (content.end === undefined && position + this.#rules.after > this.#fill) {
      content.waiting.push({ offset: position - content.start + content.base, output });
      return;
    }
    const key = this.#held.keyOf(content, content.view, position, content.base - content.start, output);
    if (key !== undefined && this.#held.isBarren(key)) return;
    const before = this.#secrets;
    const end = position + 1;
    const anchors = this.#rules.anchorsOf(output);
    for (const each of anchors.always) this.#look(content, each, end);
    if (anchors.beside !== undefined) {
      for (const each of anchorsBeside(anchors, content.view.bytes, end)) this.#look(content, each, end);
    }
    if (key !== undefined && this.#secrets === before) this.#held.setBarren(key);
  }

  #look(content: Content, { anchor, detectors }: CompiledAnchor, end: number): void {
    const { view } = content;
    const start = end - anchor.needle.length;
    if (start < view.low) return;
    const span = anchorSpan(anchor, view.bytes, start, view);
    if (span === undefined) return;
    for (const detector of detectors) this.#evaluate(content, view, detector, span);
  }

  #evaluate(content: Content, view: View, detector: CompiledDetector, anchor: Span): void {
    const toOffset = content.base - content.start;
    const searched = detector.at === 'near' ? content.searched.get(detector.index) : undefined;
    const earlier = searched && { start: searched.start - toOffset, end: searched.end - toOffset };
    for (const secret of evaluate(detector, view, anchor, earlier)) {
      this.#secrets++;
      this.#add(content, detector, secret, anchor);
    }
    if (detector.at === 'near') {
      const window = nearWindow(detector, view, anchor);
      const joins = earlier !== undefined && earlier.start <= window.start && window.start <= earlier.end;
      const start = (joins ? earlier.start : window.start) + toOffset;
      const end = (joins ? Math.max(earlier.end, window.end) : window.end) + toOffset;
      content.searched.set(detector.index, { start, end });
    }
  }

  #add(content: Content, detector: CompiledDetector, secret: Secret, anchor: Span): void {
    const start = secret.start - content.start + content.base;
    const key = (start * this.#rules.detectorCount + detector.index) * 2 + Number(secret.direct);
    if (content.truncated || content.seen.has(key)) return;
    if (content.candidates.length >= candidateLimit || content.candidateBytes > candidateBytes) {
      content.truncated = true;
      return;
    }
    content.seen.add(key);
    content.candidateBytes += secret.end - secret.start;
    content.candidates.push({
      match: {
        rule: detector.rule.id,
        provider: detector.provider,
        secret: secret.text,
        confidence: secret.doubtful ? 'low' : detector.rule.confidence,
        start,
        end: start + secret.end - secret.start,
        ...content.lines.locate(start, content.base, content.start),
        ...(secret.companion === undefined ? {} : { companion: secret.companion }),
        ...(secret.allowed ? { allowed: true as const } : {}),
        ...(secret.marked ? { marked: true as const } : {}),
        ...(secret.details === undefined ? {} : { details: secret.details }),
      },
      generic: detector.generic,
      kind: detector.at === 'token' ? 0 : secret.direct ? 1 : 2,
      anchorLength: anchor.end - anchor.start,
      distance: Math.abs(secret.start - anchor.start),
      order: detector.index,
    });
  }

  #deliver(content: Content): void {
    const plain = resolveOverlap(content.candidates, matchLimit);
    const { hidden } = content;
    const { matches, truncated } =
      hidden.found.length === 0
        ? plain
        : mergeDecoded(plain.matches, hidden.found, (rule) => this.#rules.generic.has(rule), matchLimit);
    const isTruncated = truncated || plain.truncated || content.truncated || hidden.truncated;
    this.#onContent(content.id, matches, isTruncated, hidden.undecoded);
  }

  /** Makes room: of the open content stays what a hit still to come, or to be looked at, may read. */
  #carry(): void {
    const content = this.#open;
    this.#contents = content === undefined ? [] : [content];
    if (content === undefined) {
      this.#fill = 0;
      this.#scanned = 0;
      return;
    }
    const needed = content.hidden.needed - content.base + content.start;
    const from = Math.max(content.start, Math.min(this.#fill - this.#keep, needed));
    const base = content.base + from - content.start;
    this.#hidden.leave(content.hidden, base, (offset) => content.lines.locate(offset, content.base, content.start));
    content.lines.leave(base, content.base, content.start);
    this.#automaton.slab.copyWithin(0, from, this.#fill);
    content.start = 0;
    content.base = base;
    this.#fill -= from;
    this.#scanned = this.#fill;
  }
}

/** What was not listed or looked into of a content. */
export interface LeftOut {
  readonly truncated: boolean;
  readonly undecoded: ReadonlySet<Undecoded>;
}

/** The matches of one content that is at hand whole: metadata, tests; `onLeftOut` is told where there may be more. */
export function detect(
  rules: CompiledRules,
  content: Uint8Array | string,
  onLeftOut?: (leftOut: LeftOut) => void,
): Match[] {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  let found: Match[] = [];
  let matcher = matchers.get(rules);
  if (matcher === undefined) {
    const sink: Sink = { receive: () => {} };
    matcher = {
      sink,
      matcher: new Matcher(rules, undefined, (_, ...found) => sink.receive(...found), { slabBytes: 65_536 }),
    };
    matchers.set(rules, matcher);
  }
  matcher.sink.receive = (matches, truncated, undecoded) => {
    found = matches;
    if (truncated || undecoded.size > 0) onLeftOut?.({ truncated, undecoded });
  };
  matcher.matcher.begin(0);
  matcher.matcher.write(bytes);
  matcher.matcher.end();
  matcher.matcher.flush();
  return found;
}

interface Sink {
  receive: (matches: Match[], truncated: boolean, undecoded: ReadonlySet<Undecoded>) => void;
}

/** A matcher for `detect` is made once for each rule set: strings are many and short. */
const matchers = new WeakMap<CompiledRules, { readonly sink: Sink; readonly matcher: Matcher }>();
