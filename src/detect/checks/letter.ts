/** Tells a token from a number: timestamps, ids and amounts have no letter. */

/** True where the secret holds an ASCII letter. */
export function letter(secret: string): boolean {
  return /[A-Za-z]/.test(secret);
}
