/** A JSON Web Token (RFC 7519): header and payload are base64url of JSON objects, the header names an algorithm. */

import { decodeJwt } from '../jwt.ts';

/** True where the secret is a signed JWT whose header and payload decode. */
export function jwt(secret: string): boolean {
  return decodeJwt(secret) !== undefined;
}
