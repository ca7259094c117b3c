/** An id and its secret are one finding. */

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { compileMatcher } from '../../src/detect/compiled-rules.ts';
import { detect } from '../../src/detect/matcher.ts';
import { detector, ruleSet } from './rules.ts';

const companion = { name: 'id', pattern: 'acid[0-9]{8}', within: 60, required: false };
const rulesWith = (confidence: 'low' | 'high'): ReturnType<typeof compileMatcher> =>
  compileMatcher(
    ruleSet(
      detector({ id: 'acme-id', at: 'token', anchors: ['acid'], pattern: 'acid[0-9]{8}', confidence: 'medium' }),
      detector({
        id: 'acme-secret',
        at: 'token',
        anchors: ['acse'],
        pattern: 'acse[0-9a-z]{12}',
        confidence,
        companion,
      }),
      detector({ id: 'other-id', at: 'token', anchors: ['acid9'], pattern: 'acid9[0-9]{7}', confidence: 'high' }),
    ),
  );
const found = (rules: ReturnType<typeof rulesWith>, text: string): string[] =>
  detect(rules, text).map(({ rule }) => rule);

describe('pairs', () => {
  const id = `acid${'47115926'}`;
  const secret = `acse${'k3v9q2m7x4p8'}`;

  it('are one finding, which names the id', () => {
    const [match, ...more] = detect(rulesWith('high'), `id=${id} secret=${secret}`);
    assert.equal(match?.rule, 'acme-secret');
    assert.deepEqual(match.companion, { name: 'id', value: id });
    assert.deepEqual(more, []);
  });

  it('are two where the secret is the weaker half, or stands elsewhere', () => {
    assert.deepEqual(found(rulesWith('low'), `id=${id} secret=${secret}`), ['acme-id', 'acme-secret']);
    assert.deepEqual(found(rulesWith('high'), `id=${id} ${'-'.repeat(90)} secret=${secret}`), [
      'acme-id',
      'acme-secret',
    ]);
  });

  it('never swallow what another provider found', () => {
    assert.deepEqual(found(rulesWith('high'), `id=${'acid'}95926471 secret=${secret}`), ['other-id', 'acme-secret']);
  });
});
