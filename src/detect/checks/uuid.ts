/** The usual form of a UUID (RFC 9562), in either case. */

/** True where the secret is a UUID that is neither nil nor all ones. */
export function uuid(secret: string): boolean {
  return (
    /^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/.test(secret) &&
    !/^(?:0+|[fF]+)$/.test(secret.replaceAll('-', ''))
  );
}
