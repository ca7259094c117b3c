/**
 * The WebAssembly implementation of `Automaton`. The host owns the memory and lays it out once: columns (as addresses), counts
 * and hits, rows, slabs, one for each automaton that is open. A block is at most 64 KiB and
 * each byte of it can be a hit at most once, so its hit buffer can't overflow whatever the content.
 */

import type { Automaton, OnHit } from './automaton.ts';
import { readable } from './bytes.ts';
import type { AutomatonTable } from './compile-automaton.ts';
import { sextets, wideSet } from './decode/byte-class.ts';
import type { RunHint } from './decode/run-finder.ts';
import { leastBase64 } from './decode/sample.ts';
import type { Sieve } from './sieve.ts';

const blockBytes = 64 * 1024;
const lanes = 4;
/** Of a lane's hits: two words for each byte of its quarter of a block. */
const hitBytes = (blockBytes / lanes) * 8;
const columnsAt = 1024;
/** Of a block: how many hits there are in each lane, and the hits. */
const countBytes = lanes * 4;
const blockHitBytes = countBytes + lanes * hitBytes;
/** Blocks scanned before their hits are told: what a hit makes run pushes the table out of the caches. */
const mostBlocks = 4;
const hitsAt = columnsAt + 1024;
const rowsAt = align(hitsAt + mostBlocks * blockHitBytes);

/** What is used of the WebAssembly interface; its types are part of no library this project compiles with. */
declare const WebAssembly: {
  readonly Memory: new (pages: {
    readonly initial: number;
    readonly maximum: number;
  }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

interface Exports {
  scan(
    firstHit: number,
    columns: number,
    slab: number,
    start: number,
    length: number,
    overlap: number,
    hits: number,
    hitBytes: number,
  ): void;
  sift(
    firstHit: number,
    programs: number,
    sets: number,
    slab: number,
    settled: number,
    top: number,
    hits: number,
    hitBytes: number,
  ): void;
  countNewlines(from: number, to: number): number;
  findRun(low: number, high: number, least: number): number;
}

/** Tables of bytes that runs are made of, and where `findRun` says what it found. */
const [sextetsAt, wideAt, foundAt] = [0, 256, 512];

/** Room for slabs of automata that are open at the same time: memory that is not touched costs nothing. */
const slabRoomBytes = 16 * 1024 * 1024;

/** One WebAssembly instance and one copy of the table for all automata of a thread. */
export class WasmHost {
  readonly table: AutomatonTable;
  readonly exports: Exports;
  readonly words: Uint32Array;
  /** Where the programs of the sieve lie, and their sets. */
  readonly programsAt: number;
  readonly setsAt: number;
  readonly #memory: { readonly buffer: ArrayBuffer };
  readonly #end: number;
  #next: number;
  readonly #free: { readonly at: number; readonly bytes: number }[] = [];

  constructor(table: AutomatonTable, sieve: Sieve, module: Uint8Array) {
    this.table = table;
    this.programsAt = align(rowsAt + table.rows.byteLength);
    this.setsAt = align(this.programsAt + sieve.programs.byteLength);
    this.#next = align(this.setsAt + sieve.sets.byteLength);
    const pages = Math.ceil((this.#next + slabRoomBytes) / 65_536);
    this.#end = pages * 65_536;
    this.#memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    new Uint32Array(this.#memory.buffer, columnsAt, 256).set(table.columns.map((column) => rowsAt + 2 * column));
    new Uint16Array(this.#memory.buffer, rowsAt, table.rows.length).set(table.rows);
    new Uint32Array(this.#memory.buffer, this.programsAt, sieve.programs.length).set(sieve.programs);
    new Uint8Array(this.#memory.buffer, this.setsAt, sieve.sets.length).set(sieve.sets);
    new Uint8Array(this.#memory.buffer, sextetsAt, 256).set(sextets);
    new Uint8Array(this.#memory.buffer, wideAt, 256).set(wideSet);
    this.words = new Uint32Array(this.#memory.buffer);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module), { env: { memory: this.#memory } });
    this.exports = instance.exports as Exports;
  }

  /** An automaton with a slab of its own; undefined where there is no room for one. */
  open(slabBytes: number): WasmAutomaton | undefined {
    const bytes = align(slabBytes + blockBytes);
    const index = this.#free.findIndex((slab) => slab.bytes === bytes);
    const slab = index === -1 ? { at: this.#next, bytes } : this.#free.splice(index, 1)[0]!;
    if (index === -1) {
      if (this.#next + bytes > this.#end) return undefined;
      this.#next += bytes;
    }
    const view = new Uint8Array(this.#memory.buffer, slab.at, slabBytes);
    return new WasmAutomaton(this, slab.at, view, () => this.#free.push(slab));
  }
}

/** An automaton over a slab of a host's memory. */
export class WasmAutomaton implements Automaton {
  readonly slab: Uint8Array;
  at = 0;
  zero = 0;
  readonly #host: WasmHost;
  readonly #table: AutomatonTable;
  readonly #exports: Exports;
  readonly #words: Uint32Array;
  readonly #slabAt: number;
  #giveBack: (() => void) | undefined;

  constructor(host: WasmHost, slabAt: number, slab: Uint8Array, giveBack: () => void) {
    this.#host = host;
    this.#table = host.table;
    this.#exports = host.exports;
    this.#words = host.words;
    this.#slabAt = slabAt;
    this.slab = readable(slab);
    this.#giveBack = giveBack;
  }

  close(): void {
    this.#giveBack?.();
    this.#giveBack = undefined;
  }

  scan(start: number, end: number, settled: number, onHit: OnHit): void {
    for (let at = start; at < end; at += mostBlocks * blockBytes) {
      const last = Math.min(end, at + mostBlocks * blockBytes);
      for (let block = 0, from = at; from < last; block++, from += blockBytes) {
        const hits = hitsAt + block * blockHitBytes;
        this.#scanBlock(from, Math.min(last, from + blockBytes), hits);
        this.#sift(Math.min(settled, end), end, hits);
      }
      for (let block = 0, from = at; from < last; block++, from += blockBytes) {
        this.#tellHits(Math.min(last, from + blockBytes), hitsAt + block * blockHitBytes, onHit);
      }
    }
  }

  countNewlines(start: number, end: number): number {
    return start < end ? this.#exports.countNewlines(this.#slabAt + start, this.#slabAt + end) : 0;
  }

  findRun(low: number, high: number): RunHint {
    const hint = this.#exports.findRun(this.#slabAt + low, this.#slabAt + high, leastBase64);
    this.at = (this.#words[foundAt >>> 2] as number) - this.#slabAt;
    this.zero = (this.#words[(foundAt >>> 2) + 1] as number) - this.#slabAt;
    return hint as RunHint;
  }

  /** The last block is scanned beyond its end, up to 15 bytes of what an earlier filling left; those hits are dropped. */
  #scanBlock(start: number, end: number, hits: number): void {
    const { firstHit, longestNeedle } = this.#table;
    const length = (end - start + 15) & ~15;
    this.#exports.scan(
      firstHit,
      columnsAt,
      this.#slabAt,
      start,
      length,
      longestNeedle - 1,
      hits + countBytes,
      hitBytes,
    );
  }

  #sift(settled: number, end: number, hits: number): void {
    const { programsAt, setsAt } = this.#host;
    const { firstHit } = this.#table;
    this.#exports.sift(firstHit, programsAt, setsAt, this.#slabAt, settled, end, hits + countBytes, hitBytes);
  }

  #tellHits(end: number, hits: number, onHit: OnHit): void {
    const words = this.#words;
    const { firstHit } = this.#table;
    for (let lane = 0; lane < lanes; lane++) {
      let at = (hits + countBytes + lane * hitBytes) >>> 2;
      for (let left = words[(hits >>> 2) + lane] as number; left > 0; left--, at += 2) {
        const position = words[at] as number;
        if (position < end) onHit(position, (words[at + 1] as number) - firstHit);
      }
    }
  }
}

function align(address: number): number {
  return (address + 63) & ~63;
}
