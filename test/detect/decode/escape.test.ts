/** Values whose signs are escaped in the files that hold them: the finding has the secret as it is, and the step. */

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { compileMatcher } from '../../../src/detect/compiled-rules.ts';
import { detect } from '../../../src/detect/matcher.ts';
import { detector, ruleSet } from '../rules.ts';

const rules = compileMatcher(
  ruleSet(
    detector({
      id: 'foo',
      at: 'name',
      anchors: ['foo password'],
      pattern: '[^\\s"\'$\\\\`;]{8,60}',
      confidence: 'medium',
    }),
    detector({ id: 'acme', at: 'token', anchors: ['acme_'], pattern: 'acme_[0-9A-Za-z]{32}' }),
  ),
);

const found = (text: string): unknown[] =>
  detect(rules, text).map(({ secret, decoded, start, end }) => [secret, decoded?.join(), text.slice(start, end)]);

describe('escapes in a value', () => {
  const cases: readonly (readonly [string, text: string, secret: string, step: string, written: string])[] = [
    ['a shell’s dollar', 'export FOO_PASSWORD="xK9\\$vQ27mz"', 'xK9$vQ27mz', 'backslash', 'xK9\\$vQ27mz'],
    ['a shell’s quote', 'FOO_PASSWORD="xK9\\"vQ27mz"', 'xK9"vQ27mz', 'backslash', 'xK9\\"vQ27mz'],
    ['a backslash', 'FOO_PASSWORD="xK9\\\\vQ27mz"', 'xK9\\vQ27mz', 'backslash', 'xK9\\\\vQ27mz'],
    ['a word of a shell', 'foo_password=xK9\\&vQ27\\!z', 'xK9&vQ27!z', 'backslash', 'xK9\\&vQ27\\!z'],
    ['single quotes in two', `FOO_PASSWORD='xK9'\\''vQ27mz'`, `xK9'vQ27mz`, 'shell', `xK9'\\''vQ27mz`],
    ['single quotes in two', `FOO_PASSWORD='xK9'"'"'vQ27mz'`, `xK9'vQ27mz`, 'shell', `xK9'"'"'vQ27mz`],
    ['properties', 'foo.password=xK9\\:vQ\\=27mz', 'xK9:vQ=27mz', 'backslash', 'xK9\\:vQ\\=27mz'],
    ['letters in properties', 'foo.password=xK9\\u00e9vQ27mz', 'xK9évQ27mz', 'backslash', 'xK9\\u00e9vQ27mz'],
    ['a line that goes on', 'foo_password=xK9vQ\\\n27mz8\n', 'xK9vQ27mz8', 'backslash', 'xK9vQ\\\n27mz8'],
    ['Windows’ line ends', 'foo_password=xK9vQ\\\r\n27mz8\r\n', 'xK9vQ27mz8', 'backslash', 'xK9vQ\\\r\n27mz8'],
    ['a string of YAML', 'foo_password: "xK9vQ\\\n    27mz8"\n', 'xK9vQ27mz8', 'backslash', 'xK9vQ\\\n    27mz8'],
    ['serialized PHP', 's:12:"foo_password";s:10:"xK9vQ27mz8";', 'xK9vQ27mz8', 'php', 'xK9vQ27mz8'],
  ];
  for (const [name, text, secret, step, written] of cases) {
    it(`are written out: ${name}`, () => assert.deepEqual(found(`${text}\n`), [[secret, step, written]]));
  }

  it('are no variables: what is expanded later is not known', () => {
    for (const text of [
      `foo_password=\\$\{DB_PASSWORD_X}`,
      'foo_password=\\$DB_PASSWORD_X',
      'foo_password=app\\$DB_PASSWORD_X',
    ]) {
      assert.deepEqual(found(`${text}\n`), [], text);
    }
  });

  it('leave the strings of a string alone', () => {
    const text = '{"body":"{\\"foo_password\\":\\"xK9vQ27mz8\\"}"}';
    assert.deepEqual(found(text), [['xK9vQ27mz8', undefined, 'xK9vQ27mz8']]);
  });

  it('are none where a name stands for no character', () => {
    for (const name of ['toString', 'valueOf', '#1114112', '#x110000']) {
      assert.deepEqual(
        detect(rules, `foo_password=xK9&amp;vQ27&${name};mz`).map(({ secret }) => secret),
        [`xK9&vQ27&${name}`],
      );
    }
  });

  it('join a token that a line’s end cuts, wherever it does', () => {
    const token = `acme_${'x7Kq2Lm4'.repeat(4)}`;
    fc.assert(
      fc.property(fc.integer({ min: 6, max: token.length - 1 }), fc.nat(600), (at, before) => {
        const text = `${'a b\n'.repeat(before)}TOKEN=${token.slice(0, at)}\\\n${token.slice(at)}\n`;
        assert.deepEqual(
          detect(rules, text).map(({ secret }) => secret),
          [token],
        );
      }),
      { numRuns: 100 },
    );
  });
});
