/** The compression of a whole archive (`.tar.gz`, `.tar.zst`), told by its first bytes and taken off as it streams. */

import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { ByteStream } from './source.ts';

/** The archive without its compression. */
export function withoutCompression(stream: ByteStream, compression: 'gzip' | 'zstd'): ByteStream {
  const options = { chunkSize: 1024 * 1024 };
  const inflate = compression === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
  return pipeline(Readable.from(stream), inflate, () => {});
}
