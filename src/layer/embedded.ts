/**
 * Archives behind something that runs: Python's zipapps, Spring Boot's executable jars, self-extracting scripts and
 * programs. What comes before the archive is of any length, so that it is looked for in all of the content.
 */

import { parseGzipHeader } from './gzip-header.ts';

/** Where an archive begins, and the bytes from there on. */
export interface Embedded {
  readonly kind: 'zip' | 'gzip';
  readonly bytes: Uint8Array;
}

const localHeaderBytes = 30;
const knownMethods: ReadonlySet<number> = new Set([0, 8, 9, 12, 14, 93, 95]);
const gzipInScript = Buffer.from('0a1f8b08', 'hex');
const localHeader = Buffer.from('504b0304', 'hex');

/** True for content that may carry an archive behind it: scripts and programs. */
export function mayEmbed(head: Uint8Array): boolean {
  const [first, second] = head;
  if (first === 0x23) return second === 0x21;
  if (first === 0x4d) return second === 0x5a;
  return first === 0x7f && second === 0x45 && head[2] === 0x4c && head[3] === 0x46;
}

/** Looks for an archive in a content as it passes. */
export class EmbeddedSearch {
  readonly #isScript: boolean;
  #tail: Buffer = Buffer.alloc(0);

  constructor(head: Uint8Array) {
    this.#isScript = head[0] === 0x23;
  }

  /** The archive, once its header has been seen. */
  find(chunk: Uint8Array): Embedded | undefined {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    // Only what may stand on both sides of the seam is put together: copying all of a layer's programs is dear.
    const seam = Buffer.concat([this.#tail, bytes.subarray(0, localHeaderBytes)]);
    const acrossSeam = this.#tail.length === 0 ? undefined : this.#search(seam);
    if (acrossSeam !== undefined) {
      const from = acrossSeam.at - this.#tail.length;
      const archive = from >= 0 ? bytes.subarray(from) : Buffer.concat([this.#tail.subarray(from), bytes]);
      return { kind: acrossSeam.kind, bytes: archive };
    }
    const found = this.#search(bytes);
    if (found !== undefined) return { kind: found.kind, bytes: bytes.subarray(found.at) };
    const tail = bytes.length >= localHeaderBytes ? bytes : seam;
    this.#tail = Buffer.from(tail.subarray(Math.max(0, tail.length - localHeaderBytes + 1)));
    return undefined;
  }

  #search(bytes: Buffer): { readonly kind: Embedded['kind']; readonly at: number } | undefined {
    const zipAt = indexOf(bytes, localHeader, isLocalHeader);
    const gzipAt = this.#isScript ? indexOf(bytes, gzipInScript, isGzipHeader) : -1;
    if (zipAt >= 0 && (gzipAt < 0 || zipAt < gzipAt)) return { kind: 'zip', at: zipAt };
    return gzipAt >= 0 ? { kind: 'gzip', at: gzipAt + 1 } : undefined;
  }
}

function indexOf(bytes: Buffer, magic: Buffer, isHeader: (header: Buffer) => boolean): number {
  for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
    const header = bytes.subarray(at, at + localHeaderBytes);
    if (header.length === localHeaderBytes && isHeader(header)) return at;
  }
  return -1;
}

// Programs that read zips hold the magic in the clear: the fields must make sense too (APPNOTE 4.4).
function isLocalHeader(header: Buffer): boolean {
  const nameBytes = header.readUInt16LE(26);
  const isMethod = knownMethods.has(header.readUInt16LE(8));
  return header[4]! <= 63 && header[5]! <= 30 && isMethod && nameBytes > 0 && nameBytes <= 4096;
}

function isGzipHeader(header: Buffer): boolean {
  const length = parseGzipHeader(header.subarray(1));
  return length !== 'none' && header[9]! <= 4 && header[10]! <= 13;
}
