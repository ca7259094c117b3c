import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { constants, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { decompress } from '../../src/layer/decompress.ts';
import { defaultLimits, type LayerLimits } from '../../src/layer/limits.ts';
import { skippableFrame } from '../support/tar-bytes.ts';
import { inChunks } from './record-layer.ts';

interface Result {
  readonly compression: string;
  readonly content: Buffer;
  readonly codes: readonly string[];
}

/** What comes of a blob, which is the same wherever it is inflated: on the thread pool, in this thread, now here and now there. */
async function run(blob: Uint8Array, limits: Partial<LayerLimits> = {}, sizes?: readonly number[]): Promise<Result> {
  let turn = 0;
  const beside = await runWhere(() => false, blob, limits, sizes);
  for (const isCrowded of [() => true, () => turn++ % 3 === 0]) {
    const here = await runWhere(isCrowded, blob, limits, sizes);
    assert.deepEqual(here.codes, beside.codes);
    assert.ok(here.content.equals(beside.content));
  }
  return beside;
}

async function runWhere(
  isCrowded: () => boolean,
  blob: Uint8Array,
  limits: Partial<LayerLimits>,
  sizes: readonly number[] | undefined,
): Promise<Result> {
  const bounds = { ...defaultLimits, ...limits };
  const { compression, stream, problems } = await decompress(inChunks(blob, sizes), bounds, isCrowded);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  const codes = problems.map(({ code, effect }) => (effect === 'incomplete' ? `${code}!` : code));
  return { compression, content: Buffer.concat(chunks), codes };
}

const text = (length: number, seed = 'line of text '): Buffer => Buffer.alloc(length, seed);
/** Half random, half text: blocks of every kind, and long enough to be streamed. */
const mixed = (length: number): Buffer => Buffer.concat([randomBytes(length / 2), text(length / 2)]);

describe('decompress', () => {
  it('tells plain, gzip and zstd by their first bytes', async () => {
    for (const [compression, blob] of [
      ['none', Buffer.from('plain')],
      ['none', Buffer.from('a')],
      ['none', Buffer.alloc(0)],
      ['gzip', gzipSync('plain')],
      ['zstd', zstdCompressSync(Buffer.from('plain'))],
      ['zstd', Buffer.concat([skippableFrame(Buffer.from('toc')), zstdCompressSync(Buffer.from('plain'))])],
    ] as const) {
      const result = await run(blob);
      assert.equal(result.compression, compression);
      assert.deepEqual(result.codes, []);
      if (compression !== 'none') assert.equal(result.content.toString(), 'plain');
    }
  });

  for (const [name, compress] of [
    ['gzip', (bytes: Uint8Array) => gzipSync(bytes)],
    ['zstd', (bytes: Uint8Array) => zstdCompressSync(bytes)],
    [
      'zstd with checksums',
      (bytes: Uint8Array) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
    ],
  ] as const) {
    describe(name, () => {
      it('reads members and frames of all sizes one after another', async () => {
        const contents = [
          text(10),
          mixed(1_000_000),
          Buffer.alloc(0),
          text(300_000),
          mixed(2000),
          text(5_000_000),
          text(1),
        ];
        const result = await run(Buffer.concat(contents.map((content) => compress(content))));
        assert.deepEqual(result.codes, []);
        assert.ok(result.content.equals(Buffer.concat(contents)));
      });

      it('gives all that was there before a cut', async () => {
        const content = mixed(2_000_000);
        const blob = compress(content);
        for (const length of [blob.length - 1, blob.length - 9, Math.floor(blob.length / 2), 11]) {
          const result = await run(blob.subarray(0, length));
          assert.deepEqual(result.codes, ['BLOB_TRUNCATED!'], `${length} of ${blob.length}`);
          assert.ok(content.subarray(0, result.content.length).equals(result.content));
          assert.ok(
            result.content.length >= Math.min(length, 1_000_000) - 200_000,
            `${result.content.length} at ${length}`,
          );
        }
      });

      it('gives the members before a damaged one and reads the blob to its end', async () => {
        const good = text(100_000);
        const bad = Buffer.from(compress(mixed(1_000_000)));
        bad.fill(0xff, 9, 60);
        const blob = Buffer.concat([compress(good), bad, compress(good)]);
        const result = await run(blob);
        assert.deepEqual(result.codes, ['LAYER_CORRUPT!']);
        assert.ok(result.content.subarray(0, good.length).equals(good));
      });

      it('skips zero padding and tells other bytes behind the end', async () => {
        const content = text(5000);
        assert.deepEqual((await run(Buffer.concat([compress(content), Buffer.alloc(70_000)]))).codes, []);
        for (const more of ['garbage', 'x', '\0\0\0garbage']) {
          const result = await run(Buffer.concat([compress(content), Buffer.from(more)]));
          assert.deepEqual(result.codes, ['TRAILING_DATA']);
          assert.ok(result.content.equals(content));
        }
      });

      it('gives the same wherever chunks are cut', async function () {
        this.timeout(20_000);
        const blob = Buffer.concat([compress(text(900)), compress(mixed(3000)), Buffer.alloc(5), compress(text(20))]);
        await fc.assert(
          fc.asyncProperty(
            fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 5 }),
            fc.nat(blob.length),
            fc.nat(blob.length),
            async (sizes, length, damaged) => {
              const part = Buffer.from(blob.subarray(0, length));
              if (damaged < length) part[damaged]! ^= 0x55;
              assert.deepEqual(await run(part, {}, sizes), await run(part, {}, [blob.length]));
            },
          ),
          { numRuns: 60 },
        );
      });

      it('stops at a bound on what comes out', async () => {
        const result = await run(compress(text(3_000_000)), { uncompressedBytes: 1_000_000 });
        assert.deepEqual(result.codes, ['LIMIT_EXCEEDED!']);
        assert.equal(result.content.length, 1_000_000);
      });
    });
  }

  it('delivers all of a gzip member whose checksum is wrong', async () => {
    for (const length of [1000, 3_000_000]) {
      const content = mixed(length);
      const blob = Buffer.from(gzipSync(content));
      blob[blob.length - 6]! ^= 1;
      const result = await run(blob);
      assert.deepEqual(result.codes, ['LAYER_CORRUPT!']);
      assert.ok(result.content.equals(content));
    }
  });

  it('reads gzip headers with every optional field', async () => {
    const plain = gzipSync('content');
    const extra = Buffer.concat([Buffer.from([0x2c, 0x01]), Buffer.alloc(300, 1)]);
    const header = Buffer.concat([
      Buffer.from([0x1f, 0x8b, 8, 4 | 8 | 16 | 2, 0, 0, 0, 0, 0, 3]),
      extra,
      Buffer.from('name\0comment\0cc'),
    ]);
    const result = await run(Buffer.concat([plain, header, plain.subarray(10)]), {}, [7]);
    assert.deepEqual([result.content.toString(), result.codes], ['contentcontent', []]);
  });

  it('says when a zstd frame wants more memory than allowed', async () => {
    const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (31 - 10) << 3]);
    const result = await run(Buffer.concat([zstdCompressSync(text(100)), header, Buffer.from([1, 0, 0])]));
    assert.deepEqual(result.codes, ['LIMIT_EXCEEDED!']);
    assert.equal(result.content.length, 100);
  });

  it('decompresses wide windows within the limit', async () => {
    const params = { [constants.ZSTD_c_windowLog]: 26 };
    const content = text(500_000);
    const blob = zstdCompressSync(content, { params });
    assert.deepEqual((await run(blob)).codes, []);
  });

  it('delivers the blocks before a damaged zstd block', async () => {
    // Raw blocks, so that what is in each is known; the second is of the reserved kind.
    const block = (content: Buffer, kind: number): Buffer => {
      const head = Buffer.alloc(3);
      head.writeUIntLE((content.length << 3) | (kind << 1), 0, 3);
      return Buffer.concat([head, content]);
    };
    const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50]);
    const result = await run(Buffer.concat([frame, block(text(5000), 0), block(text(10), 3)]));
    assert.deepEqual(result.codes, ['LAYER_CORRUPT!']);
    assert.equal(result.content.length, 5000);
  });

  it('passes on what the source throws', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield gzipSync(mixed(500_000)).subarray(0, 100_000);
      throw new Error('connection reset');
    }
    const { stream } = await decompress(failing(), defaultLimits);
    await assert.rejects(async () => {
      for await (const _ of stream);
    }, /connection reset/);
  });

  it('reads thousands of small members', async () => {
    const member = (index: number): Buffer => {
      const content = Buffer.from(`file ${index}`);
      const gz = gzipSync(content);
      return Buffer.concat([gz.subarray(0, 10), deflateRawSync(content), gz.subarray(-8)]);
    };
    const result = await run(Buffer.concat(Array.from({ length: 3000 }, (_, index) => member(index))));
    assert.deepEqual(result.codes, []);
    assert.ok(result.content.toString().endsWith('file 2999'));
  });
});
