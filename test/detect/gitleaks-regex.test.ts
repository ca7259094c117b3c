import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { requiredLiterals } from '../../src/detect/gitleaks-anchor.ts';
import { boundRepeats, lengthOf, writePattern } from '../../src/detect/gitleaks-pattern.ts';
import { parseRegex } from '../../src/detect/gitleaks-regex.ts';
import { lintPattern } from '../../src/detect/lint-pattern.ts';

function translated(source: string, bound = 64): RegExp {
  return new RegExp(writePattern(boundRepeats(parseRegex(source).tree, bound), () => true));
}

describe('parseRegex and writePattern', () => {
  // What RE2 says that JavaScript says otherwise, or not at all: a text that matches, and one that does not.
  const cases: readonly (readonly [source: string, match: string, other: string])[] = [
    ['(?i)token', 'ToKeN', 'tokn'],
    ['a(?i)b(?-i)c', 'aBc', 'aBC'],
    ['(?:a(?i)b)c', 'aBc', 'aBC'],
    ['(?i:a)b', 'Ab', 'AB'],
    ['a(?i:b|c)d', 'aCd', 'aCD'],
    ['a.b', 'a\rb', 'a\nb'],
    ['(?s)a.b', 'a\nb', 'ab'],
    ['(?s:a.)b.', 'a\nbx', 'a\nb\n'],
    ['^a$', 'a', 'a\nb'],
    ['(?m)^a$', 'b\na\nc', 'ba'],
    ['\\Aa\\z', 'a', 'a\n'],
    ['[[:alnum:]]{3}', 'aZ9', 'a-9'],
    ['^[[:^digit:]-]$', 'x', '7'],
    ['^[^[:space:]a]$', 'b', ' '],
    ['^\\s$', '\t', '\v'],
    ['^\\S$', '\u00a0', ' '],
    ['^[\\s]$', '\f', '\u00a0'],
    ['^[]a]$', ']', 'b'],
    ['^[a-]$', '-', 'b'],
    ['^[\\w-.]$', '-', ','],
    ['\\Qa.b*\\E{2}', 'a.b**', 'aab**'],
    ['x\\x{2d}\\x2d\\055', 'x---', 'x--x'],
    ['\\a\\f\\v', '\x07\f\v', 'afv'],
    ['(?P<id>a)(?<key>b)', 'ab', 'a'],
    ['a{,2}', 'a{,2}', 'aa'],
    ['a{2}b{1,}', 'aabb', 'ab'],
    ['é+', '\xc3\xa9', '\xe9'],
    ['[^a]b', '\xc3\xa9b', 'ab'],
    ['(?U)^a+$', 'aaa', 'b'],
    ['[\'|"\\x60]', '`', 'a'],
    ['(a|)b', 'b', 'a'],
  ];
  for (const [source, match, other] of cases) {
    it(`reads ${source}`, () => {
      const pattern = translated(source);
      assert.ok(pattern.test(match), `${pattern} on ${JSON.stringify(match)}`);
      assert.ok(!pattern.test(other), `${pattern} on ${JSON.stringify(other)}`);
    });
  }

  for (const source of [
    'a(?=b)',
    '(?!a)',
    '(?<=a)',
    '(a',
    'a)',
    '[a',
    '*a',
    'a**',
    '\\pL',
    '[é]',
    '\\1',
    'a{1001}',
    '[z-a]',
  ]) {
    it(`refuses ${source}`, () => {
      assert.throws(() => parseRegex(source), SyntaxError);
    });
  }

  it('keeps a lazy repeat lazy, and a greedy one greedy', () => {
    assert.equal(translated('a+?').exec('aaa')?.[0], 'a');
    assert.equal(translated('(?U)a+').exec('aaa')?.[0], 'a');
    assert.equal(translated('(?U)a+?').exec('aaa')?.[0], 'aaa');
  });

  it('does not follow groups without end', () => {
    assert.throws(() => parseRegex('('.repeat(100_000)), SyntaxError);
  });

  it('bounds every repeat', () => {
    const pattern = writePattern(boundRepeats(parseRegex('a*(?:b+c){2,}d{3}').tree, 8));
    assert.deepEqual(lintPattern(pattern), []);
    assert.doesNotMatch(pattern, /[*+]|,\}/);
  });
});

/** Expressions that mean the same in both languages, over few letters, so that random texts match. */
const { expression } = fc.letrec<{ expression: string; atom: string }>((tie) => ({
  atom: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('a', 'b', 'abc', 'cab', '[ab]', '[^a]', '\\w', '[0-9a-c]', '\\b'),
    tie('expression').map((inner) => `(${inner})`),
    tie('expression').map((inner) => `(?:${inner})?`),
    fc
      .tuple(tie('expression'), fc.constantFrom('{2}', '{1,3}', '*', '+', '+?'))
      .map(([inner, times]) => `(?:${inner})${times}`),
  ),
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.array(tie('atom'), { minLength: 1, maxLength: 4 }).map((atoms) => atoms.join('')),
    fc.tuple(tie('atom'), tie('atom')).map((parts) => parts.join('|')),
  ),
}));
const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '-', '1'), maxLength: 24 });

describe('a translated expression', () => {
  it('matches what it matched', () => {
    fc.assert(
      fc.property(expression, letters, (source, text) => {
        const expected = new RegExp(source).exec(text);
        const found = translated(source).exec(text);
        assert.deepEqual(found && [...found, found.index], expected && [...expected, expected.index]);
      }),
      { numRuns: 400 },
    );
  });

  it('holds one of its required literals, where they are said to be', () => {
    fc.assert(
      fc.property(expression, letters, (source, text) => {
        const tree = boundRepeats(parseRegex(source).tree, 16);
        const match = new RegExp(writePattern(tree)).exec(text);
        if (match === null) return;
        const { min, max } = lengthOf(tree);
        assert.ok(match[0].length >= min && match[0].length <= max);
        for (const { texts, from, to } of requiredLiterals(tree)) {
          const found = texts.some((literal) => {
            const at = text.indexOf(literal, match.index + from);
            return at !== -1 && at <= match.index + to && at + literal.length <= match.index + match[0].length;
          });
          assert.ok(found, `${source}: ${JSON.stringify({ texts, from, to })} in ${JSON.stringify(match[0])}`);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('requiredLiterals', () => {
  const cases: readonly (readonly [source: string, texts: readonly string[], from: number, to: number])[] = [
    ['gh[po]_[0-9a-f]{8}', ['gho_', 'ghp_'], 0, 0],
    ['(?i)[\\w.]{0,9}(?:acme|corpo)-', ['acme-', 'corpo-'], 0, 9],
    ['\\b(x|yy)token', ['xtoken', 'yytoken'], 0, 0],
    ['(?:[0-9]{2}abc|[a-z]{4}defg)', ['abc', 'defg'], 2, 4],
  ];
  for (const [source, texts, from, to] of cases) {
    it(`finds them in ${source}`, () => {
      const [best] = requiredLiterals(parseRegex(source).tree);
      assert.deepEqual({ ...best, texts: [...(best?.texts ?? [])].sort() }, { texts, from, to });
    });
  }

  for (const source of ['[a-z]{9}', 'ab[0-9]{9}', '(?:abc)?[0-9]', '(?:abcd|[0-9]{4})']) {
    it(`finds none in ${source}`, () => {
      assert.deepEqual(requiredLiterals(parseRegex(source).tree), []);
    });
  }
});
