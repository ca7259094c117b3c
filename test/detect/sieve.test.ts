/** The sieve drops hits before anything else sees them: what is found with it must be what is found without it. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { before, describe, it } from 'mocha';
import { createAutomaton } from '../../src/detect/automaton.ts';
import { type CompiledRules, compileMatcher } from '../../src/detect/compiled-rules.ts';
import { ruleFilesIn } from '../../src/detect/load-rules.ts';
import { Matcher } from '../../src/detect/matcher.ts';
import { parseRules } from '../../src/detect/parse-rules.ts';
import { contentOf, type RuleSet } from '../../src/detect/rule.ts';
import { automatonModule } from './automaton-module.ts';
import { detector, randomHex, randomText, ruleSet } from './rules.ts';

describe('the sieve', () => {
  let module: Uint8Array;
  let ruleSetOfAll: RuleSet;
  let all: CompiledRules;

  before(function () {
    this.timeout(60_000);
    module = automatonModule();
    // From their files: what is compiled has no examples.
    const providers = ruleFilesIn('rules').flatMap(
      (path) => parseRules(readFileSync(path, 'utf8'), path).provider ?? [],
    );
    ruleSetOfAll = { digest: '', providers };
    all = compileMatcher(ruleSetOfAll);
  });

  const found = (
    contents: readonly Uint8Array[],
    wasm: Uint8Array | undefined,
    slabBytes: number,
    rules: CompiledRules = all,
  ): string[] => {
    const matches: string[] = [];
    const matcher = new Matcher(rules, wasm, (id, each) => matches.push(`${id} ${JSON.stringify(each)}`), {
      slabBytes,
    });
    for (const [id, content] of contents.entries()) {
      matcher.begin(id);
      matcher.write(content);
      matcher.end();
    }
    matcher.flush();
    matcher.close();
    return matches;
  };

  it('keeps what all rules find in all their examples, whatever stands before and behind', function () {
    this.timeout(300_000);
    const examples = ruleSetOfAll.providers.flatMap(({ detectors }) =>
      detectors.flatMap((each) => [...each.examples.map(contentOf), ...each.counterExamples]),
    );
    assert.ok(examples.length > 5000);
    const edges = ['', 'x', '\\n', '%3D', '\u001b[0m', '\\u0022', '\u0001\u0000\u0028', 'key=', '"', '\n'];
    const contents = examples.map((example, index) => {
      const edge = (at: number): Uint8Array => Buffer.from(edges[at % edges.length] as string, 'latin1');
      return Buffer.concat([edge(index), Buffer.from(example as string), edge(index * 7 + 3)]);
    });
    for (let at = 0; at < contents.length; at += 1000) {
      const some = contents.slice(at, at + 1000);
      assert.deepEqual(found(some, module, 1 << 20), found(some, undefined, 1 << 20));
    }
  });

  it('keeps what any rule finds, whatever its anchor is made of and wherever contents end', function () {
    this.timeout(60_000);
    const rules = compileMatcher(
      ruleSet(
        detector({
          id: 'one-a',
          at: 'token',
          anchors: ['zed_'],
          pattern: 'zed_(?:[a-f]{8}|[g-k]{40}|(?:x-)?[0-9]{6})@?[A-Z]{4}',
        }),
        detector({
          id: 'two-a',
          at: 'name',
          anchors: ['alpha quux beta', 'quux'],
          pattern: '[0-9a-f]{16}',
          checks: ['digit'],
        }),
        detector({
          id: 'three-a',
          at: 'near',
          anchors: ['gam voox'],
          pattern: '[A-Z0-9]{12}',
          before: 30,
          after: 60,
        }),
        detector({
          id: 'four-a',
          at: 'name',
          anchors: ['quux -p', 'password'],
          pattern: '[a-zA-Z0-9_]{10,40}',
          checks: ['strong-password'],
          generic: true,
        }),
      ),
    );
    const sign = fc.constantFrom('', '_', '-', '.', ' ', '__', '. ', '-_', '___');
    const piece = fc.oneof(
      fc.constantFrom(
        ...['zed_', 'alpha', 'quux', 'Quux', 'beta', 'gam', 'password', 'x-', '-p', '@', '"', "'", '=', ': ', '('],
      ),
      fc.constantFrom(...['_', '-', '.', ' ', '\n', 'k', '\\n', '%3d', '\u0000', '\u0001\u0000\u0014', 'key']),
      fc.nat(99).map((seed) => randomHex(seed, 16)),
      fc.nat(99).map((seed) => randomText(seed, 12, 'ABCDEFGH234567')),
      fc.nat(99).map((seed) => `zed_${randomText(seed, 8, 'abcdef')}${randomText(seed, 4, 'QRST')}`),
      fc.nat(99).map((seed) => `zed_x-${randomText(seed, 6, '0123456789')}${randomText(seed, 4, 'QRST')}`),
      fc.nat(99).map((seed) => randomText(seed, 14)),
      // As in a class file: its length (48, a digit) before it.
      fc.nat(99).map((seed) => `\u0001\u00000zed_${randomText(seed, 40, 'ghijk')}${randomText(seed, 4, 'QRST')}x`),
      fc.tuple(sign, sign).map(([one, two]) => `alpha${one}quux${two}beta_key=${randomHex(1, 16)} `),
      sign.map((one) => `gam${one}voox ${randomText(2, 12, 'ABCDEFGH234567')} `),
    );
    const content = fc.array(piece, { maxLength: 40 }).map((pieces) => Buffer.from(pieces.join(''), 'latin1'));
    let count = 0;
    fc.assert(
      fc.property(fc.array(content, { minLength: 1, maxLength: 4 }), (contents) => {
        const expected = found(contents, undefined, 1 << 16, rules);
        count += expected.filter((each) => !each.endsWith('[]')).length;
        assert.deepEqual(found(contents, module, 1 << 16, rules), expected);
      }),
      { numRuns: 3000 },
    );
    assert.ok(count > 500, `${count}`);
  });

  it('drops what nothing comes of', () => {
    const text = Buffer.from(
      'The tokens of this document are passed as words. quest_db, export sdks; EAAstern pattern, pat_x\n'.repeat(50),
    );
    const told = (wasm: Uint8Array | undefined): number => {
      const automaton = createAutomaton(all, 1 << 16, wasm);
      automaton.slab.set(text);
      let count = 0;
      automaton.scan(0, text.length, text.length, () => count++);
      return count;
    };
    assert.ok(told(undefined) > 200);
    assert.equal(told(module), 0);
  });

  it('keeps what stands where the rest of a content is not there yet', () => {
    const text = Buffer.from(`# EAA\nexport AAA_SDK_TOKEN=`);
    const automaton = createAutomaton(all, 1 << 16, module);
    automaton.slab.set(text);
    const told = (settled: number): number => {
      let count = 0;
      automaton.scan(0, text.length, settled, () => count++);
      return count;
    };
    assert.ok(told(0) > told(text.length));
  });
});
