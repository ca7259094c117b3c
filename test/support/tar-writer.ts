/**
 * Writes tar archives from the format's description (POSIX ustar, with PAX for what does not fit), so
 * that tests do not check a reader against the writer of the same package. Byte-for-byte the same each time.
 */

/** The type flags of tar headers that tests write. */
export type TarType = 'file' | 'hardlink' | 'symlink' | 'directory' | 'fifo' | 'pax' | 'pax-global' | 'gnu-long-path';

/** One entry to write; `path` goes into the archive untouched, however hostile. */
export interface TarEntry {
  readonly path: string;
  readonly type?: TarType;
  readonly content?: string | Uint8Array;
  readonly linkTarget?: string;
  readonly mode?: number;
  /** PAX records for this entry (`SCHILY.xattr.user.x` …); a long path or link target adds its own. */
  readonly pax?: Readonly<Record<string, string>>;
  /** The size the header claims, where it is to differ from the content's. */
  readonly claimedSize?: number;
}

const flags: Readonly<Record<TarType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  directory: '5',
  fifo: '6',
  pax: 'x',
  'pax-global': 'g',
  'gnu-long-path': 'L',
};

/** A tar of the entries in their order, ended by two zero blocks. */
export function packTar(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.map(packEntry), Buffer.alloc(1024)]);
}

/** One entry without the archive's end, for tests that put archives together by hand. */
export function packEntry(entry: TarEntry): Buffer {
  const content = toBytes(entry.content ?? '');
  const pax: Record<string, string> = { ...entry.pax };
  if (Buffer.byteLength(entry.path) > 100) pax['path'] = entry.path;
  if (entry.linkTarget !== undefined && Buffer.byteLength(entry.linkTarget) > 100) pax['linkpath'] = entry.linkTarget;
  const parts: Buffer[] = [];
  if (Object.keys(pax).length > 0) {
    const records = Buffer.concat(Object.entries(pax).map(([key, value]) => paxRecord(key, value)));
    parts.push(header({ path: 'PaxHeader', type: 'pax' }, records.length), padded(records));
  }
  parts.push(header(entry, entry.claimedSize ?? content.length), padded(content));
  return Buffer.concat(parts);
}

function header(entry: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(512);
  const type = entry.type ?? 'file';
  Buffer.from(entry.path).copy(block, 0, 0, 100);
  block.write(octal(entry.mode ?? (type === 'directory' ? 0o755 : 0o644), 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  if (size < 0o77777777777) block.write(octal(size, 11), 124);
  else writeBase256(block, size);
  block.write(octal(0, 11), 136);
  block.write('        ', 148);
  block.write(flags[type], 156);
  Buffer.from(entry.linkTarget ?? '').copy(block, 157, 0, 100);
  block.write('ustar\0', 257);
  block.write('00', 263);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${octal(sum, 6)} `, 148);
  return block;
}

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, '0')}\0`;
}

function writeBase256(block: Buffer, size: number): void {
  block.writeUInt8(0x80, 124);
  block.writeBigUInt64BE(BigInt(size), 128);
}

function paxRecord(key: string, value: string): Buffer {
  const body = Buffer.byteLength(` ${key}=${value}\n`);
  let length = body + String(body).length;
  if (String(length).length !== String(body).length) length = body + String(length).length;
  return Buffer.from(`${length} ${key}=${value}\n`);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

function toBytes(content: string | Uint8Array): Buffer {
  return typeof content === 'string' ? Buffer.from(content) : Buffer.from(content);
}
