import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { readCompiledRules, writeCompiledRules } from '../../src/detect/compiled-file.ts';
import type { Detector } from '../../src/detect/rule.ts';
import { detector, ruleSet } from './rules.ts';

const rule = (id: string, title = id): Detector =>
  detector({ id, title, at: 'token', anchors: ['key_'], pattern: 'key_[0-9]{9}' });

const [acme] = ruleSet(rule('acme-key', 'Schlüssel'), rule('acme-token')).providers;
const [zoo] = ruleSet(rule('zoo-key', 'Zoo’s key')).providers;
const rules = { digest: 'sha256:x', providers: [acme!, { ...zoo!, id: 'zoo' }], knownPublic: ['abc', 'def'] };

function open() {
  const bytes = Buffer.from(writeCompiledRules(rules));
  let asked = 0;
  const read = (start: number, length: number): Buffer => {
    const part = bytes.subarray(start, start + length);
    asked += part.length;
    return part;
  };
  return { set: readCompiledRules(read), bytes, askedBytes: () => asked };
}

describe('the file of compiled rules', () => {
  it('gives back what was written', () => {
    const { set } = open();
    assert.equal(set.digest, rules.digest);
    assert.deepEqual(set.counts, { providers: 2, rules: 3 });
    assert.deepEqual(set.providers, rules.providers);
    assert.deepEqual(set.knownPublic, rules.knownPublic);
  });

  it('finds a rule of each provider, whose names are of many bytes', () => {
    const { set } = open();
    for (const provider of rules.providers) {
      for (const each of provider.detectors) assert.deepEqual(set.find?.(each.id), { detector: each, provider });
    }
    assert.equal(set.find?.('nobody'), undefined);
  });

  it('reads one provider for one rule, once', () => {
    const { set, askedBytes } = open();
    set.find?.('zoo-key');
    const before = askedBytes();
    assert.ok(set.find?.('zoo-key') !== undefined);
    assert.equal(askedBytes(), before);
    set.find?.('acme-key');
    const ofAcme = askedBytes() - before;
    assert.equal(ofAcme, Buffer.byteLength(JSON.stringify(acme)));
  });
});
