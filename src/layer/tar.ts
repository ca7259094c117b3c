/**
 * Walks a layer's tar: blocks that tar-stream can't lose its place at (tar-blocks.ts) go in, entries and their content
 * come out, in order and within the same turn of the event loop. tar-stream tells entries in microtasks; each write waits until all
 * it holds was told, so that no chunk is kept and what is loose between entries comes at its place.
 */

import { isUtf8 } from 'node:buffer';
import { type Extract, extract, type Header } from 'tar-stream';
import type { ErrorCode } from '../errors.ts';
import { TarBlocks, type TarOperation, type TarProgress } from './tar-blocks.ts';

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

/** An entry's stream, as far as we listen to it. */
interface EntryStream {
  on(event: 'data', listener: (bytes: Uint8Array) => void): unknown;
  on(event: 'end' | 'error', listener: () => void): unknown;
}

// tar-stream's types leave out its own options.
// Latin-1 keeps every byte of a name; `toName` makes UTF-8 of those that are.
const options: object = { allowUnknownFormat: true, filenameEncoding: 'latin1' };

/** A tar being walked; one chunk at a time. */
export class TarWalk {
  readonly #sink: TarSink;
  readonly #blocks: TarBlocks;
  readonly #extract: Extract;
  #entries = 0;
  #payloadBytes = 0;
  #ended = 0;
  #lastName = '';
  #wanted: TarProgress | undefined;
  #resolve = (): void => {};
  #error: unknown;

  constructor(sink: TarSink, mostMetadataBytes: number) {
    this.#sink = sink;
    this.#blocks = new TarBlocks(mostMetadataBytes);
    this.#extract = extract(options);
    this.#extract.on('error', (error: Error) => {
      this.#error = error;
      this.#resolve();
    });
    this.#extract.on('entry', (header, stream, next) => this.#entry(header, stream as EntryStream, next));
  }

  /** Walks over the next bytes; they may be reused afterwards. */
  async write(chunk: Uint8Array): Promise<void> {
    await this.#run(this.#blocks.push(chunk));
  }

  /** Tells what is left; an entry that was cut is ended. @returns true where the tar is cut short */
  async end(): Promise<boolean> {
    const { operations, truncated } = this.#blocks.end();
    if (this.#ended < this.#entries) this.#sink.end();
    await this.#run(operations);
    this.#extract.destroy();
    return truncated;
  }

  async #run(operations: readonly TarOperation[]): Promise<void> {
    let passed: TarProgress | undefined;
    for (const operation of operations) {
      if (operation.kind === 'tar') {
        const { buffer, byteOffset, length } = operation.bytes;
        if (length > 0) this.#extract.write(Buffer.from(buffer, byteOffset, length));
        passed = operation.upTo;
        continue;
      }
      if (passed !== undefined) await this.#digested(passed);
      passed = undefined;
      this.#loose(operation);
    }
    if (passed !== undefined) await this.#digested(passed);
  }

  #loose(operation: Exclude<TarOperation, { kind: 'tar' }>): void {
    switch (operation.kind) {
      case 'loose':
        this.#sink.entry({ name: operation.path ?? `${this.#lastName}#data`, kind: 'file', sizeBytes: 0 });
        break;
      case 'loose-data':
        this.#sink.data(operation.bytes);
        break;
      case 'loose-end':
        this.#sink.end();
        break;
      case 'trouble':
        this.#sink.trouble(operation.code, operation.message, operation.effect);
        break;
    }
  }

  async #digested(upTo: TarProgress): Promise<void> {
    this.#wanted = upTo;
    if (!this.#isDigested()) {
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
      });
    }
    this.#wanted = undefined;
    if (this.#error !== undefined) throw this.#error;
  }

  #isDigested(): boolean {
    const wanted = this.#wanted;
    return (
      this.#error !== undefined ||
      (wanted !== undefined &&
        this.#ended >= wanted.ended &&
        this.#entries >= wanted.entries &&
        this.#payloadBytes >= wanted.payloadBytes)
    );
  }

  #entry(header: Header, stream: EntryStream, next: () => void): void {
    this.#entries++;
    const pax = (header.pax ?? undefined) as Readonly<Record<string, string>> | undefined;
    // PAX text is UTF-8 already and tar-stream has put it in place of the header's.
    const name = pax?.['path'] ? header.name : toName(header.name);
    const linkName = header.linkname ? (pax?.['linkpath'] ? header.linkname : toName(header.linkname)) : undefined;
    this.#lastName = name;
    this.#tell(() =>
      this.#sink.entry({
        name,
        kind: kindOf(header.type),
        sizeBytes: header.size,
        ...(linkName === undefined ? {} : { linkName }),
        ...(pax === undefined ? {} : { pax }),
      }),
    );
    stream.on('data', (bytes) => {
      this.#payloadBytes += bytes.length;
      this.#tell(() => this.#sink.data(bytes));
    });
    // Destroyed with the walk where the tar was cut inside it.
    stream.on('error', () => {});
    stream.on('end', () => {
      this.#ended++;
      this.#tell(() => this.#sink.end());
      next();
    });
  }

  /** What the sink throws ends the walk: in an event it would end the process. */
  #tell(call: () => void): void {
    if (this.#error !== undefined) return;
    try {
      call();
    } catch (error) {
      this.#error = error;
    }
    if (this.#isDigested()) this.#resolve();
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
