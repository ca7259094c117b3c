/**
 * The entries of an image's outer tar as it streams by, through tar-stream: its reading of PAX and GNU
 * headers is the only one, for streams and (fed with the headers alone) for the index of a file. An
 * entry's content is never buffered: it is read to its end, or skipped, before the next entry comes.
 */

import { extract } from 'tar-stream';
import type { ByteStream } from './byte-stream.ts';

/** What an outer tar's header says. */
export interface TarHeader {
  /** As written, cut at 4,096 characters. */
  readonly name: string;
  readonly type: 'file' | 'symlink' | 'hardlink' | 'directory' | 'other';
  /** Of links, as written. */
  readonly linkTarget?: string;
  /** Where the content begins in the tar. */
  readonly start: number;
  readonly sizeBytes: number;
}

/** An entry whose content is at hand now and not later. */
export interface StreamedEntry extends TarHeader {
  /** May be left at any point; what is left is skipped. */
  readonly content: ByteStream;
}

interface Extract extends AsyncIterable<AsyncIterable<Uint8Array> & { header: RawHeader }> {
  readonly destroyed: boolean;
  write(chunk: Uint8Array): boolean;
  end(): void;
  destroy(error?: unknown): void;
  on(event: 'entry', listener: (header: RawHeader) => void): void;
  on(event: 'drain' | 'close', listener: () => void): void;
  off(event: 'drain' | 'close', listener: () => void): void;
}

interface RawHeader {
  readonly name: string;
  readonly type: string | null;
  readonly linkname: string | null;
  readonly size: number;
  readonly byteOffset: number;
}

const maxNameLength = 4096;
const types: Readonly<Record<string, TarHeader['type']>> = {
  file: 'file',
  'contiguous-file': 'file',
  link: 'hardlink',
  symlink: 'symlink',
  directory: 'directory',
};

/** A tar that ends inside an entry (`truncated`), or has something else where a header must be (`damaged`). */
export class TarDamage extends Error {
  readonly ending: 'truncated' | 'damaged';

  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = 'TarDamage';
    // tar-stream tells its errors apart by their words alone.
    this.ending = cause.message === 'Unexpected end of data' ? 'truncated' : 'damaged';
  }
}

/** The stream a tar came by broke; `cause` is what it threw. */
export class StreamBroken extends Error {
  constructor(cause: unknown) {
    super('The stream broke.', { cause });
    this.name = 'StreamBroken';
  }
}

/**
 * The entries of a tar in their order. `onHeader` is called as soon as a header is understood, before any
 * more bytes are asked for. @throws TarDamage, StreamBroken
 */
export async function* tarEntries(
  source: ByteStream,
  onHeader: (header: TarHeader) => void = () => {},
): AsyncGenerator<StreamedEntry> {
  // A high-water mark of one byte: no chunk is asked for before the one before it is used up.
  const options = { allowUnknownFormat: true, highWaterMark: 1 };
  const extractor = extract(options) as unknown as Extract;
  const pipe = new Progress();
  extractor.on('entry', (raw) => {
    const header = toHeader(raw);
    pipe.begin(header);
    onHeader(header);
  });
  const entries = extractor[Symbol.asyncIterator]();
  void pump(source, extractor, pipe);
  const advance = async <T>(iterator: AsyncIterator<T>): Promise<IteratorResult<T>> => {
    try {
      return await iterator.next();
    } catch (error) {
      if (pipe.broken !== undefined) throw pipe.broken;
      throw error instanceof Error ? new TarDamage(error) : error;
    }
  };
  try {
    for (let next = await advance(entries); next.done !== true; next = await advance(entries)) {
      const chunks = next.value[Symbol.asyncIterator]();
      const nextChunk = async (): Promise<IteratorResult<Uint8Array>> => {
        const chunk = await advance(chunks);
        if (chunk.done !== true) pipe.handOut(chunk.value.length);
        return chunk;
      };
      // Without `return`: leaving the loop over an entry's stream would destroy the whole extractor.
      yield { ...toHeader(next.value.header), content: { [Symbol.asyncIterator]: () => ({ next: nextChunk }) } };
      while ((await nextChunk()).done !== true);
    }
    if (pipe.broken !== undefined) throw pipe.broken;
  } finally {
    extractor.destroy();
    pipe.abandon();
  }
}

/** How far the tar was written to the extractor, and how far the current entry's content was handed out. */
class Progress {
  broken: StreamBroken | undefined;
  written = 0;
  #reached = 0;
  #contentEnd = 0;
  readonly #caughtUp = Promise.withResolvers<void>();
  #isOver = false;

  begin(header: TarHeader): void {
    this.#reached = header.start;
    this.#contentEnd = header.start + header.sizeBytes;
  }

  handOut(bytes: number): void {
    this.#reached += bytes;
    if (this.#isOver && this.#reached >= Math.min(this.written, this.#contentEnd)) this.#caughtUp.resolve();
  }

  abandon(): void {
    this.#caughtUp.resolve();
  }

  /** Waits until all content there is was handed out: an extractor that fails drops what it has queued. */
  async finish(): Promise<void> {
    this.#isOver = true;
    this.handOut(0);
    await this.#caughtUp.promise;
  }
}

async function pump(source: ByteStream, extractor: Extract, pipe: Progress): Promise<void> {
  try {
    for await (const chunk of source) {
      if (extractor.destroyed) return;
      pipe.written += chunk.length;
      if (chunk.length > 0 && !extractor.write(chunk)) await drained(extractor);
      if (extractor.destroyed) return;
    }
    await pipe.finish();
    extractor.end();
  } catch (error) {
    await pipe.finish();
    pipe.broken = new StreamBroken(error);
    extractor.destroy(pipe.broken);
  }
}

async function drained(extractor: Extract): Promise<void> {
  if (extractor.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  extractor.on('drain', resolve);
  extractor.on('close', resolve);
  await promise;
  extractor.off('drain', resolve);
  extractor.off('close', resolve);
}

function toHeader(header: RawHeader): TarHeader {
  const type = types[header.type ?? ''] ?? 'other';
  const target = type === 'symlink' || type === 'hardlink' ? clip(header.linkname ?? '') : undefined;
  return {
    name: clip(header.name),
    type,
    start: header.byteOffset,
    // tar-stream, like Go's archive/tar, takes a directory to have no content whatever its size says.
    sizeBytes: type === 'directory' ? 0 : header.size,
    ...(target === undefined ? {} : { linkTarget: target }),
  };
}

function clip(name: string): string {
  return name.length > maxNameLength ? `${name.slice(0, maxNameLength)}…` : name;
}
