/**
 * An .xz stream (The .xz File Format 1.2.1): header, blocks, index, footer. Every header has its own CRC-32 and every block a check
 * of its content, which is verified where it is one we know. Filters besides LZMA2: delta is undone; those that rewrite jump addresses
 * of machine code are left as they are, since they change no text, and such a block's check is not asked.
 */

import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { ByteQueue } from './byte-queue.ts';
import { Crc64 } from './crc64.ts';
import { type DecodeState, type Emit, Outlet, type StreamDecoder } from './decoder.ts';
import { Lzma2 } from './lzma2.ts';
import { isXz, parseBlockHeader, readNumber } from './xz-header.ts';

const headerBytes = 12;
const crc32Check = 1;
const crc64Check = 4;
const sha256Check = 10;

/** Bytes of each kind of check (2.1.1.2). */
const checkBytes = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64] as const;

type Part = 'header' | 'block-or-index' | 'chunks' | 'block-end' | 'index' | 'index-end' | 'footer';

/** Decodes one .xz stream. */
export class XzDecoder implements StreamDecoder {
  readonly #outlet: Outlet;
  readonly #mostWindowBytes: number;
  readonly #input: ByteQueue = new ByteQueue();
  state: DecodeState = 'open';
  #part: Part = 'header';
  #check = 0;
  #flags: Buffer = Buffer.alloc(2);
  #lzma2: Lzma2 | undefined;
  #blockStart = 0;
  #sum: Check | undefined;
  #blocks = 0;
  #consumed = 0;
  /** The index: bytes of its CRC, and records still to come. */
  #indexSum = 0;
  #indexStart = 0;
  #records = -1;
  #indexFields = 0;

  constructor(emit: Emit, options: { readonly ratio: number; readonly windowBytes: number }) {
    this.#outlet = new Outlet(emit, options.ratio);
    this.#mostWindowBytes = options.windowBytes;
  }

  push(bytes: Uint8Array): void {
    if (this.state !== 'open') return;
    this.#input.push(bytes);
    this.#outlet.inputBytes += bytes.length;
    while (this.state === 'open' && this.#step());
  }

  settle(): DecodeState {
    return this.state;
  }

  finish(): DecodeState {
    if (this.state === 'open' && this.#part === 'chunks') this.#lzma2?.salvage(this.#input);
    return this.state;
  }

  rest(): Uint8Array {
    return this.#input.bytes.subarray(this.#input.start, this.#input.end);
  }

  close(): void {
    this.#lzma2 = undefined;
  }

  /** Offset in the stream of what is read next. */
  get #offset(): number {
    return this.#consumed;
  }

  #take(length: number): Buffer | undefined {
    if (this.#input.length < length) return undefined;
    this.#consumed += length;
    return this.#input.take(length);
  }

  /** One step; false where more bytes are needed or nothing is left to do. */
  #step(): boolean {
    switch (this.#part) {
      case 'header':
        return this.#header();
      case 'block-or-index':
        return this.#blockHeader();
      case 'chunks':
        return this.#chunk();
      case 'block-end':
        return this.#blockEnd();
      case 'index':
        return this.#index();
      case 'index-end':
        return this.#indexEnd();
      case 'footer':
        return this.#footer();
    }
  }

  #fail(): boolean {
    this.state = 'corrupt';
    return false;
  }

  #header(): boolean {
    const header = this.#take(headerBytes);
    if (header === undefined) return false;
    this.#flags = Buffer.from(header.subarray(6, 8));
    this.#check = header[7]! & 0x0f;
    if (!isXz(header) || header[6] !== 0 || header[7]! > 0x0f) return this.#fail();
    if (crc32(header.subarray(6, 8)) !== header.readUInt32LE(8)) return this.#fail();
    this.#part = 'block-or-index';
    return true;
  }

  #blockHeader(): boolean {
    const { length, bytes, start } = this.#input;
    if (length === 0) return false;
    if (bytes[start] === 0) {
      this.#part = 'index';
      this.#indexStart = this.#offset;
      this.#take(1);
      this.#indexSum = crc32(Buffer.alloc(1));
      return true;
    }
    const whole = (bytes[start]! + 1) * 4;
    const from = this.#offset;
    const header = this.#take(whole);
    if (header === undefined) return false;
    if (crc32(header.subarray(0, whole - 4)) !== header.readUInt32LE(whole - 4)) return this.#fail();
    const parsed = parseBlockHeader(header.subarray(0, whole - 4));
    if (parsed === undefined) return this.#fail();
    this.#blocks++;
    this.#blockStart = from;
    this.#sum = parsed.isExact ? new Check(this.#check) : undefined;
    const give = (content: Uint8Array): boolean => this.#give(content);
    this.#lzma2 = new Lzma2(
      parsed.dictionaryBytes,
      this.#mostWindowBytes,
      parsed.deltas.reduceRight<(content: Uint8Array) => boolean>((next, distance) => undelta(distance, next), give),
    );
    this.#part = 'chunks';
    return true;
  }

  #give(content: Uint8Array): boolean {
    this.#sum?.update(content);
    const state = this.#outlet.give(content);
    this.state = state;
    return state === 'open';
  }

  #chunk(): boolean {
    const before = this.#input.start;
    const result = this.#lzma2!.chunk(this.#input);
    this.#consumed += this.#input.start - before;
    switch (result) {
      case 'done':
        return true;
      case 'more':
      case 'stopped':
        return false;
      case 'ended':
        this.#part = 'block-end';
        return true;
      default:
        this.state = result;
        return false;
    }
  }

  #blockEnd(): boolean {
    const padding = -(this.#offset - this.#blockStart) & 3;
    const end = this.#take(padding + checkBytes[this.#check]!);
    if (end === undefined) return false;
    this.#lzma2 = undefined;
    const expected = this.#sum?.digest();
    if (expected !== undefined && !expected.equals(end.subarray(padding))) return this.#fail();
    this.#part = 'block-or-index';
    return true;
  }

  /** Numbers of the index, one a step: how many records, then two a record (4). */
  #index(): boolean {
    const number = readNumber(this.#input.bytes, this.#input.start, this.#input.end);
    if (number === 'more') return false;
    if (number === 'none') return this.#fail();
    this.#indexSum = crc32(this.#take(number.length)!, this.#indexSum);
    if (this.#records < 0) {
      this.#records = number.value;
      if (this.#records !== this.#blocks) return this.#fail();
    } else {
      this.#indexFields++;
    }
    if (this.#indexFields === 2 * this.#records) this.#part = 'index-end';
    return true;
  }

  #indexEnd(): boolean {
    const padding = -(this.#offset - this.#indexStart) & 3;
    const end = this.#take(padding + 4);
    if (end === undefined) return false;
    if (crc32(end.subarray(0, padding), this.#indexSum) !== end.readUInt32LE(padding)) return this.#fail();
    this.#part = 'footer';
    return true;
  }

  #footer(): boolean {
    const footer = this.#take(headerBytes);
    if (footer === undefined) return false;
    const isFooter = footer.toString('latin1', 10) === 'YZ' && footer.subarray(8, 10).equals(this.#flags);
    if (!isFooter || crc32(footer.subarray(4, 10)) !== footer.readUInt32LE(0)) return this.#fail();
    this.state = 'ended';
    return false;
  }
}

/** The sum that ends a block. */
class Check {
  readonly #type: number;
  readonly #crc64: Crc64 | undefined;
  readonly #sha256: Hash | undefined;
  #crc32 = 0;

  constructor(type: number) {
    this.#type = type;
    if (type === crc64Check) this.#crc64 = new Crc64();
    if (type === sha256Check) this.#sha256 = createHash('sha256');
  }

  update(bytes: Uint8Array): void {
    if (this.#type === crc32Check) this.#crc32 = crc32(bytes, this.#crc32);
    this.#crc64?.update(bytes);
    this.#sha256?.update(bytes);
  }

  /** Undefined where there is no check, or one we do not know. */
  digest(): Buffer | undefined {
    if (this.#type !== crc32Check) return this.#crc64?.digest() ?? this.#sha256?.digest();
    const sum = Buffer.alloc(4);
    sum.writeUInt32LE(this.#crc32);
    return sum;
  }
}

/** Undoes the delta filter (5.3.3): each byte is the difference to the one `distance` before it. */
function undelta(distance: number, next: (bytes: Uint8Array) => boolean): (bytes: Uint8Array) => boolean {
  const history = new Uint8Array(256);
  let position = 0;
  return (bytes) => {
    const plain = Uint8Array.from(bytes);
    for (let at = 0; at < plain.length; at++) {
      const value = (plain[at]! + history[(distance + position) & 0xff]!) & 0xff;
      plain[at] = value;
      history[position & 0xff] = value;
      position--;
    }
    return next(plain);
  };
}
