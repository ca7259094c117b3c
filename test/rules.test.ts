/** Every example and counter-example in rules/, through the whole engine with all rules loaded. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { describe, it } from 'mocha';
import { compileMatcher } from '../src/detect/compiled-rules.ts';
import { lintProvider } from '../src/detect/lint-rules.ts';
import { ruleFilesIn } from '../src/detect/load-rules.ts';
import { detect } from '../src/detect/matcher.ts';
import { type ParsedRules, parseRules } from '../src/detect/parse-rules.ts';
import { contentOf, type Detector, type Provider } from '../src/detect/rule.ts';
import { formatProblem } from '../src/detect/rule-problem.ts';

const files = ruleFilesIn('rules').map((path): { path: string; parsed: ParsedRules } => ({
  path,
  parsed: parseRules(readFileSync(path, 'utf8'), path),
}));
const providers: Provider[] = [];
for (const { path, parsed } of files) {
  if (parsed.provider && lintProvider(parsed.provider, parsed, path).length === 0) providers.push(parsed.provider);
}
const rules = compileMatcher({ digest: '', providers });
const summarise = (text: string): string => JSON.stringify(text.length > 90 ? `${text.slice(0, 89)}…` : text);

describe('rules', () => {
  it('are there', () => {
    assert.ok(files.length > 0);
  });

  it('have ids of their own', () => {
    const ids = files.flatMap(({ parsed }) => parsed.provider?.id ?? []);
    assert.deepEqual(ids.toSorted(), [...new Set(ids)].sort());
  });

  for (const { path, parsed } of files) {
    describe(path, () => {
      it('is well-formed and bounded', () => {
        const lint = parsed.provider ? lintProvider(parsed.provider, parsed, path) : [];
        assert.deepEqual([...parsed.problems, ...lint].map(formatProblem), []);
      });

      it('lies where its id and first category say', () => {
        assert.equal(basename(path, '.yaml'), parsed.provider?.id);
        assert.equal(basename(dirname(path)), parsed.provider?.categories[0]);
      });

      for (const detector of parsed.provider?.detectors ?? []) describeExamples(detector);
    });
  }
});

function describeExamples(detector: Detector): void {
  const found = (text: string): string[] =>
    detect(rules, text)
      .filter((match) => match.rule === detector.id)
      .map((match) => match.secret);
  for (const example of detector.examples) {
    const { text, secret, binary } = example;
    it(`${detector.id} finds ${binary ? 'some bytes' : summarise(text)}`, () => {
      const matches = detect(rules, contentOf(example)).map((match) => ({ rule: match.rule, secret: match.secret }));
      assert.ok(
        matches.some((match) => match.rule === detector.id && match.secret === secret),
        `found ${JSON.stringify(matches)}`,
      );
    });
  }
  for (const text of detector.counterExamples) {
    it(`${detector.id} finds nothing in ${summarise(text)}`, () => assert.deepEqual(found(text), []));
  }
  for (const text of detector.knownMisses) {
    it(`${detector.id} is known to miss ${summarise(text)}`, () => assert.deepEqual(found(text), []));
  }
}
