import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { compileMatcher } from '../../src/detect/compiled-rules.ts';
import { Matcher } from '../../src/detect/matcher.ts';
import type { Match } from '../../src/detect/rule.ts';
import { better, type Draft, rulesById } from '../../src/scan/draft.ts';
import { addSuppressed, type Filter, triage } from '../../src/scan/triage.ts';
import { detector, randomText, ruleSet } from '../detect/rules.ts';

const set = ruleSet(
  detector({ id: 'acme-token', at: 'token', anchors: ['acme_'], pattern: 'acme_[0-9A-Za-z]{20}' }),
  detector({
    id: 'generic-key',
    at: 'name',
    anchors: ['key'],
    pattern: '[0-9A-Za-z]{20}',
    confidence: 'low',
    generic: true,
  }),
);
const rules = rulesById(set);
const compiled = compileMatcher(set);
const token = `acme_${randomText(3, 20)}`;

function matchesIn(text: string, cuts: readonly number[] = []): Match[] {
  let found: readonly Match[] = [];
  const matcher = new Matcher(
    compiled,
    undefined,
    (_, matches) => {
      found = matches;
    },
    { slabBytes: 1 },
  );
  const bytes = new TextEncoder().encode(text);
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  matcher.begin(0);
  let start = 0;
  for (const end of ends) {
    matcher.write(bytes.subarray(start, end));
    start = end;
  }
  matcher.end();
  matcher.flush();
  return [...found];
}

const filter: Filter = { minConfidence: 'medium', only: [], skip: [] };

function draft(match: Match): Draft {
  return { match, location: { kind: 'file', path: 'a' }, alsoAt: [], exposure: 'live' };
}

describe('an inline mark', () => {
  const cases: readonly (readonly [text: string, marked: boolean])[] = [
    [`k=${token} # whichlayer:allow`, true],
    [`# gitleaks:allow k=${token}`, true],
    [`// whichlayer:allow\nk=${token}`, false],
    [`k=${token}\n# whichlayer:allow`, false],
    [`k=${token} # whichlayer:allowed`, false],
    [`k=${token} # notwhichlayer:allow`, false],
    [`k=${token}${' '.repeat(3000)}# whichlayer:allow`, false],
  ];
  for (const [text, marked] of cases) {
    it(`${marked ? 'is seen' : 'is none'} in ${JSON.stringify(text.replaceAll(token, '…').replace(/ {9,}/, ' … '))}`, () => {
      assert.deepEqual(
        matchesIn(text).map((match) => match.marked ?? false),
        [marked],
      );
    });
  }

  it('is seen wherever the content is cut', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1500 }),
        fc.nat(1500),
        fc.nat(20_000),
        fc.array(fc.nat(30_000), { maxLength: 4 }),
        (before, after, offset, cuts) => {
          const text = `${'x\n'.repeat(offset / 2)}#whichlayer:allow${' '.repeat(before)}${token}${' '.repeat(after)}\n`;
          assert.deepEqual(matchesIn(text, cuts), matchesIn(text));
          assert.equal(matchesIn(text).length, 1);
        },
      ),
      { numRuns: 60 },
    );
  }).timeout(20_000);

  it('counts only where the user says so, and is counted', () => {
    const drafts = matchesIn(`a=${token} # whichlayer:allow`).map(draft);
    assert.equal(triage(drafts, filter, rules).shown.length, 1);
    assert.deepEqual(triage(drafts, filter, rules).suppressed, {});
    const allowed = triage(drafts, { ...filter, allowInline: true }, rules);
    assert.deepEqual([allowed.shown.length, allowed.suppressed], [0, { inline: 1 }]);
  });

  it('does not speak for another place of the same secret, nor choose which is told', () => {
    const [marked] = matchesIn(`${token} # whichlayer:allow`);
    const weak: Match = { ...marked!, rule: 'generic-key', provider: 'generic', confidence: 'low', line: 7 };
    const { marked: _, ...unmarkedWeak } = weak;
    for (const told of [better(marked!, unmarkedWeak, rules), better(unmarkedWeak, marked!, rules)]) {
      assert.equal(told.rule, 'acme-token');
      assert.equal(told.marked, undefined);
    }
    assert.equal(better(marked!, weak, rules).marked, true);
  });
});

describe("what a rule's lists allow", () => {
  it('is not shown, and is counted', () => {
    const [match] = matchesIn(token);
    const { shown, suppressed } = triage([draft({ ...match!, allowed: true }), draft(match!)], filter, rules);
    assert.deepEqual([shown.length, suppressed], [1, { 'allow-list': 1 }]);
  });

  it('gives way to a rule that does not allow it', () => {
    const [match] = matchesIn(token);
    const allowed: Match = { ...match!, allowed: true };
    const other: Match = { ...match!, rule: 'generic-key', provider: 'generic', confidence: 'low' };
    assert.equal(better(allowed, other, rules).rule, 'generic-key');
  });
});

describe('addSuppressed', () => {
  it('adds up the images', () => {
    assert.deepEqual(addSuppressed([{ inline: 1 }, {}, { inline: 2, 'allow-list': 1 }]), {
      inline: 3,
      'allow-list': 1,
    });
  });
});
