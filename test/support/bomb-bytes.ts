/**
 * Bytes that are small and claim, hold or become much: what hostile images are made of, put together by hand from the formats'
 * descriptions. What an ordinary packer can make is not here.
 */

import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { deltaOf, type PackedObject, packOf } from './git-bytes.ts';
import { zipOf } from './tar-bytes.ts';

/** Something packed in itself, so many times. */
export function again(times: number, content: Uint8Array, pack: (content: Uint8Array) => Uint8Array): Buffer {
  let packed = content;
  for (let turn = 0; turn < times; turn++) packed = pack(packed);
  return Buffer.from(packed);
}

/**
 * A gzip file that inflates to itself, by Russ Cox's construction (research.swtch.com/zip): a program of two instructions, `L n` (print
 * the n units that follow) and `R n` (repeat the last n units), each five bytes of deflate; the checksum that is part of what it
 * sums is the solution of 32 linear equations.
 */
export function gzipQuine(): Buffer {
  // Another name is another set of equations: not all have a solution.
  for (let letter = 0x61; letter <= 0x7a; letter++) {
    const sum = fixedPoint((sum) => crc32(quineOf(letter, sum)));
    if (sum !== undefined) return quineOf(letter, sum);
  }
  throw new Error('no name gives a quine');
}

function quineOf(letter: number, sum: number): Buffer {
  const print = (bytes: number): Buffer => {
    const block = Buffer.alloc(5);
    block.writeUInt16LE(bytes, 1);
    block.writeUInt16LE(~bytes & 0xffff, 3);
    return block;
  };
  const head = Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3, letter, 0]);
  const tail = Buffer.concat([Buffer.from([1, 0, 0, 0xff, 0xff]), Buffer.alloc(8)]);
  tail.writeUInt32LE(sum, 5);
  const [L0, L1, L4, Lhead, Ltail] = [0, 5, 20, head.length + 5, tail.length + 5].map(print) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  const [R4, Rhead, Rtail] = [20, head.length + 5, tail.length + 5].map(repeat) as [Buffer, Buffer, Buffer];
  const program = (tail: Buffer): Buffer =>
    Buffer.concat([
      ...[head, Lhead, head, Lhead, Rhead],
      ...[L1, Rhead, L1, L1],
      ...[L4, Rhead, L1, L1, L4, R4],
      ...[L4, R4, L4, R4, L4, R4],
      ...[L4, R4, L0, L0, Ltail, R4],
      ...[L0, L0, Ltail, Rtail, tail, Rtail, tail],
    ]);
  tail.writeUInt32LE(program(tail).length, 9);
  return program(tail);
}

/** Copies the last bytes, 17 to 20 of them: two matches in a block of fixed codes, which together are 40 bits. */
function repeat(bytes: number): Buffer {
  const bits: number[] = [0, 1, 0];
  const code = (value: number, length: number): void => {
    for (let bit = length - 1; bit >= 0; bit--) bits.push((value >> bit) & 1);
  };
  const extra = (value: number, length: number): void => {
    for (let bit = 0; bit < length; bit++) bits.push((value >> bit) & 1);
  };
  const first = Math.min(10, bytes - 3);
  for (const length of [first, bytes - first]) {
    code(length - 2, 7);
    code(bytes < 25 ? 8 : 9, 5);
    extra((bytes - 17) & 7, 3);
  }
  code(0, 7);
  const block = Buffer.alloc(5);
  for (const [at, bit] of bits.entries()) block[at >> 3]! |= bit << (at & 7);
  return block;
}

/** The sum that `sumOf`, which is affine, gives for itself. */
function fixedPoint(sumOf: (sum: number) => number): number | undefined {
  const constant = BigInt(sumOf(0));
  // A row says: which bits of the sum, together, are the bit 32.
  const rows = Array.from({ length: 32 }, (_, bit) => (constant >> BigInt(bit)) & 1n).map((bit) => bit << 32n);
  for (let column = 0; column < 32; column++) {
    const effect = BigInt(sumOf((1 << column) >>> 0)) ^ constant ^ (1n << BigInt(column));
    for (let row = 0; row < 32; row++) rows[row]! |= ((effect >> BigInt(row)) & 1n) << BigInt(column);
  }
  let rank = 0;
  const pivots: number[] = [];
  for (let column = 0; column < 32; column++) {
    const pivot = rows.findIndex((row, at) => at >= rank && (row >> BigInt(column)) & 1n);
    if (pivot < 0) continue;
    [rows[rank], rows[pivot]] = [rows[pivot]!, rows[rank]!];
    for (let row = 0; row < 32; row++)
      if (row !== rank && (rows[row]! >> BigInt(column)) & 1n) rows[row]! ^= rows[rank]!;
    pivots.push(column);
    rank++;
  }
  if (rows.slice(rank).some((row) => row >> 32n)) return undefined;
  return pivots.reduce((sum, column, row) => (sum + Number(rows[row]! >> 32n) * 2 ** column) >>> 0, 0);
}

/** A zip whose members all end in the same compressed kernel, each quoting the header of the next (David Fifield, "A better zip bomb"). */
export function overlappingZip(members: number, kernelBytes: number): Buffer {
  const kernel = deflateRawSync(Buffer.alloc(kernelBytes, 'a'), { level: 9 });
  let data: Buffer = kernel;
  let size = kernelBytes;
  const files: Buffer[] = [];
  for (let index = members - 1; index >= 0; index--) {
    const name = Buffer.from(String(index).padStart(6, '0'));
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(20, 4);
    local.writeUInt16LE(8, 8);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt32LE(size, 22);
    local.writeUInt16LE(name.length, 26);
    const header = Buffer.concat([local, name]);
    files.unshift(header);
    const quote = Buffer.alloc(5);
    quote.writeUInt16LE(header.length, 1);
    quote.writeUInt16LE(~header.length & 0xffff, 3);
    if (index > 0) data = Buffer.concat([quote, header, data]);
    size += header.length;
  }
  const stream = Buffer.concat([files[0]!, data]);
  const directory: Buffer[] = [];
  let offset = 0;
  for (const header of files) {
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    header.copy(entry, 6, 4, 30);
    entry.writeUInt32LE(offset, 42);
    directory.push(entry, header.subarray(30));
    offset += header.length + 5;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members, 8);
  end.writeUInt16LE(members, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(stream.length, 16);
  return Buffer.concat([stream, listed, end]);
}

/** A zip64 member that claims eight exbibytes. */
export function endlessZip64(content: Uint8Array): Buffer {
  const zip = zipOf([{ name: 'a', content, zip64: true }]);
  zip.writeBigUInt64LE(2n ** 63n - 1n, 30 + 1 + 4);
  zip.writeBigUInt64LE(2n ** 63n - 1n, 30 + 1 + 12);
  return zip;
}

/** An .xz stream whose one LZMA2 block asks for the dictionary of four gibibytes and expands to zeros; the rest is missing. */
export function xzOfHugeDictionary(packed: Uint8Array): Buffer {
  const changed = Buffer.from(packed);
  // Stream header 12; block header: size, flags, filter id 0x21, one byte of properties: the dictionary's.
  const at = changed.indexOf(Buffer.from([0x21, 0x01]), 12) + 2;
  changed[at] = 40;
  const headerBytes = (changed[12]! + 1) * 4;
  changed.writeUInt32LE(crc32(changed.subarray(12, 12 + headerBytes - 4)), 12 + headerBytes - 4);
  return changed;
}

/** A zstd frame that asks for a window of so many bits, over a block of one byte repeated. */
export function zstdOfWindow(bits: number, blocks: number): Buffer {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (bits - 10) << 3]);
  const blockBytes = 128 * 1024;
  const block = (isLast: boolean): Buffer => {
    const head = (blockBytes << 3) | (1 << 1) | Number(isLast);
    return Buffer.from([head & 255, (head >> 8) & 255, head >> 16, 0x61]);
  };
  return Buffer.concat([header, ...Array.from({ length: blocks }, (_, index) => block(index === blocks - 1))]);
}

/** A pack whose objects are each made of the one before. */
export function deltaChain(length: number): Buffer {
  const objects: PackedObject[] = [{ type: 'blob', content: 'x'.repeat(64) }];
  for (let index = 1; index < length; index++)
    objects.push({ base: index - 1, delta: deltaOf(64, `${index}`.padEnd(64, '-')) });
  return packOf(objects);
}

/** A pack of one base that small deltas make large, again and again. */
export function deltaStar(copies: number, sizeBytes: number): Buffer {
  const base = 1024;
  const pieces = Array.from({ length: sizeBytes / base }, () => [0, base] as const);
  const objects: PackedObject[] = [{ type: 'blob', content: Buffer.alloc(base, 'b') }];
  for (let index = 0; index < copies; index++) objects.push({ base: 0, delta: deltaOf(base, `${index} `, ...pieces) });
  return packOf(objects);
}

/** A SQLite database whose one table's row overflows into pages that lead in a circle, and whose tree's root is its own child. */
export function cyclicSqlite(kind: 'overflow' | 'tree'): Buffer {
  const pageBytes = 512;
  const pages = Array.from({ length: 4 }, () => Buffer.alloc(pageBytes));
  const [first, second, third, fourth] = pages as [Buffer, Buffer, Buffer, Buffer];
  first.write('SQLite format 3\0', 'latin1');
  first.writeUInt16BE(pageBytes, 16);
  first.set([1, 1, 0, 64, 32, 32], 18);
  first.writeUInt32BE(4, 28);
  first.writeUInt32BE(4, 44);
  first.writeUInt32BE(1, 56);
  const sql = Buffer.from('CREATE TABLE t (token TEXT)');
  const record = Buffer.concat([
    Buffer.from([6, 23, 15, 15, 1, 13 + 2 * sql.length]),
    Buffer.from('tablett'),
    Buffer.from([2]),
    sql,
  ]);
  const cell = Buffer.concat([Buffer.from([record.length, 1]), record]);
  leaf(first, 100, cell);
  if (kind === 'tree') {
    // An interior page whose children are itself.
    second[0] = 5;
    second.writeUInt16BE(1, 3);
    second.writeUInt16BE(500, 5);
    second.writeUInt32BE(2, 8);
    second.writeUInt16BE(500, 12);
    second.writeUInt32BE(2, 500);
    second[504] = 1;
  } else {
    // A text of a gibibyte that begins here and goes on in pages 3, 4, 3 …
    const payload = Buffer.concat([varint(2 ** 30), Buffer.from([1, 6]), varint(13 + 2 * 2 ** 30)]);
    const local = Buffer.concat([payload, Buffer.alloc(40, 'x')]);
    const next = Buffer.alloc(4);
    next.writeUInt32BE(3);
    leaf(second, 0, Buffer.concat([local, next]));
    third.writeUInt32BE(4, 0);
    third.fill('y', 4);
    fourth.writeUInt32BE(3, 0);
    fourth.fill('z', 4);
  }
  return Buffer.concat(pages);

  function leaf(page: Buffer, headerAt: number, content: Buffer): void {
    const at = pageBytes - content.length;
    page[headerAt] = 13;
    page.writeUInt16BE(1, headerAt + 3);
    page.writeUInt16BE(at, headerAt + 5);
    page.writeUInt16BE(at, headerAt + 8);
    content.copy(page, at);
  }
}

function varint(value: number): Buffer {
  const bytes = [value & 127];
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) bytes.unshift((left & 127) | 128);
  return Buffer.from(bytes);
}

/** What is base64 of gzip of so many letters, as Helm writes its releases. */
export function packedText(letters: number): string {
  return gzipSync(Buffer.alloc(letters, '.'), { level: 9 }).toString('base64');
}
