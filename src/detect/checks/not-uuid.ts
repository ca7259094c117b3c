/** Keeps UUIDs out of detectors that allow dashes. */

/** True where the secret is not a UUID. */
export function notUuid(secret: string): boolean {
  return !/^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/.test(secret);
}
