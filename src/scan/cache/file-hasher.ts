/**
 * Hashes blobs that lie in local files, before the cache is believed on them: a name is no proof of what is in a file.
 * With the processor's own instructions that costs a fraction of inflating; large blobs are hashed beside one another.
 */

import { Worker } from 'node:worker_threads';
import type { FileRange } from '../../source/source.ts';
import { hashRange } from './hash-range.ts';

/** Smaller ones are hashed sooner than a thread is started. */
const smallBytes = 8 << 20;

/** Hashes file ranges, the large ones in threads. */
export class FileHasher {
  readonly #jobs: number;
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(jobs: number) {
    this.#jobs = jobs;
  }

  /** The digest of a range; undefined where it can't be read, or is not wanted any more. */
  async hash(range: FileRange, signal: AbortSignal): Promise<string | undefined> {
    if (range.end - range.start <= smallBytes) return hashNow(range);
    if (this.#running >= this.#jobs) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (signal.aborted) return undefined;
    this.#running++;
    try {
      return await this.#inThread(range, signal);
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async close(): Promise<void> {
    this.#idle.length = 0;
    await Promise.all([...this.#all].map((worker) => worker.terminate()));
  }

  async #inThread(range: FileRange, signal: AbortSignal): Promise<string | undefined> {
    const worker = this.#idle.pop() ?? this.#start();
    const stop = (): void => void worker.terminate();
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await new Promise((resolve) => {
        const ended = (): void => resolve(undefined);
        worker.once('exit', ended);
        worker.once('message', (digest: string | undefined) => {
          worker.off('exit', ended);
          this.#idle.push(worker);
          resolve(digest);
        });
        worker.postMessage(range);
      });
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #start(): Worker {
    const file = import.meta.url.endsWith('.ts') ? './hash-worker.ts' : './hash-worker.js';
    const worker = new Worker(new URL(file, import.meta.url));
    // Its end says it all: the blob is scanned instead.
    worker.on('error', () => {});
    worker.once('exit', () => this.#all.delete(worker));
    this.#all.add(worker);
    return worker;
  }
}

function hashNow(range: FileRange): string | undefined {
  try {
    return hashRange(range);
  } catch {
    return undefined;
  }
}
