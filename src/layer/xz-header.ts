/** Headers of .xz streams and their blocks, and the numbers in them (The .xz File Format 1.2.1). */

const lzma2Filter = 0x21;
const deltaFilter = 0x03;

/** What a block header says. */
export interface BlockHeader {
  readonly dictionaryBytes: number;
  readonly deltas: readonly number[];
  /** False where a filter is left as it is, so that the block's check can't be right. */
  readonly isExact: boolean;
}

/** True where the bytes begin with the magic of an .xz stream. */
export function isXz(bytes: Uint8Array): boolean {
  return [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0].every((byte, index) => bytes[index] === byte);
}

/** A block header without its CRC (3.1); undefined where it makes no sense. */
export function parseBlockHeader(header: Buffer): BlockHeader | undefined {
  const flags = header[1]!;
  if (flags & 0x3c) return undefined;
  let at = 2;
  const next = (): number | undefined => {
    const number = readNumber(header, at, header.length);
    if (typeof number === 'string') return undefined;
    at += number.length;
    return number.value;
  };
  // Sizes of the block, which its content and the index tell as well.
  if (flags & 0x40 && next() === undefined) return undefined;
  if (flags & 0x80 && next() === undefined) return undefined;
  const deltas: number[] = [];
  let isExact = true;
  for (let left = (flags & 3) + 1; left > 0; left--) {
    const id = next();
    const size = next();
    if (id === undefined || size === undefined || at + size > header.length) return undefined;
    const properties = header.subarray(at, at + size);
    at += size;
    if (left === 1) {
      const dictionaryBytes = id === lzma2Filter && size === 1 ? dictionarySize(properties[0]!) : undefined;
      return dictionaryBytes === undefined ? undefined : { dictionaryBytes, deltas, isExact };
    }
    if (id === deltaFilter && size === 1) deltas.push(properties[0]! + 1);
    else isExact = false;
  }
  return undefined;
}

function dictionarySize(bits: number): number | undefined {
  if (bits > 40) return undefined;
  return bits === 40 ? 0xffffffff : (2 | (bits & 1)) * 2 ** ((bits >> 1) + 11);
}

/** A number of up to 63 bits, seven a byte (1.2). */
export function readNumber(
  bytes: Uint8Array,
  from: number,
  end: number,
): { readonly value: number; readonly length: number } | 'more' | 'none' {
  let value = 0;
  for (let length = 1; length <= 9; length++) {
    if (from + length > end) return 'more';
    const byte = bytes[from + length - 1]!;
    value += (byte & 0x7f) * 2 ** (7 * (length - 1));
    if (byte < 0x80) return byte === 0 && length > 1 ? 'none' : { value, length };
  }
  return 'none';
}
