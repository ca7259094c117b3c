/**
 * Bytes of tars, zips and streams put together by hand, for what no well-behaved writer writes: any type flag, any
 * size field, headers that lie. `tar-writer.ts` is for tars that are only ordinary.
 */

import { crc32, deflateRawSync } from 'node:zlib';

/** A header block's fields; everything else is as GNU tar writes it. */
export interface RawHeader {
  readonly name: string | Uint8Array;
  readonly type?: string;
  readonly size?: number;
  /** The size field as it is, twelve bytes, instead of `size` in octal. */
  readonly sizeField?: Uint8Array;
  readonly linkName?: string;
  readonly magic?: string;
  /** Changes the block before its checksum is made. */
  readonly patch?: (block: Buffer) => void;
  /** Sums bytes as signed, as some old tars did. */
  readonly signedSum?: boolean;
}

/** One header block with a right checksum. */
export function rawHeader(fields: RawHeader): Buffer {
  const block = Buffer.alloc(512);
  block.set(Buffer.from(fields.name).subarray(0, 100), 0);
  block.write('0000644\x000000000\x000000000\x00', 100, 'latin1');
  block.write(`${(fields.size ?? 0).toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  if (fields.sizeField !== undefined) block.set(fields.sizeField, 124);
  block.write('00000000000\0', 136, 'latin1');
  block.write(fields.type ?? '0', 156, 'latin1');
  block.write(fields.linkName ?? '', 157, 'latin1');
  block.write(fields.magic ?? 'ustar\x0000', 257, 'latin1');
  fields.patch?.(block);
  block.fill(' ', 148, 156);
  let sum = 0;
  for (const byte of block) sum += fields.signedSum && byte > 127 ? byte - 256 : byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** Content filled up to whole blocks. */
export function blocks(content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

/** A header and its content, `size` being the content's unless it is given. */
export function rawEntry(fields: RawHeader, content: string | Uint8Array = ''): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([rawHeader({ size: bytes.length, ...fields }), blocks(bytes)]);
}

/** The two zero blocks that end a tar. */
export const tarEnd: Buffer = Buffer.alloc(1024);

/** A PAX body of the records, in their order. */
export function paxBody(...records: readonly (readonly [keyword: string, value: string | Uint8Array])[]): Buffer {
  return Buffer.concat(
    records.map(([keyword, value]) => {
      const rest = Buffer.concat([Buffer.from(` ${keyword}=`), Buffer.from(value), Buffer.from('\n')]);
      let length = rest.length + 1;
      while (String(length).length + rest.length !== length) length++;
      return Buffer.concat([Buffer.from(String(length)), rest]);
    }),
  );
}

/** A member of a zip. */
export interface ZipMember {
  readonly name: string | Uint8Array;
  readonly content: Uint8Array;
  /** 0 stores, 8 deflates (default); anything else is stored under that number. */
  readonly method?: number;
  readonly flags?: number;
  /** How the sizes follow the data, where they do: with a signature or without, in four bytes or eight. */
  readonly descriptor?: 'signed' | 'unsigned' | 'signed64' | 'unsigned64';
  /** Sizes in a zip64 extra field. */
  readonly zip64?: boolean;
  /** The compressed size the local header claims, where it lies. */
  readonly claimedSize?: number;
}

/** A zip of the members; without a directory where asked for. */
export function zipOf(members: readonly ZipMember[], options: { readonly directory?: boolean } = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const member of members) {
    const bytes = localMember(member);
    directory.push(directoryEntry(member, offset));
    parts.push(bytes);
    offset += bytes.length;
  }
  if (options.directory === false) return Buffer.concat(parts);
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, listed, end]);
}

function localMember(member: ZipMember): Buffer {
  const name = Buffer.from(member.name);
  const method = member.method ?? 8;
  const data = method === 8 ? deflateRawSync(member.content) : Buffer.from(member.content);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(20, 4);
  header.writeUInt16LE((member.flags ?? 0) | (member.descriptor === undefined ? 0 : 8), 6);
  header.writeUInt16LE(method, 8);
  header.writeUInt16LE(name.length, 26);
  let extra = Buffer.alloc(0);
  if (member.zip64) {
    if (member.descriptor === undefined) header.writeUInt32LE(crc32(member.content), 14);
    extra = Buffer.alloc(20);
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(16, 2);
    extra.writeBigUInt64LE(BigInt(member.content.length), 4);
    extra.writeBigUInt64LE(BigInt(data.length), 12);
    header.writeUInt32LE(0xffffffff, 18);
    header.writeUInt32LE(0xffffffff, 22);
    header.writeUInt16LE(extra.length, 28);
  } else if (member.descriptor === undefined) {
    header.writeUInt32LE(crc32(member.content), 14);
    header.writeUInt32LE(member.claimedSize ?? data.length, 18);
    header.writeUInt32LE(member.content.length, 22);
  }
  return Buffer.concat([header, name, extra, data, descriptorOf(member, data.length)]);
}

function descriptorOf(member: ZipMember, dataBytes: number): Buffer {
  if (member.descriptor === undefined) return Buffer.alloc(0);
  const wide = member.descriptor.endsWith('64');
  const body = Buffer.alloc(wide ? 20 : 12);
  body.writeUInt32LE(crc32(member.content), 0);
  if (wide) {
    body.writeBigUInt64LE(BigInt(dataBytes), 4);
    body.writeBigUInt64LE(BigInt(member.content.length), 12);
  } else {
    body.writeUInt32LE(dataBytes, 4);
    body.writeUInt32LE(member.content.length, 8);
  }
  return member.descriptor.startsWith('signed') ? Buffer.concat([Buffer.from('PK\x07\x08', 'latin1'), body]) : body;
}

function directoryEntry(member: ZipMember, offset: number): Buffer {
  const name = Buffer.from(member.name);
  const method = member.method ?? 8;
  const dataBytes = method === 8 ? deflateRawSync(member.content).length : member.content.length;
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(20, 4);
  entry.writeUInt16LE(20, 6);
  entry.writeUInt16LE((member.flags ?? 0) | (member.descriptor === undefined ? 0 : 8), 8);
  entry.writeUInt16LE(method, 10);
  entry.writeUInt32LE(crc32(member.content), 16);
  entry.writeUInt32LE(member.claimedSize ?? dataBytes, 20);
  entry.writeUInt32LE(member.content.length, 24);
  entry.writeUInt16LE(name.length, 28);
  entry.writeUInt32LE(offset, 42);
  return Buffer.concat([entry, name]);
}

/** A zstd skippable frame (RFC 8878, 3.1.2). */
export function skippableFrame(content: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a5e, 0);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content]);
}
