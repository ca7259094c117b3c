/**
 * Scans everything an open source has: its blobs in the workers, as they come or largest first, then the
 * join. A layer that can't be fetched is said and the others go on; only a defect or an abort ends the rest.
 */

import { type Diagnostic, incomplete, notice, ScanError } from '../errors.ts';
import type { WalkOptions } from '../layer/walk-layer.ts';
import type { Blob, ImageSource } from '../source/source.ts';
import { type JoinedImage, type JoinKit, joinImage } from './join.ts';
import type { LayerScan } from './layer-scan.ts';
import type { ScanPool } from './pool.ts';
import type { ScanProgress } from './progress.ts';
import { suppressionOf } from './triage.ts';

/** Notices that concern no image, at most. */
const mostNotices = 100;

/** What a source is scanned with. */
export interface SourceScanOptions {
  readonly pool: ScanPool;
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
  const { scans, failures } = await scanBlobs(source, options);
  const records = await source.images();
  const images = await Promise.all(records.map((record) => joinImage(record, { scans, failures }, options.join)));
  const diagnostics = source.diagnostics().map((diagnostic) => withMatches(diagnostic, scans, options.join));
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

async function scanBlobs(
  source: ImageSource,
  options: SourceScanOptions,
): Promise<{ scans: Map<string, LayerScan>; failures: Map<string, Diagnostic> }> {
  const scans = new Map<string, LayerScan>();
  const failures = new Map<string, Diagnostic>();
  // One that fails for a defect stops the others instead of letting them run to an end nobody reads.
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const running: Promise<void>[] = [];
  try {
    for await (const blob of source.blobs(signal)) {
      const job = options.pool.scan(blob, walkOptions(blob, options), signal, (bytes) =>
        options.progress({ kind: 'bytes', bytes }),
      );
      options.progress({
        kind: 'blob-start',
        key: blob.key,
        ...(blob.sizeBytes === undefined ? {} : { sizeBytes: blob.sizeBytes }),
      });
      const settled = job.scan.then(
        (scan) => {
          scans.set(blob.key, scan);
          options.progress({ kind: 'blob-end', key: blob.key });
        },
        (error: unknown) => {
          if (!(error instanceof ScanError) || error.code === 'INTERNAL' || error.code === 'ABORTED') {
            stop.abort(error);
            throw error;
          }
          failures.set(blob.key, incomplete(error.code, '', error.message));
          options.progress({ kind: 'blob-end', key: blob.key });
        },
      );
      // Handled below; without this a rejection before the loop's end would end the process.
      settled.catch(() => {});
      running.push(settled);
      if (source.sequential) await job.read;
      signal.throwIfAborted();
    }
    await Promise.all(running);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(running);
    throw error;
  }
  return { scans, failures };
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
function withMatches(diagnostic: Diagnostic, scans: ReadonlyMap<string, LayerScan>, { filter }: JoinKit): Diagnostic {
  const contents = diagnostic.code === 'BLOB_UNREFERENCED' ? (scans.get(diagnostic.subject)?.contents ?? []) : [];
  const count = contents
    .flatMap(({ matches }) => matches)
    .filter((match) => suppressionOf(match, filter) === undefined).length;
  if (count === 0) return diagnostic;
  const message = `no image refers to this blob, but ${count} possible secret${count === 1 ? ' is' : 's are'} in it`;
  return incomplete('BLOB_UNREFERENCED', diagnostic.subject, message);
}
