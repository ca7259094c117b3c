/** One content while some of its bytes are in a matcher's slab: there are a hundred thousand in an image, so that each is little. */

import type { View } from './accept.ts';
import type { Span } from './anchor.ts';
import type { Automaton } from './automaton.ts';
import { type DecodeBudget, HiddenContent } from './decode/hidden-text.ts';
import type { Region } from './decode/run-search.ts';
import { LineCounter } from './line-counter.ts';
import type { Candidate } from './resolve-overlap.ts';

/** A hit that waits for more of its content: offset of its last byte, and the automaton's output. */
export interface Hit {
  readonly offset: number;
  readonly output: number;
}

/** A content of which some bytes are in the slab. */
export class Content {
  readonly id: number;
  readonly path: string | undefined;
  /** Index in the slab of the first byte that is there, and that byte's offset in the content. */
  start: number;
  base = 0;
  /** Index in the slab of its end, once it has ended. */
  end: number | undefined;
  /** What detectors may see of it now. */
  view: View;
  readonly lines: LineCounter;
  readonly candidates: Candidate[] = [];
  candidateBytes = 0;
  truncated = false;
  waiting: Hit[] = [];
  readonly hidden: HiddenContent;
  #seen: Set<number> | undefined;
  #searched: Map<number, Span> | undefined;

  constructor(
    id: number,
    path: string | undefined,
    start: number,
    automaton: Automaton,
    budget: DecodeBudget | undefined,
  ) {
    this.id = id;
    this.path = path;
    this.start = start;
    this.view = { bytes: automaton.slab, low: start, high: start, path };
    this.lines = new LineCounter(automaton);
    this.hidden = new HiddenContent(path, budget);
  }

  /** Candidates that there are, by detector and place: most contents have none. */
  get seen(): Set<number> {
    this.#seen ??= new Set();
    return this.#seen;
  }

  /** What `near` detectors have searched, as offsets. */
  get searched(): Map<number, Span> {
    this.#searched ??= new Map();
    return this.#searched;
  }

  /** What of it is in the slab. */
  regionIn(finder: Automaton): Region {
    const { bytes, low, high } = this.view;
    return { bytes, finder, low, high, toOffset: this.base - this.start, ended: this.end !== undefined };
  }
}
