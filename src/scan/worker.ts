/**
 * A worker thread: scans one blob at a time. Bytes come from a file range it reads itself, or from the
 * main thread, which owns sockets and pipes, as chunks under a credit: each is acknowledged when used up.
 */

import { createReadStream } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { compileMatcher } from '../detect/matcher.ts';
import type { RuleSet } from '../detect/rule.ts';
import type { ByteStream } from '../layer/byte-stream.ts';
import type { WalkOptions } from '../layer/walk-layer.ts';
import type { FileRange } from '../source/source.ts';
import type { LayerScan } from './layer-scan.ts';
import { type ScanKit, scanBlob } from './scan-blob.ts';

/** What a worker is started with. */
export interface WorkerSetup {
  readonly ruleSet: RuleSet;
  readonly automaton: Uint8Array | undefined;
  readonly seed: number;
}

/** What the main thread says to a worker. */
export type ToWorker =
  | { readonly kind: 'scan'; readonly file?: FileRange; readonly options: WalkOptions }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  /** The source failed: what came so far is scanned, then the job fails. */
  | { readonly kind: 'cut'; readonly message: string };

/** What a worker says to the main thread. */
export type FromWorker =
  | { readonly kind: 'used'; readonly bytes: number }
  | { readonly kind: 'done'; readonly scan: LayerScan }
  | { readonly kind: 'failed'; readonly message: string; readonly stack: string | undefined };

const fileChunkBytes = 1 << 20;

/** Chunks from the main thread as a stream; acknowledges each when the next one is asked for. */
class Inbox {
  readonly #queue: (Uint8Array | 'end' | Error)[] = [];
  #wake: (() => void) | undefined;

  put(item: Uint8Array | 'end' | Error): void {
    this.#queue.push(item);
    this.#wake?.();
  }

  async *stream(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const item = this.#queue.shift();
      if (item === 'end') return;
      if (item instanceof Error) throw item;
      if (item !== undefined) {
        yield item;
        say({ kind: 'used', bytes: item.byteLength });
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
  }
}

function say(message: FromWorker): void {
  parentPort!.postMessage(message);
}

async function* readFile(range: FileRange): AsyncGenerator<Uint8Array> {
  if (range.end <= range.start) return;
  const stream = createReadStream(range.path, {
    start: range.start,
    end: range.end - 1,
    highWaterMark: fileChunkBytes,
  });
  for await (const chunk of stream) {
    yield chunk as Uint8Array;
    say({ kind: 'used', bytes: (chunk as Uint8Array).byteLength });
  }
}

const setup = workerData as WorkerSetup;
const kit: ScanKit = { rules: compileMatcher(setup.ruleSet), automaton: setup.automaton, seed: setup.seed };
let inbox = new Inbox();

async function run(bytes: ByteStream, options: WalkOptions): Promise<void> {
  try {
    say({ kind: 'done', scan: await scanBlob(bytes, kit, options) });
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    say({ kind: 'failed', message, stack });
  }
}

parentPort!.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'scan':
      inbox = new Inbox();
      void run(message.file === undefined ? inbox.stream() : readFile(message.file), message.options);
      break;
    case 'chunk':
      inbox.put(message.bytes);
      break;
    case 'end':
      inbox.put('end');
      break;
    case 'cut':
      inbox.put(new Error(message.message));
      break;
  }
});
