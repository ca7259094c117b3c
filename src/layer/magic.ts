/** Packed content told by its first bytes: what we open, and what we only say we did not. */

/** Kinds of packed content; all but gzip and zip are not opened. */
export type PackedKind = 'gzip' | 'zip' | 'xz' | 'bzip2' | 'zstd' | 'lz4' | '7z' | 'rar' | 'squashfs';

/** Bytes `packedKind` wants to see, where the content has as many. */
export const magicBytes = 10;

const blockMagicOfBzip2 = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];

const magics: readonly (readonly [kind: PackedKind, magic: readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['lz4', [0x04, 0x22, 0x4d, 0x18]],
  ['7z', [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
  ['rar', [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07]],
  ['squashfs', [0x68, 0x73, 0x71, 0x73]],
];

/** Tells packed content; undefined for anything else. */
export function packedKind(head: Uint8Array): PackedKind | undefined {
  const isAt = (magic: readonly number[], at: number): boolean =>
    magic.every((byte, index) => head[at + index] === byte);
  const found = magics.find(([, magic]) => isAt(magic, 0));
  if (found !== undefined) return found[0];
  // `BZh` alone begins honest text: the block's magic (the digits of pi) must follow.
  return isAt([0x42, 0x5a, 0x68], 0) && isAt(blockMagicOfBzip2, 4) ? 'bzip2' : undefined;
}
