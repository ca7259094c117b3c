/**
 * Packed content told by its first bytes and never by its name: what we open, and what we only say we did not. Magics of a few bytes
 * that also begin honest content are backed by a look at the fields behind them.
 */

import { isAsar } from './asar-reader.ts';
import type { StreamFormat } from './compressed-reader.ts';
import { isGitBundle } from './git-bundle-reader.ts';
import { isGitLoose } from './git-loose-reader.ts';
import { isGitPack } from './git-pack-reader.ts';
import { isLevelDbLog } from './leveldb-log-reader.ts';
import { lz4LegacyMagic, lz4Magic } from './lz4.ts';
import { isLzmaAlone } from './lzma-alone.ts';
import { isRedisDump } from './redis-reader.ts';
import { hasMagic, kindOfBlock, sizeOf, typeOf } from './tar-header.ts';
import { frameMagic, isSkippable } from './zstd-frame.ts';

/** Archives: each is a level of nesting. */
export type ArchiveKind = 'zip' | 'tar' | 'cpio' | 'asar' | 'git-pack' | 'git-bundle';

/** What is wrapped around an archive or a file, and counts with what it holds. */
export type WrapperKind =
  | 'gzip'
  | 'ar'
  | 'rpm'
  | 'sqlite'
  | 'leveldb-log'
  | 'redis-dump'
  | 'git-loose'
  | 'bare'
  | StreamFormat;

/** Packed content that is opened. */
export type OpenedKind = ArchiveKind | WrapperKind;

/** What a member is a member of; `embedded` where that begins somewhere in a program or a script. */
export type ContainerKind = OpenedKind | 'embedded zip' | 'embedded gzip';

/** Packed content as a whole; `named` is not opened, by the name people know it by. */
export type PackedKind = { readonly opens: OpenedKind } | { readonly named: string };

/** Bytes `packedKind` wants to see, where the content has as many: the last field of an ext superblock it looks at ends here. */
export const magicBytes = 1104;

/** Where an ISO 9660 image says that it is one, far behind what is kept. */
export const isoMagic: { readonly at: number; readonly bytes: readonly number[] } = {
  at: 32_769,
  bytes: [0x43, 0x44, 0x30, 0x30, 0x31],
};

const opened: readonly (readonly [kind: OpenedKind, magic: string])[] = [
  ['gzip', '1f8b08'],
  ['zip', '504b0304'],
  // Meant to be split, and then not.
  ['zip', '504b0708504b0304'],
  ['zip', '504b3030504b0304'],
  ['xz', 'fd377a585a00'],
  ['zstd', '28b52ffd'],
  ['lz4', '04224d18'],
  ['lz4', '02214c18'],
  ['ar', '213c617263683e0a'],
  ['rpm', 'edabeedb'],
  ['sqlite', '53514c69746520666f726d6174203300'],
  // Their write-ahead logs, of either byte order of checksums, at the one version there is.
  ['sqlite', '377f0682002de218'],
  ['sqlite', '377f0683002de218'],
];

const named: readonly (readonly [name: string, magic: string])[] = [
  ['7z archive', '377abcaf271c'],
  ['rar archive', '526172211a07'],
  ['cabinet', '4d53434600000000'],
  ['xar archive', '78617221001c'],
  ['lzip file', '4c5a495001'],
  ['lzop file', '894c5a4f000d0a1a0a'],
  ['compress (.Z) file', '1f9d90'],
  ['apk version 3 package', '41444264'],
  ['apk version 3 package', '41444263'],
  ['apk version 3 package', '4144422e'],
  ['qcow2 disk image', '514649fb'],
  ['vmdk disk image', '4b444d5601000000'],
  // Stores of credentials: nobody opens them without their password, whoever has it or guesses it does.
  ['KeePass database', '03d9a29a67fb4bb5'],
  ['KeePass 1 database', '03d9a29a65fb4bb5'],
  ['GNOME keyring', '476e6f6d654b657972696e670a0d'],
  ['KDE wallet', '4b57414c4c45540a0d000d0a'],
  ['macOS keychain', '6b7963680001'],
];

/** By the first byte, which is asked of every content there is, in their order. */
const magics: readonly (readonly { readonly magic: Buffer; readonly kind: PackedKind }[])[] = Array.from(
  { length: 256 },
  (_, first) =>
    [
      ...opened.map(([kind, magic]) => ({ magic: Buffer.from(magic, 'hex'), kind: { opens: kind } })),
      ...named.map(([name, magic]) => ({ magic: Buffer.from(magic, 'hex'), kind: { named: name } })),
    ].filter(({ magic }) => magic[0] === first),
);

/** Tells packed content by its first `magicBytes`; undefined for anything else. */
export function packedKind(bytes: Uint8Array): PackedKind | undefined {
  // No more than that, however much is there: where a chunk ends must not decide.
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, magicBytes));
  for (const { magic, kind } of magics[head[0] ?? 0]!) if (begins(head, magic)) return kind;
  if (isBzip2(head)) return { opens: 'bzip2' };
  if (isTar(head)) return { opens: 'tar' };
  if (isCpio(head)) return { opens: 'cpio' };
  if (isAsar(head)) return { opens: 'asar' };
  if (isGitPack(head)) return { opens: 'git-pack' };
  if (isGitBundle(head)) return { opens: 'git-bundle' };
  if (isGitLoose(head)) return { opens: 'git-loose' };
  if (isRedisDump(head)) return { opens: 'redis-dump' };
  if (isLevelDbLog(head)) return { opens: 'leveldb-log' };
  const skipped = behindSkippable(head);
  if (skipped !== undefined) return { opens: skipped };
  if (isLzmaAlone(head)) return { opens: 'lzma' };
  const isElf = begins(head, elf);
  if (isElf && begins(head, appImage, 8)) return { named: 'AppImage' };
  if ((isElf || begins(head, dosProgram)) && head.includes(upx)) return { named: 'program packed by UPX' };
  const fileSystem = fileSystemOf(head);
  return fileSystem === undefined ? undefined : { named: fileSystem };
}

function begins(head: Buffer, magic: Buffer, at = 0): boolean {
  return head[at] === magic[0] && magic.equals(head.subarray(at, at + magic.length));
}

/** True for kinds that count as a level of nesting. */
export function isArchive(kind: OpenedKind): kind is ArchiveKind {
  return ['zip', 'tar', 'cpio', 'asar'].includes(kind) || isDeltaPacked(kind);
}

/** True for kinds whose members are told by what they differ in. */
export function isDeltaPacked(kind: OpenedKind): boolean {
  return kind === 'git-pack' || kind === 'git-bundle';
}

const elf = Buffer.from('7f454c46', 'hex');
// In the padding of an ELF header: an AppImage is a program with a squashfs image behind it.
const appImage = Buffer.from('414902', 'hex');
const dosProgram = Buffer.from('MZ');
// In front of what is packed, behind the headers of either kind of program.
const upx = Buffer.from('UPX!');
const bzip2 = Buffer.from('BZh');
const digitsOfPi = Buffer.from('314159265359', 'hex');
const digitsOfItsRoot = Buffer.from('177245385090', 'hex');

// `BZh` alone begins honest text: the magic of a block (the digits of pi) must follow, or that of the end, where the first of several
// streams is empty.
function isBzip2(head: Buffer): boolean {
  if (!begins(head, bzip2)) return false;
  const magic = head.subarray(4, 10);
  return magic.equals(digitsOfPi) || magic.equals(digitsOfItsRoot);
}

function isTar(head: Buffer): boolean {
  if (head.length < 512 || head[0] === 0) return false;
  const isPlausible = hasMagic(head) || '01234567'.includes(typeOf(head));
  return isPlausible && kindOfBlock(head) === 'header' && sizeOf(head) !== undefined;
}

function isCpio(head: Buffer): boolean {
  return head[0] === 0x30 && /^(?:07070[12][0-9a-fA-F]{104}|070707[0-7]{70})/.test(head.toString('latin1', 0, 110));
}

// Parallel zstd puts a skippable frame in front, and lz4 has the same ones. What lies behind a long one the reader tells.
function behindSkippable(head: Buffer): 'zstd' | 'lz4' | undefined {
  let at = 0;
  while (at + 8 <= head.length && isSkippable(head.readUInt32LE(at))) at += 8 + head.readUInt32LE(at + 4);
  if (at === 0) return undefined;
  if (at >= magicBytes) return 'zstd';
  const magic = at + 4 <= head.length ? head.readUInt32LE(at) : 0;
  if (magic === frameMagic) return 'zstd';
  return magic === lz4Magic || magic === lz4LegacyMagic ? 'lz4' : undefined;
}

const littleSquashFs = Buffer.from('hsqs');
const bigSquashFs = Buffer.from('sqsh');

function fileSystemOf(head: Buffer): string | undefined {
  if (head.length >= 32 && (begins(head, littleSquashFs) || begins(head, bigSquashFs))) {
    const isLittle = head[0] === 0x68;
    const version = isLittle ? head.readUInt16LE(28) : head.readUInt16BE(28);
    if (version >= 1 && version <= 4) return 'squashfs image';
  }
  if (head.length < magicBytes) return undefined;
  if (head.readUInt32LE(1024) === 0xe0f5e1e2) return 'erofs image';
  // Two bytes of magic are not enough: block size, revision and inode count must make sense too.
  const isExt =
    head.readUInt16LE(1080) === 0xef53 &&
    head.readUInt32LE(1048) <= 6 &&
    head.readUInt32LE(1100) <= 1 &&
    head.readUInt32LE(1024) > 0;
  return isExt ? 'ext2/3/4 image' : undefined;
}
