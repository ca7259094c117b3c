/**
 * The inner loop of the search for runs, in plain TypeScript; WebAssembly has its own (assembly/automaton.ts), which also
 * passes over runs that are none at a second look. It jumps: of a run of
 * twenty bytes one is looked at first, and mostly no other.
 */

import { base64Set, wideSet } from './byte-class.ts';
import { leastBase64 } from './sample.ts';

/** What was found: 0 nothing, 1 a run of base64's characters, 2 letters with zeros between them. */
export type RunHint = 0 | 1 | 2;

/** Looks for runs in a slab. */
export interface RunFinder {
  /** Where the run begins; the last byte before the letters; where to go on where nothing was found. */
  readonly at: number;
  /** One of the zeros. */
  readonly zero: number;
  /** Looks from `low`, where no run goes on, to `high`. */
  findRun(low: number, high: number): RunHint;
}

/** Looks for runs in some bytes. */
export class PlainRunFinder implements RunFinder {
  at = 0;
  zero = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  findRun(from: number, high: number): RunHint {
    const bytes = this.#bytes;
    let low = from;
    for (let probe = low + leastBase64 - 1; probe < high; probe = low + leastBase64 - 1) {
      let at = probe;
      while (at >= low && base64Set[bytes[at] as number] === 1) at--;
      if (at < low) {
        this.at = low;
        return 1;
      }
      const zero = bytes[at] === 0 ? at : at + 1 < high && bytes[at + 1] === 0 ? at + 1 : -1;
      if (zero !== -1 && this.#isBesideUnits(zero, high)) {
        this.at = at;
        this.zero = zero;
        return 2;
      }
      low = at + 1;
    }
    this.at = low;
    return 0;
  }

  #isBesideUnits(zero: number, high: number): boolean {
    if (zero + 2 < high && this.#isUnit(zero + 1)) return true;
    return zero > 2 && this.#isUnit(zero - 1) && this.#isUnit(zero - 3);
  }

  #isUnit(at: number): boolean {
    return this.#bytes[at + 1] === 0 && wideSet[this.#bytes[at] as number] === 1;
  }
}
