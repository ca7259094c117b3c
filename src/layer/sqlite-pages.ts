/**
 * A database's pages by number, from 1: those of a file, or what a write-ahead log has of them. Where a value goes on over
 * pages they are put together here.
 */

import { headerBytes, pageType, readCell } from './sqlite-format.ts';

/** In the database's header, the number of the first page that lists free ones. */
const firstTrunkAt = 32;

/** Pages, and what is read of them: each once, so that pages which name each other end nowhere else. */
export class Pages {
  readonly pageBytes: number;
  /** What a page holds besides what it reserves. */
  readonly usable: number;
  /** Numbers reach up to this one. */
  readonly count: number;
  readonly #get: (page: number) => Buffer | undefined;
  readonly #read = new Set<number>();
  /** Bytes of payload that can still be there: cells may claim to lie in the same place. */
  #left: number;
  #trunks: Set<number> | undefined;

  constructor(
    size: { readonly pageBytes: number; readonly reserved: number; readonly count: number },
    get: (page: number) => Buffer | undefined,
  ) {
    this.pageBytes = size.pageBytes;
    this.usable = size.pageBytes - size.reserved;
    this.count = size.count;
    this.#get = get;
    this.#left = size.pageBytes * size.count;
  }

  /** False where sizes make no sense. */
  get isReadable(): boolean {
    return isPageSize(this.pageBytes) && this.usable >= 480;
  }

  /** A page that is there. */
  page(number: number): Buffer | undefined {
    return number < 1 || number > this.count ? undefined : this.#get(number);
  }

  /** True for a page that was read. */
  isRead(number: number): boolean {
    return this.#read.has(number);
  }

  /** A page that is there and was not read; from now on it is. */
  enter(number: number): Buffer | undefined {
    if (this.#read.has(number)) return undefined;
    const page = this.page(number);
    if (page !== undefined) this.#read.add(number);
    return page;
  }

  /** The payloads of a page's cells, in their order; of an interior page those of an index. */
  *payloads(page: Buffer, number: number): Generator<Buffer> {
    const { type, cells } = cellsOf(page, number);
    if (type === pageType.interiorTable) return;
    for (const at of cells) {
      const payload = this.#payload(page, type === pageType.interiorIndex ? at + 4 : at, type === pageType.leafTable);
      if (payload !== undefined) yield payload;
    }
  }

  /** What a chain of overflow pages holds, `length` bytes at most. */
  chain(first: number, length: number): Buffer[] {
    const parts: Buffer[] = [];
    let left = length;
    for (let next = first; left > 0; ) {
      const page = this.enter(next);
      if (page === undefined) break;
      const taken = Math.min(left, this.usable - 4);
      parts.push(page.subarray(4, 4 + taken));
      left -= taken;
      next = this.nextOf(next, page);
    }
    return parts;
  }

  /**
   * The page a value goes on with. Where an overflow page became a trunk of the list of free pages, its first bytes are
   * the list's: the pages that were freed after it, and the next one of its value was the first of them.
   */
  nextOf(number: number, page: Buffer): number {
    this.#trunks ??= this.#readTrunks();
    return page.readUInt32BE(this.#trunks.has(number) ? 8 : 0);
  }

  #readTrunks(): Set<number> {
    const trunks = new Set<number>();
    for (let number = this.page(1)?.readUInt32BE(firstTrunkAt) ?? 0; !trunks.has(number); ) {
      const page = this.page(number);
      if (page === undefined) break;
      trunks.add(number);
      number = page.readUInt32BE(0);
    }
    return trunks;
  }

  /** A cell's payload with what lies on overflow pages. */
  #payload(page: Buffer, offset: number, isTable: boolean): Buffer | undefined {
    const { size, at, local } = readCell(page, offset, this.usable, isTable);
    if (size > this.#left || at + local > page.length) return undefined;
    this.#left -= size;
    const here = page.subarray(at, at + local);
    if (size === local || at + local + 4 > page.length) return here;
    return Buffer.concat([here, ...this.chain(page.readUInt32BE(at + local), size - local)]);
  }
}

/** True for the sizes that pages have. */
export function isPageSize(bytes: number): boolean {
  return bytes >= 512 && bytes <= 65_536 && (bytes & (bytes - 1)) === 0;
}

/** A page of a tree taken apart. */
export interface CellPage {
  /** `undefined` where it is none. */
  readonly type: number | undefined;
  /** Where its cells begin. */
  readonly cells: readonly number[];
  /** The pages below an interior page, from left to right. */
  readonly children: readonly number[];
  /** Offset of its header, and of the first byte behind its pointers. */
  readonly header: number;
  readonly pointersEnd: number;
}

/** Takes a page of a tree apart. */
export function cellsOf(page: Buffer, number: number): CellPage {
  const header = number === 1 ? headerBytes : 0;
  const type = page[header] as number;
  const isInterior = type === pageType.interiorTable || type === pageType.interiorIndex;
  const none = { type: undefined, cells: [], children: [], header, pointersEnd: header };
  if (!isInterior && type !== pageType.leafTable && type !== pageType.leafIndex) return none;
  const count = page.readUInt16BE(header + 3);
  const pointers = header + (isInterior ? 12 : 8);
  const cells: number[] = [];
  for (let index = 0; index < count && pointers + 2 * index + 2 <= page.length; index++) {
    const at = page.readUInt16BE(pointers + 2 * index);
    if (at + 4 <= page.length) cells.push(at);
  }
  const children = isInterior ? [...cells.map((at) => page.readUInt32BE(at)), page.readUInt32BE(header + 8)] : [];
  return { type, cells, children, header, pointersEnd: Math.min(page.length, pointers + 2 * count) };
}
