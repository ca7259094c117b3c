/** What cells, records and pages of SQLite look like (https://sqlite.org/fileformat2.html), for databases and their write-ahead logs. */

/** A value of a record: text or blob, or a small number. */
export interface Value {
  readonly text?: Buffer;
  readonly number?: number;
}

/** What a row holds, in the order of its columns; numbers are left out. */
export type Row = readonly (Buffer | undefined)[];

/** The database's header, in front of its first page's. */
export const headerBytes = 100;

/** Types of pages. */
export const pageType = { interiorIndex: 2, interiorTable: 5, leafIndex: 10, leafTable: 13 } as const;

/** Where a cell's payload lies. */
export interface Cell {
  /** Of all of it. */
  readonly size: number;
  /** Where it begins on its page, and how much of it is there. */
  readonly at: number;
  readonly local: number;
}

/** Reads the cell at an offset; `usable` is what a page holds besides what it reserves. */
export function readCell(bytes: Buffer, offset: number, usable: number, isTable: boolean): Cell {
  const size = readVarint(bytes, offset);
  const row = isTable ? readVarint(bytes, size.next) : size;
  const most = isTable ? usable - 35 : Math.trunc(((usable - 12) * 64) / 255) - 23;
  const least = Math.trunc(((usable - 12) * 32) / 255) - 23;
  const rest = least + ((size.value - least) % (usable - 4));
  const local = size.value <= most ? size.value : rest <= most ? rest : least;
  return { size: size.value, at: row.next, local };
}

const numberBytes = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0];

/** The values of a record. */
export function readRecord(payload: Buffer): Value[] {
  const header = readVarint(payload, 0);
  const values: Value[] = [];
  let body = header.value;
  for (let at = header.next; at < Math.min(header.value, payload.length); ) {
    const type = readVarint(payload, at);
    at = type.next;
    const length = type.value < 12 ? (numberBytes[type.value] ?? 0) : Math.trunc((type.value - 12) / 2);
    const bytes = payload.subarray(body, body + length);
    body += length;
    if (type.value >= 12) values.push({ text: bytes });
    else if (length > 0 && length <= 6 && bytes.length === length) values.push({ number: bytes.readUIntBE(0, length) });
    else values.push(type.value === 9 ? { number: 1 } : {});
  }
  return values;
}

/** A varint of up to nine bytes; of what is larger than any file the value does not matter. */
export function readVarint(bytes: Buffer, at: number): { readonly value: number; readonly next: number } {
  let value = 0;
  for (let index = 0; index < 8; index++) {
    const byte = bytes[at + index] ?? 0;
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, next: at + index + 1 };
  }
  return { value: value * 256 + (bytes[at + 8] ?? 0), next: at + 9 };
}
