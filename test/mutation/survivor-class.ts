/** Why a mutant may live without harm: the same thing is told by another part of its detector. */

import { captureCount, extentOf } from '../../src/detect/pattern-analysis.ts';
import { parsePattern } from '../../src/detect/pattern-parser.ts';
import type { Detector } from '../../src/detect/rule.ts';
import { isStructural, type RuleMutant } from './rule-mutants.ts';

/** What a survivor says of the rule file. */
export type SurvivorClass =
  | 'told by the checksum'
  | 'implied by the entropy'
  | 'told by the look-arounds of the pattern'
  | 'another branch of the pattern takes it'
  | 'no near miss is written down';

/** The class of a mutant that no example noticed. */
export function survivorClass(detector: Detector, mutant: RuleMutant): SurvivorClass {
  const isForm = ['alphabet', 'shorter', 'longer'].includes(mutant.kind);
  const hasStructure = detector.checks.some(isStructural);
  if (hasStructure && (isForm || mutant.kind === 'entropy')) return 'told by the checksum';
  if (mutant.kind === 'check' && isImpliedByEntropy(detector, mutant.change)) return 'implied by the entropy';
  if (mutant.kind === 'boundary' && /\(\?<?[!=]/.test(detector.pattern))
    return 'told by the look-arounds of the pattern';
  if (isForm && /\||\)\?/.test(detector.pattern)) return 'another branch of the pattern takes it';
  return 'no near miss is written down';
}

/** Fifteen hex letters in a row have no entropy of three bits: a digit must be among them, asked for or not. */
function isImpliedByEntropy({ pattern, entropy = 0 }: Detector, change: string): boolean {
  const tree = parsePattern(pattern);
  if (captureCount(tree) > 0) return false;
  const { set } = extentOf(tree);
  const without = change.endsWith(' digit') ? /[0-9]/ : change.endsWith(' letter') ? /[A-Za-z]/ : undefined;
  if (without === undefined) return false;
  let left = 0;
  for (let byte = 0; byte < 256; byte++) {
    if (set[byte] === 1 && !without.test(String.fromCharCode(byte))) left++;
  }
  return Math.log2(Math.max(1, left)) < entropy;
}
