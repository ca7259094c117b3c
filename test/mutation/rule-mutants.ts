/**
 * Detectors with one defect put in on purpose: a check dropped, an alphabet widened, a length changed. Each leaves a
 * well-formed detector that finds too much, as a slip of the author would; only counter-examples can tell.
 */

import type { Detector } from '../../src/detect/rule.ts';

/** What was done to a detector. */
export type MutantKind =
  | 'checksum'
  | 'check'
  | 'alphabet'
  | 'shorter'
  | 'longer'
  | 'entropy'
  | 'boundary'
  | 'not'
  | 'companion';

/** A detector with one defect. */
export interface RuleMutant {
  readonly kind: MutantKind;
  /** What was changed, for the report. */
  readonly change: string;
  readonly detector: Detector;
}

/** Checks of a secret's characters; every other one looks into its structure: a checksum, an id, JSON, a key. */
const characterChecks: ReadonlySet<string> = new Set([
  'binary',
  'digit',
  'letter',
  'mixed',
  'not-code',
  'not-hex',
  'not-uuid',
  'not-word',
  'not-sample-password',
  'sample-password',
  'strong-password',
  'weak-password',
  'uuid',
]);

/** Whether a check knows real tokens by their structure. */
export function isStructural(check: string): boolean {
  return !characterChecks.has(check) && !/^(?:no|not)-/.test(check);
}

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const element = /\\.|\[(?:\\.|[^\]\\])*\]|\{(\d+)(?:,(\d*))?\}/g;
/** Shorter repeats and smaller sets are details of a format, not a token's body. */
const [leastRepeat, leastSet] = [8, 8];

/** Every mutant of a detector, in a stable order. */
export function mutantsOf(detector: Detector): RuleMutant[] {
  const mutants: RuleMutant[] = detector.checks.map((check) => ({
    kind: isStructural(check) ? 'checksum' : 'check',
    change: `without the check ${check}`,
    detector: { ...detector, checks: detector.checks.filter((each) => each !== check) },
  }));
  const add = (kind: MutantKind, change: string, fields: Partial<Detector>): void => {
    mutants.push({ kind, change, detector: { ...detector, ...fields } });
  };
  const { pattern } = detector;
  for (const [kind, changed] of [
    ['alphabet', widened(pattern)],
    ['shorter', resized(pattern, (length) => `{${Math.floor(length / 2)},${length}}`)],
    ['longer', resized(pattern, (length) => `{${length},${length * 2}}`)],
  ] as const) {
    if (changed !== pattern) add(kind, `pattern ${changed}`, { pattern: changed });
  }
  if (detector.entropy !== undefined) add('entropy', `without entropy ${detector.entropy}`, { entropy: 0 });
  if (detector.boundary) add('boundary', 'without boundary', { boundary: false });
  for (const not of detector.not)
    add('not', `without not ${not}`, { not: detector.not.filter((each) => each !== not) });
  const { companion } = detector;
  if (companion?.required === true)
    add('companion', `without ${companion.name}`, { companion: { ...companion, required: false } });
  return mutants;
}

/** Sets of letters and digits that a long repeat follows become base62. */
function widened(pattern: string): string {
  return pattern.replace(element, (text, _low, _high, at: number) => {
    if (!/^\[(?!\^)|^\\d/.test(text)) return text;
    const repeat = /^\{(\d+)/.exec(pattern.slice(at + text.length, at + text.length + 8));
    if (repeat === null || Number(repeat[1]) < leastRepeat) return text;
    const inSet = new RegExp(`^${text}$`);
    const members = [...base62].filter((char) => inSet.test(char));
    if (members.length < leastSet || members.length === base62.length) return text;
    const signs = [...'_-+/=.'].filter((char) => inSet.test(char)).join('');
    return `[0-9A-Za-z${signs.replace('-', '\\-')}]`;
  });
}

/** Long repeats of one length get another. */
function resized(pattern: string, resize: (length: number) => string): string {
  return pattern.replace(element, (text, low: string | undefined, high: string | undefined) =>
    low !== undefined && (high === undefined || high === low) && Number(low) >= leastRepeat
      ? resize(Number(low))
      : text,
  );
}
