/** A private key in DER, without passphrase: the frame says its length, and OpenSSL must be able to read it. */

import { createPrivateKey } from 'node:crypto';
import type { Reading } from './check.ts';
import { derTag, readDer } from './der.ts';

/** Passes where the bytes begin with a key that OpenSSL reads; it is reported in base64, with its kind. */
export function isDerPrivateKey(secret: string): boolean | Reading {
  const bytes = Buffer.from(secret, 'latin1');
  const frame = readDer(bytes, 0);
  if (frame?.tag !== derTag.sequence) return false;
  const key = bytes.subarray(0, frame.end);
  const kind = kindOf(key);
  return kind !== undefined && { length: key.length, text: key.toString('base64'), details: { key: kind } };
}

function kindOf(key: Buffer): string | undefined {
  for (const type of ['pkcs8', 'sec1'] as const) {
    try {
      const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey({ key, format: 'der', type });
      const size = asymmetricKeyDetails?.modulusLength ?? asymmetricKeyDetails?.namedCurve;
      return size === undefined ? asymmetricKeyType : `${asymmetricKeyType} ${size}`;
    } catch {
      // No key of this form.
    }
  }
  return undefined;
}
