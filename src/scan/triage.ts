/** Which findings a report shows: filters apply after the scan, so that what they hide can still be counted. */

import { publicSecretHash } from '../detect/known-public.ts';
import { type Confidence, type Match, type Severity, severities } from '../detect/rule.ts';
import { type Draft, type KnownRule, rankOf } from './draft.ts';

/** What the user asked to see. */
export interface Filter {
  readonly minConfidence: Confidence;
  readonly minSeverity?: Severity;
  /** Rule or provider ids; empty means all. */
  readonly only: readonly string[];
  readonly skip: readonly string[];
}

/** The drafts to show, and how many were hidden for their confidence alone. */
export interface Triage {
  readonly shown: readonly Draft[];
  readonly hiddenByConfidence: number;
}

/** Sorts out what a filter shows. */
export function triage(drafts: readonly Draft[], filter: Filter, rules: ReadonlyMap<string, KnownRule>): Triage {
  const wanted = drafts.filter(({ match }) => {
    const severity = rules.get(match.rule)!.detector.severity;
    if (filter.minSeverity !== undefined && severityRank(severity) < severityRank(filter.minSeverity)) return false;
    return isAskedFor(match, filter);
  });
  const shown = wanted.filter(({ match }) => rankOf(match.confidence) >= rankOf(filter.minConfidence));
  return { shown, hiddenByConfidence: wanted.length - shown.length };
}

/** True where neither `--only` nor `--skip` leaves the match's rule or provider out. */
export function isAskedFor({ rule, provider }: Match, { only, skip }: Pick<Filter, 'only' | 'skip'>): boolean {
  const isNamed = (ids: readonly string[]): boolean => ids.includes(rule) || ids.includes(provider);
  return !isNamed(skip) && (only.length === 0 || isNamed(only));
}

/** A secret that public packages publish is a weak hint: it may be used in earnest, but hardly is. */
export function demotePublic(drafts: readonly Draft[], knownPublic: ReadonlySet<string>): Draft[] {
  return drafts.map((draft) => {
    const { match } = draft;
    if (match.confidence === 'low' || !knownPublic.has(publicSecretHash(match.secret))) return draft;
    return { ...draft, match: { ...match, confidence: 'low' }, published: true };
  });
}

/** How severe, as a number to compare. */
export function severityRank(severity: Severity): number {
  return severities.indexOf(severity);
}
