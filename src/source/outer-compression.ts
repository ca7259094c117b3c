/**
 * The compression of a whole archive (`.tar.gz`, `.tar.zst`), told by its first bytes and taken off as it
 * streams. Node's zstd ends after the first frame: of an archive in several frames the rest is missing,
 * which the tar's own end gives away (`BLOB_TRUNCATED`), until the layers' reader of frames is used here.
 */

import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { ByteStream } from './source.ts';

/** The archive without its compression. */
export function withoutCompression(stream: ByteStream, compression: 'gzip' | 'zstd'): ByteStream {
  const options = { chunkSize: 1024 * 1024 };
  const inflate = compression === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
  // The error is not lost: whoever reads the result meets it.
  return pipeline(Readable.from(stream), inflate, () => {});
}
