/**
 * Runs a detector's examples against its mutants. A mutant is killed where an example is not found any more or a
 * counter-example is. Compiling all rules for each mutant would take an hour, so a mutant runs beside those rules alone
 * that report something in its texts: no other one has a say in what is reported there.
 */

import { type CompiledRules, compileMatcher } from '../../src/detect/compiled-rules.ts';
import { runExamples } from '../../src/detect/lint-rules.ts';
import { detect } from '../../src/detect/matcher.ts';
import type { Detector, Provider } from '../../src/detect/rule.ts';
import { mutantsOf, type RuleMutant } from './rule-mutants.ts';

/** A mutant and whether the rule file's examples notice it. */
export interface MutantResult {
  readonly provider: Provider;
  readonly detector: Detector;
  readonly mutant: RuleMutant;
  readonly killed: boolean;
}

/** Rules to run mutants among. */
export interface MutationGround {
  readonly providers: readonly Provider[];
  readonly rules: CompiledRules;
}

/** All rules, compiled once. */
export function mutationGround(providers: readonly Provider[]): MutationGround {
  return { providers, rules: compileMatcher({ digest: '', providers }) };
}

/** Runs every mutant of one detector. */
export function runMutants(ground: MutationGround, provider: Provider, detector: Detector): MutantResult[] {
  const texts = [...detector.examples.map(({ text }) => text), ...detector.counterExamples];
  const beside = besideRules(ground, detector, texts);
  return mutantsOf(detector).map((mutant) => ({
    provider,
    detector,
    mutant,
    killed: runExamples(mutant.detector, beside(mutant.detector)).length > 0,
  }));
}

/** The rules that report something in these texts, with a detector in its own place among them. */
export function besideRules(
  { providers, rules }: MutationGround,
  { id }: Detector,
  texts: readonly string[],
): (replacement: Detector) => CompiledRules {
  const named = new Set(texts.flatMap((text) => detect(rules, text).map((match) => match.rule)));
  named.add(id);
  const few = providers
    .map((each) => ({ ...each, detectors: each.detectors.filter((detector) => named.has(detector.id)) }))
    .filter((each) => each.detectors.length > 0);
  return (replacement) =>
    compileMatcher({
      digest: '',
      providers: few.map((each) => ({
        ...each,
        detectors: each.detectors.map((detector) => (detector.id === id ? replacement : detector)),
      })),
    });
}
