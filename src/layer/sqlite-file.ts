/**
 * A SQLite database (https://sqlite.org/fileformat2.html) that is at hand whole: its tables and the values in their rows. In the raw bytes
 * a long value is cut over pages, and a row's values stand one behind the other with nothing between. Each page is read
 * once, so that pages which name each other end nowhere else.
 */

/** What a row holds, in the order of its columns; numbers are left out. */
export type Row = readonly (Buffer | undefined)[];

/** A table as the schema says it. */
export interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly root: number;
}

/** The database's header, in front of its first page's. */
const headerBytes = 100;

const [interiorIndex, interiorTable, leafIndex, leafTable] = [2, 5, 10, 13];

/** Levels of pages below a root: a database of 2^48 bytes has fewer. */
const mostLevels = 40;

/** Reads a database. */
export class SqliteFile {
  readonly #bytes: Buffer;
  readonly #pageBytes: number;
  readonly #usable: number;
  readonly #seen = new Set<number>();
  /** Bytes of payload that can still be there: cells may claim to lie in the same place. */
  #left: number;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#left = bytes.length;
    const size = bytes.length < headerBytes ? 0 : bytes.readUInt16BE(16);
    this.#pageBytes = size === 1 ? 65_536 : size;
    this.#usable = this.#pageBytes - (bytes[20] ?? 0);
  }

  /** False where the header makes no sense. */
  get isReadable(): boolean {
    const size = this.#pageBytes;
    return size >= 512 && (size & (size - 1)) === 0 && this.#usable >= 480;
  }

  /** The tables of the schema. */
  *tables(): Generator<Table> {
    for (const [type, name, , root, sql] of this.#records(1, 0)) {
      if (type?.text?.toString('latin1') !== 'table' || root?.number === undefined) continue;
      const columns = columnsOf(sql?.text?.toString('utf8', 0, 100_000) ?? '');
      yield { name: name?.text?.toString('utf8', 0, 200) ?? '', columns, root: root.number };
    }
  }

  /** The rows of a table. */
  *rows({ root }: Table): Generator<Row> {
    for (const record of this.#records(root, 0)) yield record.map(({ text }) => text);
  }

  *#records(page: number, level: number): Generator<Value[]> {
    const start = (page - 1) * this.#pageBytes;
    const header = start + (page === 1 ? headerBytes : 0);
    if (level > mostLevels || !this.#enter(page)) return;
    const type = this.#bytes[header];
    const isInterior = type === interiorTable || type === interiorIndex;
    if (!isInterior && type !== leafTable && type !== leafIndex) return;
    const count = this.#bytes.readUInt16BE(header + 3);
    const pointers = header + (isInterior ? 12 : 8);
    for (let index = 0; index < count; index++) {
      const pointer = pointers + 2 * index;
      if (pointer + 2 > start + this.#pageBytes) break;
      let at = start + this.#bytes.readUInt16BE(pointer);
      if (at + 4 > start + this.#pageBytes) continue;
      if (isInterior) {
        yield* this.#records(this.#bytes.readUInt32BE(at), level + 1);
        if (type === interiorTable) continue;
        at += 4;
      }
      const payload = this.#payload(at, start + this.#pageBytes, type === leafTable);
      if (payload !== undefined) yield readRecord(payload);
    }
    if (isInterior) yield* this.#records(this.#bytes.readUInt32BE(header + 8), level + 1);
  }

  /** A cell's payload with what lies on overflow pages. */
  #payload(cell: number, pageEnd: number, isTable: boolean): Buffer | undefined {
    const size = readVarint(this.#bytes, cell);
    const row = isTable ? readVarint(this.#bytes, size.next) : size;
    const most = isTable ? this.#usable - 35 : Math.trunc(((this.#usable - 12) * 64) / 255) - 23;
    const least = Math.trunc(((this.#usable - 12) * 32) / 255) - 23;
    const rest = least + ((size.value - least) % (this.#usable - 4));
    const local = size.value <= most ? size.value : rest <= most ? rest : least;
    if (size.value > this.#left || row.next + local > pageEnd) return undefined;
    this.#left -= size.value;
    const parts = [this.#bytes.subarray(row.next, row.next + local)];
    let left = size.value - local;
    const link = row.next + local;
    let page = left > 0 && link + 4 <= pageEnd ? this.#bytes.readUInt32BE(link) : 0;
    while (left > 0 && this.#enter(page)) {
      const start = (page - 1) * this.#pageBytes;
      const taken = Math.min(left, this.#usable - 4);
      parts.push(this.#bytes.subarray(start + 4, start + 4 + taken));
      left -= taken;
      page = this.#bytes.readUInt32BE(start);
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  /** True for a page that is there and was not read. */
  #enter(page: number): boolean {
    if (page < 1 || page * this.#pageBytes > this.#bytes.length || this.#seen.has(page)) return false;
    this.#seen.add(page);
    return true;
  }
}

/** A value of a record: text or blob, or a small number. */
interface Value {
  readonly text?: Buffer;
  readonly number?: number;
}

const numberBytes = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0];

function readRecord(payload: Buffer): Value[] {
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
function readVarint(bytes: Buffer, at: number): { readonly value: number; readonly next: number } {
  let value = 0;
  for (let index = 0; index < 8; index++) {
    const byte = bytes[at + index] ?? 0;
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, next: at + index + 1 };
  }
  return { value: value * 256 + (bytes[at + 8] ?? 0), next: at + 9 };
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
