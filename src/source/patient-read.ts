/**
 * Reading an answer's body from a stranger: a wait for bytes is bounded, a trickle counts as silence,
 * and small bodies have a size and a time they must fit in. The clock runs only while we wait: a scan that
 * is slow to take the next chunk is no fault of the server.
 */

import type { Readable } from 'node:stream';
import { ScanError } from '../errors.ts';

/** What must arrive in one idle time-out's worth of waiting for a server not to count as stalled. */
const minBytesPerTimeout = 4096;

/** The chunks of a stream. @throws ScanError SOURCE_TIMEOUT */
export async function* readPatiently(stream: Readable, timeoutMs: number, subject: string): AsyncGenerator<Uint8Array> {
  let waitedMs = 0;
  let received = 0;
  const iterator = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  try {
    for (;;) {
      const began = performance.now();
      const next = await within(iterator.next(), timeoutMs, () => {
        const error = stalled(subject, timeoutMs);
        stream.destroy(error);
        return error;
      });
      if (next.done === true) return;
      waitedMs += performance.now() - began;
      received += next.value.length;
      if (waitedMs >= timeoutMs) {
        if (received < minBytesPerTimeout) throw stalled(subject, timeoutMs);
        waitedMs = 0;
        received = 0;
      }
      yield next.value;
    }
  } finally {
    stream.destroy();
  }
}

/** A whole body of at most `maxBytes`. @throws ScanError LIMIT_EXCEEDED, SOURCE_TIMEOUT */
export async function readBounded(
  stream: Readable,
  limits: { maxBytes: number; timeoutMs: number; subject: string },
): Promise<Buffer> {
  const { maxBytes, timeoutMs, subject } = limits;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of readPatiently(stream, timeoutMs, subject)) {
    size += chunk.length;
    if (size > maxBytes) {
      throw new ScanError('LIMIT_EXCEEDED', `${subject}: the answer is larger than ${maxBytes} bytes.`, { subject });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A promise that must settle in time; `late` is called when it doesn't and says what to throw. */
export async function within<T>(promise: Promise<T>, timeoutMs: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), timeoutMs);
  });
  // Whichever loses the race has nobody else to hear its failure.
  promise.catch(() => {});
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function stalled(subject: string, timeoutMs: number): ScanError {
  return new ScanError('SOURCE_TIMEOUT', `${subject}: nothing came for ${timeoutMs / 1000} s.`, {
    subject,
    hint: 'The server may be overloaded: try again later.',
  });
}
