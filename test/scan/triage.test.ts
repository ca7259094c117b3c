import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseKnownPublic, publicSecretHash } from '../../src/detect/known-public.ts';
import type { KnownRule } from '../../src/detect/rule.ts';
import type { Draft } from '../../src/scan/draft.ts';
import { demotePublic, triage } from '../../src/scan/triage.ts';

const secret = 'q8Zr2Lx0Vb7Nw4Kt';

function draft(text: string): Draft {
  const match = { rule: 'r', provider: 'p', secret: text, confidence: 'high', start: 0, end: 1, line: 1 } as const;
  return { match, location: { kind: 'file', path: 'usr/share/doc/key' }, alsoAt: [], exposure: 'live' };
}

describe('demotePublic', () => {
  const known = new Set(parseKnownPublic(`# comment\n${publicSecretHash(secret)} some.deb: usr/share/key\n`));

  it('makes a published secret a weak hint, however it is wrapped', () => {
    for (const text of [
      secret,
      `${secret.slice(0, 8)}\n${secret.slice(8)}`,
      `${secret.slice(0, 8)}\\n" + "${secret.slice(8)}`,
    ]) {
      const [found] = demotePublic([draft(text)], known);
      assert.equal(found?.match.confidence, 'low');
      assert.equal(found?.published, true);
    }
  });

  it('knows a weak one too', () => {
    const weak = draft(secret);
    const [found] = demotePublic([{ ...weak, match: { ...weak.match, confidence: 'low' } }], known);
    assert.equal(found?.published, true);
  });

  it('leaves any other secret in the same place alone', () => {
    const [found] = demotePublic([draft(`${secret}1`)], known);
    assert.equal(found?.match.confidence, 'high');
    assert.equal(found?.published, undefined);
  });
});

describe('triage', () => {
  const rules = new Map([['r', { detector: { severity: 'high' }, provider: {} } as KnownRule]]);
  const filter = { minConfidence: 'medium', only: [], skip: [] } as const;
  const drafts: readonly Draft[] = [{ ...draft(secret), published: true }, draft(`${secret}1`)];

  it('counts what is published as suppressed, and not as too weak', () => {
    const { shown, suppressed, hiddenByConfidence } = triage(drafts, filter, rules);
    assert.deepEqual([shown, suppressed, hiddenByConfidence], [[drafts[1]], { published: 1 }, 0]);
  });

  it('shows it where the user asks for it, whatever its confidence', () => {
    const [published, other] = drafts as [Draft, Draft];
    const low: Draft = { ...published, match: { ...published.match, confidence: 'low' } };
    const { shown, suppressed } = triage([low, other], { ...filter, showPublished: true }, rules);
    assert.deepEqual([shown, suppressed], [[low, other], {}]);
  });
});
