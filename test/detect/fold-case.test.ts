import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { foldCase } from '../../src/detect/fold-case.ts';
import { loadRules } from '../../src/detect/load-rules.ts';

describe('foldCase', () => {
  const cases: [pattern: string, folded: string][] = [
    ['abc[a-z]', 'abc[a-z]'],
    ['(?i:ab)c', '(?:[aA][bB])c'],
    ['(?i:a[b-d_E0-9]\\d\\x41)(?:e)', '(?:[aA][b-dB-D_eE0-9]\\d\\x41)(?:e)'],
    ['(?i:a(?:b|(c))?)(?<n>d)', '(?:[aA](?:[bB]|([cC]))?)(?<n>d)'],
    ['x(?i:(?<!a)b(?=c))', 'x(?:(?<![aA])[bB](?=[cC]))'],
    ['\\(?i:a', '\\(?i:a'],
    ['[(?i:](?i:k)', '[(?i:](?:[kK])'],
  ];
  for (const [pattern, folded] of cases) it(`writes ${pattern} out`, () => assert.equal(foldCase(pattern), folded));

  it('matches where V8 does not', () => {
    assert.match('Q_AC_T=', new RegExp(foldCase('(?i:q_?(?:ab|ac)?_?t)=')));
    assert.match('X_ACCESS_TOKEN=', new RegExp(foldCase('(?i:x_?(?:api|access)?_?token)=')));
  });

  it('leaves every built-in pattern one with the same groups', async function () {
    this.timeout(30_000);
    const groups = (pattern: string): number => new RegExp(`${pattern}|`).exec('')!.length;
    for (const { detectors } of (await loadRules()).providers) {
      for (const { pattern } of detectors) assert.equal(groups(foldCase(pattern)), groups(pattern), pattern);
    }
  });
});
