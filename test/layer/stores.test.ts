/** Stores that cut or deflate what they hold: logs of LevelDB, dumps of Redis. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { inflateLzf } from '../../src/layer/lzf.ts';
import { levelDbLog, lzfOf, redisDump, redisLength, redisString } from '../support/store-bytes.ts';
import { rawEntry, tarEnd } from '../support/tar-bytes.ts';
import { codesOf, type Recording, recordLayer } from './record-layer.ts';

const secret = 'token=planted-across-a-boundary';

const look = (content: Uint8Array, sizes?: readonly number[]): Promise<Recording> =>
  recordLayer(Buffer.concat([rawEntry({ name: 'file' }, content), tarEnd]), {}, sizes);

const membersOf = ({ entries }: Recording): Buffer[] => entries[0]!.members.map(({ content }) => content);

describe('a log of LevelDB', () => {
  for (const isRecycled of [false, true]) {
    it(`gives records that blocks cut, wherever they do${isRecycled ? ', under longer headers' : ''}`, async () => {
      for (let before = 32_768 - 80; before <= 32_768; before += 3) {
        const log = levelDbLog(['short', `${'x'.repeat(before - 60)}${secret}`, 'y'.repeat(70_000), secret], {
          isRecycled,
        });
        const recording = await look(log, [4096, 7, 1]);
        const isCut = !log.subarray(0, 34_000).includes(secret);
        const found = membersOf(recording).filter((content) => content.includes(secret));
        assert.ok(found.length === 1 || (!isCut && found.length === 0), `${before}`);
        assert.deepEqual(codesOf(recording), []);
        assert.ok(membersOf(recording).some((content) => content.includes('y'.repeat(70_000))));
      }
    });
  }

  it('is no other content, and never fails', async () => {
    assert.deepEqual(membersOf(await look(Buffer.alloc(70_000, 1))), []);
    assert.deepEqual(membersOf(await look(randomBytes(70_000))), []);
    const log = levelDbLog(['x'.repeat(100_000)]);
    await fc.assert(
      fc.asyncProperty(fc.nat(log.length - 1), fc.nat(255), async (at, byte) => {
        const broken = Buffer.from(log);
        broken[at] = byte;
        await look(broken.subarray(0, broken.length - (at % 1000)));
      }),
      { numRuns: 30 },
    );
  });
});

describe('a dump of Redis', () => {
  const value = `{"${'name '.repeat(20)}":"${secret}","${'name '.repeat(20)}"}`;

  it('gives strings that are deflated, behind the names they are kept by, wherever it is cut', async () => {
    const dump = redisDump(
      [0, redisString('plain'), redisString('x'.repeat(20_000))],
      [252, Buffer.alloc(8, 1), Buffer.from([0]), redisString('session:1'), redisString(value, true)],
      [
        4,
        redisString('user:1'),
        redisLength(2),
        redisString('age'),
        Buffer.from([0xc1, 1, 2]),
        redisString('api_key'),
        redisString(value, true),
      ],
      [5, redisString('zset'), redisLength(1), redisString(value, true), Buffer.alloc(8)],
      [
        18,
        redisString('list'),
        redisLength(2),
        redisLength(2),
        redisString(value, true),
        redisLength(1),
        redisString('one'),
      ],
      [0, redisString('last'), redisString(value, true)],
    );
    assert.ok(!dump.includes(value));
    const lines = ['session:1', 'api_key', 'zset', 'list', 'last'].map((name) => `${name}: ${value}\n`);
    for (const sizes of [undefined, [1], [3, 500, 7]]) {
      const recording = await look(dump, sizes);
      assert.deepEqual([membersOf(recording).map(String), codesOf(recording)], [[lines.join('')], []]);
    }
  });

  it('goes on behind streams of every version', async () => {
    const [one, id] = [redisLength(1), Buffer.alloc(16, 9)];
    const numbers = (count: number): Buffer => Buffer.alloc(count, 5);
    const stream = ([ofStream, ofGroup, times]: readonly [number, number, number]): Buffer[] => [
      ...[redisString('stream'), one, redisString('block'), redisString(value, true), numbers(ofStream)],
      ...[one, redisString('group'), numbers(ofGroup), one, id, Buffer.alloc(8, 9), one],
      ...[one, redisString('consumer'), Buffer.alloc(8 * times, 9), one, id],
    ];
    for (const [type, sizes] of [
      [15, [3, 2, 1]],
      [19, [8, 3, 1]],
      [21, [8, 3, 2]],
    ] as const) {
      const dump = redisDump([type, ...stream(sizes)], [0, redisString('last'), redisString(value, true)]);
      const recording = await look(dump);
      const expected = `block: ${value}\nlast: ${value}\n`;
      assert.deepEqual([type, membersOf(recording).map(String), codesOf(recording)], [type, [expected], []]);
    }
  });

  it('says where it is cut short, or holds what is not read', async () => {
    const dump = redisDump([0, redisString('a'), redisString(value, true)], [6, redisString('module')]);
    const recording = await look(dump);
    assert.deepEqual([membersOf(recording).map(String), codesOf(recording)], [[`a: ${value}\n`], ['NOT_UNPACKED']]);
    assert.deepEqual(codesOf(await look(dump.subarray(0, 60))), ['LAYER_CORRUPT']);
    const lying = Buffer.from([
      0xc3, 0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0, 0, 0, 255, 0, 0, 0, 0,
    ]);
    assert.deepEqual(codesOf(await look(redisDump([0, redisString('a'), lying]))), ['LAYER_CORRUPT', 'NOT_UNPACKED']);
  });

  it('never fails, whatever the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        await look(Buffer.concat([Buffer.from('REDIS0011'), bytes]));
      }),
      { numRuns: 100 },
    );
  });
});

describe('LZF', () => {
  it('inflates what was deflated, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('abc', 'abcabcabc', 'x'.repeat(300), 'é', '\0')), (parts) => {
        const bytes = Buffer.from(parts.join(''));
        assert.deepEqual(inflateLzf(lzfOf(bytes), bytes.length), bytes);
        assert.equal(inflateLzf(lzfOf(bytes), bytes.length + 1), undefined);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(10_000), (packed, size) => {
        assert.ok((inflateLzf(packed, size)?.length ?? size) === size);
      }),
    );
  });
});
