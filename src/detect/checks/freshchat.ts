/**
 * Freshchat's API token is a JSON Web Token (RFC 7519) like thousands of others: only its claims tell whose it is.
 * Its own issuer writes `iss` or `aud` "freshchat", a client id `fc-…` and the key id `custom-oauth-keyid`; beside
 * freshchat context a token that names no issuer is taken for one, a token of another issuer never.
 */

import { decodeJwt } from '../jwt.ts';

/** True where a JWT's own header and claims say that Freshchat issued it. */
export function isFreshchatJwt(secret: string): boolean {
  const jwt = decodeJwt(secret);
  if (jwt === undefined) return false;
  if (namesFreshchat(jwt.payload['iss'])) return true;
  if (jwt.payload['iss'] !== undefined) return false;
  if (namesFreshchat(jwt.payload['aud'])) return true;
  const clientId = jwt.payload['clientId'] ?? jwt.payload['azp'];
  return jwt.header['kid'] === 'custom-oauth-keyid' && typeof clientId === 'string' && clientId.startsWith('fc-');
}

/** True where a JWT that stands in freshchat context is Freshchat's, or at least nobody else's. */
export function isFreshchatOrAnonymousJwt(secret: string): boolean {
  const jwt = decodeJwt(secret);
  if (jwt === undefined) return false;
  return isFreshchatJwt(secret) || (jwt.payload['iss'] === undefined && jwt.payload['aud'] === undefined);
}

/** `freshchat` itself, a host of it in a URL, or a list that holds one. */
function namesFreshchat(claim: unknown): boolean {
  if (Array.isArray(claim)) return claim.some(namesFreshchat);
  return (
    typeof claim === 'string' &&
    /^(?:freshchat$|https?:\/\/(?:[0-9a-z-]{1,63}\.){0,4}freshchat\.com(?:[/:]|$))/.test(claim)
  );
}
