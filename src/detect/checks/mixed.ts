/** Random base62 of some length has all three kinds of character; names and hashes lack one. */

/** True where the secret holds an upper-case letter, a lower-case letter and a digit. */
export function mixed(secret: string): boolean {
  return /[A-Z]/.test(secret) && /[a-z]/.test(secret) && /[0-9]/.test(secret);
}
