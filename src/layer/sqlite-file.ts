/**
 * A SQLite database (https://sqlite.org/fileformat2.html) whose pages are at hand: its tables and the values in their rows. In the raw bytes
 * a long value is cut over pages, and a row's values stand one behind the other with nothing between.
 */

import { deletedRows, type LeafPage, type NamedRow } from './sqlite-deleted.ts';
import { headerBytes, pageType, type Row, readRecord, type Value } from './sqlite-format.ts';
import { cellsOf, Pages } from './sqlite-pages.ts';

/** A table as the schema says it. */
export interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly root: number;
}

/** Levels of pages below a root: a database of 2^48 bytes has fewer. */
const mostLevels = 40;

/** The pages of a database's file. */
export function pagesOf(bytes: Buffer): Pages {
  const size = bytes.length < headerBytes ? 0 : bytes.readUInt16BE(16);
  const pageBytes = size === 1 ? 65_536 : size;
  const count = pageBytes === 0 ? 0 : Math.trunc(bytes.length / pageBytes);
  return new Pages({ pageBytes, reserved: bytes[20] ?? 0, count }, (page) =>
    bytes.subarray((page - 1) * pageBytes, page * pageBytes),
  );
}

/** Reads a database. */
export class SqliteFile {
  readonly #pages: Pages;
  readonly #indexes: number[] = [];
  readonly #leaves: LeafPage[] = [];

  constructor(pages: Pages) {
    this.#pages = pages;
  }

  /** The tables of the schema. */
  *tables(): Generator<Table> {
    for (const [type, name, , root, sql] of this.#records(1, 0)) {
      if (root?.number === undefined) continue;
      if (type?.text?.toString('latin1') === 'index') this.#indexes.push(root.number);
      if (type?.text?.toString('latin1') !== 'table') continue;
      const columns = columnsOf(sql?.text?.toString('utf8', 0, 100_000) ?? '');
      yield { name: name?.text?.toString('utf8', 0, 200) ?? '', columns, root: root.number };
    }
  }

  /** The rows of a table. */
  *rows({ root, columns }: Table): Generator<Row> {
    for (const record of this.#records(root, 0, columns)) yield record.map(({ text }) => text);
  }

  /** What is left of rows that were deleted, once all tables were read: each with the columns it had, where they are known. */
  *deleted(): Generator<NamedRow> {
    // What an index holds is in its table.
    for (const root of this.#indexes) for (const _ of this.#records(root, 0));
    yield* deletedRows(this.#pages, this.#leaves);
  }

  *#records(number: number, level: number, columns?: readonly string[]): Generator<Value[]> {
    const page = level > mostLevels ? undefined : this.#pages.enter(number);
    if (page === undefined) return;
    const { type, children } = cellsOf(page, number);
    if (type === pageType.leafTable && columns !== undefined) this.#leaves.push({ page, number, columns });
    for (const payload of this.#pages.payloads(page, number)) yield readRecord(payload);
    for (const child of children) yield* this.#records(child, level + 1, columns);
  }
}

/** The names of the columns in `CREATE TABLE name (…)`. */
function columnsOf(sql: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const char of sql.slice(sql.indexOf('(') + 1)) {
    depth += char === '(' ? 1 : char === ')' ? -1 : 0;
    if (depth < 0) break;
    if (char === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts
    .map((part) => /^\s*["'`[]?(\w{1,64})/.exec(part)?.[1] ?? '')
    .filter((name) => !/^(?:constraint|primary|unique|check|foreign)$/i.test(name));
}
