/** Which findings a report shows: filters apply after the scan, so that what they hide can still be counted. */

import { type Confidence, type Match, type Severity, severities } from '../detect/rule.ts';
import { type Draft, type RuleLookup, rankOf } from './draft.ts';
import type { Suppressed, Suppression } from './finding.ts';
import { isPublished } from './secret.ts';

/** What the user asked to see. */
export interface Filter {
  readonly minConfidence: Confidence;
  readonly minSeverity?: Severity;
  /** Rule or provider ids; empty means all. */
  readonly only: readonly string[];
  readonly skip: readonly string[];
  /** Whether `whichlayer:allow` in a secret's line counts: an image must not suppress what is in it, unless asked to. */
  readonly allowInline?: boolean;
  /** Whether to show secrets that public packages publish. */
  readonly showPublished?: boolean;
  /** Whether to count what is in the base image instead of showing it. */
  readonly skipBase?: boolean;
}

/** The drafts to show, how many were hidden for their confidence alone, and how many were suppressed. */
export interface Triage {
  readonly shown: readonly Draft[];
  readonly hiddenByConfidence: number;
  readonly suppressed: Suppressed;
}

/** Sorts out what a filter shows. */
export function triage(drafts: readonly Draft[], filter: Filter, rules: RuleLookup): Triage {
  const wanted = drafts.filter(({ match }) => {
    const severity = rules.get(match.rule)!.detector.severity;
    if (filter.minSeverity !== undefined && severityRank(severity) < severityRank(filter.minSeverity)) return false;
    return isAskedFor(match, filter);
  });
  // Low confidence is what being published gives them, and no reason to hide them once more.
  const sure = wanted.filter(
    ({ match, published }) => published === true || rankOf(match.confidence) >= rankOf(filter.minConfidence),
  );
  const reasons = sure.map(
    ({ match, published, isBase }) =>
      suppressionOf(match, filter) ??
      (published === true && filter.showPublished !== true ? ('published' as const) : undefined) ??
      (isBase === true && filter.skipBase === true ? ('base' as const) : undefined),
  );
  const shown = sure.filter((_, index) => reasons[index] === undefined);
  return { shown, hiddenByConfidence: wanted.length - sure.length, suppressed: countSuppressed(reasons) };
}

/** Why the user does not want to see a match; undefined where nothing says so. */
export function suppressionOf(
  match: Pick<Match, 'allowed' | 'marked'>,
  { allowInline }: Pick<Filter, 'allowInline'>,
): Suppression | undefined {
  if (match.allowed === true) return 'allow-list';
  return match.marked === true && allowInline === true ? 'inline' : undefined;
}

/** How often each reason was given; a reason nobody gave is absent. */
export function countSuppressed(reasons: Iterable<Suppression | undefined>): Suppressed {
  const counts: { [reason in Suppression]?: number } = {};
  for (const reason of reasons) if (reason !== undefined) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

/** The counts of several images together. */
export function addSuppressed(counts: readonly Suppressed[]): Suppressed {
  const sum: { [reason in Suppression]?: number } = {};
  for (const one of counts) {
    for (const [reason, count] of Object.entries(one) as [Suppression, number][])
      sum[reason] = (sum[reason] ?? 0) + count;
  }
  return sum;
}

/** True where neither `--only` nor `--skip` leaves the match's rule or provider out. */
export function isAskedFor(
  { rule, provider }: Pick<Match, 'rule' | 'provider'>,
  { only, skip }: Pick<Filter, 'only' | 'skip'>,
): boolean {
  const isNamed = (ids: readonly string[]): boolean => ids.includes(rule) || ids.includes(provider);
  return !isNamed(skip) && (only.length === 0 || isNamed(only));
}

/** A secret that public packages publish is a weak hint: it may be used in earnest, but hardly is. */
export function demotePublic<D extends Draft>(
  drafts: readonly D[],
  knownPublic: Pick<ReadonlySet<string>, 'has'>,
): D[] {
  return drafts.map((draft) => {
    const { match } = draft;
    if (!isPublished(match.secret, knownPublic)) return draft;
    return { ...draft, match: { ...match, confidence: 'low' }, published: true };
  });
}

/** How severe, as a number to compare. */
export function severityRank(severity: Severity): number {
  return severities.indexOf(severity);
}
