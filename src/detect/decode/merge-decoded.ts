/**
 * A secret found decoded stands where its encoded form stands, and a rule may know that form too. One secret is one
 * finding: what was found in plain text goes before, then what knows more.
 */

import { confidences, type Match } from '../rule.ts';
import { escapeKinds } from './escape.ts';

/** A match in decoded text, at the place of what it was decoded from. */
export interface DecodedMatch extends Match {
  readonly decoded: readonly string[];
}

const escapes: ReadonlySet<string> = new Set(escapeKinds);

/** Both kinds of a content's matches in order of their place; at most `limit`, and whether there were more. */
export function mergeDecoded(
  plain: readonly Match[],
  decoded: readonly DecodedMatch[],
  isGeneric: (rule: string) => boolean,
  limit: number,
): { readonly matches: Match[]; readonly truncated: boolean } {
  const told = new Set(plain.map(({ secret }) => secret));
  const bySteps = [...decoded].sort((a, b) => a.decoded.length - b.decoded.length || a.start - b.start);
  const kept = new Set<Match>(plain);
  for (const match of bySteps) {
    if (told.has(match.secret) || isGuess(match, isGeneric)) continue;
    const beside = plain.filter((other) => kept.has(other) && other.start < match.end && match.start < other.end);
    const verdicts = beside.map((other) => [other, compare(other, match, isGeneric)] as const);
    if (verdicts.some(([, verdict]) => verdict === 'plain')) continue;
    for (const [other, verdict] of verdicts) if (verdict === 'decoded') kept.delete(other);
    told.add(match.secret);
    kept.add(match);
  }
  const matches = [...kept].sort((a, b) => a.start - b.start);
  return { matches: matches.slice(0, limit), truncated: matches.length > limit };
}

/** True for what a rule of last resort makes of plain text once the signs around it are written out: pages of documentation are full of it. */
function isGuess(match: DecodedMatch, isGeneric: (rule: string) => boolean): boolean {
  // A string behind a string is no name and value before it is written out.
  const [step = ''] = match.decoded;
  return isGeneric(match.rule) && step !== 'php' && escapes.has(step) && isUnchanged(match);
}

/** Whether nothing was hidden in it. */
function isUnchanged({ start, end, secret }: DecodedMatch): boolean {
  return end - start === secret.length;
}

/** Which of two that stand at the same place says more; both where they are two secrets. */
function compare(
  plain: Match,
  decoded: DecodedMatch,
  isGeneric: (rule: string) => boolean,
): 'plain' | 'decoded' | 'both' {
  const rank = (match: Match): number => (isGeneric(match.rule) ? 0 : 10) + confidences.indexOf(match.confidence);
  const difference = rank(decoded) - rank(plain);
  if (escapes.has(decoded.decoded[0] ?? '')) {
    // The segment that was written out may have cut it.
    if (isUnchanged(decoded)) return 'plain';
    if (difference !== 0) return difference > 0 ? 'decoded' : 'plain';
    // Nobody but a URL's reader takes `%2F` for a slash.
    const isLonger = decoded.end - decoded.start > plain.end - plain.start;
    return decoded.decoded[0] !== 'url' || isLonger ? 'decoded' : 'plain';
  }
  const isWrapped = plain.start >= decoded.start - 2 && plain.end <= decoded.end + 2;
  if (!isWrapped) return isGeneric(decoded.rule) ? 'plain' : 'both';
  if (difference !== 0) return difference > 0 || isWeak(plain) ? 'decoded' : 'plain';
  // A file of secrets is not the secret.
  const isWhole = decoded.secret.length * 2 > ((decoded.end - decoded.start) * 3) / 4;
  return isWhole ? 'plain' : 'decoded';
}

function isWeak({ confidence }: Match): boolean {
  return confidence === 'low';
}
