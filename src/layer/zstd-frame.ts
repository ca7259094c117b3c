/** Headers of zstd frames and blocks (RFC 8878, 3.1.1): what is needed to find where each ends. */

export const frameMagic = 0xfd2fb528;
export const mostFrameHeaderBytes = 18;
export const blockHeaderBytes = 3;
export const checksumBytes = 4;

/** The largest block a frame may have (RFC 8878, 3.1.1.2.4). */
export const mostBlockBytes: number = 128 * 1024;

/** What a frame header says. */
export interface FrameHeader {
  readonly length: number;
  /** Memory the decoder needs to look back. */
  readonly windowBytes: number;
  readonly hasChecksum: boolean;
}

/** True for the magic of a skippable frame, whose size follows it in four bytes. */
export function isSkippable(magic: number): boolean {
  return magic >= 0x184d2a50 && magic <= 0x184d2a5f;
}

/** Parses the header that begins with the magic; undefined where it is cut short or malformed. */
export function parseFrameHeader(bytes: Uint8Array): FrameHeader | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < 5) return undefined;
  const descriptor = view[4]!;
  if (descriptor & 0x08) return undefined;
  const singleSegment = (descriptor & 0x20) !== 0;
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3]!;
  const contentSizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const windowAt = 5;
  const contentSizeAt = windowAt + (singleSegment ? 0 : 1) + dictionaryIdBytes;
  const length = contentSizeAt + contentSizeBytes;
  if (view.length < length) return undefined;
  let windowBytes: number;
  if (singleSegment) {
    windowBytes =
      contentSizeBytes === 8
        ? Number(view.readBigUInt64LE(contentSizeAt))
        : view.readUIntLE(contentSizeAt, contentSizeBytes);
    if (contentSizeBytes === 2) windowBytes += 256;
  } else {
    const window = view[windowAt]!;
    const base = 2 ** (10 + (window >> 3));
    windowBytes = base + (base / 8) * (window & 7);
  }
  return { length, windowBytes, hasChecksum: (descriptor & 0x04) !== 0 };
}

/** What a block header says; `length` is of header and content. Undefined for a reserved or oversized block. */
export function parseBlockHeader(bytes: Uint8Array, at: number): { length: number; last: boolean } | undefined {
  const header = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
  const type = (header >> 1) & 3;
  const size = header >> 3;
  if (type === 3 || size > mostBlockBytes) return undefined;
  return { length: blockHeaderBytes + (type === 1 ? 1 : size), last: (header & 1) === 1 };
}
