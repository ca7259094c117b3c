/**
 * Fingerprints: how a report names a secret without holding it. A slow hash, since weak passwords would be
 * guessed from a fast one; a fixed salt, since two scans must agree; keyed for whoever sets a key.
 */

import { createHash, scrypt } from 'node:crypto';

const salt = 'whichlayer/fingerprint/1';
const cost = { N: 1 << 13, r: 8, p: 1 } as const;

/** The same secret, however it was wrapped: line ends, escaped line ends and surrounding space do not count. */
function normaliseSecret(secret: string): string {
  return secret.replace(/(?:\\r|\\n|\s)+/gu, ' ').trim();
}

/** Computes each secret's fingerprint once; `key` is `WHICHLAYER_FINGERPRINT_KEY`. */
export class Fingerprinter {
  readonly #known = new Map<string, Promise<string>>();
  readonly #salt: string;

  constructor(key?: string) {
    this.#salt = key === undefined || key === '' ? salt : `${salt}/${key}`;
  }

  /** The fingerprint of a secret that one was asked for before. */
  known(secret: string): Promise<string> | undefined {
    return this.#known.get(normaliseSecret(secret));
  }

  /** 32 hex digits that are equal for equal secrets, wherever they were found. */
  fingerprint(secret: string): Promise<string> {
    const normal = normaliseSecret(secret);
    let known = this.#known.get(normal);
    if (known === undefined) {
      known = new Promise((resolve, reject) => {
        scrypt(normal, this.#salt, 16, cost, (error, hash) => (error ? reject(error) : resolve(hash.toString('hex'))));
      });
      this.#known.set(normal, known);
    }
    return known;
  }
}

/** A fingerprint of a secret and its place: kind, and path (with what is nested in it) or name. */
export function placeFingerprint(fingerprint: string, kind: string, place: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([fingerprint, kind, ...place]))
    .digest('hex')
    .slice(0, 32);
}
