/**
 * A secret at every boundary that no other test puts one at: blocks of bzip2 and lz4 of several sizes, LZMA2 chunks, zstd blocks, lines of
 * wrapped base64, UTF-16 at odd offsets, what is skipped in front of a stream. Where the input is cut is drawn each time.
 * Slabs are in `detect/matcher.test.ts`, members and padding in `scan/scan-blob.test.ts`, deltas in `scan/git.test.ts`, pages in
 * `layer/sqlite.test.ts`.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { before, describe, it } from 'mocha';
import { compileMatcher } from '../../src/detect/compiled-rules.ts';
import { scanBlob } from '../../src/scan/scan-blob.ts';
import { detector, randomText, ruleSet } from '../detect/rules.ts';
import { arOf, cpioOf, tarOf } from '../support/packed-bytes.ts';
import { requireTools, tool } from '../support/real/tool.ts';
import { skippableFrame } from '../support/tar-bytes.ts';
import { inChunks } from './record-layer.ts';

const rules = compileMatcher(
  ruleSet(detector({ id: 'acme-key', anchors: ['acme_'], at: 'token', pattern: '(acme_[A-Za-z0-9]{24})' })),
);
const secret = `acme_${randomText(5, 24)}`;

async function secretsIn(content: Uint8Array, sizes: readonly number[]): Promise<string[]> {
  const scanned = await scanBlob(
    inChunks(tarOf({ file: content }), sizes),
    { rules, automaton: undefined, seed: 1 },
    {},
  );
  assert.deepEqual(
    scanned.diagnostics.filter(({ effect }) => effect === 'incomplete'),
    [],
  );
  return scanned.contents.flatMap(({ matches }) => matches.map((match) => match.secret));
}

const packed = (name: 'xz' | 'bzip2' | 'lz4', content: Uint8Array, ...options: readonly string[]): Buffer =>
  execFileSync(tool(name), [...options, '-c'], {
    input: content,
    maxBuffer: 1 << 28,
    stdio: ['pipe', 'pipe', 'ignore'],
  });

// Nothing that compresses: then a block holds as many bytes as it is told to.
const noise = Buffer.from(randomBytes(800_000).toString('hex'), 'latin1');

/** A content with the secret so many bytes before an edge. */
const around = (edge: number, before: number): Buffer =>
  Buffer.concat([noise.subarray(0, edge - before - 1), Buffer.from(`\n${secret}\n`), noise.subarray(0, 3000)]);

interface Way {
  readonly edge: number;
  readonly pack: (content: Buffer) => Buffer;
}

const ways: Readonly<Record<string, Way>> = {
  // 100,000 bytes less 19 in a block of -1.
  'bzip2 blocks': { edge: 99_981, pack: (content) => packed('bzip2', content, '-1') },
  'lz4 blocks, independent': { edge: 65_536, pack: (content) => packed('lz4', content, '-B4', '-BI') },
  'lz4 blocks, linked': { edge: 65_536, pack: (content) => packed('lz4', content, '-B4', '-BD', '-9') },
  'xz blocks': { edge: 70_000, pack: (content) => packed('xz', content, '-0', '--block-size=70000') },
  'LZMA2 chunks': { edge: 65_536, pack: (content) => packed('xz', content, '-0') },
  'zstd blocks': { edge: 131_072, pack: (content) => zstdCompressSync(content) },
  'zstd frames behind skipped ones': {
    edge: 50_000,
    pack: (content) =>
      Buffer.concat([
        skippableFrame(randomBytes(5000)),
        zstdCompressSync(content.subarray(0, 50_000), { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
        skippableFrame(randomBytes(30)),
        zstdCompressSync(content.subarray(50_000)),
      ]),
  },
  'lz4 frames behind skipped ones': {
    edge: 50_000,
    pack: (content) =>
      Buffer.concat([
        skippableFrame(randomBytes(9)),
        skippableFrame(randomBytes(5000)),
        packed('lz4', content.subarray(0, 50_000)),
        packed('lz4', content.subarray(50_000)),
      ]),
  },
  'lz4 frames behind a short skipped one': {
    edge: 50_000,
    pack: (content) => Buffer.concat([skippableFrame(randomBytes(9)), packed('lz4', content)]),
  },
  'bzip2 streams behind an empty one': {
    edge: 50_000,
    pack: (content) =>
      Buffer.concat([
        packed('bzip2', Buffer.alloc(0)),
        packed('bzip2', content.subarray(0, 50_000)),
        packed('bzip2', content.subarray(50_000)),
      ]),
  },
};

describe('a secret at a boundary', function () {
  this.timeout(60_000);

  before(function () {
    requireTools(this, 'xz', 'bzip2', 'lz4');
  });

  const cuts = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 3 });

  for (const [name, { edge, pack }] of Object.entries(ways)) {
    it(`is found wherever it lies across ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: -2, max: secret.length + 2 }), cuts, async (before, sizes) => {
          assert.deepEqual(await secretsIn(pack(around(edge, before)), sizes), [secret]);
        }),
        { numRuns: 12 },
      );
    });
  }

  it('is found in streams of a few bytes, a thousand of them', async () => {
    const content = Buffer.from(`${'-'.repeat(1500)}\n${secret}\n${'-'.repeat(1500)}`);
    const parts = Array.from({ length: content.length / 3 + 1 }, (_, index) =>
      content.subarray(index * 3, index * 3 + 3),
    );
    const streams = Buffer.concat(parts.map((part) => zstdCompressSync(part)));
    for (const sizes of [[1 << 20], [7], [1000, 3]]) assert.deepEqual(await secretsIn(streams, sizes), [secret]);
  });

  it('is found at each place of the padding of ar and cpio', async () => {
    for (let length = 0; length < 8; length++) {
      for (const pack of [arOf, cpioOf]) {
        const files = { a: '-'.repeat(length), b: `${'-'.repeat(length)}\n${secret}`, c: '-' };
        assert.deepEqual(await secretsIn(pack(files), [61, 5]), [secret], `${length}`);
      }
    }
  });

  it('is found at each place of a line of wrapped base64', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 120 }),
        fc.constantFrom(60, 64, 76),
        fc.constantFrom('\n', '\r\n'),
        cuts,
        async (before, width, lineEnd, sizes) => {
          const plain = `${'some words '.repeat(11).slice(0, before)} ${secret} ${'and more words '.repeat(9)}`;
          const lines = Buffer.from(plain)
            .toString('base64')
            .match(new RegExp(`.{1,${width}}`, 'g'))!;
          const found = await secretsIn(Buffer.from(`data:${lineEnd}${lines.join(lineEnd)}${lineEnd}`), sizes);
          assert.deepEqual(found, [secret]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is found in UTF-16 of either order at odd offsets', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 5 }), fc.boolean(), cuts, async (before, isBig, sizes) => {
        const text = Buffer.from(`a line of words ${secret} and more`, 'utf16le');
        const wide = isBig ? Buffer.from(text).swap16() : text;
        const content = Buffer.concat([Buffer.alloc(before, 0xc3), wide, Buffer.alloc(3, 0xc3)]);
        assert.deepEqual(await secretsIn(content, sizes), [secret]);
      }),
      { numRuns: 60 },
    );
  });
});
