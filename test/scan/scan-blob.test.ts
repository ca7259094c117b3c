/** Secrets in nested content: found wherever a boundary cuts them, at their innermost place. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { before, describe, it } from 'mocha';
import { compileMatcher } from '../../src/detect/compiled-rules.ts';
import type { LayerScan } from '../../src/scan/layer-scan.ts';
import { scanBlob } from '../../src/scan/scan-blob.ts';
import { detector, randomText, ruleSet } from '../detect/rules.ts';
import { inChunks } from '../layer/record-layer.ts';
import { arOf, asarOf, cpioOf, rpmOf, tarOf } from '../support/packed-bytes.ts';
import { requireTools, tool } from '../support/real/tool.ts';
import { zipOf } from '../support/tar-bytes.ts';

const rules = compileMatcher(
  ruleSet(
    detector({ id: 'acme-key', anchors: ['acme_'], at: 'token', pattern: '(acme_[A-Za-z0-9]{24})' }),
    detector({ id: 'globex-key', anchors: ['globex'], at: 'near', pattern: '([a-z0-9]{40})' }),
  ),
);
const kit = { rules, automaton: undefined, seed: 1 };

function scan(files: Readonly<Record<string, string | Uint8Array>>, sizes?: readonly number[]): Promise<LayerScan> {
  return scanBlob(inChunks(tarOf(files), sizes), kit, {});
}

const placesOf = (scanned: LayerScan): string[] =>
  scanned.contents.flatMap(({ path, nested, matches }) =>
    matches.map(({ secret, start }) => `${[path, ...nested].join(' › ')} @${start}: ${secret}`),
  );

/** Packs so that the content is cut at many places: streams, blocks and frames of a few thousand bytes. */
const cuts: Readonly<Record<string, (content: Buffer, partBytes: number) => Buffer>> = {
  'gzip members': (content, partBytes) => Buffer.concat(parts(content, partBytes).map((part) => gzipSync(part))),
  'zstd frames': (content, partBytes) => Buffer.concat(parts(content, partBytes).map((part) => zstdCompressSync(part))),
  'xz blocks': (content, partBytes) => packWith('xz', content, '-0', `--block-size=${partBytes}`),
  'xz streams': (content, partBytes) =>
    Buffer.concat(parts(content, Math.max(partBytes, content.length / 4)).map((part) => packWith('xz', part, '-0'))),
  'bzip2 blocks': (content) => packWith('bzip2', content, '-1'),
  'lz4 blocks': (content) => packWith('lz4', content, '-B4'),
  'stored zip members': (content) => zipOf([{ name: 'file', content, method: 0, descriptor: 'signed' }]),
  'deflated zip members': (content) => zipOf([{ name: 'file', content }]),
  'tar blocks': (content) => tarOf({ file: content }),
  'cpio padding': (content) => cpioOf({ before: 'x', file: content }),
  'ar padding': (content) => arOf({ before: 'x', file: content }),
  asar: (content) => asarOf({ before: 'x', file: content }),
};

function parts(content: Buffer, partBytes: number): Buffer[] {
  const size = Math.ceil(partBytes);
  return Array.from({ length: Math.max(1, Math.ceil(content.length / size)) }, (_, index) =>
    content.subarray(index * size, (index + 1) * size),
  );
}

function packWith(name: 'xz' | 'bzip2' | 'lz4', content: Uint8Array, ...options: readonly string[]): Buffer {
  return execFileSync(tool(name), [...options, '-c'], {
    input: content,
    maxBuffer: 1 << 28,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
}

describe('scanBlob', function () {
  this.timeout(60_000);

  before(function () {
    requireTools(this, 'xz', 'bzip2', 'lz4');
  });

  const secret = `acme_${randomText(7, 24)}`;
  const filler = Buffer.from(Array.from({ length: 12_000 }, (_, index) => `line ${index} of nothing\n`).join(''));

  for (const [name, pack] of Object.entries(cuts)) {
    it(`finds a secret wherever it lies across ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(fc.integer({ min: 0, max: 1200 }), fc.integer({ min: 0, max: filler.length })),
          fc.integer({ min: 0, max: 40 }),
          fc.integer({ min: 2000, max: 9000 }),
          fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 3 }),
          async (at, behind, partBytes, sizes) => {
            const content = Buffer.concat([
              filler.subarray(0, at),
              Buffer.from(`\n${secret}\n`),
              filler.subarray(0, behind),
            ]);
            const scanned = await scan({ file: pack(content, partBytes) }, sizes);
            assert.deepEqual(placesOf(scanned), [`file › file @${at + 1}: ${secret}`]);
          },
        ),
        { numRuns: 12 },
      );
    });
  }

  it('finds a secret across slabs, blocks and streams of all depths', async () => {
    // 256 KiB are a slab of nested content, 900,000 bytes a block of bzip2.
    for (const edge of [262_144, 524_288, 900_000, 1_048_576]) {
      for (const before of [28, 10, 1, 0]) {
        const content = Buffer.concat([
          Buffer.alloc(edge - before - 1, 'filler '),
          Buffer.from(`\n${secret}\n`),
          Buffer.alloc(50_000, 'more '),
        ]);
        const scanned = await scan({
          'file.tar.bz2': packWith('bzip2', tarOf({ file: zipOf([{ name: 'a', content }]) })),
        });
        assert.deepEqual(placesOf(scanned), [`file.tar.bz2 › file.tar › file › a @${edge - before}: ${secret}`]);
      }
    }
  });

  it('tells the innermost place of what lies uncompressed in several', async () => {
    const tar = tarOf({ 'a.cpio': cpioOf({ key: secret, other: 'x' }), 'b.cpio': cpioOf({ key: secret }) });
    const places = placesOf(await scan({ 'x.tar': tar })).map((place) => place.replace(/ @.*/, ''));
    assert.deepEqual(places, ['x.tar › a.cpio › key', 'x.tar › b.cpio › key']);
  });

  it('finds what stands in the tags of an rpm package and between members', async () => {
    const other = `acme_${randomText(8, 24)}`;
    const scanned = await scan({
      'x.rpm': rpmOf(gzipSync(cpioOf({ a: 'x' })), secret),
      'x.zip': Buffer.concat([zipOf([{ name: 'a', content: Buffer.from('x') }]), Buffer.from(`\n${other}`)]),
    });
    const places = placesOf(scanned).map((place) => place.replace(/ @.*:/, ':'));
    assert.deepEqual(places, [`x.rpm › #header: ${secret}`, `x.zip: ${other}`]);
  });

  it('gives every match though contents are many and tiny', async () => {
    // More contents than wait for a slab at a time.
    const holders = new Set([0, 4094, 4095, 4096, 4097, 8191, 8192, 9999]);
    const members = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, index) => [`m${index}`, holders.has(index) ? secret : 'x']),
    );
    const places = placesOf(await scan({ 'x.tar.gz': gzipSync(tarOf(members)), ...members }));
    const expected = ['x.tar.gz › x.tar › m', 'm'].flatMap((prefix) =>
      [...holders].map((index) => `${prefix}${index} @0: ${secret}`),
    );
    assert.deepEqual(places.sort(), expected.sort());
  });
});
