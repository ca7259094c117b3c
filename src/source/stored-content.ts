/**
 * What archives and layouts are to the code that resolves images in them: JSON documents and layers by
 * name. A tar file, a tar stream that has gone by and a folder each implement it.
 */

import { createHash } from 'node:crypto';
import { ScanError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseDigest } from '../oci/digest.ts';
import { blobPath } from './archive-path.ts';
import type { ImageRecord } from './source.ts';

/** Content that may be a layer, by the key of the `Blob` that gives it. */
export interface StoredBlob {
  readonly key: string;
  readonly sizeBytes: number;
}

/** Names and what stands behind them; links are followed within the place alone. */
export interface StoredContent {
  /** What is written before every name: `./`, where a folder was packed as a whole. */
  readonly namePrefix?: string;
  /** The document's bytes, undefined where there is no such name. @throws ScanError where it is there and can't be had */
  json(path: string): Promise<Uint8Array | undefined>;
  /** The layer, undefined where there is no such name. @throws ScanError where it is there and is no layer */
  blob(path: string): Promise<StoredBlob | undefined>;
  /** Content of any kind, to be scanned as a file called `name` where it is no tar; undefined where it is not there, or was JSON of a stream. @throws ScanError */
  content(path: string, name: string): Promise<StoredBlob | undefined>;
}

/** The keys of the blobs that images use, attachments included. */
export function blobKeysOf(images: readonly ImageRecord[]): Set<string> {
  const parts = images.flatMap(({ layers, attachments = [] }) => [...layers, ...attachments]);
  return new Set(parts.flatMap(({ blob }) => blob ?? []));
}

/** A document that a descriptor points to, checked against it; undefined where it is not there. @throws ScanError */
export async function readDescribed(content: StoredContent, descriptor: Descriptor): Promise<Uint8Array | undefined> {
  const bytes = await content.json(blobPath(descriptor.digest));
  if (bytes === undefined) return undefined;
  if (bytes.length !== descriptor.size) {
    const sizes = `${bytes.length} bytes instead of ${descriptor.size}`;
    throw new ScanError('BLOB_SIZE_MISMATCH', `${descriptor.digest} has ${sizes}.`, { subject: descriptor.digest });
  }
  checkDigest(bytes, descriptor.digest);
  return bytes;
}

/** @throws ScanError BLOB_DIGEST_MISMATCH where the bytes have another digest */
export function checkDigest(bytes: Uint8Array, digest: string): void {
  const expected = parseDigest(digest);
  if (expected !== undefined && createHash(expected.algorithm).update(bytes).digest('hex') === expected.hex) return;
  throw new ScanError(
    'BLOB_DIGEST_MISMATCH',
    `The content of ${digest} has another digest: it was changed or damaged.`,
    {
      subject: digest,
      hint: 'Make the archive again, or pull the image again.',
    },
  );
}
