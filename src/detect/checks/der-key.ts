/**
 * A private key in DER, without passphrase: the frame says its length, and OpenSSL must be able to read it. Anchors
 * stand inside the frame (where its bytes are the same in every key), so the frame's beginning is looked for before it.
 */

import { createPrivateKey } from 'node:crypto';
import type { CheckContext, Reading } from './check.ts';
import { derTag, readDer } from './der.ts';

/** Bytes of a frame before the anchor at most: SEQUENCE, version, algorithm. */
const mostBefore = 30;

/** True where the secret lies in the DER of a key that OpenSSL reads; the secret is the whole key in base64. */
export function isDerPrivateKey(secret: string, { window, start }: CheckContext): boolean | Reading {
  const offset = Math.max(0, start - mostBefore);
  const bytes = Buffer.from(window.slice(offset, start + secret.length), 'latin1');
  for (let at = 0; at <= start - offset; at++) {
    const frame = bytes[at] === derTag.sequence ? readDer(bytes, at) : undefined;
    if (frame === undefined || frame.end <= start - offset + 32) continue;
    const key = bytes.subarray(at, frame.end);
    const kind = kindOf(key);
    if (kind === undefined) continue;
    return { length: frame.end - (start - offset), text: key.toString('base64'), details: { key: kind } };
  }
  return false;
}

function kindOf(key: Buffer): string | undefined {
  for (const type of ['pkcs8', 'pkcs1', 'sec1'] as const) {
    try {
      const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey({ key, format: 'der', type });
      return [asymmetricKeyType, asymmetricKeyDetails?.modulusLength ?? asymmetricKeyDetails?.namedCurve]
        .filter((part) => part !== undefined)
        .join(' ');
    } catch {
      // No key of this form.
    }
  }
  return undefined;
}
