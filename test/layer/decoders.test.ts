/** The decoders of compressed streams against the tools that people pack with. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { before, describe, it } from 'mocha';
import { openStream, type StreamFormat } from '../../src/layer/compressed-reader.ts';
import type { DecodeState } from '../../src/layer/decoder.ts';
import { requireTools, tool } from '../support/real/tool.ts';

interface Decoded {
  readonly state: DecodeState;
  readonly output: Buffer;
  readonly rest: number;
}

const settings = { engine: 'node', ratio: 1_000_000, windowBytes: 64 * 1024 * 1024 } as const;

function decode(
  format: StreamFormat,
  input: Uint8Array,
  options: {
    readonly settles?: boolean;
    readonly sizes?: readonly number[];
    readonly ratio?: number;
    readonly windowBytes?: number;
  } = {},
): Decoded {
  const parts: Buffer[] = [];
  const decoder = openStream(
    format,
    (bytes) => {
      parts.push(Buffer.from(bytes));
      return true;
    },
    { ...settings, ...options },
  );
  const { sizes = [65_536], settles = false } = options;
  for (let at = 0, turn = 0; at < input.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length]!);
    const chunk = Uint8Array.from(input.subarray(at, at + size));
    decoder.push(chunk);
    chunk.fill(0xaa);
    if (settles) decoder.settle();
    at += size;
  }
  const state = decoder.finish();
  const rest = decoder.rest().length;
  decoder.close();
  return { state, output: Buffer.concat(parts), rest };
}

/** Text with repeats near and far, numbers, and some noise. */
const mixed = Buffer.concat([
  Buffer.from(Array.from({ length: 20_000 }, (_, index) => `${index} is ${(index * 7919) % 1009};\n`).join('')),
  randomBytes(70_000),
  Buffer.alloc(300_000, 'the same again '),
  Buffer.alloc(100_000),
]);

const contents: Readonly<Record<string, Buffer>> = {
  empty: Buffer.alloc(0),
  'one byte': Buffer.from('x'),
  'four equal bytes': Buffer.from('xxxx'),
  'runs of every length': Buffer.concat(Array.from({ length: 300 }, (_, index) => Buffer.alloc(index, index))),
  mixed,
  'more than a block': Buffer.concat([mixed, randomBytes(600_000), mixed]),
};

const ways: readonly (readonly [format: StreamFormat, command: readonly [Parameters<typeof tool>[0], ...string[]]])[] =
  [
    ['xz', ['xz']],
    ['xz', ['xz', '-0', '--check=crc32']],
    ['xz', ['xz', '-9e', '--check=sha256']],
    ['xz', ['xz', '--check=none', '-T2', '--block-size=70000']],
    ['xz', ['xz', '--delta=dist=4', '--lzma2=dict=4KiB,lc=0,lp=4,pb=4']],
    ['xz', ['xz', '--lzma2=dict=64KiB,lc=4,lp=0,pb=0,mode=fast,mf=hc3']],
    ['lzma', ['xz', '--format=lzma']],
    ['lzma', ['xz', '--format=lzma', '--lzma1=dict=4KiB,lc=1,lp=2,pb=1']],
    ['bzip2', ['bzip2', '-9']],
    ['bzip2', ['bzip2', '-1']],
    ['zstd', ['zstd']],
    ['zstd', ['zstd', '-19', '--long=25', '--no-check']],
    ['lz4', ['lz4']],
    ['lz4', ['lz4', '-9', '-B4', '-BX', '-BD']],
    ['lz4', ['lz4', '-B7', '--no-frame-crc']],
  ];

function pack(command: readonly [Parameters<typeof tool>[0], ...string[]], content: Buffer): Buffer {
  const [name, ...options] = command;
  return execFileSync(tool(name), [...options, '-c'], {
    input: content,
    maxBuffer: 1 << 28,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
}

const sum = (bytes: Buffer): string => `${bytes.length} bytes ${createHash('sha256').update(bytes).digest('hex')}`;

describe('stream decoders', function () {
  this.timeout(60_000);

  before(function () {
    requireTools(this, 'xz', 'bzip2', 'zstd', 'lz4');
  });

  for (const [format, command] of ways) {
    it(`decode what ${command.join(' ')} writes`, () => {
      for (const [name, content] of Object.entries(contents)) {
        const packed = pack(command, content);
        for (const sizes of name === 'mixed' ? [[1 << 20], [1000, 7]] : [[50_000]]) {
          const { state, output, rest } = decode(format, packed, { sizes });
          assert.deepEqual([name, state, sum(output), rest], [name, 'ended', sum(content), 0]);
        }
      }
    });
  }

  const formats: readonly StreamFormat[] = ['xz', 'lzma', 'bzip2', 'zstd', 'lz4'];
  const commandOf = (format: StreamFormat): (typeof ways)[number][1] => ways.find(([each]) => each === format)![1];

  for (const format of formats) {
    it(`tell where a stream of ${format} ends, wherever it is cut`, () => {
      const packed = pack(commandOf(format), mixed);
      const behind = Buffer.from('something else behind the stream');
      fc.assert(
        fc.property(
          fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 5 }),
          fc.boolean(),
          (sizes, settles) => {
            const { state, output, rest } = decode(format, Buffer.concat([packed, behind]), { sizes, settles });
            assert.equal(state, 'ended');
            assert.equal(sum(output), sum(mixed));
            // What is pushed after the end is not the decoder's; what came with the end is given back.
            assert.ok(rest <= behind.length);
          },
        ),
        { numRuns: 6 },
      );
      // An .lzma file with an end mark has no sum to tell its last byte from what follows.
      const { rest } = decode(format, Buffer.concat([packed, behind]), { sizes: [1 << 24] });
      assert.ok(format === 'lzma' ? Math.abs(rest - behind.length) <= 5 : rest === behind.length);
    });

    it(`give what there is of ${format} that is cut short`, () => {
      const packed = pack(commandOf(format), contents['more than a block']!);
      const { state, output } = decode(format, packed.subarray(0, packed.length - 10));
      assert.equal(state, 'open');
      // The last symbol of .lzma may have taken bits that are not there.
      const certain = format === 'lzma' ? output.length - 600 : output.length;
      assert.ok(output.subarray(0, certain).equals(contents['more than a block']!.subarray(0, certain)));
      assert.ok(certain > (format === 'bzip2' ? 800_000 : 1_900_000), `${output.length}`);
    });

    it(`end, and say so, where ${format} is damaged`, () => {
      const content = mixed.subarray(0, 200_000);
      const packed = pack(commandOf(format), content);
      fc.assert(
        fc.property(
          fc.nat(),
          fc.integer({ min: 1, max: 255 }),
          fc.integer({ min: 100, max: 90_000 }),
          (at, flip, size) => {
            const damaged = Buffer.from(packed);
            damaged[at % damaged.length]! ^= flip;
            const { state, output } = decode(format, damaged, { sizes: [size] });
            const isWhole = output.equals(content);
            // .lzma has no checksum; in the others what is wrong is noticed, but for bytes that say nothing.
            if (!isWhole && format !== 'lzma') assert.notEqual(state, 'ended');
            assert.ok(output.length <= 40 * content.length);
          },
        ),
        { numRuns: 40 },
      );
    });

    it(`say the same of ${format} that is damaged at its beginning, wherever it is cut`, () => {
      const packed = pack(commandOf(format), Buffer.from('a short text, and another one: a short text'));
      fc.assert(
        fc.property(fc.nat(40), fc.integer({ min: 1, max: 255 }), fc.integer({ min: 1, max: 9 }), (at, flip, size) => {
          const damaged = Buffer.from(packed);
          damaged[at % damaged.length]! ^= flip;
          const whole = decode(format, damaged, { sizes: [damaged.length] });
          const cut = decode(format, damaged, { sizes: [size] });
          assert.deepEqual([cut.state, cut.output.toString()], [whole.state, whole.output.toString()]);
        }),
        { numRuns: 300 },
      );
    });

    it(`stop at ${format} that expands too much`, () => {
      const packed = pack(commandOf(format), Buffer.alloc(100_000_000));
      const { state, output } = decode(format, packed, { ratio: 100, sizes: [4096] });
      assert.equal(state, 'bomb');
      assert.ok(output.length < 60_000_000, `${output.length}`);
    });
  }

  it('never throw, whatever the bytes', () => {
    const magics = [
      'fd377a585a000004e6d6b446',
      '5d00008000ffffffffffffffff00',
      '425a6839314159265359',
      '28b52ffd',
      '04224d186440a7',
      '02214c18',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...formats),
        fc.constantFrom('', ...magics),
        fc.uint8Array({ maxLength: 3000 }),
        (format, magic, bytes) => {
          decode(format, Buffer.concat([Buffer.from(magic, 'hex'), bytes]), { sizes: [100] });
        },
      ),
      { numRuns: 300 },
    );
  });

  it('take a dictionary size for the claim it is', () => {
    const content = mixed.subarray(0, 100_000);
    const packed = pack(['xz', '--format=lzma'], content);
    packed.writeUInt32LE(0xffffffff, 1);
    const before = process.memoryUsage().rss;
    const { state, output } = decode('lzma', packed);
    assert.deepEqual([state, sum(output)], ['ended', sum(content)]);
    assert.ok(process.memoryUsage().rss - before < 50_000_000);
  });

  it('say where a stream looks back farther than is allowed', () => {
    const noise = randomBytes(200_000);
    const content = Buffer.concat([noise, noise]);
    for (const [format, command] of [
      ['xz', ['xz', '--lzma2=dict=1MiB']],
      ['lzma', ['xz', '--format=lzma', '--lzma1=dict=1MiB']],
      ['zstd', ['zstd', '-19']],
    ] as const) {
      const { state, output } = decode(format, pack(command, content), { windowBytes: 128 * 1024 });
      assert.deepEqual([format, state], [format, 'window']);
      assert.ok(output.equals(content.subarray(0, output.length)));
      if (format !== 'zstd') assert.ok(output.length > 190_000);
    }
    // One that says it may and does not is read.
    assert.equal(
      decode('xz', pack(['xz', '-9'], mixed.subarray(0, 400_000)), { windowBytes: 512 * 1024 }).state,
      'ended',
    );
  });

  it('read many small streams one after another in bounded memory', () => {
    for (const format of formats) {
      const packed = pack(commandOf(format), Buffer.from('small'));
      const before = process.memoryUsage().rss;
      for (let index = 0; index < 500; index++) assert.equal(decode(format, packed).output.toString(), 'small');
      assert.ok(process.memoryUsage().rss - before < 120_000_000, format);
    }
  });
});
