/**
 * Gives out the tables of a SQLite database, or of its write-ahead log, as text, a value a line behind its column's name, so that the
 * rules read them like any configuration; then what was deleted and is still there. It is kept whole, since pages lie
 * in any order; of a larger one there are the raw bytes, which are scanned anyway.
 */

import type { MemberSink, PackedReader } from './packed.ts';
import type { NamedRow } from './sqlite-deleted.ts';
import { pagesOf, SqliteFile, type Table } from './sqlite-file.ts';
import type { Pages } from './sqlite-pages.ts';
import { isWal, SqliteWal } from './sqlite-wal.ts';

const mostBytes = 32 * 1024 * 1024;

/** Values shorter than this hold nothing. */
const leastValueBytes = 4;

/** Reads one database or log. */
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
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    if (!isWal(bytes)) {
      this.#giveAll(() => pagesOf(bytes), 'deleted rows');
      return;
    }
    const wal = new SqliteWal(bytes);
    const isWanted = this.#giveAll(() => wal.pages(), 'rows');
    if (isWanted) this.#giveLoose('earlier rows', wal.superseded(), () => wal.pages());
  }

  #giveAll(open: () => Pages, loose: string): boolean {
    const pages = open();
    if (!pages.isReadable) return true;
    const file = new SqliteFile(pages);
    for (const table of [...file.tables()]) {
      if (!this.#sink.begin(table.name === '' ? '?' : table.name)) return false;
      const isWanted = this.#giveRows(namedRows(file, table));
      this.#sink.end();
      if (!isWanted) return false;
    }
    return this.#giveLoose(loose, file.deleted(), open);
  }

  /** Rows without those values that stand in a table too: a tree that is cut in two leaves copies behind. */
  #giveLoose(name: string, rows: Iterable<NamedRow>, open: () => Pages): boolean {
    const loose = [...rows];
    const news = new Set<string>();
    const lengths = new Set<number>();
    for (const { row } of loose) {
      for (const value of row.filter(isWorthwhile)) {
        news.add(value.toString('latin1'));
        lengths.add(value.length);
      }
    }
    if (news.size > 0) {
      const file = new SqliteFile(open());
      for (const table of [...file.tables()]) {
        for (const row of file.rows(table)) {
          for (const value of row) {
            if (value !== undefined && lengths.has(value.length)) news.delete(value.toString('latin1'));
          }
        }
      }
    }
    // Each is told once.
    const left = loose
      .map(({ columns, row }) => ({
        columns,
        row: row.map((value) => (value !== undefined && news.delete(value.toString('latin1')) ? value : undefined)),
      }))
      .filter(({ row }) => row.some(isWorthwhile));
    if (left.length === 0) return true;
    if (!this.#sink.begin(name)) return false;
    const isWanted = this.#giveRows(left);
    this.#sink.end();
    return isWanted;
  }

  /** @returns whether more is wanted */
  #giveRows(rows: Iterable<NamedRow>): boolean {
    for (const { columns, row } of rows) {
      for (const [index, value] of row.entries()) {
        if (!isWorthwhile(value)) continue;
        const column = columns[index];
        const label = Buffer.from(column === undefined ? '' : `${column}: `);
        if (!this.#sink.data(Buffer.concat([label, value, newline]))) return false;
      }
    }
    return true;
  }
}

const newline = Buffer.from('\n');

function* namedRows(file: SqliteFile, table: Table): Generator<NamedRow> {
  for (const row of file.rows(table)) yield { columns: table.columns, row };
}

function isWorthwhile(value: Buffer | undefined): value is Buffer {
  return value !== undefined && value.length >= leastValueBytes;
}
