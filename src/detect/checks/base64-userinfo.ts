/** The value of Basic authentication (RFC 7617): base64 of `user:password`. */

import { decodeBase64Text } from './base64.ts';

/** True where the secret is base64 of a printable `user:password` with both halves. */
export function base64Userinfo(secret: string): boolean {
  const text = decodeBase64Text(secret);
  return text !== undefined && /^[\x21-\x39\x3b-\x7e]{1,200}:[\x20-\x7e]{1,2000}$/.test(text);
}
