import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { pack } from 'tar-stream';
import { blocks, paxBody, rawEntry, rawHeader, tarEnd } from '../support/tar-bytes.ts';
import { codesOf, contentsOf, recordLayer, typesOf } from './record-layer.ts';

const file = (name: string, content: string): Buffer => rawEntry({ name }, content);

describe('a layer’s tar', () => {
  it('gives every entry with its type, cleaned path and target', async () => {
    const layer = Buffer.concat([
      rawEntry({ name: './etc/', type: '5' }),
      file('/etc/app.conf', 'a=1'),
      rawEntry({ name: 'etc//link', type: '2', linkName: '/absolute/../target' }),
      rawEntry({ name: 'etc/hard', type: '1', linkName: './etc/app.conf' }),
      rawEntry({ name: 'dev/null', type: '3' }),
      rawEntry({ name: 'dev/sda', type: '4' }),
      rawEntry({ name: 'run/fifo', type: '6' }),
      file('../../escape', 'b'),
      file('empty', ''),
      rawEntry({ name: 'contiguous', type: '7' }, 'c'),
      tarEnd,
    ]);
    const walked = await recordLayer(layer);
    assert.deepEqual(typesOf(walked), [
      'etc: directory',
      'etc/app.conf: file',
      'etc/link: symlink',
      'etc/hard: hardlink',
      'dev/null: other',
      'dev/sda: other',
      'run/fifo: other',
      'escape: file',
      'empty: file',
      'contiguous: file',
    ]);
    assert.deepEqual(contentsOf(walked), { 'etc/app.conf': 'a=1', escape: 'b', empty: '', contiguous: 'c' });
    assert.equal(walked.entries[2]!.entry.linkTarget, '/absolute/../target');
    assert.equal(walked.entries[3]!.entry.linkTarget, 'etc/app.conf');
    assert.deepEqual(codesOf(walked), []);
    assert.equal(walked.facts.complete, true);
    assert.equal(walked.facts.entries, 10);
    assert.equal(walked.facts.files, 4);
  });

  it('reads PAX and GNU long names and link targets', async () => {
    const long = `${'directory/'.repeat(30)}name`;
    const layer = Buffer.concat([
      rawEntry({ name: 'x', type: 'x' }, paxBody(['path', `${long}.pax`], ['SCHILY.xattr.user.note', 'a=b\nc'])),
      file('short', '1'),
      rawEntry({ name: '././@LongLink', type: 'L' }, `${long}.gnu\0`),
      rawEntry({ name: '././@LongLink', type: 'K' }, `${long}.target\0`),
      rawEntry({ name: 'short', type: '2', linkName: 'short' }),
      file('plain', '2'),
      tarEnd,
    ]);
    const { entries } = await recordLayer(layer);
    assert.deepEqual(
      entries.map(({ entry }) => entry.path),
      [`${long}.pax`, `${long}.gnu`, 'plain'],
    );
    assert.equal(entries[0]!.entry.pax?.['SCHILY.xattr.user.note'], 'a=b\nc');
    assert.equal(entries[1]!.entry.linkTarget, `${long}.target`);
    assert.equal(entries[2]!.entry.pax, undefined);
  });

  it('keeps names apart that are no UTF-8', async () => {
    const name = (byte: number): Uint8Array => Buffer.concat([Buffer.from('é-'), Buffer.from([byte])]);
    const layer = Buffer.concat([
      rawEntry({ name: 'é.txt' }, '0'),
      rawEntry({ name: name(0xfe) }, '1'),
      rawEntry({ name: name(0xff) }, '2'),
      rawEntry({ name: 'x', type: 'x' }, paxBody(['path', name(0xfe)])),
      file('x', '3'),
      tarEnd,
    ]);
    const paths = (await recordLayer(layer)).entries.map(({ entry }) => entry.path);
    assert.equal(paths[0], 'é.txt');
    assert.notEqual(paths[1], paths[2]);
    assert.equal(paths[1], paths[3]);
  });

  it('reads sizes in base-256, with blanks, and from PAX', async () => {
    const base256 = Buffer.alloc(12);
    base256[0] = 0x80;
    base256[11] = 3;
    const layer = Buffer.concat([
      rawEntry({ name: 'base256', sizeField: base256 }, 'abc'),
      rawEntry({ name: 'blanks', sizeField: Buffer.from('         4 \0') }, 'abcd'),
      rawEntry({ name: 'x', type: 'x' }, paxBody(['size', '5'])),
      rawEntry({ name: 'pax', size: 0 }, 'abcde'),
      file('next', 'n'),
      tarEnd,
    ]);
    const walked = await recordLayer(layer);
    assert.deepEqual(contentsOf(walked), { base256: 'abc', blanks: 'abcd', pax: 'abcde', next: 'n' });
    assert.deepEqual(codesOf(walked), []);
  });

  it('takes headers without magic and with a signed checksum', async () => {
    const layer = Buffer.concat([
      rawEntry({ name: 'v7', magic: '' }, 'old'),
      rawEntry({ name: 'schön', signedSum: true }, 'signed'),
      rawEntry({ name: 'nul-type', type: '\0' }, 'n'),
      rawEntry({ name: 'directory/', type: '\0' }),
      tarEnd,
    ]);
    const walked = await recordLayer(layer);
    assert.deepEqual(contentsOf(walked), { v7: 'old', schön: 'signed', 'nul-type': 'n' });
    assert.equal(walked.entries[3]!.entry.type, 'directory');
    assert.deepEqual(codesOf(walked), []);
  });

  it('gives the stored data of old GNU sparse files, with extension headers too', async () => {
    const sparse = (extended: boolean) => (block: Buffer) => {
      block.write('ustar  \0', 257, 'latin1');
      block[482] = extended ? 1 : 0;
    };
    const extension = (more: boolean): Buffer => {
      const block = Buffer.alloc(512, '7');
      block[504] = more ? 1 : 0;
      return block;
    };
    const layer = Buffer.concat([
      rawHeader({ name: 'plain-sparse', type: 'S', size: 6, patch: sparse(false) }),
      blocks('stored'),
      rawHeader({ name: 'extended', type: 'S', size: 7, patch: sparse(true) }),
      extension(true),
      extension(false),
      blocks('content'),
      rawHeader({ name: 'all-hole', type: 'S', size: 0, patch: sparse(true) }),
      extension(false),
      file('next', 'n'),
      tarEnd,
    ]);
    const walked = await recordLayer(layer);
    assert.deepEqual(contentsOf(walked), {
      'plain-sparse': 'stored',
      extended: 'content',
      'all-hole': '',
      next: 'n',
    });
    assert.deepEqual(codesOf(walked), []);
  });

  it('names PAX sparse files by what they are, not by GNU tar’s stand-in', async () => {
    const sparse = paxBody(
      ['GNU.sparse.major', '1'],
      ['GNU.sparse.name', 'real/name'],
      ['GNU.sparse.realsize', '99999'],
    );
    const layer = Buffer.concat([
      rawEntry({ name: 'x', type: 'x' }, sparse),
      file('GNUSparseFile.1/name', '1\n0\n4\nDATA'),
      file('next', 'n'),
      tarEnd,
    ]);
    assert.deepEqual(contentsOf(await recordLayer(layer)), { 'real/name': '1\n0\n4\nDATA', next: 'n' });
  });

  it('reads what GNU tar writes of a sparse file, in each of its formats', async function () {
    this.timeout(10_000);
    const folder = mkdtempSync(join(tmpdir(), 'whichlayer-sparse-'));
    try {
      writeFileSync(join(folder, 'holes'), 'begin');
      truncateSync(join(folder, 'holes'), 8 * 1024 * 1024);
      execFileSync(
        'sh',
        ['-c', 'for i in 1 2 3 4 5 6 7; do printf "part$i" | dd of=holes bs=1M seek=$i conv=notrunc 2>/dev/null; done'],
        {
          cwd: folder,
        },
      );
      writeFileSync(join(folder, 'next'), 'n');
      for (const format of [
        ['gnu'],
        ['posix', '--sparse-version=0.0'],
        ['posix', '--sparse-version=0.1'],
        ['posix', '--sparse-version=1.0'],
      ]) {
        const [name, ...more] = format;
        const layer = execFileSync('tar', ['-c', '-S', `--format=${name}`, ...more, 'holes', 'next'], { cwd: folder });
        const walked = await recordLayer(layer);
        const contents = contentsOf(walked);
        assert.deepEqual(Object.keys(contents), ['holes', 'next'], format.join(' '));
        for (let part = 1; part <= 7; part++) assert.ok(contents['holes']!.includes(`part${part}`), format.join(' '));
        assert.equal(contents['next'], 'n');
        assert.deepEqual(codesOf(walked), []);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('takes links and directories with a size as Go does: a header that follows is a header', async () => {
    const layer = Buffer.concat([
      rawHeader({ name: 'hard', type: '1', linkName: 'a', size: 700 }),
      rawHeader({ name: 'directory', type: '5', size: 700 }),
      file('next', 'n'),
      rawHeader({ name: 'last', type: '1', linkName: 'a', size: 5 }),
      tarEnd,
    ]);
    const walked = await recordLayer(layer);
    assert.deepEqual(typesOf(walked), ['hard: hardlink', 'directory: directory', 'next: file', 'last: hardlink']);
    assert.deepEqual(codesOf(walked), []);
  });

  it('scans content behind a link or directory that has some', async () => {
    const content = 'linked content '.repeat(60);
    const layer = Buffer.concat([
      rawEntry({ name: 'hard', type: '1', linkName: 'a' }, content),
      rawEntry({ name: 'directory', type: '5' }, 'small'),
      file('next', 'n'),
      tarEnd,
    ]);
    const walked = await recordLayer(layer);
    assert.deepEqual(contentsOf(walked), { 'hard#data': content, 'directory#data': 'small', next: 'n' });
  });

  it('takes unknown types for files where they have content', async () => {
    const layer = Buffer.concat([
      rawEntry({ name: 'volume', type: 'V' }),
      rawEntry({ name: 'vendor', type: 'Q' }, 'vendor content'),
      rawEntry({ name: 'dump', type: 'D' }, 'Yfile\0'),
      file('next', 'n'),
      tarEnd,
    ]);
    const walked = await recordLayer(layer);
    assert.deepEqual(typesOf(walked), ['volume: other', 'vendor: file', 'dump: file', 'next: file']);
  });

  it('scans global PAX headers without letting them name or size anything', async () => {
    const layer = Buffer.concat([
      rawEntry({ name: 'g', type: 'g' }, paxBody(['path', 'everything'], ['size', '4'], ['comment', 'seen'])),
      rawEntry({ name: 'x', type: 'x' }, paxBody(['mtime', '1'])),
      file('a', '1'),
      file('b', '22'),
      tarEnd,
    ]);
    const contents = contentsOf(await recordLayer(layer));
    assert.deepEqual(Object.keys(contents), ['#global-header@512', 'a', 'b']);
    assert.ok(contents['#global-header@512']!.includes('seen'));
  });

  it('bounds PAX headers and long names, and scans what is too long', async () => {
    const layer = Buffer.concat([
      rawEntry({ name: 'x', type: 'x' }, paxBody(['comment', 'x'.repeat(5000)])),
      file('a', '1'),
      tarEnd,
    ]);
    const walked = await recordLayer(layer, { limits: { metadataBytes: 4096 } });
    assert.deepEqual(codesOf(walked), ['LIMIT_EXCEEDED!']);
    assert.equal(contentsOf(walked)['#header@0']!.length, 5014);
    assert.equal(contentsOf(walked)['a'], '1');
  });

  it('survives damaged PAX records', async () => {
    for (const body of ['-5 a=b\n', '99 path=x\n', '7 path\n', 'x', '3 =\n0 a=b\n', '9 size=-1\n', '12 size=9e99\n']) {
      const walked = await recordLayer(
        Buffer.concat([rawEntry({ name: 'x', type: 'x' }, body), file('a', '1'), tarEnd]),
      );
      assert.deepEqual(codesOf(walked), ['LAYER_CORRUPT!'], body);
      assert.ok(
        JSON.stringify(contentsOf(walked)).includes(body.replaceAll('\n', '\\n')) || body.includes('size'),
        body,
      );
    }
  });

  it('delivers what came before a cut, and ends the entry', async () => {
    const layer = Buffer.concat([file('a', '1'), file('b', 'x'.repeat(2000))]).subarray(0, 512 * 3 + 700);
    const walked = await recordLayer(layer);
    assert.deepEqual(contentsOf(walked), { a: '1', b: 'x'.repeat(700) });
    assert.deepEqual(codesOf(walked), ['BLOB_TRUNCATED!']);
    assert.equal(walked.facts.complete, false);
    assert.ok(walked.entries.every(({ ended }) => ended));
  });

  it('says that a tar was cut in a header or between a long name and its entry', async () => {
    const cutHeader = await recordLayer(Buffer.concat([file('a', '1'), rawHeader({ name: 'b' }).subarray(0, 300)]));
    assert.deepEqual(codesOf(cutHeader), ['BLOB_TRUNCATED!']);
    const cutName = await recordLayer(rawEntry({ name: 'x', type: 'L' }, 'long name'));
    assert.deepEqual(codesOf(cutName), ['BLOB_TRUNCATED!']);
  });

  it('scans garbage between entries and finds its place again', async () => {
    const layer = Buffer.concat([file('a', '1'), Buffer.alloc(1024, 'garbage!'), file('b', '2'), tarEnd]);
    const walked = await recordLayer(layer);
    assert.deepEqual(codesOf(walked), ['LAYER_CORRUPT!']);
    assert.deepEqual(contentsOf(walked), { a: '1', '#not-a-tar@1024': 'garbage!'.repeat(128), b: '2' });
  });

  it('scans what is no tar at all', async () => {
    const walked = await recordLayer(Buffer.from('just text, '.repeat(200)));
    assert.deepEqual(codesOf(walked), ['LAYER_CORRUPT!']);
    assert.deepEqual(contentsOf(walked), { '#not-a-tar@0': 'just text, '.repeat(200) });
  });

  it('takes nothing and two zero blocks for an empty layer', async () => {
    for (const layer of [Buffer.alloc(0), tarEnd, Buffer.alloc(10240)]) {
      const walked = await recordLayer(layer);
      assert.deepEqual([walked.entries.length, codesOf(walked), walked.facts.complete], [0, [], true]);
    }
  });

  it('scans what follows the end mark, entries and other bytes', async () => {
    const layer = Buffer.concat([file('a', '1'), tarEnd, file('hidden', '2'), tarEnd, Buffer.from('and more')]);
    const walked = await recordLayer(layer);
    assert.deepEqual(codesOf(walked), ['TRAILING_DATA']);
    assert.equal(contentsOf(walked)['hidden'], '2');
    assert.ok(Object.values(contentsOf(walked)).includes('and more'));
  });

  it('tells a single zero block before garbage from the end mark', async () => {
    const single = await recordLayer(
      Buffer.concat([file('a', '1'), Buffer.alloc(512), Buffer.alloc(512, 'x'), tarEnd]),
    );
    assert.deepEqual(codesOf(single), ['LAYER_CORRUPT!']);
    const tail = await recordLayer(Buffer.concat([file('a', '1'), tarEnd, Buffer.from('tail')]));
    assert.deepEqual(codesOf(tail), ['TRAILING_DATA']);
    assert.equal(tail.facts.complete, true);
  });

  it('reads what tar-stream packs', async () => {
    const packing = pack();
    packing.entry({ name: 'a/b' }, 'hello');
    packing.entry({ name: `${'long/'.repeat(60)}ünï` }, 'long');
    packing.entry({ name: 'link', type: 'symlink', linkname: 'a/b' });
    packing.finalize();
    const chunks: Uint8Array[] = [];
    for await (const chunk of packing) chunks.push(chunk as Uint8Array);
    const walked = await recordLayer(Buffer.concat(chunks));
    assert.deepEqual(contentsOf(walked), { 'a/b': 'hello', [`${'long/'.repeat(60)}ünï`]: 'long' });
    assert.deepEqual(codesOf(walked), []);
  });

  it('gives the same wherever chunks are cut', async function () {
    this.timeout(60_000);
    const pieces = [
      file('a', 'content of a'),
      file('big', 'x'.repeat(3000)),
      file('block', 'y'.repeat(512)),
      file('empty', ''),
      rawEntry({ name: 'd/', type: '5' }),
      rawEntry({ name: 'x', type: 'x' }, paxBody(['path', 'p'.repeat(300)], ['size', '3'])),
      rawEntry({ name: 'short', size: 0 }, 'abc'),
      rawEntry({ name: 'x', type: 'L' }, 'l'.repeat(600)),
      rawEntry({ name: 'hard', type: '1', linkName: 'a' }, 'linked '.repeat(150)),
      Buffer.concat([
        rawHeader({ name: 's', type: 'S', size: 5, patch: (block) => block.fill(1, 482, 483) }),
        Buffer.alloc(512),
        blocks('SPARS'),
      ]),
      rawEntry({ name: 'g', type: 'g' }, paxBody(['comment', 'c'])),
      tarEnd,
      Buffer.alloc(700, 'garbage '),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...pieces), { maxLength: 8 }),
        fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 2000 })), {
          minLength: 1,
          maxLength: 5,
        }),
        fc.nat(600),
        async (parts, sizes, cut) => {
          const whole = Buffer.concat(parts);
          const layer = whole.subarray(0, Math.max(0, whole.length - (cut < 300 ? 0 : cut)));
          const [once, again] = [await recordLayer(layer, {}, [layer.length]), await recordLayer(layer, {}, sizes)];
          assert.deepEqual(again, once);
        },
      ),
      { numRuns: 150 },
    );
  });
});
