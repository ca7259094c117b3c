/**
 * A JSON Web Token (RFC 7519): header and payload are base64url of JSON objects, the header names an algorithm. What it
 * says of itself (who issued it, to whom, until when) is read for the report; nothing of it is verified.
 */

import { decodeJwt, type Jwt } from '../jwt.ts';
import type { Details, Reading } from './check.ts';

/** Seconds of the year 9999: `exp` beyond it (milliseconds, nonsense) is no time a Date can say shortly. */
const latest = 253_402_300_799;

/** Passes where the secret is a JWT whose header and payload decode. */
export function jwt(secret: string): boolean | Reading {
  const token = decodeJwt(secret);
  return token !== undefined && { details: claimsOf(token) };
}

/** Passes where the JWT says that it is not signed (`alg` none): whoever accepts it accepts anything. */
export function unsignedJwt(secret: string): boolean | Reading {
  const token = decodeJwt(secret);
  return token !== undefined && /^none$/i.test(String(token.header['alg'])) && { details: claimsOf(token) };
}

function claimsOf({ header, payload }: Jwt): Details {
  const { exp } = payload;
  const hasTime = typeof exp === 'number' && exp > 0 && exp <= latest;
  return {
    algorithm: textOf(header['alg']),
    issuer: textOf(payload['iss']),
    subject: textOf(payload['sub']),
    audience: textOf(payload['aud']),
    expires: hasTime ? new Date(exp * 1000).toISOString() : exp === undefined ? 'never' : textOf(exp),
  };
}

/** A claim in a few words: a string, a number or a list of them. */
function textOf(claim: unknown): string {
  if (Array.isArray(claim)) return claim.slice(0, 4).map(textOf).join(', ');
  return typeof claim === 'string' || typeof claim === 'number' ? String(claim) : '';
}
