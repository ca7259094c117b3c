/** The header of a gzip member (RFC 1952, 2.3): how long it is and the name it gives. */

/** What a header says; `more` asks for more bytes, `none` says that this is no gzip. */
export type GzipHeader = { readonly length: number; readonly name?: string } | 'more' | 'none';

/** More than any honest header: an extra field of 64 KiB, a name and a comment. */
export const mostHeaderBytes: number = 256 * 1024;

/** Bytes after the deflate data: CRC-32 and size modulo 2^32. */
export const trailerBytes = 8;

/** Parses the header at the beginning of `bytes`. */
export function parseGzipHeader(bytes: Uint8Array): GzipHeader {
  const magic = [0x1f, 0x8b, 8];
  if (magic.some((byte, index) => index < bytes.length && bytes[index] !== byte)) return 'none';
  if (bytes.length < 10) return 'more';
  const flags = bytes[3]!;
  if ((flags & 0xe0) !== 0) return 'none';
  let at = 10;
  if (flags & 4) {
    if (bytes.length < at + 2) return 'more';
    at += 2 + (bytes[at]! | (bytes[at + 1]! << 8));
  }
  let name: string | undefined;
  for (const flag of [8, 16]) {
    if ((flags & flag) === 0) continue;
    const end = at <= bytes.length ? bytes.indexOf(0, at) : -1;
    if (end < 0) return bytes.length >= mostHeaderBytes ? 'none' : 'more';
    if (flag === 8) name = Buffer.from(bytes.subarray(at, end)).toString('latin1');
    at = end + 1;
  }
  if (flags & 2) at += 2;
  if (bytes.length < at) return 'more';
  return name === undefined ? { length: at } : { length: at, name };
}
