/**
 * Git's files put together by hand, for what no git writes: packs whose deltas come before their bases, chains without end, bytes that
 * lie. `real/git-repository.ts` is for what git itself makes.
 */

import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';

export type Kind = 'commit' | 'tree' | 'blob' | 'tag';

/** An entry of a pack: an object, or the instructions that make one of another. */
export type PackedObject =
  | { readonly type: Kind; readonly content: string | Uint8Array }
  /** The base as the index of an entry before it, or as an id. */
  | { readonly base: number | string; readonly delta: Uint8Array };

const codes: Readonly<Record<Kind, number>> = { commit: 1, tree: 2, blob: 3, tag: 4 };

/** The id that git gives an object. */
export function idOf(type: Kind, content: string | Uint8Array): string {
  const bytes = Buffer.from(content);
  return createHash('sha1').update(`${type} ${bytes.length}\0`).update(bytes).digest('hex');
}

/** A loose object as it lies in `objects/`. */
export function looseObject(type: Kind, content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content);
  return deflateSync(Buffer.concat([Buffer.from(`${type} ${bytes.length}\0`), bytes]));
}

/** A pack, with the right checksum behind it. */
export function packOf(
  objects: readonly PackedObject[],
  options: { readonly count?: number; readonly level?: number } = {},
): Buffer {
  const header = Buffer.alloc(12);
  header.write('PACK', 'latin1');
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(options.count ?? objects.length, 8);
  const parts: Buffer[] = [header];
  const offsets: number[] = [];
  let offset = header.length;
  for (const object of objects) {
    offsets.push(offset);
    const data = Buffer.from('delta' in object ? object.delta : object.content);
    const packed = deflateSync(data, { level: options.level ?? 6 });
    const entry = Buffer.concat([entryHeader(object, data.length, offset, offsets), packed]);
    parts.push(entry);
    offset += entry.length;
  }
  const bytes = Buffer.concat(parts);
  return Buffer.concat([bytes, createHash('sha1').update(bytes).digest()]);
}

function entryHeader(object: PackedObject, sizeBytes: number, offset: number, offsets: readonly number[]): Buffer {
  if (!('delta' in object)) return sizeField(codes[object.type], sizeBytes);
  if (typeof object.base === 'string') return Buffer.concat([sizeField(7, sizeBytes), Buffer.from(object.base, 'hex')]);
  return Buffer.concat([sizeField(6, sizeBytes), offsetField(offset - offsets[object.base]!)]);
}

function sizeField(code: number, sizeBytes: number): Buffer {
  const bytes = [(code << 4) | (sizeBytes & 15)];
  for (let left = Math.floor(sizeBytes / 16); left > 0; left = Math.floor(left / 128)) {
    bytes[bytes.length - 1]! |= 0x80;
    bytes.push(left & 127);
  }
  return Buffer.from(bytes);
}

function offsetField(back: number): Buffer {
  const bytes = [back & 127];
  for (let left = Math.floor(back / 128); left > 0; left = Math.floor(left / 128)) bytes.unshift((--left & 127) | 0x80);
  return Buffer.from(bytes);
}

/** A delta: copies as `[from, length]`, anything else as its own bytes. */
export function deltaOf(
  baseBytes: number,
  ...pieces: readonly (readonly [from: number, length: number] | string)[]
): Buffer {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      const own = Buffer.from(piece, 'latin1');
      for (let at = 0; at < own.length; at += 127) {
        const part = own.subarray(at, at + 127);
        parts.push(Buffer.from([part.length]), part);
      }
      sizeBytes += own.length;
    } else {
      let [from, left] = piece;
      sizeBytes += left;
      for (; left > 0; ) {
        const length = Math.min(left, 0xffffff);
        parts.push(Buffer.from([0xff, ...numbered(from, 4), ...numbered(length, 3)]));
        from += length;
        left -= length;
      }
    }
  }
  return Buffer.concat([variable(baseBytes), variable(sizeBytes), ...parts]);
}

function numbered(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, at) => Math.floor(value / 256 ** at) & 255);
}

function variable(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    bytes.push((left & 127) | (left > 127 ? 0x80 : 0));
    if (left <= 127) return Buffer.from(bytes);
  }
}
