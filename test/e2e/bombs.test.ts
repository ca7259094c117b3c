/**
 * Images made to cost much, from the command line: each is scanned within bounds of time and memory, what was not looked at is
 * said, and what lies beside the bomb is found all the same. One process for each family, since starting one costs more than a bomb.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { after, before, describe, it } from 'mocha';
import type { ErrorCode } from '../../src/errors.ts';
import type { ImageError, ImageReport, Report } from '../../src/scan/finding.ts';
import {
  again,
  cyclicSqlite,
  deltaChain,
  deltaStar,
  endlessZip64,
  gzipQuine,
  overlappingZip,
  packedText,
  xzOfHugeDictionary,
  zstdOfWindow,
} from '../support/bomb-bytes.ts';
import { buildImage, type ImageSpec, type LayerSpec, sha256 } from '../support/build-image.ts';
import { deltaOf, packOf } from '../support/git-bytes.ts';
import { arOf, asarHeader, cpioOf, debOf, rpmOf, tarOf } from '../support/packed-bytes.ts';
import { whichlayer } from '../support/plant/cli.ts';
import { Random } from '../support/plant/random.ts';
import { secretKinds } from '../support/plant/secret-kind.ts';
import { requireTools, tool } from '../support/real/tool.ts';
import { createWorkspace, removeWorkspace } from '../support/real/workspace.ts';
import { blocks, paxBody, rawEntry, rawHeader, skippableFrame, tarEnd, zipOf } from '../support/tar-bytes.ts';
import { packTar } from '../support/tar-writer.ts';

const MiB = 1024 * 1024;

/** Of a family, which takes a fifth of it: the machine may be busy with a dozen other tests. */
const mostSeconds = 120;
const mostResidentBytes = 600 * MiB;

const { secret, name } = secretKinds.find(({ id }) => id === 'github')!.make(new Random(21));
const plant = `${name}=${secret}\n`;

/** What is wrong with the image, or nothing where all of it can be read after all. */
type Told = ErrorCode | 'nothing' | { readonly image: ErrorCode };
type Bomb = readonly [make: () => Partial<ImageSpec> | Buffer, told: Told];

/** The plant is the last entry: whoever stops at the bomb does not come to it. */
const layer = (spec: LayerSpec): Partial<ImageSpec> => ({
  layers: [{ ...spec, entries: [...(spec.entries ?? []), { path: 'zz/plant.env', content: plant }] }],
});
const file = (content: Uint8Array | string): Partial<ImageSpec> => layer({ files: { 'srv/bomb': content } });
const rawLayer = (...parts: readonly Uint8Array[]): Partial<ImageSpec> => ({
  layers: [{ tar: Buffer.concat([...parts, rawEntry({ name: 'zz/plant.env' }, plant), tarEnd]) }],
});
const config = (spec: Partial<ImageSpec>): Partial<ImageSpec> => ({ ...layer({ files: {} }), ...spec });
const repeated = (count: number, bytes: Uint8Array): Buffer => Buffer.alloc(count * bytes.length, bytes);
const packed = (name: 'xz' | 'bzip2' | 'lz4', content: Uint8Array, ...options: readonly string[]): Buffer =>
  execFileSync(tool(name), [...options, '-c'], {
    input: content,
    maxBuffer: 1 << 28,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
const zip = (files: Readonly<Record<string, Uint8Array>>): Buffer =>
  zipOf(Object.entries(files).map(([name, content]) => ({ name, content })));
const inBase64 = (content: string): string => Buffer.from(content).toString('base64');
const encodedOften = (times: number): string => {
  let text = plant;
  for (let turn = 0; turn < times; turn++) text = inBase64(text);
  return text;
};

const families: Readonly<Record<string, Readonly<Record<string, Bomb>>>> = {
  zips: {
    'zips in zips, wide and deep': [
      () =>
        file(
          again(4, zip({ '0.dll': Buffer.alloc(4 * MiB) }), (content) =>
            zip(Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`lib ${index}.zip`, content]))),
          ),
        ),
      'LIMIT_EXCEEDED',
    ],
    'zips in zips, forty deep': [
      () => file(again(40, Buffer.from('deepest'), (content) => zip({ 'a.zip': content }))),
      'LIMIT_EXCEEDED',
    ],
    'zip members that overlap': [() => file(overlappingZip(500, 4 * MiB)), 'NOT_UNPACKED'],
    'a zip64 member of eight exbibytes': [() => file(endlessZip64(Buffer.from('x'))), 'NOT_UNPACKED'],
    'a zip that goes on in itself': [
      () => {
        const head = zipOf([{ name: 'r.zip', content: Buffer.alloc(1), method: 0, claimedSize: 2 ** 30 }]);
        return file(repeated(3000, head.subarray(0, 35)));
      },
      'LIMIT_EXCEEDED',
    ],
    'a million members, empty and not': [
      () => {
        const member = zipOf([{ name: 'a', content: Buffer.from('x'), method: 0 }], { directory: false });
        const empty = zipOf([{ name: 'b', content: Buffer.alloc(0), method: 0 }], { directory: false });
        const content = Buffer.concat([repeated(1_100_000, member), repeated(1_100_000, empty)]);
        return file(content);
      },
      'LIMIT_EXCEEDED',
    ],
    'a zip of a gigabyte of zeros, twenty times': [
      () => {
        const data = deflateRawSync(Buffer.alloc(256 * MiB), { level: 9 });
        const member = zipOf([{ name: 'a', content: data, method: 0 }], { directory: false });
        member.writeUInt16LE(8, 8);
        return file(repeated(20, member));
      },
      'LIMIT_EXCEEDED',
    ],
  },
  streams: {
    'gzip, a thousand to one': [() => file(gzipSync(Buffer.alloc(300 * MiB), { level: 9 })), 'LIMIT_EXCEEDED'],
    'gzip of a million tiny members': [() => file(repeated(1_200_000, gzipSync('x'))), 'NOT_UNPACKED'],
    'gzip that inflates to itself': [() => file(gzipQuine()), 'LIMIT_EXCEEDED'],
    'gzip in gzip, a hundred deep': [
      () => file(again(100, Buffer.from('deepest'), (content) => gzipSync(content))),
      'LIMIT_EXCEEDED',
    ],
    'xz of zeros': [() => file(packed('xz', Buffer.alloc(300 * MiB), '-0')), 'LIMIT_EXCEEDED'],
    'xz of a dictionary of four gibibytes': [
      () => file(xzOfHugeDictionary(packed('xz', Buffer.alloc(200 * MiB, 'ab'), '-0'))),
      'LIMIT_EXCEEDED',
    ],
    'lzma without a container': [
      () => file(packed('xz', Buffer.alloc(300 * MiB), '-0', '--format=lzma')),
      'LIMIT_EXCEEDED',
    ],
    'bzip2 of zeros': [() => file(packed('bzip2', Buffer.alloc(300 * MiB), '-9')), 'LIMIT_EXCEEDED'],
    'bzip2 of a million empty streams': [
      () => file(repeated(1_100_000, packed('bzip2', Buffer.alloc(0)))),
      'LIMIT_EXCEEDED',
    ],
    'zstd of zeros': [() => file(zstdCompressSync(Buffer.alloc(300 * MiB))), 'LIMIT_EXCEEDED'],
    'zstd of a window of two gibibytes': [() => file(zstdOfWindow(31, 4000)), 'LIMIT_EXCEEDED'],
    'zstd of a million frames to skip': [
      () =>
        file(Buffer.concat([zstdCompressSync(Buffer.from('x')), repeated(1_000_000, skippableFrame(Buffer.alloc(1)))])),
      'nothing',
    ],
    'lz4 of zeros': [() => file(packed('lz4', Buffer.alloc(300 * MiB), '-9')), 'nothing'],
    'lz4 of a million frames': [() => file(repeated(1_100_000, packed('lz4', Buffer.alloc(0)))), 'LIMIT_EXCEEDED'],
  },
  archives: {
    'tars in tars, sixty deep': [
      () => file(again(60, Buffer.from('deepest'), (content) => tarOf({ a: content }))),
      'LIMIT_EXCEEDED',
    ],
    'a tar that goes on in itself': [
      () => file(repeated(3000, rawHeader({ name: 'r/r.tar', size: 2 ** 30 }))),
      'LIMIT_EXCEEDED',
    ],
    'saved images in saved images': [
      () =>
        file(
          again(12, Buffer.from('deepest'), (content) => buildImage({ layers: [{ files: { 'image.tar': content } }] })),
        ),
      'LIMIT_EXCEEDED',
    ],
    'cpio of lying sizes': [
      () => {
        const cpio = cpioOf({ a: 'x', b: 'y' });
        cpio.write('ffffffff', 54);
        return file(cpio);
      },
      'nothing',
    ],
    'rpm of lying sizes': [
      () => {
        const rpm = rpmOf(gzipSync(cpioOf({ a: 'x' })));
        rpm.writeUInt32BE(0xffffffff, 96 + 12);
        rpm.writeUInt32BE(0xffffffff, 96 + 8);
        return file(rpm);
      },
      'nothing',
    ],
    'ar of lying sizes and names': [
      () =>
        file(
          Buffer.concat([
            arOf({ 'a-rather-long-name-1': 'x' }),
            Buffer.from(`${'#1/9999999999'.padEnd(48)}9999999999\`\n`),
          ]),
        ),
      'nothing',
    ],
    'deb of bombs': [
      () => {
        const bomb = gzipSync(Buffer.alloc(300 * MiB), { level: 9 });
        return file(debOf('control.tar.gz', bomb, 'data.tar.gz', bomb));
      },
      'LIMIT_EXCEEDED',
    ],
    'asar whose header is folders in folders': [
      () => file(asarHeader(`${'{"files":{"a":'.repeat(100_000)}1${'}}'.repeat(100_000)}`)),
      'LIMIT_EXCEEDED',
    ],
    'asar of a million members that are one': [
      () => {
        const names = Array.from({ length: 400_000 }, (_, index) => `"${index}":{"offset":"0","size":99999999}`);
        return file(asarHeader(`{"files":{${names.join()}}}`));
      },
      'nothing',
    ],
    'SQLite whose overflow pages lead in a circle': [() => file(cyclicSqlite('overflow')), 'nothing'],
    'SQLite whose tree is its own child': [() => file(cyclicSqlite('tree')), 'nothing'],
    'classes and bytecode of lying lengths': [
      () => {
        const text = Buffer.from('cafebabe00000034ffff01ffff', 'hex');
        return layer({
          files: {
            'A.class': text,
            'B.class': Buffer.concat([text, repeated(100_000, Buffer.from('01ffff', 'hex'))]),
            'c.pyc': Buffer.concat([
              Buffer.from('cb0d0d0a000000000000000000000000e3', 'hex'),
              repeated(200_000, Buffer.from('28ffffffff', 'hex')),
              repeated(1000, Buffer.from('73ffffff7f', 'hex')),
            ]),
          },
        });
      },
      'nothing',
    ],
  },
  tars: {
    'a name of 100 MiB in PAX, claimed': [
      () => {
        const body = Buffer.from(`104857600 path=${'n'.repeat(2 * MiB)}`);
        return rawLayer(rawEntry({ name: 'x', type: 'x' }, body), rawEntry({ name: 'short' }, 'x'));
      },
      'LIMIT_EXCEEDED',
    ],
    'a name of 100 MiB in GNU form': [
      () =>
        rawLayer(rawEntry({ name: 'x', type: 'L' }, Buffer.alloc(100 * MiB, 'n')), rawEntry({ name: 'short' }, 'x')),
      'LIMIT_EXCEEDED',
    ],
    'names of a mebibyte, three hundred': [
      () => {
        const entries = Array.from({ length: 300 }, (_, index) => [
          rawEntry({ name: 'x', type: 'L' }, Buffer.from(`${index}/${'n'.repeat(MiB - 1000)}\0`)),
          rawEntry({ name: 'short' }, 'x'),
        ]);
        return rawLayer(...entries.flat());
      },
      'nothing',
    ],
    'hard links to names of a mebibyte, three hundred': [
      () => {
        const entries = Array.from({ length: 300 }, (_, index) => [
          rawEntry({ name: 'x', type: 'K' }, Buffer.from(`${index}/${'n'.repeat(MiB - 1000)}\0`)),
          rawHeader({ name: `link ${index}`, type: '1' }),
        ]);
        return rawLayer(...entries.flat());
      },
      'nothing',
    ],
    'a flood of PAX records': [
      () => {
        const records = Array.from({ length: 40_000 }, (_, index) => [`k${index}`, 'v'] as const);
        const entry = Buffer.concat([
          rawEntry({ name: 'x', type: 'x' }, paxBody(...records)),
          rawEntry({ name: 'short' }, 'x'),
        ]);
        return rawLayer(repeated(20, entry));
      },
      'nothing',
    ],
    'a sparse file of eight exbibytes': [
      () => {
        const records = paxBody(
          ['GNU.sparse.major', '1'],
          ['GNU.sparse.minor', '0'],
          ['GNU.sparse.realsize', '9223372036854775807'],
          ['GNU.sparse.name', 'sparse'],
        );
        return rawLayer(
          rawEntry({ name: 'x', type: 'x' }, records),
          rawEntry({ name: 'GNUSparseFile.0/sparse' }, blocks('1\n9223372036854775000\n1\nx')),
        );
      },
      'nothing',
    ],
    'an entry of eight exbibytes': [
      () => {
        const sizeField = Buffer.from('80000000000000007fffffff', 'hex').subarray(0, 12);
        const huge = Buffer.from('800000007fffffffffffffff', 'hex');
        assert.equal(sizeField.length, huge.length);
        const tar = Buffer.concat([
          rawEntry({ name: 'aa/plant.env' }, plant),
          rawHeader({ name: 'huge', sizeField: huge }),
        ]);
        return { layers: [{ tar: Buffer.concat([tar, Buffer.alloc(5000, 'x')]) }] };
      },
      'LAYER_CORRUPT',
    ],
    'links that lead in circles': [
      () =>
        layer({
          links: {
            a: { symlink: 'b' },
            b: { symlink: 'a' },
            c: { hardlink: 'd' },
            d: { hardlink: 'c' },
            'e/e': { symlink: '../e' },
            zz2: { symlink: '.' },
          },
        }),
      'nothing',
    ],
    'hundreds of thousands of empty entries': [() => rawLayer(repeated(300_000, rawHeader({ name: 'n' }))), 'nothing'],
    'a flood of whiteouts': [
      () =>
        rawLayer(
          Buffer.concat(
            Array.from({ length: 200_000 }, (_, index) => rawHeader({ name: `d${index % 1000}/.wh.${index}` })),
          ),
        ),
      'nothing',
    ],
    'a folder in a folder, and so on': [
      () =>
        rawLayer(
          ...Array.from({ length: 300 }, (_, index) =>
            packTar([{ path: `${'a/'.repeat(index * 100)}f`, content: 'x' }]).subarray(0, -1024),
          ),
        ),
      'nothing',
    ],
  },
  git: {
    'a chain of ten thousand deltas': [() => file(deltaChain(10_000)), 'nothing'],
    'deltas that expand a base thousandfold, again and again': [() => file(deltaStar(500, 4 * MiB)), 'LIMIT_EXCEEDED'],
    'deltas that double an object': [
      () => {
        const doubling = Array.from({ length: 40 }, (_, index) => {
          const size = Math.min(1024 * 2 ** index, 2 ** 40);
          return { base: index, delta: deltaOf(size, [0, size], [0, Math.min(size, 2 ** 31)]) };
        });
        return file(packOf([{ type: 'blob', content: 'x'.repeat(1024) }, ...doubling]));
      },
      'LIMIT_EXCEEDED',
    ],
    'a pack of four billion objects': [
      () => file(packOf([{ type: 'blob', content: 'x' }], { count: 0xffffffff })),
      'NOT_UNPACKED',
    ],
    'an object of zeros': [() => file(packOf([{ type: 'blob', content: Buffer.alloc(200 * MiB) }])), 'nothing'],
  },
  codes: {
    'base64 of base64, thirty deep, in a file': [() => file(encodedOften(30)), 'LIMIT_EXCEEDED'],
    'gzip in base64 in JSON in a file': [() => file(JSON.stringify({ data: packedText(200 * MiB) })), 'LIMIT_EXCEEDED'],
    'base64 of base64, thirty deep, in a variable': [
      () => config({ config: { Env: [`BOMB=${encodedOften(30)}`] } }),
      'LIMIT_EXCEEDED',
    ],
    'base64 of base64, thirty deep, in a label': [
      () => config({ config: { Labels: { bomb: encodedOften(30) } } }),
      'LIMIT_EXCEEDED',
    ],
    'base64 of base64, thirty deep, in the history': [
      () => config({ history: [{ created_by: `RUN echo ${encodedOften(30)}` }] }),
      'LIMIT_EXCEEDED',
    ],
    'gzip in base64 in JSON in a variable': [
      () => config({ config: { Env: [`BOMB=${JSON.stringify({ data: packedText(200 * MiB) })}`] } }),
      'LIMIT_EXCEEDED',
    ],
    'gzip in base64 in JSON in a label': [
      () => config({ config: { Labels: { bomb: JSON.stringify({ data: packedText(200 * MiB) }) } } }),
      'LIMIT_EXCEEDED',
    ],
    'gzip in base64 in the history': [
      () => config({ history: [{ created_by: `RUN echo ${packedText(200 * MiB)} | base64 -d | gunzip | sh` }] }),
      'LIMIT_EXCEEDED',
    ],
    'gzip in base64 in a name': [
      () =>
        layer({
          files: {
            [packedText(200 * MiB)
              .replaceAll('/', '_')
              .replaceAll('+', '-')]: 'x',
          },
        }),
      'LIMIT_EXCEEDED',
    ],
    'gzip in base64 in an extended attribute': [
      () => layer({ entries: [{ path: 'a', content: 'x', pax: { 'SCHILY.xattr.user.x': packedText(200 * MiB) } }] }),
      'LIMIT_EXCEEDED',
    ],
    'escapes of escapes': [() => file('\\\\'.repeat(4 * MiB) + '\\u0041'.repeat(MiB)), 'nothing'],
    'a file of anchors': [() => file('ghp_'.repeat(8 * MiB)), 'nothing'],
    'a letter that is held down': [() => file('A'.repeat(64 * MiB)), 'nothing'],
    'a sign that is held down': [() => file('-'.repeat(64 * MiB)), 'nothing'],
    'two letters, over and over': [() => file('8n'.repeat(32 * MiB)), 'nothing'],
    'two signs, over and over': [() => file('*:'.repeat(32 * MiB)), 'nothing'],
    backslashes: [() => file('\\'.repeat(64 * MiB)), 'nothing'],
  },
  configurations: {
    'a configuration of 100 MiB': [
      () => config({ extra: { junk: 'x'.repeat(100 * MiB) } }),
      { image: 'LIMIT_EXCEEDED' },
    ],
    'a configuration nested 100,000 deep': [
      () => {
        const tar = packTar([{ path: 'zz/plant.env', content: plant }]);
        const rest = `"config":{},"rootfs":{"type":"layers","diff_ids":["${sha256(tar)}"]}`;
        const json = `{${rest},"deep":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
        const Config = `${sha256(json).slice('sha256:'.length)}.json`;
        return packTar([
          { path: 'layer.tar', content: tar },
          { path: Config, content: json },
          { path: 'manifest.json', content: JSON.stringify([{ Config, RepoTags: null, Layers: ['layer.tar'] }]) },
        ]);
      },
      { image: 'LIMIT_EXCEEDED' },
    ],
    'a history of a million entries': [
      () => config({ history: repeatedHistory(1_000_000) }),
      { image: 'LIMIT_EXCEEDED' },
    ],
    'a variable of 50 MiB': [
      () => config({ config: { Env: [`A=${'x'.repeat(50 * MiB)}`] } }),
      { image: 'LIMIT_EXCEEDED' },
    ],
    'a manifest of a hundred thousand layers': [
      () => {
        const tar = packTar([{ path: 'zz/plant.env', content: plant }]);
        const json = JSON.stringify({ rootfs: { type: 'layers', diff_ids: [sha256(tar)] } });
        const Config = `${sha256(json).slice('sha256:'.length)}.json`;
        const Layers = Array.from({ length: 100_000 }, () => 'layer.tar');
        return packTar([
          { path: 'layer.tar', content: tar },
          { path: Config, content: json },
          { path: 'manifest.json', content: JSON.stringify([{ Config, RepoTags: null, Layers }]) },
        ]);
      },
      { image: 'LIMIT_EXCEEDED' },
    ],
  },
  metadata: {
    'a history of 60,000 entries': [() => config({ history: repeatedHistory(60_000) }), 'nothing'],
    '50,000 variables': [
      () =>
        config({
          history: [],
          config: { Env: Array.from({ length: 50_000 }, (_, index) => `VARIABLE_${index}=value ${index}`) },
        }),
      'nothing',
    ],
    'a single variable of 4 MiB': [
      () => config({ config: { Env: [`A=${'x=y '.repeat(MiB)}`] }, history: [] }),
      'nothing',
    ],
  },
  'layers and instructions': {
    'a manifest of ten thousand layers': [
      () => {
        const [one] = layer({ files: {} }).layers!;
        return config({ layers: Array.from({ length: 10_000 }, () => one!) });
      },
      'nothing',
    ],
    'build arguments by the thousand in every instruction': [
      () =>
        config({
          history: Array.from({ length: 100 }, () => ({ created_by: `|1000 ${'a=b '.repeat(1000)}/bin/sh -c x` })),
        }),
      'nothing',
    ],
  },
};

function repeatedHistory(count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, index) => ({ created_by: `RUN ${index}`, empty_layer: index > 0 }));
}

/** Tells what the process had in memory at most, when it ends; `maxRSS` would begin at what the process that started it had. */
const witness = `data:text/javascript,${encodeURIComponent(
  `import { isMainThread } from 'node:worker_threads'; import { readFileSync, writeFileSync } from 'node:fs';
  const most = () => readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\\s+(\\d+)/)[1];
  if (isMainThread) process.on('exit', () => writeFileSync(process.env.BOMB_WITNESS, most()));`,
)}`;

describe('a bomb in an image', function () {
  this.timeout(300_000);
  let folder = '';

  before(function () {
    requireTools(this, 'xz', 'bzip2', 'lz4');
    folder = createWorkspace('bombs');
  });
  after(() => {
    if (folder !== '') removeWorkspace(folder);
  });

  for (const [family, bombs] of Object.entries(families)) {
    describe(`of ${family}`, () => {
      const images = new Map<string, ImageReport | ImageError>();
      let residentBytes = Number.POSITIVE_INFINITY;
      let seconds = Number.POSITIVE_INFINITY;
      let code: number | null = null;

      before(async () => {
        const paths = Object.entries(bombs).map(([, [make]], index) => {
          const path = join(folder, `${family}-${index}.tar`);
          const made = make();
          writeFileSync(
            path,
            Buffer.isBuffer(made) ? made : buildImage({ layers: [], ...(made as Partial<ImageSpec>), layout: 'oci' }),
          );
          return path;
        });
        const memory = join(folder, `${family}.memory`);
        const env = { NODE_OPTIONS: `--import=${witness}`, BOMB_WITNESS: memory };
        const started = performance.now();
        const outcome = await whichlayer(
          ['scan', '--format', 'json', '--show-secrets', '--fail-on', 'critical', ...paths],
          { env },
        );
        seconds = (performance.now() - started) / 1000;
        code = outcome.code;
        const report = JSON.parse(outcome.stdout) as Report;
        for (const [index, name] of Object.keys(bombs).entries()) images.set(name, report.images[index]!);
        residentBytes = Number(readFileSync(memory, 'utf8')) * 1024;
      });

      it('costs no more time and memory than is allowed, and ends in the right exit status', () => {
        // The plant is not severe enough to fail a run; an image that can't be read at all ends in 3.
        const all = Object.values(bombs).map(([, told]) => told);
        const isRefused = all.some((told) => typeof told === 'object');
        assert.equal(code, isRefused ? 3 : all.every((told) => told === 'nothing') ? 0 : 4);
        assert.ok(residentBytes < mostResidentBytes, `${residentBytes} bytes resident`);
        assert.ok(seconds < mostSeconds, `${seconds} s`);
      });

      for (const [name, [, told]] of Object.entries(bombs)) {
        it(`ends within limits: ${name}`, () => {
          const image = images.get(name)!;
          if (typeof told === 'object') {
            assert.equal('error' in image ? image.error.code : undefined, told.image);
            return;
          }
          assert.ok('coverage' in image, JSON.stringify(image));
          const { complete, skipped } = image.coverage;
          const codes = skipped.filter(({ effect }) => effect === 'incomplete').map(({ code }) => code);
          assert.deepEqual(
            [complete, codes.includes(told as ErrorCode)],
            told === 'nothing' ? [true, false] : [false, true],
            JSON.stringify(skipped).slice(0, 500),
          );
          assert.ok(
            image.findings.some((finding) => finding.secret.value === secret),
            'the plant',
          );
        });
      }
    });
  }
});
