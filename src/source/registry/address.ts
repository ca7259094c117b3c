/**
 * How near an address is to this machine, and who may send us there. A registry picks its token server and
 * its blob store: without a check it could have us ask machines that only we can reach (hosts of a company's
 * network, a cloud's metadata service). Names are judged by what they resolve to, at the moment we connect.
 */

import { BlockList, isIP } from 'node:net';

/** Where an address lies. */
export type Reach = 'public' | 'private' | 'link' | 'loopback';

/** True where a registry at `home` may send us to an address of the reach `target`: to the internet, or no nearer than it is itself. */
export function mayLeadTo(home: Reach, target: Reach): boolean {
  if (target === 'public' || target === home) return true;
  return target === 'private' && home === 'loopback';
}

type Net = readonly [address: string, prefix: number];

const nets: readonly { readonly reach: Reach; readonly ipv4: readonly Net[]; readonly ipv6: readonly Net[] }[] = [
  {
    reach: 'loopback',
    ipv4: [
      ['0.0.0.0', 8],
      ['127.0.0.0', 8],
    ],
    ipv6: [
      ['::', 128],
      ['::1', 128],
    ],
  },
  {
    // Beside the link's own addresses those where clouds have their metadata service (Oracle, Alibaba, AWS over IPv6).
    reach: 'link',
    ipv4: [
      ['169.254.0.0', 16],
      ['192.0.0.0', 24],
      ['100.100.100.200', 32],
      ['168.63.129.16', 32],
    ],
    ipv6: [
      ['fe80::', 10],
      ['fd00:ec2::', 32],
      ['fd20:ce::254', 128],
    ],
  },
  {
    // RFC 1918, 6598, 2544, 4193, 3879; multicast and broadcast reach no registry.
    reach: 'private',
    ipv4: [
      ['10.0.0.0', 8],
      ['100.64.0.0', 10],
      ['172.16.0.0', 12],
      ['192.168.0.0', 16],
      ['198.18.0.0', 15],
      ['224.0.0.0', 3],
    ],
    ipv6: [
      ['fc00::', 7],
      ['fec0::', 10],
      ['ff00::', 8],
    ],
  },
];

const lists = nets.map(({ reach, ipv4, ipv6 }) => {
  const list = new BlockList();
  for (const [address, prefix] of ipv4) list.addSubnet(address, prefix, 'ipv4');
  for (const [address, prefix] of ipv6) list.addSubnet(address, prefix, 'ipv6');
  return { reach, list };
});

/** The reach of an IP address. */
export function reachOf(address: string): Reach {
  const plain = embeddedIpv4(address) ?? address.replace(/%.*$/, '');
  const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
  return lists.find(({ list }) => list.check(plain, family))?.reach ?? 'public';
}

/** True for names that stand for this machine without any DNS (RFC 6761). */
export function isLoopbackName(name: string): boolean {
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  return isIP(name) !== 0 && reachOf(name) === 'loopback';
}

/** A URL's or authority's host without port and brackets. */
export function hostName(authority: string): string {
  return authority
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
}

/** The IPv4 address in one of NAT64 (RFC 6052) or 6to4 (RFC 3056), which is where its packets end. */
function embeddedIpv4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined;
  const groups = groupsOf(address);
  const isNat64 = groups[0] === 0x64 && groups[1] === 0xff9b && groups.slice(2, 6).every((group) => group === 0);
  const pair = isNat64 ? groups.slice(6, 8) : groups[0] === 0x2002 ? groups.slice(1, 3) : undefined;
  return pair?.flatMap((group) => [group >> 8, group & 255]).join('.');
}

function groupsOf(address: string): readonly number[] {
  // The URL parser writes an embedded dotted quad as hexadecimal groups.
  const url = `http://[${address.replace(/%.*$/, '')}]/`;
  const text = URL.canParse(url) ? hostName(new URL(url).host) : '::';
  const [head = '', tail] = text.split('::');
  const words = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [left, right] = [words(head), words(tail ?? '')];
  return [...left, ...new Array<number>(Math.max(0, 8 - left.length - right.length)).fill(0), ...right];
}
