/** Looks at the beginning of a stream without taking it away. */

import type { ByteStream } from '../layer/byte-stream.ts';

/** The first `wanted` bytes, or all where there are fewer, and the whole stream, which may be read once. */
export async function peek(
  stream: ByteStream,
  wanted: number,
): Promise<{ readonly head: Uint8Array; readonly whole: ByteStream }> {
  const chunks = stream[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  let isDone = false;
  while (length < wanted && !isDone) {
    const next = await chunks.next();
    if (next.done === true) isDone = true;
    else {
      // Copied: a source may use its buffer again once the next chunk is asked for.
      first.push(Uint8Array.from(next.value));
      length += next.value.length;
    }
  }
  const head = Buffer.concat(first).subarray(0, wanted);
  return {
    head,
    whole: {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          const value = first.shift();
          if (value !== undefined) return { done: false, value };
          return isDone ? { done: true, value: undefined } : chunks.next();
        },
        return: async () => {
          await chunks.return?.();
          return { done: true, value: undefined };
        },
      }),
    },
  };
}
