/**
 * The fields of a tar header block that say where the next one is (POSIX ustar, GNU, and what came before): checksum,
 * type and size.
 */

export const blockBytes = 512;

const modeAt = 100;
const sizeAt = 124;
const sizeBytes = 12;
const sumAt = 148;
const typeAt = 156;
const magicAt = 257;
const ownerAt = 265;
const prefixAt = 345;

/** `ustar` */
const magic = [0x75, 0x73, 0x74, 0x61, 0x72] as const;

/** What a block is: a header, zeros, or neither. */
export type BlockKind = 'header' | 'zero' | 'none';

/** Tells a block by its checksum, summed unsigned or, as some old tars did, signed. */
export function kindOfBlock(block: Uint8Array): BlockKind {
  let unsigned = 0;
  for (let index = 0; index < blockBytes; index++) unsigned += block[index]!;
  if (unsigned === 0) return 'zero';
  for (let index = sumAt; index < sumAt + 8; index++) unsigned += 32 - block[index]!;
  const stored = parseOctal(block, sumAt, 8);
  if (stored === unsigned) return 'header';
  let high = 0;
  for (let index = 0; index < blockBytes; index++) {
    if (index < sumAt || index >= sumAt + 8) high += block[index]! >> 7;
  }
  return stored === unsigned - 256 * high ? 'header' : 'none';
}

/** True for a header that names its format; anything else has 256 sums to be right by chance. */
export function hasMagic(block: Uint8Array): boolean {
  for (let index = 0; index < magic.length; index++) if (block[magicAt + index] !== magic[index]) return false;
  return true;
}

/** The type flag as a character; NUL is `'0'`, as before POSIX. */
export function typeOf(block: Uint8Array): string {
  return block[typeAt] === 0 ? '0' : String.fromCharCode(block[typeAt]!);
}

/** The size field, octal or base-256; undefined where it is neither or no file can be as big. */
export function sizeOf(block: Uint8Array): number | undefined {
  const first = block[sizeAt]!;
  if ((first & 0x80) === 0) return parseOctal(block, sizeAt, sizeBytes);
  if (first & 0x40) return undefined;
  let size = first & 0x3f;
  for (let index = sizeAt + 1; index < sizeAt + sizeBytes; index++) size = size * 256 + block[index]!;
  return Number.isSafeInteger(size) ? size : undefined;
}

/** True where the name field ends in a slash: a directory, before there was a type for it. */
export function endsInSlash(block: Uint8Array): boolean {
  const end = block.subarray(0, 100).indexOf(0);
  return block[(end < 0 ? 100 : end) - 1] === 0x2f;
}

/** A header with the names of another one, of an entry of that type without content, and with nothing else to be parsed. */
export function toBareHeader(block: Uint8Array, type: string): Buffer {
  const bare = Buffer.from(block);
  bare.fill(0x20, modeAt, typeAt);
  bare[typeAt] = type.charCodeAt(0);
  bare.fill(0, ownerAt, prefixAt);
  let sum = 0;
  for (let index = 0; index < blockBytes; index++) sum += bare[index]!;
  for (let at = sumAt + 5; at >= sumAt; at--, sum >>= 3) bare[at] = 48 + (sum & 7);
  return bare;
}

// Blanks and NULs around octal digits; nothing at all is zero.
function parseOctal(block: Uint8Array, start: number, length: number): number | undefined {
  let at = start;
  let end = start + length;
  while (at < end && isBlank(block[at]!)) at++;
  while (end > at && isBlank(block[end - 1]!)) end--;
  let value = 0;
  for (; at < end; at++) {
    const digit = block[at]! - 48;
    if (digit < 0 || digit > 7) return undefined;
    value = value * 8 + digit;
  }
  return value;
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 0;
}
