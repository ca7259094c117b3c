/**
 * A worker thread: scans one blob at a time, or some texts. Bytes come from a file range it reads itself, or from the
 * main thread, which owns sockets and pipes, as chunks under a credit: each is acknowledged when used up.
 */

import { open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { compilePlan } from '../detect/compiled-rules.ts';
import { decodePlan } from '../detect/plan-bytes.ts';
import type { ByteStream } from '../layer/byte-stream.ts';
import type { WalkOptions } from '../layer/walk-layer.ts';
import type { FileRange } from '../source/source.ts';
import { help } from './help.ts';
import { Helpers } from './helpers.ts';
import type { LayerScan } from './layer-scan.ts';
import { matchTexts, type TextMatches } from './match-texts.ts';
import { type ScanKit, scanBlob } from './scan-blob.ts';

/** What a worker is started with. */
export interface WorkerSetup {
  readonly plan: Uint8Array;
  readonly automaton: Uint8Array | undefined;
  readonly seed: number;
  /** How many workers are scanning a blob or help with one. */
  readonly busy: Int32Array;
}

/** How a layer is to be walked, as far as it can be told to another thread. */
export type PlainWalkOptions = Omit<WalkOptions, 'signal' | 'isCrowded'>;

/** What the main thread says to a worker. */
export type ToWorker =
  | { readonly kind: 'scan'; readonly file?: FileRange; readonly options: PlainWalkOptions }
  | { readonly kind: 'match'; readonly texts: readonly string[] }
  /** Another worker's contents come over the port. */
  | { readonly kind: 'help'; readonly port: MessagePort }
  /** Another worker helps with the blob that is being scanned. */
  | { readonly kind: 'helper'; readonly port: MessagePort }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  /** The source failed: what came so far is scanned, then the job fails. */
  | { readonly kind: 'cut'; readonly message: string };

/** What a worker says to the main thread. */
export type FromWorker =
  /** So many bytes were used up; `buffer` held them and may be filled again. */
  | { readonly kind: 'used'; readonly bytes: number; readonly buffer?: ArrayBuffer }
  | { readonly kind: 'done'; readonly scan: LayerScan }
  | { readonly kind: 'matched'; readonly matches: readonly TextMatches[] }
  | { readonly kind: 'failed'; readonly message: string; readonly stack: string | undefined };

const fileChunkBytes = 512 << 10;

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
        const buffer = item.buffer as ArrayBuffer;
        say({ kind: 'used', bytes: item.byteLength, buffer }, [buffer]);
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
  }
}

function say(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  parentPort!.postMessage(message, transfer);
}

/** A file's bytes, a buffer read ahead; two buffers take turns, since collecting a new one for each chunk costs more than reading. */
async function* readFile(range: FileRange): AsyncGenerator<Uint8Array> {
  const file = await open(range.path, 'r');
  try {
    const buffers = [new Uint8Array(fileChunkBytes), new Uint8Array(fileChunkBytes)] as const;
    const read = (turn: number, at: number): Promise<{ readonly bytesRead: number }> =>
      file.read(buffers[turn & 1]!, 0, Math.max(0, Math.min(fileChunkBytes, range.end - at)), at);
    let reading = read(0, range.start);
    let at = range.start;
    for (let turn = 0; at < range.end; turn++) {
      const { bytesRead } = await reading;
      if (bytesRead === 0) return;
      at += bytesRead;
      reading = read(turn + 1, at);
      // Whoever stops listening leaves a read behind that nobody waits for.
      reading.catch(() => {});
      yield buffers[turn & 1]!.subarray(0, bytesRead);
      say({ kind: 'used', bytes: bytesRead });
    }
  } finally {
    await file.close();
  }
}

const setup = workerData as WorkerSetup;
const kit: ScanKit = { rules: compilePlan(decodePlan(setup.plan)), automaton: setup.automaton, seed: setup.seed };
const processors = availableParallelism();
const isCrowded = (): boolean => Atomics.load(setup.busy, 0) >= processors;
let inbox = new Inbox();
let helpers: Helpers | undefined;

async function run(work: () => FromWorker | Promise<FromWorker>): Promise<void> {
  try {
    say(await work());
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    say({ kind: 'failed', message, stack });
  }
}

async function scanWithHelp(bytes: ByteStream, options: WalkOptions): Promise<LayerScan> {
  const mine = new Helpers();
  helpers = mine;
  try {
    return await scanBlob(bytes, kit, options, mine);
  } finally {
    helpers = undefined;
    mine.close();
  }
}

parentPort!.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'scan': {
      inbox = new Inbox();
      const bytes: ByteStream = message.file === undefined ? inbox.stream() : readFile(message.file);
      const options = { ...message.options, isCrowded };
      void run(async () => ({ kind: 'done', scan: await scanWithHelp(bytes, options) }));
      break;
    }
    case 'help':
      help(message.port, kit.rules, kit.automaton);
      break;
    case 'helper':
      if (helpers === undefined) message.port.close();
      else helpers.add(message.port);
      break;
    case 'match':
      void run(() => ({ kind: 'matched', matches: matchTexts(kit.rules, message.texts) }));
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
