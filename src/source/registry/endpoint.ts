/**
 * Which address a registry's name stands for, and which other addresses it may send us to. A registry
 * picks the token server and the blob store: without a check it could have us ask machines that only
 * we can reach (RFC 1918 hosts, a cloud's metadata service).
 */

import { BlockList, isIP } from 'node:net';
import { ScanError } from '../../errors.ts';

/** Where a registry answers. */
export interface RegistryEndpoint {
  /** As references name it: `docker.io`. */
  readonly host: string;
  /** Scheme, name and port, as in `https://registry-1.docker.io`. */
  readonly origin: string;
  /** True where plain HTTP is our guess and not the user's word. */
  readonly isGuess: boolean;
}

/** The address behind a reference's host: HTTPS, but for the loopback and the hosts listed. @throws ScanError REFERENCE_INVALID */
export function registryEndpoint(host: string, insecureRegistries: readonly string[] = []): RegistryEndpoint {
  const address = host === 'docker.io' ? 'registry-1.docker.io' : host;
  const name = hostName(address);
  const isInsecure = insecureRegistries.some((entry) => entry === host || entry === name);
  const isLoopback = isLoopbackName(name);
  const url = `${isInsecure || isLoopback ? 'http' : 'https'}://${address}`;
  if (!URL.canParse(url)) {
    throw new ScanError('REFERENCE_INVALID', `"${host}" is no valid registry host.`, { subject: host });
  }
  return { host, origin: new URL(url).origin, isGuess: isLoopback && !isInsecure };
}

/** How far an address is from the open internet. */
export type Reach = 'public' | 'private' | 'local';

/** True where one reach is farther from the internet than the other. */
export function isBeyond(reach: Reach, other: Reach): boolean {
  const order: readonly Reach[] = ['public', 'private', 'local'];
  return order.indexOf(reach) > order.indexOf(other);
}

const local = new BlockList();
const reserved = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
] as const) {
  local.addSubnet(net, prefix, 'ipv4');
}
local.addSubnet('fe80::', 10, 'ipv6');
local.addAddress('::', 'ipv6');
local.addAddress('::1', 'ipv6');
for (const [net, prefix] of [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  reserved.addSubnet(net, prefix, 'ipv4');
}
reserved.addSubnet('fc00::', 7, 'ipv6');

/** The reach of an IP address: this machine or its link, a private network, or anywhere. */
export function reachOf(address: string): Reach {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (local.check(address, family)) return 'local';
  return reserved.check(address, family) ? 'private' : 'public';
}

/** A URL's or authority's host without port and brackets. */
export function hostName(authority: string): string {
  return authority
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
}

function isLoopbackName(name: string): boolean {
  if (name === 'localhost' || name.endsWith('.localhost') || name === '::1') return true;
  return isIP(name) === 4 && name.startsWith('127.');
}
