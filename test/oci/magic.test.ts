import assert from 'node:assert/strict';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { isTarHeader, sniff } from '../../src/oci/magic.ts';
import { packTar } from '../support/tar-writer.ts';

describe('sniff', () => {
  const tar = packTar([{ path: '{"looks": "like JSON"}', content: 'x' }]);
  const cases: readonly (readonly [string, Uint8Array, object])[] = [
    ['a tar', tar, { kind: 'layer', compression: 'none' }],
    ['an empty tar', packTar([]), { kind: 'layer', compression: 'none' }],
    ['gzip', gzipSync(tar), { kind: 'layer', compression: 'gzip' }],
    ['zstd', zstdCompressSync(tar), { kind: 'layer', compression: 'zstd' }],
    [
      'a skippable zstd frame',
      Buffer.from([0x5e, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]),
      { kind: 'layer', compression: 'zstd' },
    ],
    ['JSON', Buffer.from(' \n\t{'), { kind: 'json' }],
    ['JSON after a byte order mark', Buffer.from('\ufeff[]'), { kind: 'json' }],
    ['nothing', Buffer.alloc(0), { kind: 'empty' }],
    ['xz', Buffer.from('fd377a585a00', 'hex'), { kind: 'unknown', looksLike: 'xz' }],
    ['text', Buffer.from('1.0'), { kind: 'unknown' }],
    ['too few zeros for a block', Buffer.alloc(511), { kind: 'unknown' }],
  ];
  for (const [name, bytes, expected] of cases) {
    it(`knows ${name}`, () => {
      assert.deepEqual(sniff(bytes), expected);
    });
  }

  it('takes no tar header with one byte changed for one', () => {
    fc.assert(
      fc.property(fc.nat(511), fc.integer({ min: 1, max: 255 }), (at, by) => {
        fc.pre(at < 148 || at >= 156);
        const changed = Buffer.from(tar.subarray(0, 512));
        changed[at] = (changed[at]! + by) & 0xff;
        // Summed signed, 128 more is 128 less: only then may another byte make up for it.
        assert.ok(!isTarHeader(changed));
      }),
    );
  });
});
