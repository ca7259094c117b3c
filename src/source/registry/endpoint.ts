/**
 * The addresses a registry's name may stand for. HTTPS is the rule; plain HTTP is tried first on the
 * loopback, and last where the user allows an insecure registry. Whichever answered first is kept.
 */

import { ScanError } from '../../errors.ts';
import { hostName, isLoopbackName } from './address.ts';

/** Where a registry may answer. */
export interface RegistryEndpoint {
  /** As references name it: `docker.io`. */
  readonly host: string;
  /** Scheme, name and port, in the order to try: `https://registry-1.docker.io`. */
  readonly origins: readonly [string, ...string[]];
}

/** The addresses behind a reference's host. @throws ScanError REFERENCE_INVALID */
export function registryEndpoint(host: string, insecureRegistries: readonly string[] = []): RegistryEndpoint {
  const address = host === 'docker.io' ? 'registry-1.docker.io' : host;
  const origin = (scheme: string): string => {
    const url = `${scheme}://${address}`;
    if (URL.canParse(url)) return new URL(url).origin;
    throw new ScanError('REFERENCE_INVALID', `"${host}" is no valid registry host.`, { subject: host });
  };
  if (isLoopbackName(hostName(address))) return { host, origins: [origin('http'), origin('https')] };
  if (isListed(host, insecureRegistries)) return { host, origins: [origin('https'), origin('http')] };
  return { host, origins: [origin('https')] };
}

/** True where a list of `host` and `host:port` has an authority: by its whole text, or with any port. */
export function isListed(authority: string, list: readonly string[]): boolean {
  const name = hostName(authority);
  return list.some((entry) => {
    const wanted = entry.toLowerCase();
    return wanted === authority.toLowerCase() || wanted === name || wanted === `[${name}]`;
  });
}
