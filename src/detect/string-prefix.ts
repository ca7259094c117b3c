/**
 * Compiled programs keep strings with their length before them and nothing between: Java's constant pools (JVM specification, 4.4.7)
 * and Python's marshalled code (Python/marshal.c). Where a token begins such a string, the length says where it ends,
 * and is no letter of a word before it.
 */

/** Where the string that begins at `at` ends; undefined where no length stands before it. */
export function prefixedEnd(bytes: Uint8Array, at: number, low: number): number | undefined {
  if (at - 3 < low) return undefined;
  const [tag, high, length] = [bytes[at - 3] as number, bytes[at - 2] as number, bytes[at - 1] as number];
  // CONSTANT_Utf8, for tokens below 4 KiB.
  if (tag === 1 && high < 16) return at + high * 256 + length;
  // TYPE_SHORT_ASCII and its interned form, with FLAG_REF or without; in a text `z=` is none.
  if (isShortAscii(high)) return isBinary(bytes, at, low) ? at + length : undefined;
  // TYPE_ASCII, TYPE_UNICODE, TYPE_STRING and their interned forms: four bytes of length, little-endian.
  if (at - 5 >= low && length === 0 && high === 0 && isLong(bytes[at - 5] as number)) {
    return at + (bytes[at - 4] as number) + tag * 256;
  }
  return undefined;
}

const binaryReach = 48;

/** Whether a byte that no text holds stands shortly before. */
function isBinary(bytes: Uint8Array, at: number, low: number): boolean {
  for (let before = at - 3, last = Math.max(low, at - binaryReach); before >= last; before--) {
    if ((bytes[before] as number) < 9) return true;
  }
  return false;
}

function isShortAscii(type: number): boolean {
  const plain = type & 0x7f;
  return plain === 0x7a || plain === 0x5a;
}

function isLong(type: number): boolean {
  const plain = type & 0x7f;
  return plain === 0x61 || plain === 0x41 || plain === 0x75 || plain === 0x74 || plain === 0x73;
}
