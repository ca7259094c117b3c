import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { overridableIds, overrideRules } from '../../src/detect/override-rules.ts';
import { notice } from '../../src/errors.ts';
import { detector, ruleSet } from './rules.ts';

const rules = ruleSet(
  detector({ id: 'acme-key', at: 'token', anchors: ['acme_'], pattern: 'acme_[0-9]{9}' }),
  detector({ id: 'acme-token', at: 'token', anchors: ['acmt_'], pattern: 'acmt_[0-9]{9}' }),
  detector({ id: 'other-key', at: 'token', anchors: ['othr_'], pattern: 'othr_[0-9]{9}' }),
);

function levels(set: typeof rules): string[] {
  return set.providers.flatMap(({ detectors }) =>
    detectors.map(({ id, severity, confidence }) => `${id} ${severity} ${confidence}`),
  );
}

describe('overrideRules', () => {
  it('changes all rules of a provider, and a rule before its provider', () => {
    const set = overrideRules(rules, [
      { id: 'acme-token', severity: 'critical' },
      { id: 'acme', severity: 'low', confidence: 'medium' },
    ]);
    assert.deepEqual(levels(set), ['acme-key low medium', 'acme-token critical medium', 'other-key high high']);
    assert.notEqual(set.digest, rules.digest);
  });

  it('takes out what is switched off, and says what', () => {
    const set = overrideRules(rules, [
      { id: 'acme', enabled: false },
      { id: 'acme-key', enabled: true },
      { id: 'other-key', enabled: false },
    ]);
    assert.deepEqual(levels(set), ['acme-key high high']);
    assert.deepEqual(set.disabled, ['acme-token', 'other-key']);
    assert.equal(set.providers.length, 1);
  });

  it('says no more of a rule that could not be imported once it is switched off', () => {
    const remarks = [{ rule: 'x-key', provider: 'x', diagnostic: notice('RULE_UNSUPPORTED', 'x.toml', 'no') }];
    const set = { ...rules, remarks };
    assert.ok(overridableIds(set).has('x-key'));
    assert.deepEqual(overrideRules(set, [{ id: 'x-key', enabled: false }]).remarks, []);
    assert.deepEqual(overrideRules(set, [{ id: 'x', enabled: false }]).remarks, []);
    assert.deepEqual(overrideRules(set, [{ id: 'acme', enabled: false }]).remarks, remarks);
  });
});
