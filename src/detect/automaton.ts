/**
 * Runs a compiled automaton over a slab of bytes. Two implementations behind one interface: WebAssembly
 * (assembly/automaton.ts; four streams over one block, since a single automaton waits for its own loads) and plain
 * TypeScript where no module is given. Both report every position at which a needle ends, in order.
 */

import { readable } from './bytes.ts';
import type { AutomatonTable } from './compile-automaton.ts';
import { WasmAutomaton } from './wasm-automaton.ts';

/** Called for each hit: the index of the needle's last byte, and which hit state it is (`AutomatonTable.outputs`). */
export type OnHit = (position: number, output: number) => void;

/** A slab of bytes and what can be asked of it. */
export interface Automaton {
  /** Written by the caller, read by `scan`. */
  readonly slab: Uint8Array;
  /** Reports the needles that end in `start`…`end`; they may begin before `start`. */
  scan(start: number, end: number, onHit: OnHit): void;
  /** How many newlines there are in `start`…`end`. */
  countNewlines(start: number, end: number): number;
}

/** An automaton over a slab of at least so many bytes, in WebAssembly where the module is given. */
export function createAutomaton(table: AutomatonTable, slabBytes: number, module?: Uint8Array): Automaton {
  return module === undefined ? new PlainAutomaton(table, slabBytes) : new WasmAutomaton(table, slabBytes, module);
}

class PlainAutomaton implements Automaton {
  readonly slab: Uint8Array;
  readonly #table: AutomatonTable;
  /** `rows` and `classes` in entries, not bytes. */
  readonly #steps: Uint32Array;
  readonly #classes: Uint16Array;

  constructor(table: AutomatonTable, slabBytes: number) {
    this.slab = readable(new Uint8Array(slabBytes));
    this.#table = table;
    this.#steps = table.rows.map((offset) => offset >>> 2);
    this.#classes = table.classes.map((offset) => offset >>> 2);
  }

  scan(start: number, end: number, onHit: OnHit): void {
    const { slab } = this;
    const steps = this.#steps;
    const classes = this.#classes;
    const width = this.#table.rowBytes >>> 2;
    const firstHit = this.#table.firstHit >>> 2;
    let state = 0;
    for (let at = Math.max(0, start - this.#table.longestNeedle + 1); at < start; at++) {
      state = steps[state + (classes[slab[at] as number] as number)] as number;
    }
    for (let at = start; at < end; at++) {
      state = steps[state + (classes[slab[at] as number] as number)] as number;
      if (state >= firstHit) onHit(at, (state - firstHit) / width);
    }
  }

  countNewlines(start: number, end: number): number {
    let count = 0;
    for (let at = this.slab.indexOf(10, start); at !== -1 && at < end; at = this.slab.indexOf(10, at + 1)) count++;
    return count;
  }
}
