/**
 * Does every provider count? A real-looking secret of it must be found and named where people leave them: in a file, in
 * an image's ENV and in JSON on one line; and a near miss (cut, lengthened, altered, under another vendor's name) must
 * not be named after it. The secret is the provider's first example that stands alone.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { compileMatcher } from '../src/detect/compiled-rules.ts';
import { ruleFilesIn } from '../src/detect/load-rules.ts';
import { detect } from '../src/detect/matcher.ts';
import { parseRules } from '../src/detect/parse-rules.ts';
import { captureCount, extentOf } from '../src/detect/pattern-analysis.ts';
import { parsePattern } from '../src/detect/pattern-parser.ts';
import type { Detector, Match, Provider, RuleExample } from '../src/detect/rule.ts';
import { textOf } from '../src/scan/metadata-strings.ts';
import { providerVariables } from './support/provider-variables.ts';

const providers = ruleFilesIn('rules').flatMap((path) => parseRules(readFileSync(path, 'utf8'), path).provider ?? []);
const rules = compileMatcher({ digest: '', providers });
const byId = new Map(providers.map((provider) => [provider.id, provider]));
/** A vendor whose variables are nobody else's. */
const otherVendor = 'pepipost';
const checksums = ['crc32-base62', 'grafana-checksum'];

/** An example that can be carried elsewhere. */
interface Sample {
  readonly detector: Detector;
  readonly example: RuleExample;
  /** What a variable would hold: the secret, or the URL or phrase it stands in. */
  readonly value: string;
  readonly variable: string;
}

describe('providers', () => {
  it('have no stale entry among the variables', () => {
    assert.deepEqual(
      Object.keys(providerVariables).filter((id) => !byId.has(id)),
      [],
    );
  });

  for (const provider of providers) {
    it(`${provider.id} is found and named in a file, an ENV and JSON on one line`, () => {
      const sample = sampleOf(provider);
      for (const [carrier, text] of Object.entries(carriersOf(sample))) {
        const found = detect(rules, text).filter((match) => overlaps(match, sample.example.secret));
        assert.ok(
          found.some((match) => match.provider === provider.id),
          `${sample.detector.id} in ${carrier} ${sample.variable}: ${found.map(({ rule }) => rule).join(', ') || 'nothing'}`,
        );
      }
    });

    const sample = sampleOf(provider);
    const misses = nearMisses(provider, sample);
    if (misses.length > 0) {
      it(`${provider.id} is not named in a near miss`, () => {
        for (const { what, text, mayKnow } of misses) {
          const named = detect(rules, text).filter(
            (match) => match.provider === provider.id && match.confidence !== 'low' && !mayKnow(match.rule),
          );
          assert.deepEqual(
            named.map((match) => match.rule),
            [],
            what,
          );
        }
      });
    }
  }
});

/** The first example of a detector whose secret stands alone, as in an ENV: nothing required beside it or before it. */
function sampleOf(provider: Provider): Sample {
  const alone = provider.detectors.filter(
    (each) => each.companion?.required !== true && each.examples[0]?.binary !== true,
  );
  const detector = alone.find(isWholeValue) ?? alone[0] ?? (provider.detectors[0] as Detector);
  const example = detector.examples[0] as RuleExample;
  const known = providerVariables[provider.id];
  const value = known?.whole === true ? example.text : carriedBy(detector, example);
  return { detector, example, value, variable: known?.variable ?? variableOf(provider, detector, value) };
}

function isWholeValue({ at, pattern }: Detector): boolean {
  return at === 'name' || (at === 'token' && captureCount(parsePattern(pattern)) === 0);
}

/** A `near` secret, or part of a token, is carried with what it stands in up to blanks and quotes. */
function carriedBy(detector: Detector, { text, secret }: RuleExample): string {
  if (detector.at === 'name') return secret;
  const start = text.indexOf(secret);
  const before = /[^\s"'`<>,;()[\]{}=]*$/.exec(text.slice(0, start))?.[0] ?? '';
  const after = /^[^\s"'`<>,;()[\]{}\\]*/.exec(text.slice(start + secret.length))?.[0] ?? '';
  return /\s/.test(secret) || !`${before}${after}`.includes('/') ? secret : `${before}${secret}${after}`;
}

/** The name its users give the variable: `ACME_API_KEY`. */
function variableOf(provider: Provider, detector: Detector, value: string): string {
  const vendor = provider.name
    .replace(/\s*\(.*?\)/g, '')
    .replace(/[’']/g, '')
    .replace(/[^0-9A-Za-z]+/g, '_')
    .replace(/^_|_$/g, '');
  return `${vendor}_${kindOf(detector.title, value)}`.toUpperCase();
}

function kindOf(title: string, value: string): string {
  if (value.includes('://')) return 'url';
  const kinds = ['private key', 'password', 'secret', 'token'];
  return (kinds.find((kind) => title.toLowerCase().includes(kind)) ?? 'api key').replace(' ', '_');
}

function carriersOf({ example, value, variable }: Sample): Readonly<Record<string, string>> {
  const camel = variable.toLowerCase().replace(/_+(\w)/g, (_, letter: string) => letter.toUpperCase());
  return {
    file: example.text,
    env: textOf({ kind: 'env', name: variable, value }),
    json: JSON.stringify({ a: 1, [camel]: value, z: 2 }),
  };
}

/** Whether a match is (part of) the secret, whose line ends JSON may have escaped. */
function overlaps(match: Match, secret: string): boolean {
  const plain = (text: string): string => text.replaceAll(/\\+n/g, '\n');
  return plain(match.secret).includes(plain(secret)) || plain(secret).includes(plain(match.secret));
}

/** A text that must not be named after the provider, and which of its other detectors may know it all the same. */
interface NearMiss {
  readonly what: string;
  readonly text: string;
  readonly mayKnow: (rule: string) => boolean;
}

function nearMisses(provider: Provider, { detector, value, example, variable }: Sample): NearMiss[] {
  const { secret } = example;
  const misses: NearMiss[] = [];
  const altered = (what: string, secret: string): void => {
    const text = textOf({ kind: 'env', name: variable, value: secret });
    // Another kind of the provider's may have that length.
    misses.push({ what, text, mayKnow: (rule) => rule !== detector.id });
  };
  const { min, max } = extentOf(parsePattern(detector.pattern));
  if (value === secret && min === max && min === secret.length && detector.boundary) {
    altered('cut', secret.slice(0, -3));
    altered('lengthened', `${secret}${secret.slice(-3)}`);
  }
  if (detector.checks.some((check) => checksums.includes(check))) {
    const at = Math.floor(secret.length / 2);
    altered('of a wrong checksum', `${secret.slice(0, at)}${secret[at] === 'a' ? 'b' : 'a'}${secret.slice(at + 1)}`);
  }
  if (detector.at === 'name' && provider.id !== otherVendor) {
    const text = `${hostVariable(variable)}=api.internal\n${otherVendor.toUpperCase()}_API_KEY=${secret}\n`;
    const byItself = provider.detectors.filter(({ at }) => at !== 'name').map(({ id }) => id);
    misses.push({ what: 'of another vendor', text, mayKnow: (rule) => byItself.includes(rule) });
  }
  return misses;
}

function hostVariable(variable: string): string {
  return `${variable.replace(/_(?:API_KEY|TOKEN|SECRET|PASSWORD|PRIVATE_KEY|URL)$/, '')}_HOST`;
}
