/** `whichlayer explain <provider|rule>`: what the key opens, how to check for abuse, how to rotate it, what breaks. */

import type { Detector, Provider, RuleSet } from '../detect/rule.ts';
import { ScanError } from '../errors.ts';
import { explainProvider } from '../remedy/explain.ts';
import { type CommandIo, colorOf } from './io.ts';
import { didYouMean } from './near-name.ts';

/** Prints what is known on a provider, or on the provider of a rule; returns the exit code. @throws ScanError USAGE_INVALID */
export function explain(
  name: string,
  rules: RuleSet,
  options: { readonly noColor: boolean },
  { stdout }: CommandIo,
): number {
  const { provider, detector } = find(name, rules);
  const text = explainProvider(provider, {
    width: stdout.columns,
    color: colorOf(stdout, options),
    ...(detector === undefined ? {} : { detector: detector.id }),
  });
  stdout.write(text);
  return 0;
}

/** The rule and the provider it is of. @throws ScanError USAGE_INVALID */
export function findRule(
  id: string,
  { providers }: RuleSet,
): { readonly provider: Provider; readonly detector: Detector } {
  const wanted = id.toLowerCase();
  for (const provider of providers) {
    const detector = provider.detectors.find((candidate) => candidate.id === wanted);
    if (detector !== undefined) return { provider, detector };
  }
  const ids = providers.flatMap((provider) => provider.detectors.map((detector) => detector.id));
  throw unknownName(`There is no rule ${JSON.stringify(id)}.`, id, ids);
}

function find(name: string, rules: RuleSet): { readonly provider: Provider; readonly detector?: Detector } {
  const wanted = name.toLowerCase();
  const provider = rules.providers.find(
    (candidate) => candidate.id === wanted || candidate.name.toLowerCase() === wanted,
  );
  if (provider !== undefined) return { provider };
  const ids = rules.providers.flatMap(({ id, detectors }) => [id, ...detectors.map((detector) => detector.id)]);
  if (ids.includes(wanted)) return findRule(wanted, rules);
  throw unknownName(`There is no provider or rule ${JSON.stringify(name)}.`, name, ids);
}

function unknownName(message: string, name: string, names: readonly string[]): ScanError {
  const hint = didYouMean(name, names) ?? 'whichlayer rules list shows them all.';
  return new ScanError('USAGE_INVALID', message, { subject: name, hint });
}
