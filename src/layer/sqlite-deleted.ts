/**
 * Rows that were deleted and are still there, unless the database was vacuumed. SQLite takes a deleted cell's first four
 * bytes for its list of free blocks and leaves the rest, with the number of its first overflow page; freed pages keep
 * what they held, links to the next one too. https://sqlite.org/fileformat2.html#b_tree_pages
 */

import { pageType, type Row, readCell, readRecord, readVarint } from './sqlite-format.ts';
import { cellsOf, type Pages } from './sqlite-pages.ts';

/** A leaf of a table, and the table's columns. */
export interface LeafPage {
  readonly page: Buffer;
  readonly number: number;
  readonly columns: readonly string[];
}

/** A row, or what is left of one, and its table's columns where they are known. */
export interface NamedRow {
  readonly columns: readonly string[];
  readonly row: Row;
}

const noColumns: readonly string[] = [];

/** Bytes that the list of free blocks takes of a deleted cell. */
const lostBytes = 4;

/** Bytes of headers that are tried: where a row may begin is any byte that is free. */
const mostTried = 2_000_000;

/** The rows left in the leaves given and in pages that were not read: rows of freed leaves first, then blocks that are free, then loose chains. */
export function* deletedRows(pages: Pages, leaves: readonly LeafPage[]): Generator<NamedRow> {
  const all = [...leaves];
  for (const number of unread(pages)) {
    const page = pages.page(number) as Buffer;
    const { type } = cellsOf(page, number);
    if (type !== pageType.leafTable && type !== pageType.leafIndex) continue;
    pages.enter(number);
    if (type === pageType.leafTable) all.push({ page, number, columns: noColumns });
    for (const payload of pages.payloads(page, number)) {
      if (layoutOf(payload, 0) !== undefined) yield { columns: noColumns, row: textsOf(payload) };
    }
  }
  const search = new FreeSearch(pages);
  for (const leaf of all) for (const block of freeBlocks(leaf, pages.usable)) yield* search.rowsIn(block, leaf.columns);
  for (const head of search.heads) {
    const parts = pages.chain(head, pages.pageBytes * pages.count);
    // What lies on one page is in the raw bytes.
    if (parts.length > 1) yield { columns: noColumns, row: [Buffer.concat(parts)] };
  }
}

function* unread(pages: Pages): Generator<number> {
  for (let number = 1; number <= pages.count; number++) {
    if (!pages.isRead(number) && pages.page(number) !== undefined) yield number;
  }
}

/** A stretch of a page where nothing lives. */
interface FreeBlock {
  readonly bytes: Buffer;
  /** Whether its first bytes are the list's. */
  readonly isListed: boolean;
}

/** Where nothing lives on a page: behind its pointers, and on its list of free blocks. */
function* freeBlocks({ page, number }: LeafPage, usable: number): Generator<FreeBlock> {
  const { header, pointersEnd, cells } = cellsOf(page, number);
  const contentStart = cells.reduce((least, at) => Math.min(least, at), usable);
  let from = pointersEnd;
  while (from < contentStart && page[from] === 0) from++;
  if (from < contentStart) yield { bytes: page.subarray(from, contentStart), isListed: false };
  let last = contentStart - 1;
  for (let at = page.readUInt16BE(header + 1); at > last && at + lostBytes <= usable; at = page.readUInt16BE(at)) {
    last = at;
    yield { bytes: page.subarray(at, Math.min(usable, at + page.readUInt16BE(at + 2))), isListed: true };
  }
}

/** Finds rows in what is free. */
class FreeSearch {
  readonly #pages: Pages;
  /** Pages that were not read and that no other such page names: where chains of overflow pages begin. */
  readonly heads: Set<number>;
  #left = mostTried;

  constructor(pages: Pages) {
    this.#pages = pages;
    this.heads = new Set(unread(pages));
    for (const number of [...this.heads]) this.heads.delete(pages.nextOf(number, pages.page(number) as Buffer));
  }

  *rowsIn({ bytes, isListed }: FreeBlock, columns: readonly string[]): Generator<NamedRow> {
    const isAlone = isListed && !(bytes.length >= 8 && this.heads.has(bytes.readUInt32BE(bytes.length - 4)));
    const row = isAlone ? recover(bytes, columns.length, true) : undefined;
    if (row !== undefined) {
      yield { columns, row };
      return;
    }
    let done = 0;
    for (let at = isListed ? lostBytes : 0; at < bytes.length; at++) {
      const end = this.#wholeEnd(bytes, at, columns.length);
      if (end !== undefined) {
        const cell = readCell(bytes, at, this.#pages.usable, true);
        const head = cell.size === cell.local ? undefined : bytes.readUInt32BE(end - 4);
        const here = bytes.subarray(cell.at, cell.at + cell.local);
        yield { columns, row: textsOf(head === undefined ? here : this.#withChain(here, head)) };
        done = end;
        at = end - 1;
      } else if (bytes[at] === 0 && at + 4 <= bytes.length && this.heads.has(bytes.readUInt32BE(at))) {
        const payload = this.#withChain(bytes.subarray(done, at), bytes.readUInt32BE(at));
        const recovered = done === 0 && isListed ? recover(payload, columns.length, false) : undefined;
        yield { columns: recovered === undefined ? noColumns : columns, row: recovered ?? [payload] };
        done = at + 4;
        at = done - 1;
      }
    }
  }

  /** Where a cell ends that begins there and lost nothing. */
  #wholeEnd(bytes: Buffer, at: number, columnCount: number): number | undefined {
    if (bytes[at] === 0 || this.#left <= 0) return undefined;
    this.#left--;
    const cell = readCell(bytes, at, this.#pages.usable, true);
    if (cell.size < 2 || cell.at + cell.local > bytes.length) return undefined;
    const layout = layoutOf(bytes, cell.at);
    this.#left -= layout?.headerBytes ?? 0;
    if (layout?.end !== cell.at + cell.size || (columnCount > 0 && layout.count !== columnCount)) return undefined;
    if (cell.size === cell.local) return cell.at + cell.local;
    const end = cell.at + cell.local + 4;
    return end <= bytes.length && this.heads.has(bytes.readUInt32BE(end - 4)) ? end : undefined;
  }

  #withChain(here: Buffer, head: number): Buffer {
    this.heads.delete(head);
    return Buffer.concat([here, ...this.#pages.chain(head, this.#pages.pageBytes * this.#pages.count)]);
  }
}

/** The texts of a deleted cell: what is left of its header must fit the table's columns, and its values what follows. */
function recover(cell: Buffer, columnCount: number, isExact: boolean): Row | undefined {
  if (columnCount === 0) return undefined;
  // Payload size and row id are a byte or more each; then comes the header, whose length and first type may be gone.
  for (let start = lostBytes; start <= 9; start++) {
    const layout = layoutOf(cell, start);
    const fits = layout !== undefined && (isExact ? layout.end === cell.length : layout.end <= cell.length);
    if (fits && layout.count === columnCount) return textsOf(cell.subarray(start));
  }
  for (const lost of [0, 1]) {
    const lengths: number[] = [];
    let at = lostBytes;
    for (; lengths.length < columnCount - lost && at < cell.length; ) {
      const type = readVarint(cell, at);
      at = type.next;
      lengths.push(lengthOf(type.value));
    }
    const first = cell.length - at - lengths.reduce((sum, length) => sum + length, 0);
    if (lengths.length < columnCount - lost || first < 0) continue;
    // Without its type the first value is what the others leave.
    if (lost === 1) {
      if (!isExact || cell.subarray(at, at + first).includes(0)) continue;
      lengths.unshift(first);
    } else if (isExact && first > 0) continue;
    let value = at;
    return lengths.map((length) => {
      value += length;
      return cell.subarray(value - length, value);
    });
  }
  return undefined;
}

/** A record as its header says it. */
interface Layout {
  readonly headerBytes: number;
  readonly count: number;
  /** Where its values end. */
  readonly end: number;
}

/** Reads the header of a record at `start`; undefined where there is none. */
function layoutOf(bytes: Buffer, start: number): Layout | undefined {
  const header = readVarint(bytes, start);
  const values = start + header.value;
  if (header.value < 2 || header.value > mostHeaderBytes || values > bytes.length) return undefined;
  let end = values;
  let at = header.next;
  let count = 0;
  for (; at < values; count++) {
    const type = readVarint(bytes, at);
    at = type.next;
    end += lengthOf(type.value);
  }
  return at === values ? { headerBytes: header.value, count, end } : undefined;
}

/** Rows of more columns are found in the raw bytes alone. */
const mostHeaderBytes = 400;

function lengthOf(type: number): number {
  return type < 12 ? ([0, 1, 2, 3, 4, 6, 8, 8][type] ?? 0) : Math.trunc((type - 12) / 2);
}

function textsOf(payload: Buffer): Row {
  return readRecord(payload).map(({ text }) => text);
}
