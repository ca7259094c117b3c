/**
 * Freshchat's API token is a JSON Web Token (RFC 7519) like thousands of others: only its claims tell whose it is.
 * Its own issuer writes `iss` or `aud` "freshchat", a client id `fc-…` and the key id `custom-oauth-keyid`; beside
 * freshchat context a token that names no issuer is taken for one, a token of another issuer never.
 */

import { decodeBase64Text } from './base64.ts';

interface Jwt {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** True where a JWT's own header and claims say that Freshchat issued it. */
export function isFreshchatJwt(secret: string): boolean {
  const jwt = parseJwt(secret);
  if (jwt === undefined) return false;
  if (namesFreshchat(jwt.payload['iss'])) return true;
  if (jwt.payload['iss'] !== undefined) return false;
  if (namesFreshchat(jwt.payload['aud'])) return true;
  const clientId = jwt.payload['clientId'] ?? jwt.payload['azp'];
  return jwt.header['kid'] === 'custom-oauth-keyid' && typeof clientId === 'string' && clientId.startsWith('fc-');
}

/** True where a JWT that stands in freshchat context is Freshchat's, or at least nobody else's. */
export function isFreshchatOrAnonymousJwt(secret: string): boolean {
  const jwt = parseJwt(secret);
  if (jwt === undefined) return false;
  return isFreshchatJwt(secret) || (jwt.payload['iss'] === undefined && jwt.payload['aud'] === undefined);
}

/** Header and claims of a signed JWT, or nothing where either part is no JSON object. */
function parseJwt(secret: string): Jwt | undefined {
  const [header, payload, signature] = secret.split('.');
  if (header === undefined || payload === undefined || signature === undefined || signature === '') return undefined;
  const parts = { header: parseObject(header), payload: parseObject(payload) };
  if (parts.header?.['alg'] === undefined || parts.payload === undefined) return undefined;
  return { header: parts.header, payload: parts.payload };
}

function parseObject(part: string): Record<string, unknown> | undefined {
  const text = decodeBase64Text(part);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** `freshchat` itself, a host of it in a URL, or a list that holds one. */
function namesFreshchat(claim: unknown): boolean {
  if (Array.isArray(claim)) return claim.some(namesFreshchat);
  return (
    typeof claim === 'string' &&
    /^(?:freshchat$|https?:\/\/(?:[0-9a-z-]{1,63}\.){0,4}freshchat\.com(?:[/:]|$))/.test(claim)
  );
}
