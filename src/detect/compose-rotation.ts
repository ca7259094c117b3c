/** Guidance for a provider whose file does not write it all: composed from its category, its console path and its documentation. */

import { categoryGuidance } from './category-guidance.ts';
import type { Rotation } from './rule.ts';

/** What a rule file says of rotation: any part, and where in the vendor's console keys are made. */
export type PartialRotation = Partial<Rotation> & { readonly console?: string };

/** Whose guidance it is. */
export interface RotationSubject {
  readonly name: string;
  readonly url: string;
  readonly category: string;
  /** Title of the provider's first detector: what is leaked. */
  readonly title: string;
}

/** Fills the parts that are missing; undefined for a category without guidance. */
export function composeRotation(partial: PartialRotation, subject: RotationSubject): Rotation | undefined {
  const guidance = categoryGuidance[subject.category];
  if (guidance === undefined) return undefined;
  const { name, url, title } = subject;
  const fill = (text: string): string => text.replaceAll('{name}', name);
  const where = partial.console ?? `the ${name} console`;
  const page = partial.url ?? url;
  return {
    summary:
      partial.summary ??
      shortest(
        `${where} → new key, move services over, revoke the old one`,
        `new ${name} key, move services over, revoke the old one`,
      ),
    opens: partial.opens ?? fill(guidance.opens),
    abuse: partial.abuse ?? guidance.abuse.map(fill),
    steps: partial.steps ?? [
      `Open ${where} (${page}) and make a new credential with the same scopes as the leaked ${title}, or fewer.`,
      `Put it where each service reads it at run time (a secret store, a mounted file; not the image), restart them and see calls succeed under it at ${name}.`,
      `Revoke the leaked one in ${where}; where ${name} has no list of keys, regenerate it there or ask its support, and check that a call with the old one is refused.`,
      'Rebuild the image without it: a later layer that deletes a file leaves it in every pull.',
    ],
    breaks: partial.breaks ?? fill(guidance.breaks),
    url: page,
  };
}

function shortest(...summaries: readonly string[]): string {
  return (
    summaries.find((summary) => Array.from(summary).length <= 120) ??
    'make a new key, move services over, revoke the old one'
  );
}
