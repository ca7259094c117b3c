/**
 * Tells what stored content is by its first bytes, since media types and names are only what somebody
 * claims. Anything that may be a layer is one: a compressed stream, a tar header whose checksum is right,
 * or the zero block an empty tar begins with.
 */

/** Bytes `sniff` wants to see, where the content has as many. */
export const sniffBytes = 512;

/** What the first bytes say. */
export type Content =
  | { readonly kind: 'layer'; readonly compression: 'none' | 'gzip' | 'zstd' }
  | { readonly kind: 'json' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'unknown'; readonly looksLike?: string };

const others: readonly (readonly [name: string, magic: readonly number[]])[] = [
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['lz4', [0x04, 0x22, 0x4d, 0x18]],
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
  ['7z', [0x37, 0x7a, 0xbc, 0xaf]],
  ['an ELF program', [0x7f, 0x45, 0x4c, 0x46]],
  ['squashfs', [0x68, 0x73, 0x71, 0x73]],
  ['HTML', [0x3c]],
];

/** Tells content by its first `sniffBytes` bytes. */
export function sniff(head: Uint8Array): Content {
  if (head.length === 0) return { kind: 'empty' };
  if (startsWith(head, [0x1f, 0x8b])) return { kind: 'layer', compression: 'gzip' };
  if (isZstd(head)) return { kind: 'layer', compression: 'zstd' };
  if (isTarHeader(head) || isZeroBlock(head)) return { kind: 'layer', compression: 'none' };
  if (isJson(head)) return { kind: 'json' };
  const looksLike = others.find(([, magic]) => startsWith(head, magic))?.[0];
  return looksLike === undefined ? { kind: 'unknown' } : { kind: 'unknown', looksLike };
}

/** True for a 512-byte block whose tar checksum is right, summed unsigned or, as some old tars did, signed. */
export function isTarHeader(head: Uint8Array): boolean {
  if (head.length < 512) return false;
  const [, digits] = /^[ \0]*([0-7]{1,7})[ \0]*$/.exec(String.fromCharCode(...head.subarray(148, 156))) ?? [];
  if (digits === undefined) return false;
  let unsigned = 0;
  let signed = 0;
  for (let index = 0; index < 512; index++) {
    const byte = index >= 148 && index < 156 ? 0x20 : head[index]!;
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  const sum = Number.parseInt(digits, 8);
  return sum === unsigned || sum === signed;
}

function isZeroBlock(head: Uint8Array): boolean {
  return head.length >= 512 && head.subarray(0, 512).every((byte) => byte === 0);
}

// A zstd frame, or a skippable one (RFC 8878, 3.1.2), which zstd:chunked and parallel compressors begin with.
function isZstd(head: Uint8Array): boolean {
  if (startsWith(head, [0x28, 0xb5, 0x2f, 0xfd])) return true;
  return head.length >= 4 && (head[0]! & 0xf0) === 0x50 && startsWith(head.subarray(1), [0x2a, 0x4d, 0x18]);
}

function isJson(head: Uint8Array): boolean {
  const text = startsWith(head, [0xef, 0xbb, 0xbf]) ? head.subarray(3) : head;
  const first = text.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
  return first === 0x7b || first === 0x5b;
}

function startsWith(head: Uint8Array, magic: readonly number[]): boolean {
  return head.length >= magic.length && magic.every((byte, index) => head[index] === byte);
}
