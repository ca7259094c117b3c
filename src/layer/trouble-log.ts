/**
 * Hands diagnostics on, but not without bound: a hostile layer could hold a million damaged archives.
 * Those past the bound are counted by code and told in one diagnostic each, so that nothing missing goes unsaid.
 */

import type { Diagnostic, ErrorCode } from '../errors.ts';

/** Passes diagnostics on and counts what is too much to list. */
export class TroubleLog {
  readonly #deliver: (diagnostic: Diagnostic) => void;
  readonly #most: number;
  readonly #more = new Map<ErrorCode, { count: number; effect: Diagnostic['effect'] }>();
  #given = 0;
  #complete = true;

  constructor(deliver: (diagnostic: Diagnostic) => void, most: number) {
    this.#deliver = deliver;
    this.#most = most;
  }

  /** False once anything was reported that was not looked at. */
  get complete(): boolean {
    return this.#complete;
  }

  add(diagnostic: Diagnostic): void {
    if (diagnostic.effect === 'incomplete') this.#complete = false;
    if (this.#given < this.#most) {
      this.#given++;
      this.#deliver(diagnostic);
      return;
    }
    const more = this.#more.get(diagnostic.code) ?? { count: 0, effect: 'notice' };
    more.count++;
    if (diagnostic.effect === 'incomplete') more.effect = 'incomplete';
    this.#more.set(diagnostic.code, more);
  }

  /** Tells the counts of what was not listed. */
  finish(): void {
    for (const [code, { count, effect }] of this.#more) {
      this.#deliver({ code, effect, subject: '', message: `${count} more of this kind in the layer are not listed` });
    }
    this.#more.clear();
  }
}
