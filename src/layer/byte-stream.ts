/** Bytes as they arrive; chunks of any size, not to be kept after the next one is asked for. */
export type ByteStream = AsyncIterable<Uint8Array>;
