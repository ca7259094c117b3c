/** A finding before triage: nothing masked, nothing hashed, the secret in the clear unless its layer came from the cache. */

import { type Confidence, confidences, type KnownRule, type RuleSet } from '../detect/rule.ts';
import type { ContainerKind } from '../layer/magic.ts';
import type { Attachment } from '../source/source.ts';
import type { Exposure, Location, Removal } from './finding.ts';
import type { HeaderString } from './layer-scan.ts';
import type { FoundMatch, Secret } from './secret.ts';

export interface Draft<S extends Secret = Secret> {
  readonly match: FoundMatch<S>;
  readonly location: Location;
  /** Index of the layer it is in, for files. */
  readonly layer?: number;
  /** The entry it is in, as the layer's tar has it. */
  readonly stored?: {
    readonly path: string;
    readonly rawName: string;
    readonly ordinal: number;
    readonly header?: HeaderString;
    /** What each name of its `nested` is a member of. */
    readonly containers?: readonly ContainerKind[];
  };
  /** What it is in where it hangs off the image. */
  readonly attachment?: Attachment;
  /** The document it stands in, for annotations: a manifest's digest, or `index.json`. */
  readonly document?: string;
  /** The history entry that put it there, where it is known. */
  readonly historyIndex?: number;
  /** Other history entries that hold the same secret at the same place. */
  readonly alsoAt: readonly number[];
  readonly exposure: Exposure;
  /** The layer that took it away, and how. */
  readonly removedBy?: { readonly layer: number; readonly how: Removal };
  /** True where a `--base` image has it too. */
  readonly isBase?: boolean;
  /** True where public packages publish this secret. */
  readonly published?: boolean;
}

/** Where rules are looked up by their ids. */
export type RuleLookup = Pick<ReadonlyMap<string, KnownRule>, 'get'>;

/** Detectors by id. */
export function rulesById(ruleSet: RuleSet): Map<string, KnownRule> {
  const known = new Map<string, KnownRule>();
  for (const provider of ruleSet.providers) {
    for (const detector of provider.detectors) known.set(detector.id, { detector, provider });
  }
  return known;
}

/** How sure a confidence is, as a number to compare. */
export function rankOf(confidence: Confidence): number {
  return confidences.indexOf(confidence);
}

/**
 * The match that says most of two of the same secret at the same place: whoever knows the provider, then the surer. A mark
 * at one of them does not speak for the other, nor does it decide which is told: an image must not choose.
 */
export function better<S extends Secret>(a: FoundMatch<S>, b: FoundMatch<S>, rules: RuleLookup): FoundMatch<S> {
  const { marked: _, ...best } = surer(a, b, rules);
  return a.marked === true && b.marked === true ? { ...best, marked: true } : best;
}

function surer<S extends Secret>(a: FoundMatch<S>, b: FoundMatch<S>, rules: RuleLookup): FoundMatch<S> {
  // What the user's list names for one rule, another rule still finds.
  if ((a.allowed ?? false) !== (b.allowed ?? false)) return a.allowed === true ? b : a;
  const generic = (match: FoundMatch<S>): boolean => rules.get(match.rule)?.detector.generic ?? true;
  if (generic(a) !== generic(b)) return generic(a) ? b : a;
  return rankOf(b.confidence) > rankOf(a.confidence) ? b : a;
}
