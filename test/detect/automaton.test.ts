import assert from 'node:assert/strict';
import fc from 'fast-check';
import { before, describe, it } from 'mocha';
import { createAutomaton } from '../../src/detect/automaton.ts';
import { compileAutomaton } from '../../src/detect/compile-automaton.ts';
import type { Sieve } from '../../src/detect/sieve.ts';
import { automatonModule } from './automaton-module.ts';

type Hits = [position: number, needles: number[]][];

/** A sieve that drops nothing. */
function tellsAll(outputs: number): Sieve {
  return { programs: new Uint32Array(outputs), sets: new Uint8Array(256) };
}

/** What any automaton must find, the slow way. */
function search(needles: readonly string[], text: string, start: number): Hits {
  const hits: Hits = [];
  const folded = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  for (let end = start; end < text.length; end++) {
    const found = needles.flatMap((needle, index) => (folded.slice(0, end + 1).endsWith(needle) ? [index] : []));
    if (found.length > 0) hits.push([end, found]);
  }
  return hits;
}

describe('createAutomaton', () => {
  let module: Uint8Array;

  before(function () {
    this.timeout(30_000);
    module = automatonModule();
  });

  function scan(needles: readonly string[], text: string, start: number, wasm: Uint8Array | undefined): Hits {
    const table = compileAutomaton(needles)!;
    const automaton = createAutomaton({ table, sieve: tellsAll(table.outputs.length) }, Math.max(1, text.length), wasm);
    for (let at = 0; at < text.length; at++) automaton.slab[at] = text.charCodeAt(at);
    const hits: Hits = [];
    automaton.scan(start, text.length, text.length, (position, output) => {
      hits.push([position, [...(table.outputs[output] ?? [])].sort((a, b) => a - b)]);
    });
    return hits;
  }

  it('finds every needle at every place, in both implementations', function () {
    this.timeout(60_000);
    const letters = fc.constantFrom('a', 'b', 'A', '_', '\u00ff', ' ');
    const needle = fc.string({ unit: fc.constantFrom('a', 'b', '_', '\u00ff'), minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.uniqueArray(needle, { minLength: 1, maxLength: 8 }),
        fc.string({ unit: letters, maxLength: 200 }),
        fc.nat(30),
        (needles, text, start) => {
          const expected = search(needles, text, start);
          assert.deepEqual(scan(needles, text, start, undefined), expected);
          assert.deepEqual(scan(needles, text, start, module), expected);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('holds a hit at every byte of several blocks', function () {
    this.timeout(10_000);
    const text = 'a'.repeat(200_003);
    for (const wasm of [module, undefined]) assert.equal(scan(['a', 'aa'], text, 0, wasm).length, text.length);
  });

  it('counts newlines', () => {
    const table = compileAutomaton(['abc'])!;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(10), (noise, start) => {
        const bytes = noise.map((byte) => (byte % 3 === 0 ? 10 : byte));
        const expected = bytes.subarray(start).filter((byte) => byte === 10).length;
        for (const wasm of [module, undefined]) {
          const automaton = createAutomaton({ table, sieve: tellsAll(1) }, 64, wasm);
          automaton.slab.set(bytes);
          assert.equal(automaton.countNewlines(start, Math.max(start, bytes.length)), expected);
        }
      }),
    );
  });
});
