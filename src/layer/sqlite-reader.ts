/**
 * Gives out the tables of a SQLite database as text, a value a line behind its column's name, so that the rules read them like any
 * configuration. It is kept whole, since pages lie in any order; of a larger one there are the raw bytes, which
 * are scanned anyway.
 */

import type { MemberSink, PackedReader } from './packed.ts';
import { SqliteFile, type Table } from './sqlite-file.ts';

const mostBytes = 32 * 1024 * 1024;

/** Values shorter than this hold nothing. */
const leastValueBytes = 4;

/** Reads one database. */
export class SqliteReader implements PackedReader {
  readonly #sink: MemberSink;
  #parts: Buffer[] = [];
  #size = 0;

  constructor(sink: MemberSink) {
    this.#sink = sink;
  }

  write(bytes: Uint8Array): void {
    this.#size += bytes.length;
    if (this.#size > mostBytes) this.#parts = [];
    else this.#parts.push(Buffer.from(bytes));
  }

  end(): void {
    if (this.#size > mostBytes) {
      this.#sink.notOpened(`databases are read up to ${mostBytes} bytes; the raw bytes were scanned`);
      return;
    }
    const file = new SqliteFile(Buffer.concat(this.#parts));
    this.#parts = [];
    if (!file.isReadable) return;
    for (const table of [...file.tables()]) if (!this.#give(file, table)) return;
  }

  #give(file: SqliteFile, table: Table): boolean {
    if (!this.#sink.begin(table.name === '' ? '?' : table.name)) return false;
    let isWanted = true;
    for (const row of file.rows(table)) {
      for (const [index, value] of row.entries()) {
        if (value === undefined || value.length < leastValueBytes) continue;
        const name = Buffer.from(`${table.columns[index] ?? ''}: `);
        isWanted &&= this.#sink.data(Buffer.concat([name, value, newline]));
      }
      if (!isWanted) break;
    }
    this.#sink.end();
    return isWanted;
  }
}

const newline = Buffer.from('\n');
