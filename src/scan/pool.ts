/**
 * The worker pool: at most `jobs` blobs at a time, one a worker; where there are fewer, the others help with large ones.
 * The main thread only moves bytes: what it has sent and the worker has not used up is bounded, so memory does not grow with the image.
 */

import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import pLimit, { type LimitFunction } from 'p-limit';
import { messageOf, ScanError } from '../errors.ts';
import type { Blob } from '../source/source.ts';
import { Credit, chunkBytes, feed, type Say } from './feed.ts';
import type { LayerScan } from './layer-scan.ts';
import { isWorthHelp, Lending, type Reading } from './lending.ts';
import type { TextMatches } from './match-texts.ts';
import type { FromWorker, PlainWalkOptions, WorkerSetup } from './worker.ts';

/** What a scan makes dies young: room to do so, before it is taken for something that stays. */
const resourceLimits = { maxYoungGenerationSizeMb: 12 };

const v8Flags = [
  // Without it V8 lets a heap of 20 MB that stay grow to 100 before it looks.
  '--heap-growing-percent=80',
  // What is hot runs in WebAssembly: compiling the rest as if it were took a tenth of a scan, and more with each worker.
  '--invocation-count-for-turbofan=30000',
  '--max-inlined-bytecode-size-cumulative=300',
];

/** What a pool is made of. */
export interface PoolOptions {
  readonly jobs: number;
  /** What matching needs of the rules (`encodePlan`), in shared memory. */
  readonly plan: Uint8Array;
  readonly automaton: Uint8Array | undefined;
  readonly seed: number;
}

/** A blob that is being scanned. */
export interface BlobJob {
  /** Settles when the source's bytes have all been handed over: a sequential source may go on then. */
  readonly read: Promise<void>;
  readonly scan: Promise<LayerScan>;
}

type UsedUp = Extract<FromWorker, { kind: 'used' }>;
type Answer = Extract<FromWorker, { kind: 'done' | 'matched' }>;
type AnswerOf<Kind extends Answer['kind']> = Extract<Answer, { kind: Kind }>;

/** What a worker is asked, and the answer that ends it. */
interface Question<Kind extends Answer['kind']> {
  /** What it is about, for errors. */
  readonly subject: string;
  readonly signal: AbortSignal;
  readonly awaited: Kind;
  readonly onUsed?: (message: UsedUp) => void;
}

/** Scans blobs in worker threads; a worker that dies is a defect (`INTERNAL`), never a clean layer. */
export class ScanPool {
  readonly #options: PoolOptions;
  readonly #limit: LimitFunction;
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  readonly #lending = new Lending();
  /** Buffers that workers have given back. */
  readonly #spare: ArrayBuffer[] = [];
  /** How many workers are scanning a blob or help with one, where they see it. */
  readonly #busy = new Int32Array(new SharedArrayBuffer(4));

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#limit = pLimit(options.jobs);
  }

  /** Starts a worker ahead of the first blob: it gets ready while the image is opened. */
  warmUp(): void {
    if (this.#all.size === 0) this.#idle.push(this.#start());
  }

  /** Blobs that wait for a worker. */
  get waiting(): number {
    return this.#limit.pendingCount;
  }

  /** Queues a blob; `onBytes` hears of stored bytes as they are used up. */
  scan(blob: Blob, walk: PlainWalkOptions, signal: AbortSignal, onBytes: (bytes: number) => void): BlobJob {
    let handedOver: () => void = () => {};
    const read = new Promise<void>((resolve) => {
      handedOver = resolve;
    });
    const scan = this.#withWorker(signal, (worker) =>
      this.#run(worker, blob, walk, signal, onBytes, handedOver),
    ).finally(handedOver);
    return { read, scan };
  }

  /** What the rules find in each of some texts. */
  async match(texts: readonly string[], signal: AbortSignal): Promise<readonly TextMatches[]> {
    if (texts.length === 0) return [];
    return this.#withWorker(signal, async (worker) => {
      const { matches } = await this.#ask(worker, { subject: 'metadata', signal, awaited: 'matched' }, (say) =>
        say({ kind: 'match', texts }),
      );
      return matches;
    });
  }

  #withWorker<Result>(signal: AbortSignal, use: (worker: Worker) => Promise<Result>): Promise<Result> {
    return this.#limit(async () => {
      signal.throwIfAborted();
      const worker = this.#takeIdle();
      try {
        return await use(worker);
      } finally {
        if (this.#all.has(worker)) this.#idle.push(worker);
      }
    });
  }

  /** One that helps nobody, before one that does. */
  #takeIdle(): Worker {
    const at = this.#idle.findLastIndex((worker) => !this.#lending.has(worker));
    if (at !== -1) return this.#idle.splice(at, 1)[0]!;
    return (this.#all.size < this.#options.jobs ? undefined : this.#idle.pop()) ?? this.#start();
  }

  /** Gives a worker that has nothing to do to one whose blob is large. */
  #help(worker: Worker, reading: Reading): void {
    const { activeCount, pendingCount } = this.#limit;
    if (pendingCount > 0 || activeCount + this.#lending.count >= this.#options.jobs) return;
    if (!isWorthHelp(reading) || this.#lending.isEnough(worker)) return;
    const helper = this.#takeIdle();
    this.#idle.push(helper);
    this.#lending.lend(helper, worker);
    Atomics.add(this.#busy, 0, 1);
  }

  async close(): Promise<void> {
    this.#idle.length = 0;
    const workers = [...this.#all];
    this.#all.clear();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #start(): Worker {
    for (const flag of v8Flags) setFlagsFromString(flag);
    const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
    const { plan, automaton, seed } = this.#options;
    const setup: WorkerSetup = { plan, automaton, seed, busy: this.#busy };
    const worker = new Worker(new URL(file, import.meta.url), { workerData: setup, resourceLimits });
    this.#all.add(worker);
    // Who waits for its answer hears of it, or the worker that it helps; without a listener it would end the process.
    worker.on('error', () => {});
    worker.once('exit', () => {
      this.#all.delete(worker);
      const at = this.#idle.indexOf(worker);
      if (at !== -1) this.#idle.splice(at, 1);
    });
    return worker;
  }

  async #run(
    worker: Worker,
    blob: Blob,
    options: PlainWalkOptions,
    signal: AbortSignal,
    onBytes: (bytes: number) => void,
    handedOver: () => void,
  ): Promise<LayerScan> {
    // Before the worker hears of it: a blob that can't be had fails alone and leaves the worker idle.
    const bytes = blob.file === undefined ? await blob.open(signal) : undefined;
    const credit = new Credit();
    Atomics.add(this.#busy, 0, 1);
    const { file } = blob;
    const reading: Reading = { sizeBytes: file === undefined ? blob.sizeBytes : file.end - file.start, usedBytes: 0 };
    const onUsed = ({ bytes: used, buffer }: UsedUp): void => {
      reading.usedBytes += used;
      this.#help(worker, reading);
      credit.give(used);
      if (buffer?.byteLength === chunkBytes) this.#spare.push(buffer);
      onBytes(used);
    };
    try {
      const { scan } = await this.#ask(worker, { subject: blob.key, signal, awaited: 'done', onUsed }, async (say) => {
        say({ kind: 'scan', options, ...(file === undefined ? {} : { file }) });
        if (bytes !== undefined) {
          await feed(bytes, say, credit, () => new Uint8Array(this.#spare.pop() ?? new ArrayBuffer(chunkBytes)));
        }
        handedOver();
      });
      return scan;
    } finally {
      Atomics.sub(this.#busy, 0, 1 + this.#lending.end(worker));
      credit.close();
    }
  }

  /** Gives a worker something to do and waits for its answer; whatever ends the worker before is an error. */
  async #ask<Kind extends Answer['kind']>(
    worker: Worker,
    { subject, signal, awaited, onUsed }: Question<Kind>,
    tell: (say: Say) => void | Promise<void>,
  ): Promise<AnswerOf<Kind>> {
    let listening: (message: FromWorker) => void = () => {};
    let died: (error: Error) => void = () => {};
    const result = new Promise<AnswerOf<Kind>>((resolve, reject) => {
      listening = (message) => {
        if (message.kind === 'used') onUsed?.(message);
        else if (message.kind === awaited) resolve(message as AnswerOf<Kind>);
        else if (message.kind === 'failed') {
          reject(new ScanError('INTERNAL', message.message, { subject, cause: message.stack }));
        }
      };
      died = (error) => reject(new ScanError('INTERNAL', `a scan worker died: ${messageOf(error)}`, { cause: error }));
    });
    const exited = (code: number): void => died(new Error(`exit code ${code}`));
    const aborted = (): void => {
      void worker.terminate();
    };
    worker.on('message', listening);
    worker.once('error', died);
    worker.once('exit', exited);
    signal.addEventListener('abort', aborted, { once: true });
    try {
      const told = tell((message, transfer = []) => worker.postMessage(message, transfer));
      // A worker that fails early leaves nobody to give credit back: whichever ends first decides.
      await Promise.race([told, result]);
      return await result;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      worker.off('message', listening);
      worker.off('error', died);
      worker.off('exit', exited);
      signal.removeEventListener('abort', aborted);
    }
  }
}
