import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { beginsWith, holdsByte, holdsRun, mayBeStrong } from '../../src/detect/byte-check.ts';
import { charSet } from '../../src/detect/char-set.ts';
import { ruleFilesIn } from '../../src/detect/load-rules.ts';
import { parseRules } from '../../src/detect/parse-rules.ts';
import { extentOf, leadingSets, leadingSteps, requiredByte, requiredRun } from '../../src/detect/pattern-analysis.ts';
import { parsePattern } from '../../src/detect/pattern-parser.ts';

const matches: Readonly<Record<string, readonly string[]>> = {
  'acme_[0-9a-f]{4}': ['acme_12ab'],
  '(?<![a-z])x-(?:ab|c)[0-9]{2}@': ['x-ab12@', 'x-c99@'],
  '(?i:Key)=[A-Z]{3,5}': ['kEy=ABC', 'KEY=ABCDE'],
  '[^\\s@]{1,4}@h(?=z|$)': ['ab@h'],
  'a?b{2}c|d': ['bbc', 'abbc', 'd'],
  '\\x41[\\x42-\\x44]\\u0045\\tf\\.': ['ABE\tf.', 'ADE\tf.'],
};

describe('pattern analysis', () => {
  for (const [pattern, texts] of Object.entries(matches)) {
    it(`never refuses what ${pattern} matches`, () => {
      for (const text of texts) assertAccepted(pattern, text);
    });
  }

  it('never refuses what a rule matches in its examples', function () {
    this.timeout(30_000);
    let count = 0;
    for (const file of ruleFilesIn('rules')) {
      for (const { pattern, examples } of parseRules(readFileSync(file, 'utf8'), file).provider?.detectors ?? []) {
        for (const { text } of examples) {
          const binary = Buffer.from(text).toString('latin1');
          for (const match of binary.matchAll(new RegExp(pattern, 'g'))) {
            assertAccepted(pattern, match[0]);
            count++;
          }
        }
      }
    }
    assert.ok(count > 50);
  });

  it('tells what begins otherwise than a pattern does', () => {
    const begins = (pattern: string, text: string): boolean => {
      const bytes = new TextEncoder().encode(text);
      return beginsWith(bytes, 0, bytes.length, leadingSteps(parsePattern(pattern)));
    };
    assert.deepEqual(
      ['://u:p4ss@h', '://user:p@', '://user/p4ss@', '://u:p4ss', '//u:p4ss@h'].map((text) =>
        begins('://[^\\s:/@]{1,9}:([^\\s:/@]{4,20})@[a-z]+', text),
      ),
      [true, false, false, false, false],
    );
    // Steps of the same characters are not to be told apart: only the first of them counts.
    assert.deepEqual(
      ['aa', 'aaab', 'b', 'cb'].map((text) => begins('a{1,3}a?b', text)),
      [true, true, false, false],
    );
  });

  it('tells values that can not be strong', () => {
    const set = charSet('azAZ09', '.');
    const mayBe = (text: string): boolean => mayBeStrong(new TextEncoder().encode(text), 0, text.length, set);
    assert.deepEqual(['abcdefgh', 'abcDefgh', 'abc.defgh', 'abc.Defgh', 'abcdefg1', 'abcdefgh 1'].map(mayBe), [
      false,
      false,
      false,
      true,
      true,
      false,
    ]);
  });

  it('knows lengths', () => {
    const { min, max } = extentOf(parsePattern('(?:ab|c){2,3}d?[e-g]{4}\\b'));
    assert.deepEqual([min, max], [6, 11]);
  });

  it('finds runs by jumping', () => {
    const run = { length: 5, set: charSet('az') };
    const holds = (text: string, needsDigit = false): boolean =>
      holdsRun(new TextEncoder().encode(text), 0, text.length, run, needsDigit);
    assert.deepEqual(
      ['abcd abcd', 'abcd abcde', 'abcde', '', 'xabcdef 1'].map((text) => holds(text)),
      [false, true, true, false, true],
    );
    assert.equal(holds('abcdef', true), false);
  });
});

function assertAccepted(pattern: string, text: string): void {
  const tree = parsePattern(pattern);
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
  const { min, max, set } = extentOf(tree);
  const leading = leadingSets(tree);
  const byte = requiredByte(tree, leading.length);
  assert.ok(bytes.length >= min && bytes.length <= max, `${pattern}: length`);
  assert.ok(
    bytes.every((each) => set[each] === 1),
    `${pattern}: set`,
  );
  assert.ok(beginsWith(bytes, 0, bytes.length, leadingSteps(tree)), `${pattern}: leading`);
  assert.ok(holdsRun(bytes, 0, bytes.length, requiredRun(tree), false), `${pattern}: run`);
  assert.ok(byte === undefined || holdsByte(bytes, leading.length, bytes.length, byte), `${pattern}: byte ${byte}`);
}
