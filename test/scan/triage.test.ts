import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseKnownPublic, publicSecretHash } from '../../src/detect/known-public.ts';
import type { Draft } from '../../src/scan/draft.ts';
import { demotePublic } from '../../src/scan/triage.ts';

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

  it('leaves any other secret in the same place alone', () => {
    const [found] = demotePublic([draft(`${secret}1`)], known);
    assert.equal(found?.match.confidence, 'high');
    assert.equal(found?.published, undefined);
  });
});
