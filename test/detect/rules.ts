/** Small rules for tests of the engine; their prose is nobody's. */

import type { Detector, Provider, RuleSet } from '../../src/detect/rule.ts';

/** A detector with defaults for everything a test does not care about. */
export function detector(fields: Partial<Detector> & Pick<Detector, 'id' | 'anchors' | 'at' | 'pattern'>): Detector {
  return {
    title: fields.id,
    severity: 'high',
    confidence: 'high',
    before: fields.at === 'near' ? 100 : 0,
    after: fields.at === 'token' ? 512 : fields.at === 'name' ? 160 : 200,
    checks: [],
    not: [],
    boundary: true,
    allowPlaceholder: false,
    generic: false,
    examples: [],
    counterExamples: [],
    knownMisses: [],
    ...fields,
  };
}

/** A provider of these detectors. */
export function provider(id: string, detectors: readonly Detector[]): Provider {
  return {
    id,
    name: id,
    about: id,
    url: 'https://docs.invalid/',
    categories: ['test'],
    rotation: { summary: id, opens: id, abuse: [id], steps: [id], breaks: id },
    detectors,
  };
}

/** One provider for each detector, named by the part of its id before the first dash. */
export function ruleSet(...detectors: Detector[]): RuleSet {
  const ids = [...new Set(detectors.map(({ id }) => id.split('-')[0] ?? id))];
  const providers = ids.map((id) =>
    provider(
      id,
      detectors.filter((each) => each.id.split('-')[0] === id),
    ),
  );
  return { digest: 'sha256:test', providers };
}

/** Characters that look random, the same for the same seed. */
export function randomText(
  seed: number,
  length: number,
  alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789',
): string {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  let text = '';
  while (text.length < length) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += alphabet[(state >>> 8) % alphabet.length];
  }
  return text;
}

/** Hex digits that look random. */
export function randomHex(seed: number, length: number): string {
  return randomText(seed, length, '0123456789abcdef');
}
