/**
 * PyPI's tokens are macaroons (libmacaroons, binary format 2) in base64url: a version, fields of tag, length and value,
 * and a signature of 32 bytes at the end. What does not decode is a sample or cut.
 */

import { decodeBase64, latin1 } from './base64.ts';
import type { Reading } from './check.ts';

const fieldTag = { end: 0, location: 1, identifier: 2, signature: 6 } as const;
const mostFields = 64;
const signatureBytes = 32;

/** Passes where what follows the prefix (up to the first dash) is a whole macaroon. */
export function macaroon(secret: string): boolean | Reading {
  const bytes = decodeBase64(secret.slice(secret.indexOf('-') + 1));
  if (bytes === undefined || bytes[0] !== 2) return false;
  let location = '';
  let hasIdentifier = false;
  let at = 1;
  for (let count = 0; count < mostFields && at < bytes.length; count++) {
    const tag = bytes[at++];
    if (tag === fieldTag.end) continue;
    const length = readLength(bytes, at);
    if (tag === undefined || length === undefined) return false;
    const value = bytes.subarray(length.next, length.next + length.value);
    at = length.next + length.value;
    if (at > bytes.length) return false;
    if (tag === fieldTag.location) location = latin1(value.subarray(0, 100));
    if (tag === fieldTag.identifier) hasIdentifier = true;
    if (tag === fieldTag.signature) {
      return hasIdentifier && value.length === signatureBytes && at === bytes.length && { details: { host: location } };
    }
  }
  return false;
}

/** True where it is none. */
export function notMacaroon(secret: string): boolean {
  return macaroon(secret) === false;
}

/** A length of one or two bytes, seven bits each, low ones first. */
function readLength(bytes: Uint8Array, at: number): { readonly value: number; readonly next: number } | undefined {
  const first = bytes[at];
  const second = bytes[at + 1];
  if (first === undefined) return undefined;
  if (first < 0x80) return { value: first, next: at + 1 };
  return second === undefined || second >= 0x80 ? undefined : { value: (first & 0x7f) | (second << 7), next: at + 2 };
}
