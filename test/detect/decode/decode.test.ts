/** Secrets that are written in another way: found, with each step, at the place of what hides them, wherever it is cut. */

import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { before, describe, it } from 'mocha';
import { compileMatcher } from '../../../src/detect/compiled-rules.ts';
import type { Undecoded } from '../../../src/detect/decode/hidden-text.ts';
import { Matcher } from '../../../src/detect/matcher.ts';
import type { Match } from '../../../src/detect/rule.ts';
import { automatonModule } from '../automaton-module.ts';
import { detector, randomText, ruleSet } from '../rules.ts';
import { encodings, utf16 } from './encodings.ts';

const rules = compileMatcher(
  ruleSet(
    detector({ id: 'acme-token', at: 'token', anchors: ['acme_'], pattern: 'acme_[0-9A-Za-z]{32}' }),
    detector({
      id: 'foo-secret',
      at: 'name',
      anchors: ['foo secret'],
      pattern: '[0-9A-Za-z+/]{20}(?![0-9A-Za-z+/])',
    }),
    detector({
      id: 'any-secret',
      at: 'name',
      anchors: ['secret'],
      pattern: '[^"\\s]{12,90}',
      generic: true,
      confidence: 'low',
    }),
  ),
);

const secret = `acme_${randomText(11, 32)}`;
const text = `the value is ${secret} today`;

interface Scanned {
  readonly matches: readonly Match[];
  readonly undecoded: readonly Undecoded[];
}

function scan(
  content: Uint8Array | string,
  { cuts = [], module }: { cuts?: readonly number[]; module?: Uint8Array | undefined } = {},
): Scanned {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  let scanned: Scanned | undefined;
  const matcher = new Matcher(rules, module, (_, matches, __, undecoded) => {
    scanned = { matches, undecoded: [...undecoded] };
  });
  matcher.begin(0);
  let at = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const end = Math.min(bytes.length, Math.max(at, cut));
    matcher.write(bytes.subarray(at, end));
    // What there is of the content is looked at now.
    matcher.flush();
    at = end;
  }
  matcher.write(bytes.subarray(at));
  matcher.end();
  matcher.flush();
  matcher.close();
  assert.ok(scanned !== undefined);
  return scanned;
}

const told = ({ matches }: Scanned): unknown[] => matches.map(({ secret: found, decoded }) => [found, decoded]);

describe('Matcher, on what is encoded', function () {
  this.timeout(60_000);
  let module: Uint8Array;

  before(() => {
    module = automatonModule();
  });

  for (const [name, { steps, encode }] of Object.entries(encodings)) {
    it(`looks into ${name}`, () => {
      assert.deepEqual(told(scan(encode(text))), [[secret, steps]]);
      assert.deepEqual(told(scan(encode(text), { module })), [[secret, steps]]);
    });
  }

  it('finds the same wherever it is cut, in both implementations', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(encodings)),
        fc.array(
          fc.constantFrom(
            ...['\n', ' ', 'word', 'SomeLongName/OrPath', '\\/', '%2F', '\u0000a\u0000', '='],
            ...['foo_secret=', 'x7Kq2Lm4\\$bNp6Rs8Tv0Wx2', 'a\\\nb', 'k: "v\\\n   w', '";s:20:"', `'\\''`],
          ),
        ),
        fc.array(fc.nat(1600), { maxLength: 12 }),
        fc.nat(3),
        ({ encode }, noise, cuts, copies) => {
          const around = Buffer.from(noise.join(''), 'latin1');
          const part = Buffer.concat([around, Buffer.from('\n'), encode(text), Buffer.from('\n')]);
          const content = Buffer.concat(Array.from({ length: copies + 1 }, () => part));
          const whole = scan(content);
          assert.deepEqual(scan(content, { cuts }), whole);
          assert.deepEqual(scan(content, { cuts, module }), whole);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('finds what is encoded wherever it begins', () => {
    const ways = {
      base64: Buffer.from(Buffer.from(text).toString('base64')),
      hex: Buffer.from(Buffer.from(text).toString('hex')),
      'utf-16': utf16(text),
      'utf-16, high byte first': Buffer.from(utf16(text)).swap16(),
    };
    for (const [name, encoded] of Object.entries(ways)) {
      for (let before = 0; before < 130; before++) {
        const content = Buffer.concat([Buffer.alloc(before, '. '), Buffer.from('\n'), encoded]);
        for (const automaton of [module, undefined]) {
          const found = told(scan(content, { module: automaton }));
          assert.deepEqual(found, [[secret, [name.split(',')[0]]]], `${name} behind ${before} bytes`);
        }
      }
    }
  });

  it('looks into what is larger than a slab', () => {
    const long = `${'nothing to see here, only text\n'.repeat(90_000)}${text}\n${'and more of it\n'.repeat(20_000)}`;
    for (const [content, step] of [
      [Buffer.from(`x ${Buffer.from(long).toString('base64')}\n`), 'base64'],
      [Buffer.from(`x ${Buffer.from(long).toString('hex')}\n`), 'hex'],
      [utf16(long), 'utf-16'],
    ] as const) {
      for (const automaton of [module, undefined]) {
        const scanned = scan(content, { module: automaton });
        assert.deepEqual(told(scanned), [[secret, [step]]]);
        if (step === 'utf-16') {
          const [match] = scanned.matches;
          assert.deepEqual([match?.line, match?.column, match?.start], [90_001, 14, 2 * long.indexOf(secret)]);
        }
      }
    }
  });

  it('loses nothing of what it has decoded while codes in what came before are looked into', () => {
    const base64 = (content: string): string => Buffer.from(content).toString('base64');
    const words = 'plain words in a text here, ';
    const first = base64(`${'x'.repeat(9000)} value = ${base64(words.repeat(2600))} \n`);
    for (let at = 0; at < 2000; at += 250) {
      const second = base64(`${words.repeat(at)}\n${text}\n${words.repeat(2000)}`);
      for (const automaton of [module, undefined]) {
        const scanned = scan(Buffer.from(`a = "${first}"\nb = "${second}"\n`), { module: automaton });
        assert.deepEqual(told(scanned), [[secret, ['base64']]], `behind ${at} times the words`);
      }
    }
  });

  it('finds a secret at each place of a segment of escapes', () => {
    for (let at = 0; at < 9000; at += 53) {
      const content = `${'a\\/b'.repeat(at / 4)} ${secret.slice(0, 20)}\\u00${secret.charCodeAt(20).toString(16)}${secret.slice(21)} ${'c\\/d'.repeat(700)}`;
      assert.deepEqual(told(scan(content)), [[secret, ['backslash']]], `at ${at}`);
    }
  });

  it('tells the place of what was decoded', () => {
    const encoded = Buffer.from(text).toString('base64');
    const [inBase64] = scan(`one\ntwo ${encoded}\n`).matches;
    assert.deepEqual([inBase64?.line, inBase64?.column, inBase64?.start], [2, 5, 8]);
    assert.equal(inBase64?.end, 8 + encoded.replace(/=+$/, '').length);
    const escaped = `one\n<a href="?x=1&amp;y=${secret.slice(0, 10)}&#x${secret.charCodeAt(10).toString(16)};${secret.slice(11)}&amp;">`;
    const [inXml] = scan(escaped).matches;
    assert.deepEqual([inXml?.line, inXml?.column, inXml?.start], [2, 21, 24]);
    assert.equal(inXml?.end, escaped.lastIndexOf('&amp;'));
    for (const big of [false, true]) {
      const wide = utf16(`\ufefffirst\n${text}`);
      const [match] = scan(big ? wide.swap16() : wide).matches;
      assert.deepEqual([match?.line, match?.column], [2, 14]);
    }
  });

  it('gives a value its name', () => {
    const value = randomText(5, 20);
    const encoded = Buffer.from(value).toString('base64');
    for (const name of ['  FOO_SECRET: ', '{"fooSecret": "', 'export FOO_SECRET=', '<foo-secret>']) {
      assert.deepEqual(told(scan(`x\n${name}${encoded}`)), [[value, ['base64']]], name);
    }
    const escaped = `${value.slice(0, 9)}/${value.slice(10)}`;
    assert.deepEqual(told(scan(`{"foo_secret":"${escaped.replace('/', '\\/')}"}`)), [[escaped, ['backslash']]]);
    assert.deepEqual(told(scan(`foo_secret=${escaped.replace('/', '%2F')}&x=1`)), [[escaped, ['url']]]);
  });

  it('reports one secret once', () => {
    const encoded = Buffer.from(text).toString('base64');
    assert.deepEqual(told(scan(`${text}\n${encoded}\n`)), [[secret, undefined]]);
    assert.deepEqual(told(scan(`${encoded}\n${utf16(text).toString('latin1')}`)), [[secret, ['base64']]]);
    // A rule of last resort takes the base64 itself for a secret.
    assert.deepEqual(told(scan(`secret: ${encoded}\n`)), [[secret, ['base64']]]);
    const plain = `acme_${randomText(6, 32)}`;
    assert.deepEqual(told(scan(`${'%2F '.repeat(5)}${plain} ${'x'.repeat(300)}`)), [[plain, undefined]]);
  });

  it('passes over what is no text', () => {
    const noise = Buffer.from(randomText(9, 4000));
    const image = Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), noise]);
    for (const content of [
      image.toString('base64'),
      gzipSync('').toString('base64'),
      `foo_secret=${'/usr/lib/'.repeat(9)}`,
    ]) {
      assert.deepEqual(scan(content).undecoded, []);
      assert.ok(scan(content).matches.every(({ decoded }) => decoded === undefined));
    }
  });

  it('ends on base64 of base64 of base64, and says so', () => {
    let encoded = text;
    for (let depth = 0; depth < 12; depth++) encoded = Buffer.from(encoded).toString('base64');
    assert.deepEqual(scan(encoded), { matches: [], undecoded: ['depth'] });
  });

  it('ends on what expands without end, and says so', () => {
    const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024)).toString('base64');
    assert.deepEqual(scan(`x ${bomb}\n${Buffer.from(text).toString('base64')}`).undecoded, ['size']);
    const parts = Array.from({ length: 40 }, () => gzipSync(Buffer.alloc(4 * 1024 * 1024)).toString('base64'));
    assert.deepEqual(scan(parts.join('\n\n')).undecoded, ['size']);
  });

  it('never fails, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
            fc
              .constantFrom(
                '&#x',
                '&amp',
                '\\u00',
                '\\u00ff',
                '\\x4',
                '%4',
                '%41',
                '\\/',
                'H4sI',
                'eJw',
                '//4',
                '\\n',
                '=',
              )
              .map(Buffer.from),
            fc.base64String({ minLength: 20, maxLength: 80 }).map(Buffer.from),
          ),
        ),
        fc.array(fc.nat(600), { maxLength: 6 }),
        (parts, cuts) => {
          const content = Buffer.concat(parts);
          assert.deepEqual(scan(content, { cuts, module }), scan(content));
        },
      ),
      { numRuns: 300 },
    );
  });
});
