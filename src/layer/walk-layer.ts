/**
 * The front door of this stage: a blob's bytes in, a layer's entries and contents out. The blob is read to its end
 * and verified whatever is wrong with it; memory is bounded by a few chunks, and each chunk is scanned before the next is asked for.
 */

import { type Diagnostic, type ErrorCode, incomplete, ScanError } from '../errors.ts';
import { isTarHeader } from '../oci/magic.ts';
import type { ByteStream } from './byte-stream.ts';
import { cleanPath } from './clean-path.ts';
import { type Compression, decompress } from './decompress.ts';
import type { LayerEntry, LayerVisitor } from './entry.ts';
import type { IsCrowded } from './inflate-ahead.ts';
import type { InflateEngine } from './inflate-sync.ts';
import { defaultLimits, type LayerLimits } from './limits.ts';
import { type TarEntry, type TarSink, TarWalk } from './tar.ts';
import { TroubleLog } from './trouble-log.ts';
import { Unpacker } from './unpack.ts';
import { algorithmsFor, Meter, metered, verify } from './verify.ts';
import { readWhiteout } from './whiteout.ts';

const tarBlockBytes = 512;

/** How a layer is to be walked; all but `signal` and `isCrowded` is plain data. */
export interface WalkOptions {
  /** The digest the blob was asked for by. */
  readonly expectedDigest?: string;
  /** The size the blob was declared with. */
  readonly expectedSizeBytes?: number;
  /** What the content is called where it is no tar: then it is walked as one file. Without it a tar is expected. */
  readonly contentName?: string;
  /** Bounds that differ from `defaultLimits`. */
  readonly limits?: Partial<LayerLimits>;
  /** What inflates members of nested archives; by default zlib-sync where it loads. */
  readonly inflateEngine?: InflateEngine;
  readonly signal?: AbortSignal;
  /** Where it says so, nothing is inflated beside the walk. */
  readonly isCrowded?: IsCrowded;
}

/** What is known of a layer when it has been walked. */
export interface LayerFacts {
  /** `sha256:hex` of the blob as it is stored. */
  readonly blobDigest: string;
  /** `sha256:hex` of the blob decompressed. */
  readonly diffId: string;
  readonly sizeBytes: number;
  readonly uncompressedBytes: number;
  readonly compression: Compression;
  readonly entries: number;
  /** Contents given to the visitor as files: regular files, and what was found loose between entries. */
  readonly files: number;
  /** False where anything was not looked at, whether it is told here or was told to the visitor. */
  readonly complete: boolean;
  /** What concerns the blob and its tar as a whole; trouble inside it went to the visitor. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Walks a layer to its end; whatever is wrong with its bytes becomes a diagnostic. @throws ScanError ABORTED, and what `bytes` throws */
export async function walkLayer(
  bytes: ByteStream,
  visitor: LayerVisitor,
  options: WalkOptions = {},
): Promise<LayerFacts> {
  const limits = { ...defaultLimits, ...options.limits };
  const expected = { digest: options.expectedDigest, sizeBytes: options.expectedSizeBytes };
  const blob = new Meter(algorithmsFor(expected));
  const diagnostics: Diagnostic[] = [];
  const log = new TroubleLog((diagnostic) => visitor.diagnostic(diagnostic), limits.diagnostics);
  const sink = new LayerSink(visitor, new Unpacker(visitor, limits, options.inflateEngine, log), log);
  const tar = new TarWalk(sink, limits.metadataBytes);

  const { compression, stream, problems } = await decompress(metered(bytes, blob), limits, options.isCrowded);
  // An uncompressed layer's diff ID is its digest: hashing is half of what walking one costs.
  const content = compression === 'none' ? blob : new Meter();
  const target: Target = options.contentName === undefined ? tar : new Undecided(options.contentName, sink, tar);
  for await (const chunk of stream) {
    if (options.signal?.aborted)
      throw new ScanError('ABORTED', 'the scan was interrupted', { cause: options.signal.reason });
    if (content !== blob) content.add(chunk);
    await target.write(chunk);
    await visitor.ready?.();
  }
  const cutShort = await target.end();
  sink.finish();
  log.finish();

  const digests = blob.digests();
  const mismatches = verify(expected, blob.sizeBytes, digests);
  diagnostics.push(...mismatches, ...problems);
  // One cause is told once: a tar that was cut because its blob was.
  const explained = diagnostics.some(({ effect }) => effect === 'incomplete');
  if (cutShort && !explained) {
    diagnostics.push(
      incomplete('BLOB_TRUNCATED', '', 'the layer’s tar ends inside an entry; what was there was scanned'),
    );
  }
  return {
    blobDigest: digests.get('sha256')!,
    diffId: (content === blob ? digests : content.digests()).get('sha256')!,
    sizeBytes: blob.sizeBytes,
    uncompressedBytes: content.sizeBytes,
    compression,
    entries: sink.entries,
    files: sink.files,
    complete: log.complete && diagnostics.every(({ effect }) => effect === 'notice'),
    diagnostics,
  };
}

/** Where a blob's content goes. */
interface Target {
  write(chunk: Uint8Array): Promise<void>;
  /** @returns true where the content is cut short */
  end(): Promise<boolean>;
}

/** Content that is a tar or one file, as its first block says. */
class Undecided implements Target {
  readonly #name: string;
  readonly #sink: LayerSink;
  readonly #tar: TarWalk;
  #head: Buffer | undefined = Buffer.alloc(0);
  #isTar = false;

  constructor(name: string, sink: LayerSink, tar: TarWalk) {
    this.#name = name;
    this.#sink = sink;
    this.#tar = tar;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#head === undefined) return this.#pass(chunk);
    this.#head = Buffer.concat([this.#head, chunk]);
    if (this.#head.length >= tarBlockBytes) await this.#decide();
  }

  async end(): Promise<boolean> {
    await this.#decide();
    const cutShort = await this.#tar.end();
    if (this.#isTar) return cutShort;
    this.#sink.end();
    return false;
  }

  async #decide(): Promise<void> {
    const head = this.#head;
    if (head === undefined) return;
    this.#head = undefined;
    this.#isTar = isTarHeader(head.subarray(0, tarBlockBytes));
    if (!this.#isTar) this.#sink.entry({ name: this.#name, kind: 'file', sizeBytes: head.length });
    await this.#pass(head);
  }

  async #pass(chunk: Uint8Array): Promise<void> {
    if (this.#isTar) await this.#tar.write(chunk);
    else this.#sink.data(chunk);
  }
}

/** Makes a layer's entries of a tar's, and opens what is packed in them. */
class LayerSink implements TarSink {
  readonly #visitor: LayerVisitor;
  readonly #unpacker: Unpacker;
  readonly #log: TroubleLog;
  #inFile = false;
  entries = 0;
  files = 0;

  constructor(visitor: LayerVisitor, unpacker: Unpacker, log: TroubleLog) {
    this.#visitor = visitor;
    this.#unpacker = unpacker;
    this.#log = log;
  }

  entry(entry: TarEntry): void {
    this.entries++;
    const path = cleanPath(entry.name);
    const isFile = entry.kind === 'file';
    const whiteout = readWhiteout(path);
    if (whiteout?.kind === 'removes' || whiteout?.kind === 'opaque') {
      const type = whiteout.kind === 'opaque' ? 'opaque' : 'whiteout';
      this.#visitor.entry({ path: whiteout.path, type, sizeBytes: 0 });
      // Nobody needs content there, which makes it a place to hide some.
      if (isFile && entry.sizeBytes > 0) this.#openFile({ path, type: 'file', sizeBytes: entry.sizeBytes });
      return;
    }
    const more = {
      ...(entry.name === path ? {} : { rawName: entry.name }),
      ...(entry.pax === undefined ? {} : { pax: entry.pax }),
    };
    if (isFile && entry.name.endsWith('/') && entry.sizeBytes === 0) {
      this.#visitor.entry({ path, type: 'directory', sizeBytes: 0, ...more });
    } else if (isFile) {
      this.#openFile({ path, type: 'file', sizeBytes: entry.sizeBytes, ...more });
    } else {
      const target = entry.linkName;
      const linkTarget = target === undefined ? undefined : entry.kind === 'hardlink' ? cleanPath(target) : target;
      this.#visitor.entry({
        path,
        type: entry.kind,
        sizeBytes: 0,
        ...(linkTarget === undefined ? {} : { linkTarget }),
        ...more,
      });
    }
  }

  data(bytes: Uint8Array): void {
    this.#visitor.content(bytes);
    this.#unpacker.write(bytes);
  }

  end(): void {
    if (!this.#inFile) return;
    this.#inFile = false;
    this.#unpacker.end();
    this.#visitor.entryEnd();
  }

  trouble(code: ErrorCode, message: string, effect: 'incomplete' | 'notice'): void {
    this.#log.add({ code, subject: '', message, effect });
  }

  finish(): void {
    this.#unpacker.finish();
  }

  #openFile(entry: LayerEntry): void {
    this.files++;
    this.#inFile = true;
    this.#visitor.entry(entry);
    this.#unpacker.begin(entry.path);
  }
}
