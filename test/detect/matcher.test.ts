import assert from 'node:assert/strict';
import fc from 'fast-check';
import { before, describe, it } from 'mocha';
import { compileMatcher } from '../../src/detect/compiled-rules.ts';
import { detect, Matcher, matchLimit } from '../../src/detect/matcher.ts';
import type { Match } from '../../src/detect/rule.ts';
import { automatonModule } from './automaton-module.ts';
import { detector, randomHex, randomText, ruleSet } from './rules.ts';

const rules = compileMatcher(
  ruleSet(
    detector({ id: 'acme-token', at: 'token', anchors: ['acme_'], pattern: 'acme_[0-9A-Za-z]{20}', after: 40 }),
    detector({
      id: 'foo-key',
      at: 'name',
      anchors: ['foo', 'foo bar'],
      pattern: '[0-9a-f]{32}',
      after: 80,
      checks: ['digit'],
    }),
    detector({
      id: 'near-key',
      at: 'near',
      anchors: ['nearby'],
      pattern: '[A-Z0-9]{16}',
      before: 40,
      after: 60,
      companion: { name: 'id', pattern: 'id[0-9]{4}', within: 30, required: false },
    }),
    detector({
      id: 'pem-key',
      at: 'token',
      anchors: ['-----begin'],
      pattern: '-----BEGIN KEY-----[a-z\\n]{10,200}-----END KEY-----',
    }),
  ),
);

function scan(
  contents: readonly (readonly Uint8Array[])[],
  options: { slabBytes?: number; module?: Uint8Array | undefined; flushAfter?: readonly boolean[] } = {},
): Match[][] {
  const found: Match[][] = [];
  const matcher = new Matcher(rules, options.module, (id, matches) => (found[id] = matches), options);
  for (const [id, chunks] of contents.entries()) {
    matcher.begin(id);
    for (const [index, chunk] of chunks.entries()) {
      matcher.write(chunk);
      if (options.flushAfter?.[index % (options.flushAfter.length || 1)]) matcher.flush();
    }
    matcher.end();
  }
  matcher.flush();
  matcher.close();
  return found;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Text with secrets, parts of secrets, anchors, lines and noise in random order. */
const content = fc
  .array(
    fc.oneof(
      fc.nat(1000).map((seed) => `acme_${randomText(seed, 20)}`),
      fc.nat(1000).map((seed) => `FOO_API_KEY="${randomHex(seed, 32)}"`),
      fc.nat(1000).map((seed) => `foo:\n  api_key: ${randomHex(seed, 32)}\n`),
      fc.nat(1000).map((seed) => `nearby id1234 ${randomText(seed, 16, 'ABCDEFGHJKMNP23456789')} `),
      fc
        .nat(1000)
        .map((seed) => `-----BEGIN KEY-----\n${randomText(seed, 150, 'abcdefghijklmnop\n')}-----END KEY-----`),
      fc.constantFrom(
        'foo',
        'acme_',
        'nearby',
        '\n',
        ' ',
        'é',
        '=',
        '-----BEGIN KEY-----',
        randomHex(5, 32),
        'x'.repeat(70),
      ),
      fc.string({ maxLength: 30 }),
    ),
    { maxLength: 25 },
  )
  .map((parts) => bytes(parts.join('')));

function cut(whole: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, index = 0; at < whole.length; index++) {
    const size = sizes[index % sizes.length] ?? whole.length;
    chunks.push(whole.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

describe('Matcher', () => {
  let module: Uint8Array;

  before(function () {
    this.timeout(30_000);
    module = automatonModule();
  });

  it('finds the same wherever chunks end and slabs are cut', function () {
    this.timeout(60_000);
    let matches = 0;
    fc.assert(
      fc.property(
        fc.array(content, { minLength: 1, maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 3000 }),
        fc.array(fc.boolean(), { maxLength: 5 }),
        fc.boolean(),
        (contents, sizes, slabBytes, flushAfter, isPlain) => {
          const whole = contents.map((one) => detect(rules, one));
          matches += whole.flat().length;
          const parts = scan(
            contents.map((one) => cut(one, sizes)),
            { slabBytes, flushAfter, module: isPlain ? undefined : module },
          );
          assert.deepEqual(parts, whole);
        },
      ),
      { numRuns: 400 },
    );
    assert.ok(matches > 400, `the contents held only ${matches} secrets`);
  });

  it('finds a secret at each place of a slab', function () {
    this.timeout(20_000);
    const secret = `acme_${randomText(3, 20)}`;
    for (const automaton of [module, undefined]) {
      // No slab is smaller than what a matcher may have to hold back, some thirteen thousand bytes.
      for (let at = 0; at < 14_500; at += at < 12_000 ? 97 : 3) {
        const text = `${'\n'.repeat(at)}${secret}\n`;
        const [found] = scan([[bytes(text)]], { slabBytes: 700, module: automaton });
        assert.deepEqual(
          found?.map(({ start, line, column }) => [start, line, column]),
          [[at, at + 1, 1]],
        );
      }
    }
  });

  it('does not join what ends one content with what begins the next', () => {
    const secret = `acme_${randomText(3, 20)}`;
    const found = scan([[bytes(secret.slice(0, 9))], [bytes(secret.slice(9))], [bytes(`${secret} `)]], { module });
    assert.deepEqual(
      found.map((matches) => matches.length),
      [0, 0, 1],
    );
  });

  it('counts lines in the whole content and columns in code points', () => {
    const secret = `acme_${randomText(4, 20)}`;
    const long = `${'line\n'.repeat(5000)}žluťoučký 🐎 ${secret}`;
    const [found] = scan([[bytes(long)]], { module, slabBytes: 4096 });
    assert.deepEqual(
      found?.map(({ line, column }) => [line, column]),
      [[5001, 13]],
    );
  });

  it('tells no column past 64 KiB in a line', () => {
    const secret = ` acme_${randomText(4, 20)} `;
    const text = `${secret}${' '.repeat(65_000)}${secret}${' '.repeat(1000)}${secret}`;
    const [found] = scan([[bytes(text)]], { module, slabBytes: 4096 });
    assert.deepEqual(
      found?.map(({ line, column }) => [line, column]),
      [
        [1, 2],
        [1, 65_029],
        [1, undefined],
      ],
    );
  });

  it('says where it stopped counting matches', () => {
    const text = Array.from({ length: matchLimit + 5 }, (_, seed) => `acme_${randomText(seed, 20)}\n`).join('');
    const results: [number, boolean][] = [];
    const matcher = new Matcher(rules, module, (_, matches, truncated) => results.push([matches.length, truncated]));
    matcher.begin(0);
    matcher.write(bytes(text));
    matcher.end();
    matcher.begin(1);
    matcher.end();
    matcher.flush();
    assert.deepEqual(results, [
      [matchLimit, true],
      [0, false],
    ]);
  });

  it('bounds its work on contents made of anchors', function () {
    this.timeout(20_000);
    for (const unit of [
      'nearby',
      '-----BEGIN KEY-----',
      'foo=',
      'foo_api_key',
      'nearby ABCDEFGHIJKLMNO1 ',
      'acme_acme_',
    ]) {
      const text = bytes(unit.repeat(Math.ceil(1_000_000 / unit.length)));
      const started = process.cpuUsage();
      scan([[text]], { module });
      const { user } = process.cpuUsage(started);
      assert.ok(user < 5_000_000, `${unit}: ${user} µs for a megabyte`);
    }
  });

  it('reports companions, offsets and UTF-8', () => {
    const key = randomText(9, 16, 'ABCDEFGHJKMNP23456789');
    const [match] = detect(rules, `č nearby id4711 ${key}`);
    assert.deepEqual(match, {
      rule: 'near-key',
      provider: 'near',
      secret: key,
      confidence: 'high',
      start: 17,
      end: 33,
      line: 1,
      column: 17,
      companion: { name: 'id', value: 'id4711' },
    });
  });
});
