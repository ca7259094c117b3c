/** Records of a zip file (PKWARE APPNOTE 4.3): local headers, directory entries, and how long each of the others is. */

import { isUtf8 } from 'node:buffer';

export const signatures = {
  local: 0x04034b50,
  descriptor: 0x08074b50,
  directory: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
  digitalSignature: 0x05054b50,
  extraData: 0x08064b50,
  /** Begins a file that was meant to be split. */
  spanned: 0x30304b50,
} as const;

const known: ReadonlySet<number> = new Set(Object.values(signatures));

/** Where the next record's signature stands at or after `from`; -1 where there is none. */
export function indexOfSignature(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf('PK', from, 'latin1'); at >= 0; at = bytes.indexOf('PK', at + 1, 'latin1')) {
    if (at + 4 > bytes.length) return -1;
    if (known.has(bytes.readUInt32LE(at))) return at;
  }
  return -1;
}

/** What a member's local header says. */
export interface LocalHeader {
  readonly length: number;
  readonly name: string;
  readonly method: number;
  readonly encrypted: boolean;
  /** Undefined where it follows the data in a descriptor. */
  readonly compressedBytes: number | undefined;
  /** As the header says; 0 where it follows the data. */
  readonly uncompressedBytes: number;
}

/** Parses the local header at the beginning; `more` asks for more bytes, `none` says that it makes no sense. */
export function parseLocalHeader(bytes: Buffer): LocalHeader | 'more' | 'none' {
  if (bytes.length < 30) return 'more';
  const flags = bytes.readUInt16LE(6);
  const method = bytes.readUInt16LE(8);
  const nameBytes = bytes.readUInt16LE(26);
  const length = 30 + nameBytes + bytes.readUInt16LE(28);
  if (nameBytes === 0 || method > 99) return 'none';
  if (bytes.length < length) return 'more';
  const name = bytes.subarray(30, 30 + nameBytes);
  const sizes = readSizes(bytes, bytes.subarray(30 + nameBytes, length));
  const inDescriptor = (flags & 0x08) !== 0 && sizes.compressed === 0;
  return {
    length,
    name: toName(name, (flags & 0x0800) !== 0),
    method,
    encrypted: (flags & 0x2041) !== 0,
    compressedBytes: inDescriptor ? undefined : sizes.compressed,
    uncompressedBytes: sizes.uncompressed,
  };
}

// Sizes that do not fit are 0xffffffff and stand in the zip64 extra field, uncompressed first (4.5.3).
function readSizes(header: Buffer, extra: Buffer): { compressed: number; uncompressed: number } {
  const compressed = header.readUInt32LE(18);
  const uncompressed = header.readUInt32LE(22);
  const most = 0xffffffff;
  if (compressed !== most) return { compressed, uncompressed };
  for (let at = 0; at + 4 <= extra.length; ) {
    const id = extra.readUInt16LE(at);
    const field = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
    const position = uncompressed === most ? 8 : 0;
    if (id === 1 && field.length >= position + 8) {
      const wide = position > 0 ? Number(field.readBigUInt64LE(0)) : uncompressed;
      return { compressed: Number(field.readBigUInt64LE(position)), uncompressed: wide };
    }
    at += 4 + extra.readUInt16LE(at + 2);
  }
  return { compressed, uncompressed };
}

/** Length of a record that is no local header, its whole once it is known; `more` asks for more bytes. */
export function recordLength(signature: number, bytes: Buffer): number | 'more' {
  switch (signature) {
    case signatures.directory:
      if (bytes.length < 46) return 'more';
      return 46 + bytes.readUInt16LE(28) + bytes.readUInt16LE(30) + bytes.readUInt16LE(32);
    case signatures.end:
      return bytes.length < 22 ? 'more' : 22 + bytes.readUInt16LE(20);
    case signatures.end64:
      return bytes.length < 12 ? 'more' : 12 + Math.min(Number(bytes.readBigUInt64LE(4)), 0xffff);
    case signatures.locator64:
      return 20;
    case signatures.digitalSignature:
      return bytes.length < 6 ? 'more' : 6 + bytes.readUInt16LE(4);
    case signatures.extraData:
      return bytes.length < 8 ? 'more' : 8 + Math.min(bytes.readUInt32LE(4), 0xffff);
    case signatures.descriptor:
      return 16;
    default:
      return 4;
  }
}

/** Where a directory entry says its local header is; undefined where that stands in a zip64 field. */
export function localOffset(directoryEntry: Buffer): number | undefined {
  const offset = directoryEntry.readUInt32LE(42);
  return offset === 0xffffffff ? undefined : offset;
}

/**
 * Where data ends whose descriptor ends at `end`: the descriptor repeats how long the data was, in four bytes or
 * eight, with a signature or without (4.3.9). Undefined where no descriptor stands there.
 * @param dataBytes how much data there would be if it ended at a position in `bytes`
 */
export function dataEndBefore(bytes: Buffer, end: number, dataBytes: (position: number) => number): number | undefined {
  for (const { length, signed, wide } of descriptors) {
    const at = end - length;
    if (at < 0 || (signed && bytes.readUInt32LE(at) !== signatures.descriptor)) continue;
    const sizeAt = at + (signed ? 8 : 4);
    const expected = dataBytes(at);
    if (expected < 0 || bytes.readUInt32LE(sizeAt) !== expected % 2 ** 32) continue;
    if (wide && bytes.readUInt32LE(sizeAt + 4) !== Math.floor(expected / 2 ** 32)) continue;
    return at;
  }
  return undefined;
}

const descriptors = [
  { length: 16, signed: true, wide: false },
  { length: 24, signed: true, wide: true },
  { length: 12, signed: false, wide: false },
  { length: 20, signed: false, wide: true },
] as const;

/** The longest descriptor. */
export const mostDescriptorBytes = 24;

/** Methods we do not inflate, by their name (4.4.5). */
export function methodName(method: number): string {
  const names: Readonly<Record<number, string>> = {
    9: 'deflate64',
    98: 'ppmd',
  };
  return names[method] ?? `method ${method}`;
}

const cp437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

// Many writers put UTF-8 in without setting the flag that says so.
function toName(bytes: Buffer, saysUtf8: boolean): string {
  if (saysUtf8 || isUtf8(bytes)) return bytes.toString('utf8');
  return Array.from(bytes, (byte) => (byte < 128 ? String.fromCharCode(byte) : cp437[byte - 128])).join('');
}
