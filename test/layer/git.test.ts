/** Git's packs, loose objects and bundles: what git put into them comes out, and what nobody should write ends within limits. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import { deltaOf, idOf, looseObject, type PackedObject, packOf } from '../support/git-bytes.ts';
import { tarOf } from '../support/packed-bytes.ts';
import { GitRepository } from '../support/real/git-repository.ts';
import { requireTools } from '../support/real/tool.ts';
import { createWorkspace, removeWorkspace } from '../support/real/workspace.ts';
import { codesOf, type Recording, recordLayer } from './record-layer.ts';

const unpack = (content: Uint8Array, limits = {}, sizes?: readonly number[], name = 'file'): Promise<Recording> =>
  recordLayer(tarOf({ [name]: content }), { limits }, sizes);

/** Objects that were given, by id; those that never got one by their names. */
function objectsOf(...recordings: readonly Recording[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { entries } of recordings) {
    for (const member of entries.flatMap(({ members }) => members)) {
      if (member.object !== undefined)
        found.set(member.object.id ?? member.nested.join('!'), member.content.toString('latin1'));
    }
  }
  return found;
}

const contentsOf = (recording: Recording): string[] => [...objectsOf(recording).values()];

describe('git objects that git wrote', function () {
  this.timeout(60_000);
  let folder = '';

  before(function () {
    requireTools(this, 'git');
    folder = createWorkspace('git');
  });
  after(() => {
    if (folder !== '') removeWorkspace(folder);
  });

  function makeRepository(name: string, ...options: readonly string[]): GitRepository {
    const repository = new GitRepository(join(folder, name), ...options);
    for (let index = 0; index < 16; index++) {
      const lines = Array.from(
        { length: 200 + index },
        (_, line) => `line ${line * (line % 7 === index % 7 ? index : 1)}`,
      );
      repository.commit({
        'src/big.txt': lines.join('\n'),
        [`notes/${index % 5}.md`]: `note ${index}\n`.repeat(index),
        empty: '',
      });
    }
    repository.run('tag', '-a', '-m', 'A tag with a message', 'v1');
    return repository;
  }

  const ways: Readonly<Record<string, readonly (readonly string[])[]>> = {
    'are loose': [],
    'are packed': [['gc', '-q']],
    'are deltas of ids': [['-c', 'repack.useDeltaBaseOffset=false', 'repack', '-adfq']],
    'are in one chain': [['repack', '-adfq', '--depth=400', '--window=200']],
  };
  for (const [how, commands] of Object.entries(ways)) {
    for (const format of ['sha1', 'sha256']) {
      it(`are given as git gives them where they ${how} and named by ${format}`, async () => {
        const repository = makeRepository(`${how.replaceAll(' ', '-')}-${format}`, `--object-format=${format}`);
        for (const command of commands) repository.run(...command);
        const expected = repository.objects();
        const files = repository.files('.git/objects');
        for (const sizes of [[65_536], [1000, 3], [7]]) {
          const recording = await recordLayer(tarOf(files), {}, sizes);
          assert.deepEqual(codesOf(recording), []);
          const found = objectsOf(recording);
          assert.deepEqual([...found.keys()].sort(), [...expected.keys()].sort());
          assert.deepEqual(found, new Map([...found.keys()].map((id) => [id, expected.get(id)])));
          if (how !== 'are loose') break;
        }
      });
    }
  }

  it('are given from a bundle', async () => {
    const repository = makeRepository('bundled');
    repository.run('bundle', 'create', '-q', 'all.bundle', '--all');
    const recording = await unpack(readFileSync(join(repository.folder, 'all.bundle')), {}, [11]);
    assert.deepEqual(codesOf(recording), []);
    assert.deepEqual([...objectsOf(recording).keys()].sort(), [...repository.objects().keys()].sort());
    repository.run('bundle', 'create', '-q', 'thin.bundle', 'HEAD~3..main');
    const thin = await unpack(readFileSync(join(repository.folder, 'thin.bundle')));
    assert.ok(codesOf(thin).every((code) => code === 'NOT_UNPACKED!'));
    assert.ok(objectsOf(thin).has(repository.run('rev-parse', 'HEAD')));
  });
});

describe('GitPackReader', function () {
  this.timeout(30_000);
  const base = 'the base of all\n'.repeat(20);
  const made = `${base.slice(0, 100)}own bytes${base.slice(200, 300)}`;
  const delta = deltaOf(base.length, [0, 100], 'own bytes', [200, 100]);

  it('puts deltas together that come before their bases, and bases that are deltas', async () => {
    const pack = packOf([
      { base: idOf('blob', made), delta: deltaOf(made.length, 'x', [0, made.length]) },
      { base: idOf('blob', base), delta },
      { type: 'blob', content: base },
    ]);
    const recording = await unpack(pack, {}, [5]);
    assert.deepEqual(codesOf(recording), []);
    const expected = [base, made, `x${made}`];
    assert.deepEqual(objectsOf(recording), new Map(expected.map((text) => [idOf('blob', text), text])));
  });

  it('says what differs from what is not there', async () => {
    const pack = packOf([
      { type: 'blob', content: 'a' },
      { base: idOf('blob', 'elsewhere'), delta: deltaOf(9, 'b') },
    ]);
    const recording = await unpack(pack);
    assert.deepEqual([codesOf(recording), contentsOf(recording)], [['NOT_UNPACKED!'], ['a']]);
  });

  it('says deltas that do not fit their bases', async () => {
    const wrong = [
      deltaOf(base.length + 1, 'x'),
      deltaOf(base.length, [base.length - 1, 2]),
      Buffer.from([...deltaOf(base.length, 'x'), 0]),
      deltaOf(base.length, 'xyz').subarray(0, -1),
      Buffer.alloc(0),
    ];
    const objects = wrong.map((each): PackedObject => ({ base: 0, delta: each }));
    const recording = await unpack(packOf([{ type: 'blob', content: base }, ...objects, { base: 0, delta }]));
    assert.deepEqual([codesOf(recording), contentsOf(recording)], [['NOT_UNPACKED!'], [base, made]]);
  });

  it('keeps a pack up to a bound, and says which deltas that costs', async () => {
    const objects: PackedObject[] = [
      { type: 'blob', content: base },
      { base: 0, delta },
    ];
    const first = packOf(objects).length - 20;
    const pack = packOf([
      ...objects,
      { base: 0, delta: deltaOf(base.length, 'more') },
      { type: 'blob', content: 'last' },
    ]);
    const recording = await unpack(pack, { keptPackBytes: first });
    assert.deepEqual(codesOf(recording), ['LIMIT_EXCEEDED!']);
    assert.deepEqual(contentsOf(recording), [base, 'last', made]);
  });

  it('ends within limits where a chain doubles its object, and where one base becomes a thousand objects', async () => {
    const doubling: PackedObject[] = [{ type: 'blob', content: 'x'.repeat(1024) }];
    for (let size = 1024; size < 2 ** 40; size *= 2)
      doubling.push({ base: doubling.length - 1, delta: deltaOf(size, [0, size], [0, Math.min(size, 2 ** 31)]) });
    const chain = await unpack(packOf(doubling));
    assert.deepEqual(codesOf(chain), ['LIMIT_EXCEEDED!']);
    const sizeBytes = 4 * 1024 * 1024;
    const star: PackedObject[] = [{ type: 'blob', content: Buffer.alloc(sizeBytes) }];
    for (let index = 0; index < 1000; index++)
      star.push({ base: 0, delta: deltaOf(sizeBytes, `${index}`, [0, sizeBytes]) });
    const files = { fileBytes: 64 * 1024 * 1024 };
    const copies = await unpack(packOf(star), files);
    assert.deepEqual(codesOf(copies), ['LIMIT_EXCEEDED!']);
    assert.ok(objectsOf(copies).size < 20);
    // Nothing of trees is given out, but they cost as much.
    const trees = star.map((object): PackedObject => ('type' in object ? { ...object, type: 'tree' } : object));
    assert.deepEqual(codesOf(await unpack(packOf(trees), files)), ['LIMIT_EXCEEDED!']);
  });

  it('puts chains together however deep and wide they are', async () => {
    const objects: PackedObject[] = [{ type: 'blob', content: '0'.repeat(50) }];
    for (let index = 1; index < 3000; index++) {
      objects.push({ base: index - 1, delta: deltaOf(50, `${index}`.padEnd(50, '-')) });
    }
    const recording = await unpack(packOf(objects));
    assert.deepEqual([codesOf(recording), objectsOf(recording).size], [[], 3000]);
  });

  it('makes again what had to make room on the way down', async () => {
    // Three of 30 MiB with two children each do not fit into the bound together.
    const sizeBytes = 30 * 1024 * 1024;
    const objects: PackedObject[] = [{ type: 'blob', content: Buffer.alloc(sizeBytes, 'a') }];
    const leaves = ['leaf of 0', 'leaf of 1', 'leaf of 2', 'leaf of 3'];
    for (let level = 1; level <= 3; level++)
      objects.push({ base: level - 1, delta: deltaOf(sizeBytes, `${level}`, [1, sizeBytes - 1]) });
    for (const [level, leaf] of leaves.entries())
      objects.push({ base: level, delta: deltaOf(sizeBytes, leaf, [0, 1]) });
    const recording = await unpack(packOf(objects, { level: 1 }));
    assert.deepEqual(codesOf(recording), []);
    const found = contentsOf(recording).map((text) => text.slice(0, 11));
    for (const [level, leaf] of leaves.entries())
      assert.ok(found.includes(`${leaf}${level === 0 ? 'a' : level}`), leaf);
    assert.equal(found.length, 8);
  });

  it('streams large objects', async () => {
    const content = Buffer.alloc(9_000_000, 'large ');
    const recording = await unpack(
      packOf([
        { type: 'blob', content },
        { base: 0, delta: deltaOf(content.length, [0, 9]) },
      ]),
    );
    assert.deepEqual(codesOf(recording), []);
    assert.deepEqual([...objectsOf(recording).keys()], [idOf('blob', content), idOf('blob', content.subarray(0, 9))]);
  });

  it('gives what was there of a pack that is cut short anywhere', async () => {
    const pack = packOf([
      { type: 'blob', content: base },
      { base: 0, delta },
      { type: 'blob', content: 'last' },
    ]);
    for (let length = 13; length < pack.length - 20; length++) {
      const recording = await unpack(pack.subarray(0, length));
      assert.deepEqual(codesOf(recording), ['LAYER_CORRUPT'], `${length}`);
      const found = contentsOf(recording);
      assert.ok(found.length === 0 || base.startsWith(found[0]!), `${length}`);
    }
  });

  it('never loses an object in silence, whatever byte is wrong', async () => {
    const texts = [base, 'second', 'last'];
    const pack = packOf([...texts.map((content): PackedObject => ({ type: 'blob', content })), { base: 0, delta }]);
    const expected = [...texts, made].sort();
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 8, max: pack.length - 21 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const damaged = Buffer.from(pack);
          damaged[at]! ^= flip;
          const recording = await unpack(damaged);
          const found = contentsOf(recording).sort();
          if (JSON.stringify(found) !== JSON.stringify(expected)) assert.notDeepEqual(codesOf(recording), []);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('gives what only claims to be a tree, and one that is too large to be read, like any other content', async () => {
    const tree = Buffer.concat([Buffer.from('100644 name\0'), Buffer.alloc(20, 7)]);
    const large = Buffer.alloc(5_000_000, 'no tree at all ');
    const contents = [tree, Buffer.from('text'), Buffer.concat([tree, Buffer.from('more')]), large];
    const recording = await unpack(packOf(contents.map((content): PackedObject => ({ type: 'tree', content }))));
    assert.deepEqual(codesOf(recording), []);
    const found = contentsOf(recording);
    assert.deepEqual(
      found.map((content) => content.length),
      contents.slice(1).map((content) => content.length),
    );
  });

  it('says what lies behind the objects that a pack counts, and that there are fewer', async () => {
    const objects: PackedObject[] = [
      { type: 'blob', content: 'one' },
      { type: 'blob', content: 'two' },
    ];
    const more = await unpack(packOf(objects, { count: 1 }));
    assert.deepEqual([codesOf(more), contentsOf(more)], [['NOT_UNPACKED!'], ['one']]);
    const fewer = await unpack(packOf(objects, { count: 3 }));
    assert.deepEqual(contentsOf(fewer), ['one', 'two']);
    assert.notDeepEqual(codesOf(fewer), []);
    assert.deepEqual(codesOf(await unpack(packOf([]))), []);
  });

  it('looks into what the objects hold', async () => {
    const inner = tarOf({ 'a.txt': 'inside' });
    const recording = await unpack(packOf([{ type: 'blob', content: inner }]));
    assert.deepEqual(recording.entries[0]!.members.at(-1)!.content.toString(), 'inside');
  });

  it('takes no other content for git’s', async () => {
    for (const content of [
      Buffer.from('PACK my box with five dozen jugs'),
      Buffer.from('# v1 git bundle\n'),
      deflateSync('no object at all'),
      deflateSync('blob 12 without an end'),
      Buffer.from([0x78, 0x9c, 1, 2, 3, 4, 5, 6, 7, 8]),
    ]) {
      const recording = await unpack(content);
      assert.deepEqual([codesOf(recording), recording.entries[0]!.members.length], [[], 0]);
    }
  });
});

describe('GitLooseReader', () => {
  it('gives a large object in pieces, and any wherever it is cut', async () => {
    const content = Buffer.alloc(6_000_000, 'large ');
    assert.deepEqual([...objectsOf(await unpack(looseObject('blob', content))).keys()], [idOf('blob', content)]);
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 300 }), fc.integer({ min: 1, max: 40 }), async (text, size) => {
        const recording = await unpack(looseObject('blob', text), {}, [size]);
        assert.deepEqual([codesOf(recording), [...objectsOf(recording).keys()]], [[], [idOf('blob', text)]]);
      }),
      { numRuns: 40 },
    );
  });

  it('gives what was there of one that is cut short or damaged', async () => {
    const whole = looseObject('blob', randomBytes(9000));
    const cut = await unpack(whole.subarray(0, whole.length - 300));
    assert.deepEqual(codesOf(cut), ['LAYER_CORRUPT']);
    assert.ok(contentsOf(cut)[0]!.length > 100);
    assert.equal(cut.entries[0]!.members[0]!.object?.id, undefined);
    const behind = await unpack(Buffer.concat([whole, Buffer.from('more')]));
    assert.deepEqual([codesOf(behind), contentsOf(behind)[0]!.length], [['LAYER_CORRUPT'], 9000]);
  });

  it('gives all of one that is longer or shorter than it says, under no id', async () => {
    for (const claimed of [3, 100]) {
      const packed = deflateSync(`blob ${claimed}\0twelve bytes`);
      const recording = await unpack(packed);
      assert.deepEqual(contentsOf(recording), ['twelve bytes']);
      assert.equal(recording.entries[0]!.members[0]!.object?.id, undefined);
    }
  });
});
