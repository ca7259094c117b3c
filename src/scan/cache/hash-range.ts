/** `sha256:hex` of a run of bytes in a file. */

import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import type { FileRange } from '../../source/source.ts';

/** Fits the processor's cache. */
const stepBytes = 512 << 10;

/** Hashes a range. @throws what reading throws */
export function hashRange({ path, start, end }: FileRange): string {
  const file = openSync(path, 'r');
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(stepBytes);
    for (let at = start; at < end; ) {
      const read = readSync(file, buffer, 0, Math.min(stepBytes, end - at), at);
      if (read === 0) break;
      hash.update(buffer.subarray(0, read));
      at += read;
    }
    return `sha256:${hash.digest('hex')}`;
  } finally {
    closeSync(file);
  }
}
