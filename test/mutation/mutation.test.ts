/** The rules' examples must notice when a check is dropped, an alphabet widened or a length changed (scripts/mutate-rules.ts). */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'mocha';
import { ruleFilesIn } from '../../src/detect/load-rules.ts';
import { parseRules } from '../../src/detect/parse-rules.ts';
import { detector } from '../detect/rules.ts';
import { type MutantResult, mutationGround, runMutants } from './mutation-run.ts';
import { mutantsOf } from './rule-mutants.ts';
import { survivorClass } from './survivor-class.ts';

const providers = ruleFilesIn('rules').flatMap((path) => parseRules(readFileSync(path, 'utf8'), path).provider ?? []);

/** Of the mutants of tokens found with high confidence, those that near misses must tell. */
const leastShare = 0.9;

describe('mutants of rules', () => {
  it('are made of every part that narrows a detector', () => {
    const narrow = detector({
      id: 'acme-key',
      at: 'token',
      anchors: ['acme_'],
      pattern: 'acme_[0-9a-f]{32}',
      entropy: 3,
      checks: ['crc32-base62', 'digit'],
      not: ['acme_0.*'],
      companion: { name: 'id', pattern: 'id', within: 100, required: true },
    });
    assert.deepEqual(
      mutantsOf(narrow).map(({ kind }) => kind),
      ['checksum', 'check', 'alphabet', 'shorter', 'longer', 'entropy', 'boundary', 'not', 'companion'],
    );
    const patterns = mutantsOf(narrow).map((mutant) => mutant.detector.pattern);
    assert.ok(patterns.includes('acme_[0-9A-Za-z]{32}') && patterns.includes('acme_[0-9a-f]{16,32}'));
  });

  describe('of high-confidence tokens', () => {
    const results: MutantResult[] = [];

    before(function () {
      this.timeout(120_000);
      const ground = mutationGround(providers);
      for (const provider of providers) {
        for (const each of provider.detectors) {
          if (each.confidence === 'high' && each.at === 'token') results.push(...runMutants(ground, provider, each));
        }
      }
    });

    it(`are noticed by examples: ${leastShare * 100} % of them`, () => {
      const killed = results.filter((result) => result.killed).length;
      assert.ok(results.length > 1000 && killed >= results.length * leastShare, `${killed} of ${results.length}`);
    });

    it('are noticed where a checksum, an id or JSON inside the token is no longer checked', () => {
      const survivors = results.filter(({ killed, mutant }) => !killed && mutant.kind === 'checksum');
      assert.deepEqual(
        survivors.map(({ detector: { id }, mutant }) => `${id} ${mutant.change}`),
        [],
      );
    });

    it('are mostly without harm where they are not noticed', () => {
      const survivors = results.filter(({ killed }) => !killed);
      const careless = survivors.filter(
        ({ detector: each, mutant }) => survivorClass(each, mutant) === 'no near miss is written down',
      );
      assert.ok(careless.length <= results.length * 0.06, `${careless.length} of ${results.length}`);
    });
  });
});
