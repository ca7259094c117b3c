/** Archives and packages in each other: what is found in them, how deep, and what it may cost. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { before, describe, it } from 'mocha';
import type { Diagnostic } from '../../src/errors.ts';
import type { LayerVisitor } from '../../src/layer/entry.ts';
import { walkLayer } from '../../src/layer/walk-layer.ts';
import { arOf, asarHeader, asarOf, cpioOf, debOf, rpmOf, tarOf } from '../support/packed-bytes.ts';
import { requireTools, tool } from '../support/real/tool.ts';
import { rawEntry, rawHeader, skippableFrame, tarEnd, zipOf } from '../support/tar-bytes.ts';
import { codesOf, inChunks, type Recording, recordLayer } from './record-layer.ts';

function layerOf(files: Readonly<Record<string, Uint8Array>>): Buffer {
  return Buffer.concat([...Object.entries(files).map(([name, content]) => rawEntry({ name }, content)), tarEnd]);
}

/** Walks a layer with one file in it. */
function look(content: Uint8Array, options: object = {}, sizes?: readonly number[]): Promise<Recording> {
  return recordLayer(layerOf({ file: content }), options, sizes);
}

function chainsOf(recording: Recording): Record<string, string> {
  return Object.fromEntries(
    recording.entries[0]!.members.map(({ nested, content }) => [nested.join(' › '), content.toString('latin1')]),
  );
}

/** The content at the end of the only chain that ends so. */
function at(recording: Recording, ...chain: readonly string[]): string | undefined {
  return chainsOf(recording)[chain.join(' › ')];
}

function packWith(name: 'xz' | 'bzip2' | 'lz4', content: Uint8Array, ...options: readonly string[]): Buffer {
  return execFileSync(tool(name), [...options, '-c'], {
    input: content,
    maxBuffer: 1 << 28,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
}

const text = 'the planted content\n';
const zip = (files: Readonly<Record<string, string | Uint8Array>>): Buffer =>
  zipOf(Object.entries(files).map(([name, content]) => ({ name, content: Buffer.from(content) })));

/** Each way to pack one file, and the chain of names it is found at. */
const wrappings: readonly {
  readonly name: string;
  readonly pack: (name: string, content: Uint8Array) => Buffer;
  readonly chain: (name: string) => readonly string[];
}[] = [
  { name: 'zip', pack: (name, content) => zip({ other: 'x', [name]: content }), chain: (name) => [name] },
  { name: 'tar', pack: (name, content) => tarOf({ other: 'x', [name]: content }), chain: (name) => [name] },
  { name: 'cpio', pack: (name, content) => cpioOf({ other: 'x', [name]: content }), chain: (name) => [name] },
  { name: 'cpio with checksums', pack: (name, content) => cpioOf({ [name]: content }, 'crc'), chain: (name) => [name] },
  {
    name: 'octal cpio',
    pack: (name, content) => cpioOf({ other: 'x', [name]: content }, 'odc'),
    chain: (name) => [name],
  },
  { name: 'asar', pack: (name, content) => asarOf({ 'a/b': 'x', [name]: content }), chain: (name) => [name] },
  { name: 'ar', pack: (name, content) => arOf({ odd: 'x', [name]: content }), chain: (name) => [name] },
  { name: 'BSD’s ar', pack: (name, content) => arOf({ odd: 'x', [name]: content }, 'bsd'), chain: (name) => [name] },
  {
    name: 'deb',
    pack: (name, content) =>
      debOf(
        'control.tar.gz',
        gzipSync(tarOf({ control: 'x' })),
        'data.tar.xz',
        packWith('xz', tarOf({ [`./${name}`]: content })),
      ),
    chain: (name) => ['data.tar.xz', 'data.tar', name],
  },
  {
    name: 'rpm',
    pack: (name, content) => rpmOf(zstdCompressSync(cpioOf({ [`./${name}`]: content })), 'tag'),
    chain: (name) => ['payload.cpio.zst', 'payload.cpio', name],
  },
  { name: 'gzip', pack: (_, content) => gzipSync(content), chain: () => ['inner'] },
  { name: 'xz', pack: (_, content) => packWith('xz', content), chain: () => ['inner'] },
  { name: 'lzma', pack: (_, content) => packWith('xz', content, '--format=lzma'), chain: () => ['inner'] },
  { name: 'bzip2', pack: (_, content) => packWith('bzip2', content), chain: () => ['inner'] },
  { name: 'zstd', pack: (_, content) => zstdCompressSync(content), chain: () => ['inner'] },
  { name: 'lz4', pack: (_, content) => packWith('lz4', content), chain: () => ['inner'] },
];

describe('nested content', function () {
  this.timeout(60_000);

  before(function () {
    requireTools(this, 'xz', 'bzip2', 'lz4');
  });

  for (const outer of wrappings) {
    it(`is found in ${outer.name}, alone and around every other kind`, async () => {
      const alone = await recordLayer(layerOf({ 'inner.tmp': outer.pack('inner', Buffer.from(text)) }));
      const names = outer.chain('inner').map((name) => (name === 'inner' ? /^inner/ : name));
      const last = alone.entries[0]!.members.find(({ nested }) =>
        names.every((name, index) =>
          typeof name === 'string' ? nested[index] === name : name.test(nested[index] ?? ''),
        ),
      );
      assert.equal(last?.content.toString(), text);
      assert.deepEqual(codesOf(alone), []);
      for (const inner of wrappings) {
        const packed = outer.pack('inner', inner.pack('inner', Buffer.from(text)));
        const walked = await recordLayer(layerOf({ inner: packed }), {}, [3000, 1]);
        assert.equal(at(walked, ...outer.chain('inner'), ...inner.chain('inner')), text, inner.name);
        assert.deepEqual(codesOf(walked), [], inner.name);
      }
    });
  }

  it('is the same wherever chunks are cut, and however it is damaged', async () => {
    const seeds = wrappings.map(({ pack }) =>
      pack('inner', zip({ a: randomBytes(3000), b: tarOf({ c: text.repeat(200) }) })),
    );
    seeds.push(Buffer.concat([Buffer.from('#!/bin/sh\nexit\n'), seeds[0]!]));
    seeds.push(Buffer.concat([Buffer.from('#!/bin/sh\nexit\n'), gzipSync(seeds[1]!)]));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...seeds),
        fc.option(fc.record({ place: fc.nat(), flip: fc.integer({ min: 1, max: 255 }) }), { nil: undefined }),
        fc.integer({ min: 0, max: 300 }),
        fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 3000 })), {
          minLength: 1,
          maxLength: 4,
        }),
        async (packed, damage, cut, sizes) => {
          const content = Buffer.from(packed.subarray(0, packed.length - Math.max(0, cut - 200)));
          if (damage !== undefined) content[damage.place % content.length]! ^= damage.flip;
          const once = await look(content, {}, [content.length + 4096]);
          const again = await look(content, {}, sizes);
          assert.deepEqual(again, once);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('never throws, whatever follows a magic', async () => {
    const heads = wrappings.map(({ pack }) => pack('inner', Buffer.from(text)));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...heads),
        fc.nat({ max: 120 }),
        fc.uint8Array({ maxLength: 2000 }),
        async (head, keep, bytes) => {
          await look(Buffer.concat([head.subarray(0, keep), bytes]), {}, [70]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('of a saved image names the inner layer', async () => {
    const inner = gzipSync(tarOf({ 'app/.env': text }));
    const saved = tarOf({ 'blobs/sha256/abc': inner, 'index.json': '{}' });
    assert.equal(at(await look(saved), 'blobs/sha256/abc', 'abc', 'app/.env'), text);
  });

  it('of Alpine packages is read through tars that are joined without an end', async () => {
    const open = (files: Readonly<Record<string, string>>): Buffer => tarOf(files).subarray(0, -1024);
    const apk = Buffer.concat([
      gzipSync(open({ '.SIGN.RSA.key': 'x' })),
      gzipSync(open({ '.PKGINFO': 'pkgname = x\n', '.post-install': text })),
      gzipSync(tarOf({ 'etc/app.conf': text })),
    ]);
    const walked = await look(apk);
    assert.equal(at(walked, 'file', '.post-install'), text);
    assert.equal(at(walked, 'file', 'etc/app.conf'), text);
    assert.deepEqual(codesOf(walked), []);
  });

  it('of an rpm package includes the tags of its header', async () => {
    assert.match(at(await look(rpmOf(gzipSync(cpioOf({})), 'export KEY=value')), '#header')!, /export KEY=value/);
  });

  it('of an initial RAM disk goes on behind the first archive', async () => {
    const disk = Buffer.concat([
      cpioOf({ microcode: 'x' }),
      Buffer.alloc(700),
      zstdCompressSync(cpioOf({ 'etc/key': text })),
    ]);
    assert.equal(at(await look(disk), '#after-the-trailer', '#after-the-trailer', 'etc/key'), text);
  });

  it('is found behind scripts and programs', async () => {
    for (const [head, packed] of [
      ['#!/usr/bin/env python3\n', zip({ '__main__.py': text })],
      [`#!/bin/sh\n${'# a long licence\n'.repeat(9000)}exit 0\n`, gzipSync(tarOf({ '__main__.py': text }))],
      [`MZ${'\0'.repeat(70_000)}PK\x03\x04 is a zip`, zip({ '__main__.py': text })],
      ['\x7fELF and so on', zip({ '__main__.py': text })],
    ] as const) {
      for (const size of [100, 65_536]) {
        const walked = await look(Buffer.concat([Buffer.from(head, 'latin1'), packed]), {}, [size]);
        const found = Object.entries(chainsOf(walked)).filter(([chain]) => chain.endsWith('__main__.py'));
        assert.deepEqual(
          found.map(([, content]) => content),
          [text],
        );
        assert.deepEqual(codesOf(walked), []);
      }
    }
    assert.deepEqual((await look(Buffer.from('\x7fELF PK\x03\x04 and PK\x01\x02', 'latin1'))).diagnostics, []);
  });

  it('is read over streams behind each other, padding and skippable frames', async () => {
    const joined: Readonly<Record<string, Buffer>> = {
      xz: Buffer.concat([packWith('xz', Buffer.from('one ')), Buffer.alloc(8), packWith('xz', Buffer.from('two'))]),
      bzip2: Buffer.concat([packWith('bzip2', Buffer.from('one ')), packWith('bzip2', Buffer.from('two'))]),
      zstd: Buffer.concat([
        skippableFrame(randomBytes(12)),
        zstdCompressSync(Buffer.from('one ')),
        skippableFrame(randomBytes(9000)),
        zstdCompressSync(Buffer.from('two')),
      ]),
      lz4: Buffer.concat([
        packWith('lz4', Buffer.from('one ')),
        skippableFrame(randomBytes(30)),
        packWith('lz4', Buffer.from('two'), '-l'),
      ]),
    };
    for (const [name, packed] of Object.entries(joined)) {
      for (const size of [7, 100_000]) {
        const walked = await look(packed, {}, [size]);
        assert.deepEqual([name, chainsOf(walked), codesOf(walked)], [name, { file: 'one two' }, []]);
      }
      const trailing = await look(Buffer.concat([packed, Buffer.from('and more')]));
      assert.deepEqual([chainsOf(trailing)['file']!.slice(0, 7), codesOf(trailing)], ['one two', ['LAYER_CORRUPT']]);
    }
  });

  it('is found in zip members of every method, whether their size comes first or last', async () => {
    const content = Buffer.concat([randomBytes(60_000), Buffer.from(text.repeat(5000))]);
    const packed = { 12: packWith('bzip2', content), 93: zstdCompressSync(content), 95: packWith('xz', content) };
    for (const [method, data] of Object.entries(packed)) {
      const members = ([undefined, 'signed', 'unsigned64'] as const).map((descriptor) => ({
        name: `${descriptor}`,
        content: data,
        method: Number(method),
        ...(descriptor === undefined ? {} : { descriptor }),
      }));
      for (const size of [500, 300_000]) {
        const walked = await look(zipOf(members), {}, [size]);
        assert.deepEqual(codesOf(walked), [], method);
        for (const { name } of members) assert.ok(at(walked, name) === content.toString('latin1'), `${method} ${name}`);
      }
    }
  });

  it('is not lost behind a descriptor that is part of packed data', async () => {
    const marker = 'a place for 16 B';
    const noise = [randomBytes(30_000), randomBytes(30_000)] as const;
    const around = (middle: Buffer): Buffer => Buffer.concat([noise[0], middle, noise[1], Buffer.from(text)]);
    for (const [method, pack] of [
      [93, zstdCompressSync],
      [95, (content: Buffer) => packWith('xz', content)],
    ] as const) {
      const forged = Buffer.from('PK\x07\x08............PK\x03\x04', 'latin1');
      forged.writeUInt32LE(pack(around(Buffer.from(`${marker}PK\x03\x04`))).indexOf(marker), 8);
      const content = around(forged);
      const zipped = zipOf([{ name: 'a', content: pack(content), method, descriptor: 'signed' }]);
      assert.ok(zipped.includes(forged), 'the forgery is in the clear');
      for (const size of [4096, 100_000]) {
        const walked = await look(zipped, {}, [size]);
        assert.ok(at(walked, 'a') === content.toString('latin1'), `${method}`);
        assert.deepEqual(codesOf(walked), []);
      }
    }
  });

  it('is opened as deep as is allowed, and what is deeper is said once a file', async () => {
    let packed = tarOf({ deepest: text });
    for (let depth = 5; depth > 1; depth--) packed = tarOf({ [`t${depth}`]: packed, [`u${depth}`]: packed });
    const walked = await look(packed);
    assert.ok(Object.keys(chainsOf(walked)).includes('t2 › t3 › t4 › t5'));
    assert.ok(!Object.keys(chainsOf(walked)).some((chain) => chain.endsWith('deepest')));
    assert.deepEqual(codesOf(walked), ['LIMIT_EXCEEDED!']);
    assert.equal(at(await look(packed, { limits: { depth: 5 } }), 't2', 't3', 't4', 't5', 'deepest'), text);
    const shallow = await look(packed, { limits: { depth: 1 } });
    assert.deepEqual([Object.keys(chainsOf(shallow)), codesOf(shallow)], [['t2', 'u2'], ['LIMIT_EXCEEDED!']]);
  });

  it('counts what is wrapped around an archive with it', async () => {
    const jar = zip({ 'db.properties': text });
    const war = zip({ 'WEB-INF/lib/x.jar': jar });
    const deb = debOf(
      'control.tar.gz',
      gzipSync(tarOf({})),
      'data.tar.xz',
      packWith('xz', tarOf({ 'opt/app.war': war })),
    );
    const walked = await look(packWith('xz', tarOf({ 'app.deb': deb })));
    assert.equal(
      at(walked, 'file', 'app.deb', 'data.tar.xz', 'data.tar', 'opt/app.war', 'WEB-INF/lib/x.jar', 'db.properties'),
      text,
    );
    assert.deepEqual(codesOf(walked), []);
  });

  it('names what it can’t look into', async () => {
    const iso = Buffer.alloc(40_000);
    iso.write('CD001', 32_769, 'latin1');
    const squashfs = Buffer.alloc(200);
    squashfs.write('hsqs', 0, 'latin1');
    squashfs.writeUInt16LE(4, 28);
    const ext = Buffer.alloc(4096);
    ext.writeUInt32LE(100, 1024);
    ext.writeUInt16LE(0xef53, 1080);
    const files = {
      'a.iso': iso,
      b: squashfs,
      c: ext,
      'd.cab': Buffer.from('MSCF\0\0\0\0 and so on'),
      e: Buffer.from('Rar!\x1a\x07\x01\0'),
    };
    for (const size of [1000, 65_536]) {
      const { diagnostics } = await recordLayer(layerOf(files), {}, [size]);
      assert.deepEqual(diagnostics.map(({ code, subject, effect }) => `${code} ${subject} ${effect}`).sort(), [
        'NOT_UNPACKED a.iso notice',
        'NOT_UNPACKED b notice',
        'NOT_UNPACKED c notice',
        'NOT_UNPACKED d.cab notice',
        'NOT_UNPACKED e notice',
      ]);
    }
  });

  it('says where an archive is cut short or damaged', async () => {
    for (const { name, pack } of wrappings) {
      const packed = pack('inner', randomBytes(5000));
      const walked = await look(packed.subarray(0, packed.length - 2000));
      assert.ok(codesOf(walked).length > 0, name);
    }
    for (const packed of [cpioOf({ a: text, b: text }), arOf({ a: text, b: text })]) {
      const second = packed.indexOf(text) + text.length;
      const walked = await look(
        Buffer.concat([packed.subarray(0, second), Buffer.alloc(70, 'x'), packed.subarray(second + 70)]),
      );
      assert.deepEqual([at(walked, 'a'), codesOf(walked)], [text, ['LAYER_CORRUPT']]);
    }
    for (const header of ['{"files":{"a":{"size":5,"offset":"0"},"b":{"size":5,"offset":"2"}}}', '{"files":{"a":}']) {
      assert.equal(codesOf(await look(Buffer.concat([asarHeader(header), Buffer.from('1234567890')]))).length, 1);
    }
  });

  it('says that folders of an asar archive go deeper than it looks', async () => {
    const walked = await look(asarOf({ [`${'f/'.repeat(150)}deep`]: text, beside: text }));
    assert.deepEqual([at(walked, 'beside'), codesOf(walked)], [text, ['LIMIT_EXCEEDED!']]);
    const deepest = `${'f/'.repeat(99)}deep`;
    assert.deepEqual(chainsOf(await look(asarOf({ [deepest]: text }))), { [deepest]: text });
  });

  it('names places by whole names: half a secret in one would not be masked', async () => {
    const long = `${'n'.repeat(550)}secret${'n'.repeat(150)}`;
    const broken = gzipSync('x').subarray(0, 12);
    const packed = zip({ [long]: broken, short: zip({ a: zip({ b: zip({ c: broken }) }) }) });
    const { diagnostics } = await look(packed);
    assert.deepEqual(diagnostics.map(({ subject }) => subject).sort(), [
      'file › (a name of 706 letters)',
      'file › short › a › b › c',
    ]);
  });
});

describe('bombs', function () {
  this.timeout(60_000);

  before(function () {
    requireTools(this, 'xz', 'bzip2', 'lz4');
  });

  const zeros = Buffer.alloc(200_000_000);
  const bombs: Readonly<Record<string, () => Buffer>> = {
    gzip: () => gzipSync(zeros),
    xz: () => packWith('xz', zeros, '-0'),
    lzma: () => packWith('xz', zeros, '-0', '--format=lzma'),
    bzip2: () => packWith('bzip2', zeros, '-1'),
    zstd: () => zstdCompressSync(zeros),
    'zip of zips': () => {
      let packed = zip({ a: zeros.subarray(0, 20_000_000) });
      for (let depth = 0; depth < 3; depth++)
        packed = zip(Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`${index}.zip`, packed])));
      return packed;
    },
    'tars in tars': () => {
      let packed = tarOf({ a: text });
      for (let depth = 0; depth < 60; depth++) packed = tarOf({ a: packed });
      return packed;
    },
    'gzip in gzip': () => {
      let packed = Buffer.from(text);
      for (let depth = 0; depth < 60; depth++) packed = gzipSync(packed);
      return packed;
    },
    'overlapping zip members': () => overlapping(200),
    'a million empty members': () =>
      gzipSync(Buffer.concat(Array.from({ length: 60_000 }, () => rawEntry({ name: 'n'.repeat(100) }, 'x')))),
  };
  const limits = { members: 50_000 };

  for (const [name, make] of Object.entries(bombs)) {
    it(`end within limits: ${name}`, async () => {
      const packed = make();
      const content = new CountingVisitor();
      const rss = process.memoryUsage().rss;
      const facts = await walkLayer(inChunks(layerOf({ file: packed })), content, { limits });
      assert.ok(!facts.complete && content.diagnostics.some(({ effect }) => effect === 'incomplete'));
      assert.ok(content.bytes < 800 * 1024 * 1024, `${content.bytes}`);
      assert.ok(process.memoryUsage().rss - rss < 150_000_000, 'memory');
    });
  }

  it('end within limits: huge names', async () => {
    const name = 'n'.repeat(60_000);
    const tar = Buffer.concat([
      rawEntry({ name: 'x', type: 'L', size: 900_000 }, Buffer.alloc(900_000, 'n')),
      rawEntry({ name: 'short' }, text),
      tarEnd,
    ]);
    for (const packed of [zip({ [name]: text }), cpioOf({ [name]: text }), tar]) {
      const [member] = (await look(packed)).entries[0]!.members;
      assert.equal(member!.content.toString(), text);
      assert.ok(member!.nested[0]!.length <= 4097);
    }
  });

  it('end within limits: an archive that holds itself', async () => {
    // A tar whose one entry claims the rest of the world, over and over: each level is the one before it, cut.
    const quine = Buffer.concat(Array.from({ length: 300 }, () => rawHeader({ name: 'r/r.tar', size: 2 ** 30 })));
    const stored = zipOf([{ name: 'r.zip', content: Buffer.alloc(1), method: 0, claimedSize: 2 ** 30 }]).subarray(
      0,
      35,
    );
    const zipQuine = Buffer.concat(Array.from({ length: 300 }, () => stored));
    for (const content of [quine, zipQuine]) {
      const walked = await look(content);
      assert.ok(codesOf(walked).includes('LIMIT_EXCEEDED!'));
      assert.deepEqual(
        walked.entries[0]!.members.map(({ nested }) => nested.length),
        [1, 2, 3, 4],
      );
    }
  });
});

/** Counts what it is given and keeps nothing. */
class CountingVisitor implements LayerVisitor {
  readonly diagnostics: Diagnostic[] = [];
  bytes = 0;

  entry(): void {}
  content(): void {}
  entryEnd(): void {}
  member(): void {}
  memberContent(bytes: Uint8Array): void {
    this.bytes += bytes.length;
  }
  memberEnd(): void {}
  diagnostic(diagnostic: Diagnostic): void {
    this.diagnostics.push(diagnostic);
  }
}

/** Members that all read the same compressed kernel, each by a header in the data of the one before (Fifield's construction). */
function overlapping(count: number): Buffer {
  const kernel = zipOf([{ name: 'kernel', content: Buffer.alloc(1_000_000) }], { directory: false });
  const locals = zipOf(
    Array.from({ length: count }, (_, index) => ({
      name: `f${index}`,
      content: Buffer.from(text),
      claimedSize: kernel.length + 100 * (count - index),
    })),
  );
  return Buffer.concat([
    locals.subarray(0, locals.indexOf('PK\x01\x02', 0, 'latin1')),
    kernel,
    locals.subarray(locals.indexOf('PK\x01\x02', 0, 'latin1')),
  ]);
}
