/** The header of an entry of a pack (gitformat-pack, "pack-*.pack files"): what it is, how large, and what it is a delta of. */

import type { GitType } from './git-object.ts';

/** What stands in front of an entry's zlib stream. */
export interface PackEntry {
  /** Undefined for a delta, which is what its base is. */
  readonly type: GitType | undefined;
  /** Of what is inflated: the object, or the delta's instructions. */
  readonly sizeBytes: number;
  /** A delta's base: how far back it lies in the pack, or its id in hex. */
  readonly base: number | string | undefined;
  /** Bytes of the header. */
  readonly length: number;
}

const types: readonly (GitType | undefined)[] = [undefined, 'commit', 'tree', 'blob', 'tag'];
const offsetDelta = 6;
const idDelta = 7;

/** No header is longer. */
export const mostEntryHeaderBytes = 64;

/** Reads a header; `more` where it goes on behind the bytes, `none` where it is none. */
export function parsePackEntry(bytes: Buffer, idBytes: number): PackEntry | 'more' | 'none' {
  let at = 0;
  let byte = bytes[at++];
  if (byte === undefined) return 'more';
  const code = (byte >> 4) & 7;
  let sizeBytes = byte & 0x0f;
  for (let scale = 16; byte >= 0x80; scale *= 128) {
    if (scale > 2 ** 46) return 'none';
    byte = bytes[at++];
    if (byte === undefined) return 'more';
    sizeBytes += (byte & 0x7f) * scale;
  }
  const type = types[code];
  if (type !== undefined) return { type, sizeBytes, base: undefined, length: at };
  if (code === idDelta) {
    if (bytes.length < at + idBytes) return 'more';
    return { type, sizeBytes, base: bytes.toString('hex', at, at + idBytes), length: at + idBytes };
  }
  if (code !== offsetDelta) return 'none';
  let back = 0;
  for (let first = true; ; first = false) {
    byte = bytes[at++];
    if (byte === undefined) return 'more';
    back = (first ? 0 : (back + 1) * 128) + (byte & 0x7f);
    if (back > 2 ** 45) return 'none';
    if (byte < 0x80) return { type, sizeBytes, base: back, length: at };
  }
}
