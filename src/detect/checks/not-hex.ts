/** Keeps hashes and ids out of detectors whose secrets use the whole alphabet. */

/** True where the secret is not made of hex digits alone. */
export function notHex(secret: string): boolean {
  return !/^[0-9A-Fa-f]+$/.test(secret);
}
