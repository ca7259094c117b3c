/**
 * Scans everything an open source has: its blobs in the workers, as they come or largest first, then the
 * join. A layer that can't be fetched is said and the others go on; only a defect or an abort ends the rest.
 */

import { type Diagnostic, incomplete, notice, ScanError } from '../errors.ts';
import type { WalkOptions } from '../layer/walk-layer.ts';
import type { Blob, ImageRecord, ImageSource } from '../source/source.ts';
import type { LayerCache } from './cache/layer-cache.ts';
import { type JoinedImage, type JoinKit, joinImage, KeptTooLittle, type ScannedBlobs } from './join.ts';
import type { LayerScan } from './layer-scan.ts';
import type { BlobJob, ScanPool } from './pool.ts';
import type { ScanProgress } from './progress.ts';
import type { Secret } from './secret.ts';
import { suppressionOf } from './triage.ts';

/** Notices that concern no image, at most. */
const mostNotices = 100;

/** What a source is scanned with. */
export interface SourceScanOptions {
  readonly pool: ScanPool;
  /** Scans of earlier runs. */
  readonly cache?: LayerCache;
  readonly join: JoinKit;
  readonly walk: Omit<WalkOptions, 'signal' | 'expectedDigest' | 'expectedSizeBytes'>;
  readonly signal: AbortSignal;
  readonly progress: ScanProgress;
}

/** The images of a source, and what concerns none of them. */
export interface ScannedSource {
  readonly images: readonly JoinedImage[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Scans all images of a source. @throws ScanError where no image can be told, on a defect, or when aborted */
export async function scanSource(source: ImageSource, options: SourceScanOptions): Promise<ScannedSource> {
  const blobs = new SourceBlobs(options, source.sequential);
  await blobs.scanAll(source);
  const records = await source.images();
  const images = await Promise.all(records.map((record) => joinWhole(record, blobs, options.join)));
  await blobs.keep();
  const diagnostics = source.diagnostics().map((diagnostic) => withMatches(diagnostic, blobs.scans, options.join));
  return { images, diagnostics: boundNotices(diagnostics) };
}

/** Notices are bounded, what is incomplete is not: an archive must not hide the one behind thousands of the other. */
function boundNotices(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const notices = diagnostics.filter(({ effect }) => effect === 'notice');
  const kept = new Set(notices.slice(0, mostNotices));
  const more = notices.length - kept.size;
  return [
    ...diagnostics.filter((diagnostic) => diagnostic.effect === 'incomplete' || kept.has(diagnostic)),
    ...(more > 0
      ? [notice(notices.at(-1)!.code, `${more} more`, `${more} more notices of this kind are left out`)]
      : []),
  ];
}

/** Joins an image; layers of which too little was kept for this report are scanned after all. */
async function joinWhole(record: ImageRecord, blobs: SourceBlobs, kit: JoinKit): Promise<JoinedImage> {
  for (;;) {
    try {
      return await joinImage(record, blobs, kit);
    } catch (error) {
      if (!(error instanceof KeptTooLittle)) throw error;
      await blobs.scanAfresh(error.blobs);
    }
  }
}

/** The blobs of a source and what became of them. */
class SourceBlobs implements ScannedBlobs {
  readonly scans = new Map<string, LayerScan<Secret>>();
  readonly failures = new Map<string, Diagnostic>();
  readonly cached = new Set<string>();
  readonly #options: SourceScanOptions;
  readonly #cache: LayerCache | undefined;
  readonly #blobs = new Map<string, Blob>();
  readonly #fresh = new Map<Blob, LayerScan>();
  readonly #afresh = new Map<string, Promise<void>>();
  // One that fails for a defect stops the others instead of letting them run to an end nobody reads.
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;

  /** What comes in one pass comes anyway, and its digests are known when it is over: a cache is of no use. */
  constructor(options: SourceScanOptions, sequential: boolean) {
    this.#options = options;
    this.#cache = sequential ? undefined : options.cache;
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
  }

  async scanAll(source: ImageSource): Promise<void> {
    const running: Promise<void>[] = [];
    try {
      for await (const blob of source.blobs(this.#signal)) {
        this.#blobs.set(blob.key, blob);
        const { read, done } = this.#begin(blob, this.#cache);
        running.push(done);
        if (source.sequential) await read;
        this.#signal.throwIfAborted();
      }
      await Promise.all(running);
    } catch (error) {
      this.#stop.abort(error);
      await Promise.allSettled(running);
      throw error;
    }
  }

  /** Scans blobs that came from the cache. @throws ScanError INTERNAL for others */
  async scanAfresh(keys: readonly string[]): Promise<void> {
    await Promise.all(
      [...new Set(keys)].map((key) => {
        const blob = this.#blobs.get(key);
        // Several images may want the same at the same time.
        const begun = this.#afresh.get(key);
        if (begun !== undefined) return begun;
        if (blob === undefined || !this.cached.has(key)) {
          throw new ScanError('INTERNAL', 'A blob is to be scanned again that did not come from the cache.');
        }
        this.cached.delete(key);
        this.scans.delete(key);
        const { done } = this.#begin(blob, undefined);
        this.#afresh.set(key, done);
        return done;
      }),
    );
  }

  /** Keeps the scans of this run for the next. */
  async keep(): Promise<void> {
    for (const [blob, scan] of this.#fresh) await this.#cache?.keep(blob, scan, this.#options.join.fingerprinter);
  }

  #begin(blob: Blob, cache: LayerCache | undefined): { readonly read: Promise<void>; readonly done: Promise<void> } {
    const { key, sizeBytes } = blob;
    const { progress } = this.#options;
    progress({ kind: 'blob-start', key, ...(sizeBytes === undefined ? {} : { sizeBytes }) });
    const job = cache === undefined ? this.#scan(blob) : undefined;
    const done = (job?.scan.then((scan) => this.#take(blob, scan)) ?? this.#find(blob, cache!)).then(
      () => progress({ kind: 'blob-end', key, ...(this.cached.has(key) ? { cached: true } : {}) }),
      (error: unknown) => {
        if (!(error instanceof ScanError) || error.code === 'INTERNAL' || error.code === 'ABORTED') {
          this.#stop.abort(error);
          throw error;
        }
        this.failures.set(key, incomplete(error.code, '', error.message));
        progress({ kind: 'blob-end', key });
      },
    );
    // Whoever waits handles it; without this a rejection before that would end the process.
    done.catch(() => {});
    return { read: job?.read ?? Promise.resolve(), done };
  }

  async #find(blob: Blob, cache: LayerCache): Promise<void> {
    const kept = await cache.find(blob, this.#signal);
    if (kept === undefined) return this.#take(blob, await this.#scan(blob).scan);
    this.cached.add(blob.key);
    this.scans.set(blob.key, kept);
  }

  #scan(blob: Blob): BlobJob {
    const { pool, progress } = this.#options;
    return pool.scan(blob, walkOptions(blob, this.#options), this.#signal, (bytes) =>
      progress({ kind: 'bytes', bytes }),
    );
  }

  #take(blob: Blob, scan: LayerScan): void {
    this.scans.set(blob.key, scan);
    this.#fresh.set(blob, scan);
  }
}

function walkOptions(blob: Blob, options: SourceScanOptions): Omit<WalkOptions, 'signal'> {
  return {
    ...options.walk,
    ...(blob.digest === undefined ? {} : { expectedDigest: blob.digest }),
    ...(blob.sizeBytes === undefined ? {} : { expectedSizeBytes: blob.sizeBytes }),
    ...(blob.name === undefined ? {} : { contentName: blob.name }),
  };
}

/** A blob that no image refers to is nobody's layer; but where secrets are in it, the scan is not clean. */
function withMatches(
  diagnostic: Diagnostic,
  scans: ReadonlyMap<string, LayerScan<Secret>>,
  { filter }: JoinKit,
): Diagnostic {
  const contents = diagnostic.code === 'BLOB_UNREFERENCED' ? (scans.get(diagnostic.subject)?.contents ?? []) : [];
  const count = contents
    .flatMap(({ matches }) => matches)
    .filter((match) => suppressionOf(match, filter) === undefined).length;
  if (count === 0) return diagnostic;
  const message = `no image refers to this blob, but ${count} possible secret${count === 1 ? ' is' : 's are'} in it`;
  return incomplete('BLOB_UNREFERENCED', diagnostic.subject, message);
}
