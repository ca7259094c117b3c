/**
 * Sets of bytes as the sieve's programs name them: eight share a table of 256 bytes, a bit each, so that the few hundred there are stay
 * in the nearest cache.
 */

import type { CharSet } from './char-set.ts';

const setsPerTable = 8;

/** Sets by number; those it is made with come first, in their order. */
export class SetTables {
  readonly #numbers = new Map<string, number>();

  constructor(first: readonly CharSet[]) {
    for (const set of first) this.#numberOf(set);
  }

  /** The first two words of an operation: what it does with which set, and two numbers below 65,536. */
  operation(kind: number, set: CharSet, low: number, high: number): readonly number[] {
    return [(kind | this.word(set)) >>> 0, (low | (high << 16)) >>> 0];
  }

  /** A set in a word: its bit in the second byte, its table in the upper half. */
  word(set: CharSet): number {
    const number = this.#numberOf(set);
    return ((1 << ((number % setsPerTable) + 8)) | (Math.floor(number / setsPerTable) << 16)) >>> 0;
  }

  /** The tables, one after another. */
  tables(): Uint8Array {
    const tables = new Uint8Array(Math.ceil(this.#numbers.size / setsPerTable) * 256);
    for (const [key, number] of this.#numbers) {
      const table = Math.floor(number / setsPerTable) * 256;
      for (const [byte, bit] of Buffer.from(key, 'latin1').entries()) {
        tables[table + byte]! |= bit << (number % setsPerTable);
      }
    }
    return tables;
  }

  #numberOf(set: CharSet): number {
    const key = Buffer.from(set).toString('latin1');
    const number = this.#numbers.get(key) ?? this.#numbers.size;
    this.#numbers.set(key, number);
    return number;
  }
}
