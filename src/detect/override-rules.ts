/** What a user sets differently from the rule files: how sure and how severe a rule is, and whether it runs at all. */

import type { Confidence, Detector, RuleSet, Severity } from './rule.ts';
import { digestOf } from './rule-digest.ts';

/** What is set for a rule, or for all rules of a provider. */
export interface RuleOverride {
  /** `Detector.id` or `Provider.id`. */
  readonly id: string;
  readonly confidence?: Confidence;
  readonly severity?: Severity;
  readonly enabled?: boolean;
}

/** The rule set with the overrides; what is said of a rule goes before what is said of its provider. */
export function overrideRules(ruleSet: RuleSet, overrides: readonly RuleOverride[]): RuleSet {
  if (overrides.length === 0) return ruleSet;
  const { find: _, ...rest } = ruleSet;
  const byId = new Map(overrides.map((override) => [override.id, override]));
  const disabled: string[] = [];
  const providers = ruleSet.providers.map((provider) => {
    const all = byId.get(provider.id);
    const detectors = provider.detectors.flatMap((detector) => {
      const changed = overridden(detector, { ...all, ...byId.get(detector.id) });
      if (changed === undefined) disabled.push(detector.id);
      return changed ?? [];
    });
    return { ...provider, detectors };
  });
  const isOff = (id: string | undefined): boolean => id !== undefined && byId.get(id)?.enabled === false;
  const kept = providers.filter(({ detectors }) => detectors.length > 0);
  return {
    ...rest,
    digest: digestOf(kept, ruleSet.knownPublic),
    providers: kept,
    remarks: (ruleSet.remarks ?? []).filter(({ rule, provider }) => !isOff(rule) && !isOff(provider)),
    disabled,
  };
}

/** The ids an override may name: rules, providers, and rules that could not be imported. */
export function overridableIds({ providers, remarks = [] }: RuleSet): Set<string> {
  return new Set([
    ...providers.flatMap(({ id, detectors }) => [id, ...detectors.map((detector) => detector.id)]),
    ...remarks.flatMap(({ rule }) => rule ?? []),
  ]);
}

function overridden(detector: Detector, override: Partial<RuleOverride>): Detector | undefined {
  if (override.enabled === false) return undefined;
  const { confidence = detector.confidence, severity = detector.severity } = override;
  return { ...detector, confidence, severity };
}
