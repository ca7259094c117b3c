/**
 * Inflates what was deflated before it was encoded (a Helm release, a cloud-init file). It comes whole, since whatever is
 * written as text is small; what it may expand to is bounded.
 */

import { constants, gunzipSync, inflateSync } from 'node:zlib';

/** Bytes of one deflated value that are kept until its end. */
export const mostPackedBytes: number = 8 * 1024 * 1024;

/** Inflates; undefined where it is damaged from its beginning, `bomb` where it expands to more than `most` bytes. */
export function inflateValue(kind: 'gzip' | 'zlib', packed: Uint8Array, most: number): Uint8Array | 'bomb' | undefined {
  const options = { maxOutputLength: Math.max(1, most), finishFlush: constants.Z_SYNC_FLUSH };
  try {
    return kind === 'gzip' ? gunzipSync(packed, options) : inflateSync(packed, options);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ERR_BUFFER_TOO_LARGE' ? 'bomb' : undefined;
  }
}
