import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { mostStates } from '../../src/detect/compile-automaton.ts';
import { compileMatcher } from '../../src/detect/compiled-rules.ts';
import { planMatches } from '../../src/detect/match-plan.ts';
import { detect } from '../../src/detect/matcher.ts';
import { decodePlan, encodePlan } from '../../src/detect/plan-bytes.ts';
import { detector, randomText, ruleSet } from './rules.ts';

const letters = 'abcdefghijklmnopqrstuvwxyz';

describe('planMatches', () => {
  it('looks for shorter needles where there are more anchors than the automaton has states', function () {
    this.timeout(60_000);
    const anchors = Array.from({ length: 14_000 }, (_, index) => randomText(index, 16, letters));
    const rules = ruleSet(
      ...Array.from({ length: 14 }, (_, index) =>
        detector({
          id: `acme-${index}`,
          at: 'name',
          anchors: anchors.slice(1000 * index, 1000 * (index + 1)),
          pattern: '[0-9a-f]{32}',
          boundary: false,
        }),
      ),
    );
    const { table } = planMatches(rules);
    assert.ok(table.longestNeedle < 8 && table.rows.length / 32 <= mostStates * 8);
    const compiled = compileMatcher(rules);
    const secret = randomText(3, 32, '0123456789abcdef');
    for (const at of [0, 7777, 13_999]) {
      const found = detect(compiled, `${anchors[at]}_token = ${secret}\n`);
      assert.deepEqual(
        found.map((match) => [match.rule, match.secret]),
        [[`acme-${Math.floor(at / 1000)}`, secret]],
      );
    }
  });

  it('looks at anchors by the bytes beside their needle, whatever signs stand between their words', () => {
    const words = ['alpha', 'beta', 'gamma', 'delta', 'kappa', 'sigma'];
    const rules = compileMatcher(
      ruleSet(
        ...words.flatMap((word) => [
          detector({ id: `${word}-before`, at: 'name', anchors: [`${word} zyxwvut`], pattern: '[0-9a-f]{16}' }),
          detector({ id: `${word}-after`, at: 'name', anchors: [`zyxwvut ${word}`], pattern: '[0-9a-f]{16}' }),
        ]),
      ),
    );
    const secret = randomText(5, 16, '0123456789abcdef');
    for (const word of words) {
      for (const sign of ['', '_', '-', '.', ' ', '__', '--', '_-']) {
        for (const name of [`${word}${sign}zyxwvut`, `zyxwvut${sign}${word}`, `${word}${sign}zyxwvut`.toUpperCase()]) {
          const found = detect(rules, `${name}_KEY=${secret}\n`);
          assert.deepEqual([...new Set(found.map((match) => match.provider))], [word], `${name}_KEY`);
        }
      }
    }
  });

  it('is the same when it has been written and read', () => {
    const rules = ruleSet(
      detector({ id: 'acme-token', at: 'token', anchors: ['acme_'], pattern: 'acme_[0-9A-Za-z]{20}' }),
      detector({ id: 'foo-key', at: 'near', anchors: ['foo bar'], pattern: '[0-9a-f]{32}' }),
    );
    const { table, detectors } = decodePlan(encodePlan(planMatches(rules)));
    const plan = planMatches(rules);
    assert.deepEqual(table.rows, plan.table.rows);
    assert.deepEqual(table.columns, plan.table.columns);
    assert.equal(detectors.length, plan.detectors.length);
  });
});
