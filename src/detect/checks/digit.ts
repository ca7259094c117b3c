/** Most random tokens hold a digit; most words and identifiers do not. */

/** True where the secret holds a digit. */
export function digit(secret: string): boolean {
  return /[0-9]/.test(secret);
}
