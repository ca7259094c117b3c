/** Tells what is seen more than once because of where it lies. */

import type { ContentMatches } from './layer-scan.ts';

/**
 * A member that lies uncompressed in what holds it is seen more than once, and so are names of members: the innermost place says most,
 * and in the raw bytes a secret may be cut or run into what follows.
 */
export function withoutEchoes(
  contents: readonly ContentMatches[],
  inHeaders: readonly ContentMatches[],
): ContentMatches[] {
  const inside = new Map<string, Map<string, Set<string>>>();
  for (const { ordinal, nested, matches } of [...contents, ...inHeaders]) {
    for (let depth = nested.length - 1; depth >= 0; depth--) {
      const place = JSON.stringify([ordinal, ...nested.slice(0, depth)]);
      const byRule = inside.get(place) ?? new Map<string, Set<string>>();
      for (const { rule, secret } of matches) byRule.set(rule, (byRule.get(rule) ?? new Set()).add(secret));
      inside.set(place, byRule);
    }
  }
  if (inside.size === 0) return [...contents];
  return contents.flatMap((content) => {
    const byRule = inside.get(JSON.stringify([content.ordinal, ...content.nested]));
    if (byRule === undefined) return [content];
    const told = new Set([...byRule.values()].flatMap((secrets) => [...secrets]));
    const matches = content.matches.filter(
      ({ rule, secret }) =>
        !told.has(secret) && ![...(byRule.get(rule) ?? [])].some((inner) => overlaps(inner, secret)),
    );
    return matches.length === 0 ? [] : [{ ...content, matches }];
  });
}

const leastOverlap = 12;

/** Whether one of two secrets is the other one cut. */
function overlaps(one: string, other: string): boolean {
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  return short.length >= leastOverlap && long.includes(short);
}
