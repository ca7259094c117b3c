/**
 * An image tar that goes by once: standard input, a daemon's export, a compressed file. Layers are given as
 * they come, JSON is kept (bounded), and which is which is told by first bytes alone, since the lists that
 * name them come last. When the stream has ended, the records are resolved from what was kept.
 */

import { buffer } from 'node:stream/consumers';
import { type Diagnostic, incomplete, messageOf, ScanError } from '../errors.ts';
import type { ByteStream } from '../layer/byte-stream.ts';
import { cleanPath } from '../layer/clean-path.ts';
import { decompress } from '../layer/decompress.ts';
import { defaultLimits } from '../layer/limits.ts';
import { StreamBroken, type StreamedEntry, TarDamage, tarEntries } from '../layer/tar-entries.ts';
import type { Platform } from '../oci/descriptor.ts';
import { shortDigest } from '../oci/digest.ts';
import { maxJsonBytes } from '../oci/json.ts';
import { sniff, sniffBytes } from '../oci/magic.ts';
import { parsePlatform } from '../oci/platform.ts';
import type { ImageSelector } from '../oci/reference.ts';
import { ArchiveContent, tooLarge } from './archive-content.ts';
import { type Ending, endingDiagnostic, noImageError } from './archive-ending.ts';
import { digestOfPath, isVersionFile } from './archive-path.ts';
import { peek } from './peek.ts';
import { resolveImages } from './resolve-images.ts';
import type { Blob, ImageRecord, ImageSource, SourceKind } from './source.ts';
import { blobKeysOf } from './stored-content.ts';
import { maxArchiveEntries } from './tar-index.ts';

/** How a stream of an image tar is read. */
export interface ArchiveStreamOptions {
  /** Read once, and destroyed with the source if it can be. */
  readonly stream: ByteStream;
  /** Default: `docker-archive` or `oci-archive`, as the stream turns out. */
  readonly kind?: SourceKind;
  /** What the user asked for. */
  readonly reference: string;
  readonly title: string;
  /** One image alone. */
  readonly select?: ImageSelector;
  /** `os/architecture[/variant]`; default all. */
  readonly platform?: string;
  /** Keys of the blobs to give, where they are known beforehand; default all. */
  readonly wanted?: ReadonlySet<string>;
  readonly signal?: AbortSignal;
}

/** Bytes of JSON that are kept of one stream. */
const maxKeptBytes = 64 * 1024 * 1024;

/** Opens a stream; waits for its first bytes, and refuses what is no tar before anything is scanned. @throws ScanError */
export async function openArchiveStream(options: ArchiveStreamOptions): Promise<ImageSource> {
  const platform = options.platform === undefined ? undefined : parsePlatform(options.platform);
  const outer = await firstBytes(options);
  const content = sniff(outer.head);
  if (content.kind !== 'layer') {
    destroy(options.stream);
    throw noImageError(options.title, { names: [], ending: 'complete', head: outer.head });
  }
  const { stream, problems } = await decompress(outer.whole, defaultLimits);
  return new ArchiveStream(options, { whole: stream, problems, head: outer.head, platform });
}

// A daemon may take half a minute to its first byte: giving up must not wait for it.
async function firstBytes({ stream, signal, title }: ArchiveStreamOptions): ReturnType<typeof peek> {
  signal?.throwIfAborted();
  const abort = (): void => destroy(stream);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await peek(stream, sniffBytes);
  } catch (error) {
    signal?.throwIfAborted();
    throw brokenStream(title, error);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

class ArchiveStream implements ImageSource {
  readonly sequential = true;
  readonly title: string;
  readonly #options: ArchiveStreamOptions;
  readonly #whole: ByteStream;
  readonly #problems: readonly Diagnostic[];
  readonly #head: Uint8Array;
  readonly #platform: Platform | undefined;
  readonly #content = new ArchiveContent();
  #state: 'new' | 'reading' | 'read' = 'new';
  #keptBytes = 0;
  #failure: ScanError | undefined;
  #images: readonly ImageRecord[] = [];
  #diagnostics: readonly Diagnostic[] = [];

  constructor(
    options: ArchiveStreamOptions,
    opened: {
      readonly whole: ByteStream;
      /** What is wrong with the archive's own compression, known when it is read. */
      readonly problems: readonly Diagnostic[];
      readonly head: Uint8Array;
      readonly platform: Platform | undefined;
    },
  ) {
    this.title = options.title;
    this.#options = options;
    this.#whole = opened.whole;
    this.#problems = opened.problems;
    this.#head = opened.head;
    this.#platform = opened.platform;
  }

  get kind(): SourceKind {
    return (
      this.#options.kind ??
      (this.#content.names.includes('index.json') && !this.#content.names.includes('manifest.json')
        ? 'oci-archive'
        : 'docker-archive')
    );
  }

  async images(): Promise<readonly ImageRecord[]> {
    if (this.#state !== 'read')
      throw new ScanError('INTERNAL', 'The images of a stream are known when its blobs have been read.');
    if (this.#failure !== undefined) throw this.#failure;
    return this.#images;
  }

  async metadata(signal: AbortSignal): Promise<readonly ImageRecord[]> {
    for await (const _ of this.blobs(signal)) signal.throwIfAborted();
    return this.images();
  }

  async *blobs(signal: AbortSignal): AsyncGenerator<Blob> {
    if (this.#state !== 'new') throw new ScanError('INTERNAL', 'A stream can be read once.');
    this.#state = 'reading';
    const abort = (): void => destroy(this.#options.stream);
    signal.addEventListener('abort', abort, { once: true });
    let ending: Ending = 'complete';
    let broken: ScanError | undefined;
    let count = 0;
    let last: string | undefined;
    try {
      for await (const entry of tarEntries(this.#whole)) {
        signal.throwIfAborted();
        last = entry.name;
        if (++count > maxArchiveEntries) {
          ending = 'limit';
          break;
        }
        if (entry.type === 'file') yield* this.#file(entry);
        else this.#content.addName(entry);
      }
      signal.throwIfAborted();
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TarDamage) ending = error.ending;
      else if (error instanceof StreamBroken) {
        // As with a tar that ends early, what was there stays found.
        ending = 'truncated';
        broken = brokenStream(this.#options.title, error.cause);
      } else throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
    // Compressed data that is cut may still end with a whole entry.
    const isCut = this.#problems.some(({ code }) => code === 'BLOB_TRUNCATED');
    await this.#resolve(ending === 'complete' && isCut ? 'truncated' : ending, broken, last);
  }

  diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  async close(): Promise<void> {
    destroy(this.#whole);
    destroy(this.#options.stream);
  }

  async *#file(entry: StreamedEntry): AsyncGenerator<Blob> {
    const { head, whole } = await peek(entry.content, Math.min(sniffBytes, entry.sizeBytes));
    const sniffed = sniff(head);
    if (sniffed.kind === 'layer' || sniffed.kind === 'empty') {
      const { key, sizeBytes } = this.#content.addBlob(entry);
      if (this.#options.wanted?.has(key) === false) return;
      const digest = digestOfPath(cleanPath(entry.name));
      yield { key, sizeBytes, ...(digest === undefined ? {} : { digest }), open: openOnce(whole, key) };
    } else if (sniffed.kind === 'unknown') {
      if (isVersionFile(entry)) return;
      const { key, sizeBytes } = this.#content.addUnknown(entry, sniffed);
      if (this.#options.wanted?.has(key) === false) return;
      const path = cleanPath(entry.name);
      const digest = digestOfPath(path);
      const checked = digest === undefined ? { name: path } : { name: shortDigest(digest), digest };
      yield { key, sizeBytes, ...checked, open: openOnce(whole, key) };
    } else await this.#keep(entry, whole);
  }

  async #keep(entry: StreamedEntry, whole: ByteStream): Promise<void> {
    // Docker's oldest metadata, one for each layer of each image: it repeats the configurations and is never referred to.
    if (/^[0-9a-f]{64}\/json$/.test(cleanPath(entry.name))) return;
    if (entry.sizeBytes <= maxJsonBytes) this.#keptBytes += entry.sizeBytes;
    if (this.#keptBytes > maxKeptBytes) {
      this.#content.refuse(
        entry,
        tooLarge(cleanPath(entry.name), `a stream with more than ${maxKeptBytes >> 20} MiB of it`),
      );
      return;
    }
    const bytes = entry.sizeBytes <= maxJsonBytes ? await buffer(whole) : new Uint8Array();
    this.#content.addJson(entry, async () => bytes);
  }

  async #resolve(ending: Ending, broken: ScanError | undefined, last: string | undefined): Promise<void> {
    const { reference, select, title } = this.#options;
    const end =
      broken === undefined ? endingDiagnostic(ending, title, last) : incomplete(broken.code, title, broken.message);
    const ended = end === undefined ? this.#problems.map((problem) => ({ ...problem, subject: title })) : [end];
    try {
      const resolved = await resolveImages(this.#content, {
        kind: this.kind,
        reference,
        ...(select === undefined ? {} : { select }),
        ...(this.#platform === undefined ? {} : { platform: this.#platform }),
      });
      if (resolved === undefined) throw this.#noImage(ending);
      const used = blobKeysOf(resolved.images);
      const isNarrowed = select !== undefined || this.#platform !== undefined;
      const left = isNarrowed ? [] : this.#content.leftOver(used).diagnostics;
      this.#images = resolved.images;
      this.#diagnostics = [...ended, ...resolved.diagnostics, ...left];
    } catch (error) {
      if (!(error instanceof ScanError)) throw error;
      this.#failure = broken ?? (ending === 'truncated' ? this.#noImage(ending) : error);
      this.#diagnostics = [...ended, ...this.#content.leftOver(new Set()).diagnostics];
    }
    this.#state = 'read';
  }

  #noImage(ending: Ending): ScanError {
    return noImageError(this.#options.title, { names: this.#content.names, ending, head: this.#head });
  }
}

function openOnce(content: ByteStream, key: string): () => Promise<ByteStream> {
  let isOpen = false;
  return async () => {
    if (isOpen)
      throw new ScanError('INTERNAL', `The bytes of ${key} have gone by: a stream's blob can be opened once.`);
    isOpen = true;
    return untilDamage(content, key);
  };
}

async function* untilDamage(content: ByteStream, key: string): AsyncGenerator<Uint8Array> {
  try {
    yield* content;
  } catch (error) {
    if (error instanceof StreamBroken && error.cause instanceof ScanError) throw error.cause;
    if (!(error instanceof TarDamage || error instanceof StreamBroken)) throw error;
    throw new ScanError('BLOB_TRUNCATED', `${key} is cut off where the archive ends.`, { subject: key, cause: error });
  }
}

function brokenStream(title: string, error: unknown): ScanError {
  if (error instanceof ScanError) return error;
  return new ScanError('BLOB_TRUNCATED', `${title} broke off: ${messageOf(error)}.`, { subject: title, cause: error });
}

function destroy(stream: ByteStream): void {
  if ('destroy' in stream && typeof stream.destroy === 'function') stream.destroy();
}
