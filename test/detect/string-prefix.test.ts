import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { compileMatcher } from '../../src/detect/compiled-rules.ts';
import { detect } from '../../src/detect/matcher.ts';
import { detector, randomText, ruleSet } from './rules.ts';

const rules = compileMatcher(
  ruleSet(
    detector({ id: 'acme-token', at: 'token', anchors: ['acme_'], pattern: 'acme_[0-9A-Za-z]{20,400}' }),
    detector({ id: 'exact-token', at: 'token', anchors: ['exact_'], pattern: 'exact_[0-9A-Za-z]{43}(?![0-9A-Za-z])' }),
  ),
);

const found = (parts: readonly (string | readonly number[])[]): string[] => {
  const bytes = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  return detect(rules, bytes).map(({ secret }) => secret);
};

describe('prefixedEnd', () => {
  it('ends a token where its string ends, whatever its length reads like', () => {
    for (let length = 20; length <= 120; length++) {
      const token = `acme_${randomText(length, length)}`;
      const size = token.length;
      assert.deepEqual(found(['x', [1, 0, size], token, 'next']), [token], `constant pool, ${size}`);
      assert.deepEqual(found(['N)\u0002', [0x7a, size], token, 'cz']), [token], `short ASCII, ${size}`);
      assert.deepEqual(found(['N)\u0002', [0xda, size], token, 'r']), [token], `interned, ${size}`);
      assert.deepEqual(found(['N)\u0002', [0x75, size, 0, 0, 0], token, 'r']), [token], `Unicode, ${size}`);
    }
  });

  it('finds tokens of one length among the letters of a program', () => {
    const token = `exact_${randomText(3, 43)}`;
    assert.deepEqual(found([[2, 0x7a, token.length], token, 'zcode']), [token]);
    assert.deepEqual(found([[1, 0, token.length], token, 'tail']), [token]);
  });

  it('takes no byte for a length that a token does not fill', () => {
    const token = `acme_${randomText(4, 40)}`;
    assert.deepEqual(found([[1, 0, 200], token, ' ']), [token]);
    for (const before of ['quiz(', 'z=', 'tz:', 'Z"']) assert.deepEqual(found([before, token, ' ']), [token], before);
  });
});
