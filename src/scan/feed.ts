/** Hands a blob's bytes to the worker that scans it, no faster than it uses them up. */

import { messageOf } from '../errors.ts';
import type { ByteStream } from '../layer/byte-stream.ts';
import type { ToWorker } from './worker.ts';

/** Bytes on their way to one worker at most. */
const creditBytes = 8 << 20;
/** Small chunks are put together to this size: a message costs more than a copy. */
export const chunkBytes: number = 256 << 10;

/** Tells a worker something. */
export type Say = (message: ToWorker, transfer?: ArrayBuffer[]) => void;

/** Sends a stream's bytes within the credit; a source that fails is told to the worker, which scans what came. */
export async function feed(
  bytes: ByteStream,
  say: Say,
  credit: Credit,
  newBatch: () => Uint8Array<ArrayBuffer>,
): Promise<void> {
  try {
    let batch = newBatch();
    let filled = 0;
    const send = async (part: Uint8Array<ArrayBuffer>): Promise<void> => {
      await credit.take(part.byteLength);
      say({ kind: 'chunk', bytes: part }, [part.buffer]);
    };
    for await (const chunk of bytes) {
      for (let start = 0; start < chunk.byteLength; ) {
        const part = chunk.subarray(start, start + chunkBytes - filled);
        batch.set(part, filled);
        filled += part.byteLength;
        start += part.byteLength;
        if (filled === chunkBytes) {
          await send(batch);
          batch = newBatch();
          filled = 0;
        }
      }
    }
    if (filled > 0) await send(batch.slice(0, filled));
    say({ kind: 'end' });
  } catch (error) {
    say({ kind: 'cut', message: messageOf(error) });
  }
}

/** Counts the bytes that are on their way. */
export class Credit {
  #left = creditBytes;
  #waiting: (() => void) | undefined;
  #closed = false;

  async take(bytes: number): Promise<void> {
    while (this.#left <= 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    if (this.#closed) throw new Error('the scan of this blob has ended');
    this.#left -= bytes;
  }

  give(bytes: number): void {
    this.#left += bytes;
    this.#waiting?.();
    this.#waiting = undefined;
  }

  close(): void {
    this.#closed = true;
    this.give(0);
  }
}
