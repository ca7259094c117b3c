/**
 * One secret at one place is reported once: of the matches that overlap, the one that knows most. Which that is does
 * not depend on the order in which they were found.
 */

import { confidences, type Match } from './rule.ts';

/** A match, and what tells it from others at the same place. */
export interface Candidate {
  readonly match: Match;
  readonly generic: boolean;
  /** How the secret hangs on its anchor: 0 begins with it, 1 is assigned to it, 2 stands near it. */
  readonly kind: 0 | 1 | 2;
  /** Bytes of the anchor. */
  readonly anchorLength: number;
  /** Bytes between anchor and secret. */
  readonly distance: number;
  /** The detector's place among all. */
  readonly order: number;
}

/** The matches that stay, in order of their place; at most `limit`, and whether there were more. */
export function resolveOverlap(
  candidates: readonly Candidate[],
  limit: number,
): { readonly matches: Match[]; readonly truncated: boolean } {
  // Of nearly all contents, of which there are hundreds of thousands.
  if (candidates.length === 0) return { matches: [], truncated: false };
  const kept: Match[] = [];
  for (const { match } of bestOfEachProvider(candidates).sort(byKnowledge)) {
    const at = firstEndingAfter(kept, match.start);
    const next = kept[at];
    if (next === undefined || next.start >= match.end) kept.splice(at, 0, match);
  }
  const matches = joinPairs(kept);
  return { matches: matches.slice(0, limit), truncated: matches.length > limit };
}

/** An id that a provider's surer match names as its other half is no finding of its own: the pair is one. */
function joinPairs(matches: readonly Match[]): Match[] {
  const named = new Map<string, number>();
  for (const { provider, companion, confidence } of matches) {
    if (companion === undefined) continue;
    const key = `${provider} ${companion.value}`;
    named.set(key, Math.max(named.get(key) ?? 0, confidences.indexOf(confidence)));
  }
  return matches.filter(({ provider, secret, companion, confidence }) => {
    const by = named.get(`${provider} ${secret}`);
    return by === undefined || companion !== undefined || by < confidences.indexOf(confidence);
  });
}

/** A provider's detectors settle a span among themselves: by confidence, then the one that stands first in the file. */
function bestOfEachProvider(candidates: readonly Candidate[]): Candidate[] {
  const best = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const { provider, start, end } = candidate.match;
    const key = `${provider} ${start} ${end}`;
    const known = best.get(key);
    if (known === undefined || inOneProvider(candidate, known) < 0) best.set(key, candidate);
  }
  return [...best.values()];
}

function inOneProvider(a: Candidate, b: Candidate): number {
  return (
    byAllowance(a, b) ||
    Number(a.generic) - Number(b.generic) ||
    byConfidence(a, b) ||
    a.order - b.order ||
    nearness(a, b)
  );
}

function byKnowledge(a: Candidate, b: Candidate): number {
  return (
    byAllowance(a, b) ||
    Number(a.generic) - Number(b.generic) ||
    byConfidence(a, b) ||
    b.match.end - b.match.start - (a.match.end - a.match.start) ||
    nearness(a, b) ||
    a.match.start - b.match.start ||
    a.order - b.order
  );
}

/** What one rule's author allows is still a secret to another rule. */
function byAllowance(a: Candidate, b: Candidate): number {
  return Number(a.match.allowed ?? false) - Number(b.match.allowed ?? false);
}

function byConfidence(a: Candidate, b: Candidate): number {
  return confidences.indexOf(b.match.confidence) - confidences.indexOf(a.match.confidence);
}

function nearness(a: Candidate, b: Candidate): number {
  return a.kind - b.kind || (a.kind < 2 ? b.anchorLength - a.anchorLength : 0) || a.distance - b.distance;
}

/** `kept` is sorted and free of overlaps: the first one that ends after `start`. */
function firstEndingAfter(kept: readonly Match[], start: number): number {
  let low = 0;
  let high = kept.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((kept[middle] as Match).end > start) high = middle;
    else low = middle + 1;
  }
  return low;
}
