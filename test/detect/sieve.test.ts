/** The sieve drops hits before anything else sees them: what is found with it must be what is found without it. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { createAutomaton } from '../../src/detect/automaton.ts';
import { type CompiledRules, compileMatcher } from '../../src/detect/compiled-rules.ts';
import { loadRules } from '../../src/detect/load-rules.ts';
import { Matcher } from '../../src/detect/matcher.ts';
import { contentOf, type RuleSet } from '../../src/detect/rule.ts';

describe('the sieve', () => {
  let module: Uint8Array;
  let folder: string;
  let ruleSetOfAll: RuleSet;
  let all: CompiledRules;

  before(async function () {
    this.timeout(60_000);
    folder = mkdtempSync(join(tmpdir(), 'whichlayer-wasm-'));
    const output = join(folder, 'automaton.wasm');
    execFileSync(process.execPath, ['scripts/build-automaton.ts', output]);
    module = new Uint8Array(readFileSync(output));
    ruleSetOfAll = await loadRules();
    all = compileMatcher(ruleSetOfAll);
  });
  after(() => rmSync(folder, { recursive: true }));

  const found = (contents: readonly Uint8Array[], wasm: Uint8Array | undefined, slabBytes: number): string[] => {
    const matches: string[] = [];
    const matcher = new Matcher(all, wasm, (id, each) => matches.push(`${id} ${JSON.stringify(each)}`), { slabBytes });
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
