/** What stands before an escaped sign is told by its bytes: exactly what the expressions below say of the text. */

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { isEscapeAt } from '../../../src/detect/decode/escape-sight.ts';

const named = /(?:pass|pwd|secret|token|key|auth|cred|identified|:\/\/|\s-[pu])[^\n]{0,100}$/i;
const cut =
  /(?:pass|pwd|secret|token|key|auth|cred)[^\n]{0,100}[^\s\\]$|(?:pass\w{0,8}|token|secret|key|\s-p)["']?[ =]?[ ]?$/i;
const reach = 128;

const words = ['pass', 'PWD', 'Secret', 'toKEN', 'key', 'auth', 'cred', 'identified', '://', ' -p', '\n-u', '\u00a0-P'];
/** What looks like a name to who folds too much, or is part of one. */
const others = ['\x10ass', ':\x0f/', ' \r p', '-p', 'pas', 'tokem', 'to', 'ken', 'identifie', 's', 'd', '/', '\n', ' '];

/** Fragments of names, and others between them of any length, so that reaches end everywhere. */
const lines = fc
  .array(
    fc.oneof(
      fc.constantFrom(...words),
      fc.constantFrom(...others, '=', ' = ', '"', "'", '= ', 'word_12345', '\\'),
      fc.integer({ min: 90, max: 112 }).map((length) => '.'.repeat(length)),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''));

const isEscape = (text: string, low = 0): boolean => {
  const bytes = Buffer.from(text, 'latin1');
  return isEscapeAt(bytes, bytes.length - 1, low, 0, { nameless: 0 });
};

/** Signs that are held down are no value. */
const isHeld = (text: string, low: number): boolean => text.length - low >= 14 && /(.)(.)(?:\1\2){6}$/s.test(text);

describe('isEscapeAt', () => {
  it('takes a sign with a name before it in its line', () => {
    fc.assert(
      fc.property(lines, fc.nat(8), (text, low) => {
        const expected = !isHeld(text, low) && named.test(text.slice(Math.max(low, text.length - reach)));
        assert.equal(isEscape(`${text}\\$`, low), expected);
      }),
      { numRuns: 3000 },
    );
  });

  it('takes a line’s end that cuts a value', () => {
    fc.assert(
      fc.property(lines, fc.nat(8), (text, low) => {
        const expected = !isHeld(text, low) && cut.test(text.slice(Math.max(low, text.length - reach)));
        assert.equal(isEscape(`${text}\\\n`, low), expected);
      }),
      { numRuns: 3000 },
    );
  });

  it('says the same of each of many signs, whatever was asked before', () => {
    fc.assert(
      fc.property(fc.array(lines, { maxLength: 8 }), fc.nat(50), (parts, toOffset) => {
        const bytes = Buffer.from(parts.map((part) => `${part}\\:`).join(''), 'latin1');
        const sight = { nameless: 0 };
        for (let at = bytes.indexOf('\\:'); at !== -1; at = bytes.indexOf('\\:', at + 1)) {
          const alone = isEscapeAt(bytes, at + 1, 0, toOffset, { nameless: 0 });
          assert.equal(isEscapeAt(bytes, at + 1, 0, toOffset, sight), alone);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('takes a quote only within a value, and a slash behind a part of one', () => {
    const cases: readonly (readonly [string, boolean])[] = [
      ['password=a\\"', true],
      ['password= \\"', false],
      ['word=a\\"', false],
      ['https:\\/', true],
      ['<b>x<\\/', false],
      ['\\/', false],
    ];
    for (const [text, expected] of cases) assert.equal(isEscape(text), expected, text);
  });
});
