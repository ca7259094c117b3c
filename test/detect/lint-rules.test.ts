import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { lintPattern } from '../../src/detect/lint-pattern.ts';
import { lintRules } from '../../src/detect/lint-rules.ts';
import { parseRules } from '../../src/detect/parse-rules.ts';
import { validRule } from './valid-rule.ts';

describe('lintPattern', () => {
  const refused = [
    '(a+)+',
    '(?:a+)+b',
    '(a|a)*',
    '(?:a|a){1,64}b',
    '(?:[a-z]|[a-y]){10,40}!',
    '.*x.*',
    '\\w+\\w+',
    '[a-z]+',
    '\\s*=',
    '[a-z]{8,}',
    '\\w{1,2000}\\w{1,2000}',
    '\\w{1,200}\\w{1,200}\\w{1,200}',
    '(?:\\w{1,20}-?){1,20}!',
    '(?:[a-z]{1,9}){1,9}9',
    '(a)(b)',
    '(?<x>a)(b)',
    '(a)\\1',
    '[a-z',
    'a{2,1}',
    '(?i)a',
    '',
    '\\b',
  ];
  const accepted = [
    'acme_[0-9a-f]{32}',
    '(?i:key)\\s{0,8}[:=]\\s{0,8}["\']([0-9A-Za-z]{20,64})["\']',
    '[0-9A-Za-z+/]{40,200}={0,2}',
    '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}',
    'eyJ[\\w-]{10,2000}\\.eyJ[\\w-]{10,4000}\\.[\\w-]{10,1000}',
    '-----BEGIN KEY-----[\\s\\S]{40,8000}?-----END KEY-----',
    '(?<![a-z])x(?=y)[ \t]*=[ab]+',
  ];
  for (const pattern of refused) {
    it(`refuses ${JSON.stringify(pattern)}`, () => assert.notDeepEqual(lintPattern(pattern), []));
  }
  for (const pattern of accepted) {
    it(`accepts ${JSON.stringify(pattern)}`, () => assert.deepEqual(lintPattern(pattern), []));
  }
});

describe('lintRules', () => {
  it('finds nothing in a good file', () => {
    assert.deepEqual(lintRules(validRule(), 'acme.yaml'), []);
  });

  const mistakes: Readonly<Record<string, [detector: string, says: RegExp]>> = {
    'an anchor of two bytes': ['anchors: [ac]', /anchors/],
    'an anchor that is everywhere': ['anchors: [the]', /anchors/],
    'no anchor': ['anchors: []', /anchors/],
    'a window over 16 KiB': ['after: 16385', /16384/],
    'an unknown check': ['checks: [nothing-like-it]', /nothing-like-it/],
    'an id of another provider': ['id: other-key', /begins with/],
    'a missing example': ['examples: []', /examples/],
    'a missing counter-example': ['counterExamples: []', /counterExamples/],
    'an example that is not found': ["examples: [{ text: 'K={{acme_7d8e}}' }]", /not found/],
    'an example without a mark': ['examples: [{ text: nothing }]', /marks exactly one/],
    'a counter-example that is found': ['counterExamples: [acme_7d8ec068f454e349e5fdfcd005afe290]', /counter-example/],
    'a known miss that is none': ['knownMisses: [acme_7d8ec068f454e349e5fdfcd005afe290]', /known miss/],
  };
  for (const [what, [detector, says]] of Object.entries(mistakes)) {
    it(`tells ${what}`, () => {
      const problems = lintRules(validRule({ detector }), 'acme.yaml');
      assert.equal(problems.length, 1, JSON.stringify(problems));
      assert.match(problems[0]?.message ?? '', says);
      assert.equal(problems[0]?.file, 'acme.yaml');
      assert.ok((problems[0]?.line ?? 0) > 11);
    });
  }

  it('tells a summary that is too long', () => {
    const text = validRule().replace('summary: Settings', `summary: ${'x'.repeat(121)}`);
    assert.match(lintRules(text, 'acme.yaml')[0]?.message ?? '', /121 characters/);
  });
});

describe('parseRules', () => {
  it('collects all problems with their lines', () => {
    const text = validRule({ detector: 'severity: worst' }).replace('name: Acme', 'nam: Acme');
    const { problems, provider } = parseRules(text, 'acme.yaml');
    assert.equal(provider, undefined);
    assert.deepEqual(
      problems.map(({ line, detector }) => [line, detector]),
      [
        [2, undefined],
        [1, undefined],
        [21, 'acme-key'],
      ],
    );
  });

  it('tells broken YAML by line', () => {
    assert.deepEqual(
      parseRules('id: acme\nname: [', 'a.yaml').problems.map(({ line }) => line),
      [2],
    );
    assert.equal(parseRules('- 1', 'a.yaml').problems.length, 1);
    assert.equal(parseRules('', 'a.yaml').problems.length, 1);
  });

  it('takes marks out of examples and fills defaults in', () => {
    const detector = parseRules(validRule(), 'acme.yaml').provider?.detectors[0];
    assert.deepEqual(detector?.examples, [
      { text: 'K=acme_7d8ec068f454e349e5fdfcd005afe290', secret: 'acme_7d8ec068f454e349e5fdfcd005afe290' },
    ]);
    assert.deepEqual([detector?.before, detector?.after, detector?.boundary, detector?.generic], [0, 512, true, false]);
  });
});
