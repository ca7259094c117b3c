/**
 * Takes a tar apart into headers and contents, by rules that tar readers lose their place at: old GNU sparse
 * headers, links and directories with a size, PAX sizes, long names, global PAX headers (which Docker ignores), two ways to
 * write a number. What is no entry at all (garbage, bytes after the end) comes out as loose content, so that it is scanned too.
 * Where readers differ, Go's archive/tar decides, since that is what unpacks layers. Long, since it is one state machine.
 */

import type { ErrorCode } from '../errors.ts';
import { type PaxRecords, parsePax, toText } from './pax.ts';
import { blockBytes, endsInSlash, hasMagic, kindOfBlock, sizeOf, typeOf } from './tar-header.ts';

/** An entry's header: its block as it stands, and what is otherwise than it says. */
export interface TarBlockHeader {
  readonly kind: 'header';
  readonly block: Uint8Array;
  /** The type flag that a reader of today would write. */
  readonly type: string;
  /** Bytes of content that follow. */
  readonly sizeBytes: number;
  /** With `path` and `linkpath` where they are long; undefined where there are none. */
  readonly pax: PaxRecords | undefined;
}

/** What comes next, in the order of the tar. */
export type TarOperation =
  | TarBlockHeader
  /** Content that belongs to no entry begins; `path` is undefined where it follows the last entry. */
  | { readonly kind: 'loose'; readonly path: string | undefined }
  /** Content of what began last. */
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  /** Whatever began ends, with content or without. */
  | { readonly kind: 'end' }
  | {
      readonly kind: 'trouble';
      readonly code: ErrorCode;
      readonly message: string;
      readonly effect: 'incomplete' | 'notice';
    };

type State = 'block' | 'sparse' | 'body' | 'skip' | 'payload' | 'loose-payload' | 'garbage';

/** Types without content whatever their size field says. */
const headerOnly = '123456';

/** Splits a tar's bytes into operations, chunk by chunk. */
export class TarBlocks {
  readonly #mostMetadataBytes: number;
  #operations: TarOperation[] = [];
  #state: State = 'block';
  readonly #partial: Buffer = Buffer.alloc(blockBytes);
  #partialBytes = 0;
  /** Bytes of payload or body still to come, and of padding after them. */
  #left = 0;
  #padding = 0;
  #body: { type: string; bytes: Buffer; at: number } | undefined;
  #pax: PaxRecords = new Map();
  #longName: string | undefined;
  #longLink: string | undefined;
  /** The size of a header-only entry, until the next block says whether content follows. */
  #owed = 0;
  #zeroBlocks = 0;
  #saidAfterEnd = false;
  #offset = 0;

  constructor(mostMetadataBytes: number) {
    this.#mostMetadataBytes = mostMetadataBytes;
  }

  /** What the next chunk brings; the operations' bytes are views of it. */
  push(chunk: Uint8Array): readonly TarOperation[] {
    this.#operations = [];
    let at = 0;
    while (at < chunk.length) at += this.#step(chunk, at);
    return this.#operations;
  }

  /** What is left at the end; `truncated` where an entry was cut. */
  end(): { readonly operations: readonly TarOperation[]; readonly truncated: boolean } {
    this.#operations = [];
    const rest = this.#partial.subarray(0, this.#partialBytes);
    const cutBlock = rest.some((byte) => byte !== 0);
    const inside =
      this.#left > 0 ||
      this.#state === 'sparse' ||
      this.#body !== undefined ||
      this.#longName !== undefined ||
      this.#pax.size > 0;
    if (this.#state === 'payload' || this.#state === 'sparse') this.#operations.push(end);
    if (this.#state === 'loose-payload' || this.#state === 'garbage') {
      if (cutBlock) this.#data(rest);
      this.#operations.push(end);
    } else if (this.#body !== undefined && this.#body.at > 0) {
      this.#looseWhole(`#unfinished-header@${this.#offset}`, this.#body.bytes.subarray(0, this.#body.at));
    } else if (cutBlock) {
      this.#sayAfterEnd();
      this.#looseWhole(this.#looseName(), Buffer.from(rest));
    }
    const truncated = inside || (cutBlock && this.#state !== 'garbage' && this.#zeroBlocks === 0);
    return { operations: this.#operations, truncated };
  }

  #step(chunk: Uint8Array, at: number): number {
    switch (this.#state) {
      case 'payload':
      case 'loose-payload':
        return this.#payload(chunk, at);
      case 'body':
        return this.#gatherBody(chunk, at);
      case 'skip':
        return this.#skip(chunk, at);
      default:
        return this.#block(chunk, at);
    }
  }

  #payload(chunk: Uint8Array, at: number): number {
    const length = Math.min(this.#left, chunk.length - at);
    this.#data(chunk.subarray(at, at + length));
    this.#left -= length;
    this.#offset += length;
    if (this.#left === 0) this.#finishContent();
    return length;
  }

  #finishContent(): void {
    this.#operations.push(end);
    this.#state = 'skip';
  }

  #skip(chunk: Uint8Array, at: number): number {
    const length = Math.min(this.#padding, chunk.length - at);
    this.#padding -= length;
    this.#offset += length;
    if (this.#padding === 0) this.#state = 'block';
    return length;
  }

  #gatherBody(chunk: Uint8Array, at: number): number {
    const body = this.#body!;
    const length = Math.min(this.#left, chunk.length - at);
    body.bytes.set(chunk.subarray(at, at + length), body.at);
    body.at += length;
    this.#left -= length;
    this.#offset += length;
    if (this.#left === 0) {
      this.#body = undefined;
      this.#state = 'skip';
      this.#finishBody(body.type, body.bytes);
    }
    return length;
  }

  #block(chunk: Uint8Array, at: number): number {
    let block: Uint8Array;
    let taken: number;
    if (this.#partialBytes === 0 && chunk.length - at >= blockBytes) {
      block = chunk.subarray(at, at + blockBytes);
      taken = blockBytes;
    } else {
      taken = Math.min(blockBytes - this.#partialBytes, chunk.length - at);
      this.#partial.set(chunk.subarray(at, at + taken), this.#partialBytes);
      this.#partialBytes += taken;
      if (this.#partialBytes < blockBytes) return taken;
      this.#partialBytes = 0;
      block = Buffer.from(this.#partial);
    }
    this.#offset += blockBytes;
    if (this.#state === 'sparse') {
      // GNU "extended sparse header": byte 504 says whether one more follows.
      if (block[504] === 0) this.#startPayload();
    } else {
      this.#headerBlock(block);
    }
    return taken;
  }

  #headerBlock(block: Uint8Array): void {
    const kind = kindOfBlock(block);
    if (this.#state === 'garbage') {
      if (kind !== 'header' || !hasMagic(block)) {
        this.#data(block);
        return;
      }
      this.#operations.push(end);
      this.#state = 'block';
    }
    if (kind === 'zero') {
      this.#owed = 0;
      this.#zeroBlocks++;
      return;
    }
    const size = kind === 'header' ? sizeOf(block) : undefined;
    if (size !== undefined) {
      this.#owed = 0;
      this.#sayAfterEnd();
      this.#header(block, size);
    } else if (this.#owed > 0) {
      this.#owedPayload(block);
    } else {
      this.#garbage(block);
    }
  }

  /** A link or directory with a size, and what follows is no header: then it is content, as POSIX lets links have. */
  #owedPayload(block: Uint8Array): void {
    const size = this.#owed;
    this.#owed = 0;
    this.#operations.push({ kind: 'loose', path: undefined });
    this.#data(block.subarray(0, Math.min(size, blockBytes)));
    this.#left = Math.max(0, size - blockBytes);
    this.#padding = size > blockBytes ? paddingOf(size) : 0;
    this.#state = 'loose-payload';
    if (this.#left === 0) {
      this.#operations.push(end);
      this.#state = 'block';
    }
  }

  #garbage(block: Uint8Array): void {
    const path = this.#looseName();
    if (this.#zeroBlocks >= 2) this.#sayAfterEnd();
    else {
      const first = this.#offset === blockBytes;
      const message = first
        ? 'the content is no tar; its bytes were scanned as one file'
        : 'a tar header is damaged; what follows was scanned as one file up to the next valid header';
      this.#trouble('LAYER_CORRUPT', message, 'incomplete');
    }
    this.#forgetPending();
    this.#operations.push({ kind: 'loose', path });
    this.#data(block);
    this.#state = 'garbage';
  }

  #looseName(): string {
    const at = Math.max(0, this.#offset - blockBytes);
    return this.#zeroBlocks >= 2 ? `#after-the-end@${at}` : `#not-a-tar@${at}`;
  }

  /** Runtimes stop at two zero blocks: what follows is in every pull and in no container. */
  #sayAfterEnd(): void {
    if (this.#zeroBlocks < 2) this.#zeroBlocks = 0;
    if (this.#zeroBlocks === 0 || this.#saidAfterEnd) return;
    this.#saidAfterEnd = true;
    this.#trouble('TRAILING_DATA', 'data follows the tar’s end mark; it was scanned too', 'notice');
  }

  #header(block: Uint8Array, size: number): void {
    const type = typeOf(block);
    const paxSize = this.#pax.get('size');
    const stored = paxSize === undefined ? size : parseSize(paxSize);
    if ('xgLK'.includes(type)) this.#metadata(type, size);
    else if (stored === undefined) this.#garbage(block);
    else this.#entry(block, type, stored);
  }

  #entry(block: Uint8Array, type: string, stored: number): void {
    const bare = headerOnly.includes(type);
    // Vendors' types are regular files to those who do not know them (POSIX); without content they are nothing to us.
    const plain = bare || type === '0' || type === '7' ? type : stored > 0 ? '0' : '6';
    const asDirectory = plain === '0' && stored === 0 && this.#longName === undefined && endsInSlash(block);
    const passedType = type === 'S' ? '0' : asDirectory ? '5' : plain;
    const contentBytes = bare ? 0 : stored;
    const pax = this.#takeRecords();
    this.#operations.push({ kind: 'header', block, type: passedType, sizeBytes: contentBytes, pax });
    this.#left = contentBytes;
    this.#padding = paddingOf(contentBytes);
    this.#owed = bare ? stored : 0;
    if (type === 'S' && block[482] !== 0) this.#state = 'sparse';
    else this.#startPayload();
  }

  #startPayload(): void {
    if (this.#left > 0) this.#state = 'payload';
    else this.#finishContent();
  }

  #metadata(type: string, size: number): void {
    this.#padding = paddingOf(size);
    this.#left = size;
    if (size > this.#mostMetadataBytes) {
      this.#forgetPending();
      this.#trouble('LIMIT_EXCEEDED', `a tar header extension of ${size} bytes was scanned as a file`, 'incomplete');
      this.#operations.push({ kind: 'loose', path: `#header@${this.#offset - blockBytes}` });
      this.#state = 'loose-payload';
    } else if (size === 0) {
      this.#state = 'block';
    } else {
      this.#body = { type, bytes: Buffer.allocUnsafe(size), at: 0 };
      this.#state = 'body';
    }
  }

  #finishBody(type: string, body: Buffer): void {
    if (type === 'L') this.#longName = untilNul(body);
    else if (type === 'K') this.#longLink = untilNul(body);
    else if (type === 'g') this.#looseWhole(`#global-header@${this.#offset - body.length}`, body);
    else {
      const records = parsePax(body);
      if (records !== undefined) {
        this.#pax = records;
      } else {
        this.#trouble('LAYER_CORRUPT', 'a PAX header is damaged; it was scanned as a file', 'incomplete');
        this.#looseWhole(`#header@${this.#offset - body.length}`, body);
      }
    }
  }

  /** All records and names that are pending. GNU long names win, as in Go. */
  #takeRecords(): PaxRecords | undefined {
    const records = this.#pax;
    const path = this.#longName ?? records.get('GNU.sparse.name');
    if (path !== undefined) records.set('path', path);
    if (this.#longLink !== undefined) records.set('linkpath', this.#longLink);
    if (records.size === 0) return undefined;
    records.delete('size');
    records.delete('__proto__');
    this.#forgetPending();
    return records.size === 0 ? undefined : records;
  }

  #forgetPending(): void {
    this.#pax = new Map();
    this.#longName = undefined;
    this.#longLink = undefined;
  }

  #data(bytes: Uint8Array): void {
    this.#operations.push({ kind: 'data', bytes });
  }

  #looseWhole(path: string, bytes: Uint8Array): void {
    this.#operations.push({ kind: 'loose', path }, { kind: 'data', bytes }, end);
  }

  #trouble(code: ErrorCode, message: string, effect: 'incomplete' | 'notice'): void {
    this.#operations.push({ kind: 'trouble', code, message, effect });
  }
}

const end: TarOperation = { kind: 'end' };

function paddingOf(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}

function parseSize(text: string): number | undefined {
  const size = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(size) ? size : undefined;
}

function untilNul(body: Uint8Array): string {
  const end = body.indexOf(0);
  return toText(end < 0 ? body : body.subarray(0, end));
}
