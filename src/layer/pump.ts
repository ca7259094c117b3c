/**
 * Runs a `node:zlib` stream beside the scan: one step inflates on the thread pool while the consumer
 * scans the last one's output, which is why a second write is always queued. Everything decompressed before
 * the data broke is given out before the end is told; a plain pipe throws that away (destroying a stream drops its buffer).
 */

import type { InflateRaw, ZstdDecompress } from 'node:zlib';

/** How a run ended: `ended` by its own end mark, `truncated` where input ran out, `corrupt` where it made no sense. */
export interface PumpEnd {
  readonly how: 'ended' | 'truncated' | 'corrupt';
  /** Input that was fed but lies behind the end mark. */
  readonly unused: Uint8Array;
}

/** Bytes a write may have: what is lost where the data breaks is at most what one write inflates to. */
export const pieceBytes: number = 64 * 1024;

/** Output buffered before the engine waits. */
export const outputChunkBytes: number = 256 * 1024;

const writesAhead = 2;

/** Feeds `next()`'s pieces (undefined ends the input) to an engine and gives what comes out. */
export async function* pump(
  engine: InflateRaw | ZstdDecompress,
  next: () => Promise<Uint8Array | undefined>,
): AsyncGenerator<Uint8Array, PumpEnd> {
  const output: Uint8Array[] = [];
  const fed: Uint8Array[] = [];
  let fedBytes = 0;
  let inFlight = 0;
  let inputEnded = false;
  let how: PumpEnd['how'] | undefined;
  let sourceError: unknown;
  let feeding: Promise<void> | undefined;
  let wake = (): void => {};

  engine.on('data', (chunk: Uint8Array) => {
    output.push(chunk);
    wake();
  });
  engine.on('end', () => {
    how ??= 'ended';
    wake();
  });
  engine.on('error', (error: NodeJS.ErrnoException) => {
    how ??= error.code === 'Z_BUF_ERROR' && inputEnded ? 'truncated' : 'corrupt';
    wake();
  });

  const feed = async (): Promise<void> => {
    while (how === undefined && !inputEnded && inFlight < writesAhead) {
      const piece = await next();
      if (piece === undefined) {
        inputEnded = true;
        // Ending while a write is under way could break off output that is still to come.
        if (inFlight === 0) engine.end();
        return;
      }
      // The source may reuse its chunk while the thread pool still reads ours.
      const copy = Buffer.from(piece);
      fed.push(copy);
      fedBytes += copy.length;
      if (fed.length > writesAhead + 1) fed.shift();
      if (how !== undefined) return;
      inFlight++;
      engine.write(copy, () => {
        inFlight--;
        if (inputEnded && inFlight === 0) engine.end();
        wake();
      });
    }
  };

  try {
    for (;;) {
      if (feeding === undefined && how === undefined && !inputEnded && inFlight < writesAhead) {
        feeding = feed()
          .catch((error: unknown) => {
            sourceError = error;
            how ??= 'truncated';
          })
          .finally(() => {
            feeding = undefined;
            wake();
          });
      }
      const chunk = output.shift();
      if (chunk !== undefined) {
        yield chunk;
        continue;
      }
      if (how !== undefined && feeding === undefined) break;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    engine.destroy();
  }
  if (sourceError !== undefined) throw sourceError;
  const tail = Buffer.concat(fed);
  return { how: how ?? 'truncated', unused: tail.subarray(tail.length - (fedBytes - engine.bytesWritten)) };
}
