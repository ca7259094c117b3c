/**
 * Runs a compiled automaton over a slab of bytes. Two implementations behind one interface: WebAssembly
 * (assembly/automaton.ts; four streams over one block, since a single automaton waits for its own loads) and plain
 * TypeScript where no module is given. Both report every position at which a needle ends, in order.
 */

import { readable } from './bytes.ts';
import { type AutomatonTable, stepsPerLine } from './compile-automaton.ts';
import { PlainRunFinder, type RunFinder } from './decode/run-finder.ts';
import type { Sieve } from './sieve.ts';
import { WasmHost } from './wasm-automaton.ts';

/** Called for each hit: the index of the needle's last byte, and which hit state it is (`CompiledAutomaton.outputs`). */
export type OnHit = (position: number, output: number) => void;

/** A slab of bytes and what can be asked of it. */
export interface Automaton extends RunFinder {
  /** Written by the caller, read by `scan`. */
  readonly slab: Uint8Array;
  /**
   * Reports the needles that end in `start`…`end`; they may begin before `start`. Those before `settled`, around which everything is
   * there, may be left out where the sieve says that nothing comes of them.
   */
  scan(start: number, end: number, settled: number, onHit: OnHit): void;
  /** How many newlines there are in `start`…`end`. */
  countNewlines(start: number, end: number): number;
  /** Gives the slab back; what is open at the same time shares one memory. */
  close(): void;
}

/** What this thread has made of a table: its copy of some megabytes is shared by all automata that are open. */
const hosts = new WeakMap<AutomatonTable, WasmHost>();

/** What is looked for, and what must stand around it. */
export interface Search {
  readonly table: AutomatonTable;
  readonly sieve: Sieve;
}

/** An automaton over a slab of at least so many bytes, in WebAssembly where the module is given. */
export function createAutomaton(search: Search, slabBytes: number, module?: Uint8Array): Automaton {
  const { table, sieve } = search;
  if (module === undefined) return new PlainAutomaton(table, slabBytes);
  const shared = hosts.get(table) ?? new WasmHost(table, sieve, module);
  hosts.set(table, shared);
  const automaton = shared.open(slabBytes) ?? new WasmHost(table, sieve, module).open(slabBytes);
  return automaton ?? new PlainAutomaton(table, slabBytes);
}

class PlainAutomaton extends PlainRunFinder implements Automaton {
  readonly slab: Uint8Array;
  readonly #table: AutomatonTable;

  constructor(table: AutomatonTable, slabBytes: number) {
    const slab = readable(new Uint8Array(slabBytes));
    super(slab);
    this.slab = slab;
    this.#table = table;
  }

  scan(start: number, end: number, _settled: number, onHit: OnHit): void {
    const { slab } = this;
    const { rows, columns, firstHit, longestNeedle } = this.#table;
    let state = 0;
    for (let at = Math.max(0, start - longestNeedle + 1); at < start; at++) {
      state = rows[(columns[slab[at] as number] as number) + state * stepsPerLine] as number;
    }
    for (let at = start; at < end; at++) {
      state = rows[(columns[slab[at] as number] as number) + state * stepsPerLine] as number;
      if (state >= firstHit) onHit(at, state - firstHit);
    }
  }

  close(): void {}

  countNewlines(start: number, end: number): number {
    let count = 0;
    for (let at = this.slab.indexOf(10, start); at !== -1 && at < end; at = this.slab.indexOf(10, at + 1)) count++;
    return count;
  }
}
