/**
 * How much a registry still lets us pull, from the headers Docker Hub sends with manifests (`ratelimit-limit:
 * 100;w=21600`, draft-ietf-httpapi-ratelimit-headers of 2020): told before it runs out, not after.
 */

import type { IncomingHttpHeaders } from 'node:http';

/** A registry's count of our pulls. */
export interface RateLimit {
  readonly limit: number;
  readonly remaining: number;
  /** The window they are counted in. */
  readonly windowSeconds?: number;
  /** True where the address is what is counted, and not an account. */
  readonly byAddress?: boolean;
}

/** Reads the headers; undefined where they are not there or make no sense. */
export function parseRateLimit(headers: IncomingHttpHeaders): RateLimit | undefined {
  const limit = countOf(headers['ratelimit-limit']);
  const remaining = countOf(headers['ratelimit-remaining']);
  if (limit === undefined || remaining === undefined) return undefined;
  const source = headers['docker-ratelimit-source'];
  const windowSeconds = limit.windowSeconds ?? remaining.windowSeconds;
  return {
    limit: limit.count,
    remaining: remaining.count,
    ...(windowSeconds === undefined ? {} : { windowSeconds }),
    ...(typeof source === 'string' ? { byAddress: /^[0-9.]+$|:/.test(source) } : {}),
  };
}

/** True where so few pulls are left that the next runs will feel it. */
export function isNearlyUsedUp({ limit, remaining }: RateLimit): boolean {
  return remaining * 10 <= limit;
}

/** One sentence for a person: `3 of 100 pulls in 6 h are left for this address.` */
export function describeRateLimit({ limit, remaining, windowSeconds, byAddress }: RateLimit): string {
  const window = windowSeconds === undefined ? '' : ` in ${describeWindow(windowSeconds)}`;
  const whose = byAddress === undefined ? '' : byAddress ? ' for this address' : ' for this account';
  return `${remaining} of ${limit} pulls${window} are left${whose}.`;
}

function describeWindow(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

function countOf(value: string | readonly string[] | undefined): { count: number; windowSeconds?: number } | undefined {
  const [, count, window] = /^\s*(\d{1,9})(?!\d)\s*(?:;\s*w=(\d{1,9}))?/.exec(String(value ?? '')) ?? [];
  if (count === undefined) return undefined;
  return { count: Number(count), ...(window === undefined ? {} : { windowSeconds: Number(window) }) };
}
