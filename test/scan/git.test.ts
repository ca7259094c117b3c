/** Secrets in git's history: each told once a repository, where it first was, wherever a boundary cuts it. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import { compileMatcher } from '../../src/detect/compiled-rules.ts';
import type { ContentMatches, LayerScan } from '../../src/scan/layer-scan.ts';
import { scanBlob } from '../../src/scan/scan-blob.ts';
import { detector, randomText, ruleSet } from '../detect/rules.ts';
import { inChunks } from '../layer/record-layer.ts';
import { deltaOf, idOf, looseObject, packOf } from '../support/git-bytes.ts';
import { type Files, tarOf } from '../support/packed-bytes.ts';
import { GitRepository } from '../support/real/git-repository.ts';
import { requireTools } from '../support/real/tool.ts';
import { createWorkspace, removeWorkspace } from '../support/real/workspace.ts';

const rules = compileMatcher(
  ruleSet(detector({ id: 'acme-key', anchors: ['acme_'], at: 'token', pattern: '(acme_[A-Za-z0-9]{24})' })),
);
const kit = { rules, automaton: undefined, seed: 1 };
const secret = `acme_${randomText(3, 24)}`;
const other = `acme_${randomText(4, 24)}`;

const scan = (files: Files, sizes?: readonly number[]): Promise<LayerScan> =>
  scanBlob(inChunks(tarOf(files), sizes), kit, {});

const ofSecret = (scanned: LayerScan, wanted = secret): ContentMatches[] =>
  scanned.contents.filter(({ matches }) => matches.some((match) => match.secret === wanted));

/** The only place of the secret in history. */
function onlyPlace(scanned: LayerScan, wanted = secret): ContentMatches & Required<Pick<ContentMatches, 'git'>> {
  assert.deepEqual(scanned.diagnostics, []);
  const [place, ...more] = ofSecret(scanned, wanted).filter(({ git }) => git !== undefined);
  assert.ok(place?.git !== undefined && more.length === 0, JSON.stringify(ofSecret(scanned, wanted)));
  return { ...place, git: place.git };
}

describe('a secret in git history', function () {
  this.timeout(60_000);
  let folder = '';
  let repositories = 0;

  before(function () {
    requireTools(this, 'git');
    folder = createWorkspace('git-scan');
  });
  after(() => {
    if (folder !== '') removeWorkspace(folder);
  });

  const create = (...options: readonly string[]): GitRepository =>
    new GitRepository(join(folder, `r${repositories++}`), ...options);

  /** A dozen commits; the second brings the secret, the third takes it away. */
  function leaky(...options: readonly string[]): { repository: GitRepository; leak: string } {
    const repository = create(...options);
    const text = (index: number): string => Array.from({ length: 300 + index }, (_, line) => `${line}`).join('\n');
    repository.commit({ 'config/app.env': 'PORT=1', 'big.txt': text(0) });
    const leak = repository.commit({ 'config/app.env': `PORT=1\nKEY=${secret}\n`, 'big.txt': text(1) });
    repository.commit({ 'config/app.env': 'PORT=2' });
    for (let index = 3; index < 12; index++) repository.commit({ 'big.txt': text(index) });
    return { repository, leak };
  }

  const states: Readonly<Record<string, readonly (readonly string[])[]>> = {
    loose: [],
    packed: [['gc', '-q']],
    'packed with its refs': [
      ['gc', '-q'],
      ['pack-refs', '--all'],
      ['checkout', '-q', '--detach'],
    ],
    'packed in parts': [
      ['gc', '-q'],
      ['commit', '-q', '--allow-empty', '-m', 'later'],
      ['repack', '-q'],
    ],
  };
  for (const [state, commands] of Object.entries(states)) {
    for (const format of ['sha1', 'sha256']) {
      it(`is told with commit, path and date ten commits after it was removed, ${state}, ${format}`, async () => {
        const { repository, leak } = leaky(`--object-format=${format}`);
        for (const command of commands) repository.run(...command);
        const { git, nested, path, matches } = onlyPlace(await scan(repository.files()));
        assert.match(path, /^\.git\/objects\//);
        assert.deepEqual(nested, [`config/app.env@${leak.slice(0, 12)}`]);
        assert.deepEqual([matches[0]!.line, matches[0]!.start], [2, 11]);
        assert.deepEqual(git, {
          type: 'blob',
          object: repository.run('rev-parse', `${leak}:config/app.env`),
          commit: leak,
          authorDate: '2023-11-15T22:13:20Z',
          path: 'config/app.env',
          inHead: false,
        });
      });
    }
  }

  it('is told once however many versions have it, where it was first, and that it is checked out still', async () => {
    const repository = create();
    repository.commit({ 'a.txt': 'nothing' });
    const first = repository.commit({ 'old/name.env': `${secret}\n` });
    for (let index = 0; index < 5; index++)
      repository.commit({ 'old/name.env': `${'#\n'.repeat(index)}${secret}\n${index}` });
    repository.commit({ 'old/name.env': undefined, 'new.env': `KEY=${secret}`, 'other.env': other });
    repository.run('gc', '-q');
    const scanned = await scan(repository.files());
    const { git } = onlyPlace(scanned);
    assert.deepEqual([git.commit, git.path, git.inHead], [first, 'old/name.env', true]);
    assert.equal(onlyPlace(scanned, other).git.path, 'other.env');
  });

  it('is told as its plain file as well, which can go without its history', async () => {
    const repository = create();
    repository.commit({ 'app.env': secret });
    const places = ofSecret(await scan({ 'app.env': secret, ...repository.files() }));
    assert.deepEqual(
      places.map(({ path, git }) => [path.replace(/objects.*/, ''), git?.path, git?.inHead]),
      [
        ['app.env', undefined, undefined],
        ['.git/', 'app.env', true],
      ],
    );
  });

  it('is told by the order of commits where their clocks are equal', async () => {
    const repository = create();
    const files = ['one', 'two', 'three', 'four', 'five', 'six'];
    repository.stopClock();
    const commits = files.map((name) => repository.commit({ [`${name}.env`]: `${name} ${secret}` }));
    const { git } = onlyPlace(await scan(repository.files()));
    assert.deepEqual([git.commit, git.path], [commits[0], 'one.env']);
  });

  it('is told as unreachable where no ref leads to it, and as reachable from a stash or another branch', async () => {
    const repository = create();
    repository.commit({ 'a.txt': 'a' });
    const lost = repository.commit({ 'lost.env': secret });
    repository.run('reset', '-q', '--hard', 'HEAD~1');
    const unreachable = onlyPlace(await scan(repository.files()));
    assert.deepEqual(
      [unreachable.git.commit, unreachable.git.unreachable, unreachable.git.inHead],
      [lost, true, false],
    );
    repository.run('branch', 'side', lost);
    assert.equal(onlyPlace(await scan(repository.files())).git.unreachable, undefined);
    repository.write({ 'a.txt': other });
    repository.run('stash');
    assert.equal(onlyPlace(await scan(repository.files()), other).git.unreachable, undefined);
    // Added, and never committed.
    const third = `acme_${randomText(9, 24)}`;
    repository.write({ 'staged.env': third });
    repository.run('add', '-A');
    const staged = onlyPlace(await scan(repository.files()), third);
    assert.deepEqual(
      [staged.nested, staged.git.commit, staged.git.unreachable],
      [[`blob ${idOf('blob', third).slice(0, 12)}`], undefined, true],
    );
  });

  it('is told of messages of commits and tags', async () => {
    const repository = create();
    const commit = repository.commit({ a: 'a' }, `Use ${secret}`);
    repository.run('tag', '-a', '-m', `Release with ${other}`, 'v1');
    const scanned = await scan(repository.files());
    assert.deepEqual(onlyPlace(scanned).nested, [`commit ${commit.slice(0, 12)}`]);
    const { git } = onlyPlace(scanned, other);
    assert.deepEqual([git.type, git.commit, git.unreachable], ['tag', commit, undefined]);
  });

  it('is told of a shallow clone, a bare one, a submodule’s and one in an archive', async () => {
    const { repository } = leaky();
    const files = repository.files();
    const moved = (to: string): Files =>
      Object.fromEntries(Object.entries(files).map(([path, content]) => [path.replace(/^\.git\//, to), content]));
    for (const to of ['srv/app.git/', 'x/.git/modules/lib/', ''])
      assert.equal(onlyPlace(await scan(moved(to))).git.inHead, false, to);
    const inArchive = onlyPlace(await scan({ 'backup.tar': tarOf(files) }));
    assert.deepEqual([inArchive.path, inArchive.nested.length, inArchive.git.inHead], ['backup.tar', 2, false]);
    assert.equal(inArchive.git.path, 'config/app.env');
    const source = create();
    source.commit({ 'a.env': secret });
    const tip = source.commit({ 'b.txt': 'b' });
    const clone = create();
    clone.run('fetch', '-q', '--depth=1', `file://${source.folder}`, 'main:kept');
    const { git } = onlyPlace(await scan(clone.files()));
    assert.deepEqual([git.commit, git.path], [tip, 'a.env']);
  });

  it('is told whether there is a multi-pack-index or none, and whatever is in it', async () => {
    const { repository, leak } = leaky();
    repository.run('repack', '-q');
    repository.commit({ later: 'x' });
    repository.run('repack', '-q');
    repository.run('multi-pack-index', 'write', '--bitmap');
    const files = repository.files();
    const index = '.git/objects/pack/multi-pack-index';
    assert.ok(files[index] !== undefined);
    for (const content of [files[index], Buffer.alloc(5000, 'MIDX\x01')])
      assert.equal(onlyPlace(await scan({ ...files, [index]: content })).git.commit, leak);
  });

  it('is told of objects that another repository lends, and that there are such', async () => {
    const { repository, leak } = leaky();
    const borrower = create();
    borrower.run('fetch', '-q', `file://${repository.folder}`, 'main');
    const lent = Object.entries(repository.files()).map(([path, content]) => [`lender/${path}`, content] as const);
    const borrowed = Object.entries(borrower.files()).filter(([path]) => !path.includes('/objects/'));
    const scanned = await scan({
      ...Object.fromEntries(lent),
      ...Object.fromEntries(borrowed.map(([path, content]) => [`app/${path}`, content])),
      'app/.git/objects/info/alternates': '/lender/.git/objects\n',
    });
    const found = ofSecret(scanned).filter(({ git }) => git !== undefined);
    assert.deepEqual(
      found.map(({ path, git }) => [path.startsWith('lender/'), git?.commit]),
      [[true, leak]],
    );
    assert.deepEqual(
      scanned.diagnostics.map(({ code, subject, effect }) => [code, subject, effect]),
      [['NOT_UNPACKED', 'app/.git', 'notice']],
    );
  });

  it('is told of a partial clone, which says that it is one', async () => {
    const { repository, leak } = leaky();
    repository.run('config', 'uploadpack.allowFilter', 'true');
    const clone = create();
    clone.run('remote', 'add', 'origin', `file://${repository.folder}`);
    clone.run('fetch', '-q', '--filter=blob:limit=1k', 'origin', 'main');
    const scanned = await scan(clone.files());
    const [found] = ofSecret(scanned).filter(({ git }) => git !== undefined);
    assert.equal(found?.git?.commit, leak);
    assert.deepEqual(
      scanned.diagnostics.map(({ code, subject, effect }) => [code, subject, effect]),
      [['NOT_UNPACKED', '.git', 'notice']],
    );
  });

  it('is told as reachable from another worktree', async () => {
    const { repository, leak } = leaky();
    repository.run('worktree', 'add', '-q', '--detach', join(folder, `worktree${repositories}`), leak);
    repository.run('config', 'extensions.worktreeConfig', 'true');
    repository.run('config', '--worktree', 'user.name', 'Somebody');
    repository.run('checkout', '-q', '--orphan', 'fresh');
    repository.run('commit', '-q', '-m', 'fresh');
    repository.run('branch', '-q', '-D', 'main');
    const { git } = onlyPlace(await scan(repository.files()));
    assert.deepEqual([git.commit, git.unreachable, git.inHead], [leak, undefined, false]);
  });

  it('is told of what is packed in a file of it', async () => {
    const repository = create();
    const commit = repository.commit({ 'lib.tar': tarOf({ 'inner/key.txt': secret }) });
    const { nested, git } = onlyPlace(await scan(repository.files()));
    assert.deepEqual(nested, [`lib.tar@${commit.slice(0, 12)}`, 'inner/key.txt']);
    assert.equal(git.path, 'lib.tar');
  });
});

describe('a secret in an object of git', () => {
  it('is found wherever chunks, copies and own bytes of a delta cut it', async () => {
    const base = 'filler of the base\n'.repeat(30);
    for (let cut = 0; cut <= secret.length; cut++) {
      // The first part is copied from the base, the rest is the delta's own; and the other way round.
      const head = `${base}\n${secret.slice(0, cut)}`;
      const tail = `${secret.slice(cut)}\n${base}`;
      for (const delta of [
        { of: head, by: deltaOf(head.length, [0, head.length], `${secret.slice(cut)}\n`) },
        { of: tail, by: deltaOf(tail.length, `x\n${secret.slice(0, cut)}`, [0, tail.length]) },
      ]) {
        const pack = packOf([
          { type: 'blob', content: delta.of },
          { base: 0, delta: delta.by },
        ]);
        const scanned = await scan({ '.git/objects/pack/x.pack': pack }, [1 + (cut % 9)]);
        assert.equal(ofSecret(scanned).length, 1, `${cut}`);
      }
    }
  });

  it('is found wherever chunks cut the pack or the loose object', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 3000 }),
        fc.integer({ min: 0, max: 6 }),
        fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 3 }),
        async (before, level, sizes) => {
          const content = `${'.'.repeat(before)}\n${secret}\n`;
          const pack = packOf(
            [
              { type: 'blob', content: 'x' },
              { type: 'blob', content },
            ],
            { level },
          );
          for (const file of [pack, looseObject('blob', content)]) {
            const scanned = await scan({ file }, sizes);
            assert.deepEqual(
              ofSecret(scanned).map(({ matches }) => matches[0]!.start),
              [before + 1],
            );
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps its name where nothing is known of its history', async () => {
    const scanned = await scan({ 'some/file': packOf([{ type: 'blob', content: secret }]) });
    const { nested, git } = onlyPlace(scanned);
    assert.deepEqual(
      [nested, git],
      [[`blob ${git.object!.slice(0, 12)}`], { type: 'blob', object: idOf('blob', secret) }],
    );
  });
});
