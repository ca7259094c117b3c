/**
 * Walks a layer's tar: tar-blocks.ts says what of a chunk is header and what is content, tar-stream reads the headers. It gets
 * them alone, all those of a chunk at a time and as of entries without content: a stream for the content of each entry, told in
 * microtasks, costs more than all else that is done for a small file.
 */

import { isUtf8 } from 'node:buffer';
import { type Extract, extract, type Header } from 'tar-stream';
import type { ErrorCode } from '../errors.ts';
import { type TarBlockHeader, TarBlocks, type TarOperation } from './tar-blocks.ts';
import { toBareHeader } from './tar-header.ts';

/** The kinds of entry a tar tells apart. */
export type TarKind = 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';

/** An entry as its headers tell it; names are not cleaned. */
export interface TarEntry {
  readonly name: string;
  readonly kind: TarKind;
  readonly sizeBytes: number;
  readonly linkName?: string;
  readonly pax?: Readonly<Record<string, string>>;
}

/** Receives what a tar holds, in order. */
export interface TarSink {
  entry(entry: TarEntry): void;
  data(bytes: Uint8Array): void;
  /** Every entry ends, with content or without. */
  end(): void;
  /** Something about the tar itself. */
  trouble(code: ErrorCode, message: string, effect: 'incomplete' | 'notice'): void;
}

// tar-stream's types leave out its own options.
// Latin-1 keeps every byte of a name; `toName` makes UTF-8 of those that are.
const options: object = { allowUnknownFormat: true, filenameEncoding: 'latin1' };

/** A tar being walked; one chunk at a time. */
export class TarWalk {
  readonly #sink: TarSink;
  readonly #blocks: TarBlocks;
  readonly #extract: Extract;
  /** Of the chunk that is walked, as they are read. */
  #headers: Header[] = [];
  #wanted = 0;
  #lastName = '';
  #resolve = (): void => {};
  #reject = (_: Error): void => {};

  constructor(sink: TarSink, mostMetadataBytes: number) {
    this.#sink = sink;
    this.#blocks = new TarBlocks(mostMetadataBytes);
    this.#extract = extract(options);
    this.#extract.on('error', (error: Error) => this.#reject(error));
    this.#extract.on('entry', (header, _, next) => {
      this.#headers.push(header);
      next();
      if (this.#headers.length === this.#wanted) this.#resolve();
    });
  }

  /** Walks over the next bytes; they may be reused afterwards. */
  async write(chunk: Uint8Array): Promise<void> {
    await this.#run(this.#blocks.push(chunk));
  }

  /** Tells what is left; an entry that was cut is ended. @returns true where the tar is cut short */
  async end(): Promise<boolean> {
    const { operations, truncated } = this.#blocks.end();
    await this.#run(operations);
    this.#extract.destroy();
    return truncated;
  }

  async #run(operations: readonly TarOperation[]): Promise<void> {
    const headers = await this.#read(operations.filter((operation) => operation.kind === 'header'));
    let next = 0;
    for (const operation of operations) {
      switch (operation.kind) {
        case 'header':
          this.#entry(operation, headers[next++]!);
          break;
        case 'loose':
          this.#sink.entry({ name: operation.path ?? `${this.#lastName}#data`, kind: 'file', sizeBytes: 0 });
          break;
        case 'data':
          this.#sink.data(operation.bytes);
          break;
        case 'end':
          this.#sink.end();
          break;
        case 'trouble':
          this.#sink.trouble(operation.code, operation.message, operation.effect);
          break;
      }
    }
  }

  async #read(blocks: readonly TarBlockHeader[]): Promise<readonly Header[]> {
    if (blocks.length === 0) return [];
    this.#headers = [];
    this.#wanted = blocks.length;
    await new Promise<void>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      for (const { block, type } of blocks) this.#extract.write(toBareHeader(block, type));
    });
    return this.#headers;
  }

  #entry({ sizeBytes, pax }: TarBlockHeader, header: Header): void {
    const name = pax?.get('path') || toName(header.name);
    const linkName = pax?.get('linkpath') || (header.linkname ? toName(header.linkname) : undefined);
    this.#lastName = name;
    this.#sink.entry({
      name,
      kind: kindOf(header.type),
      sizeBytes,
      ...(linkName === undefined ? {} : { linkName }),
      ...(pax === undefined ? {} : { pax: Object.fromEntries(pax) }),
    });
  }
}

function kindOf(type: Header['type']): TarKind {
  switch (type) {
    case 'file':
    case 'contiguous-file':
      return 'file';
    case 'directory':
      return 'directory';
    case 'symlink':
      return 'symlink';
    case 'link':
      return 'hardlink';
    default:
      return 'other';
  }
}

function toName(latin1: string): string {
  if (!/[\x80-\xff]/.test(latin1)) return latin1;
  const bytes = Buffer.from(latin1, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : latin1;
}
