/** An image built by `COPY . .` of a repository, from the command line: what its history and its settings leak. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { Finding } from '../../src/scan/finding.ts';
import { buildImage } from '../support/build-image.ts';
import { onlyImage, scanJson, whichlayer } from '../support/plant/cli.ts';
import { Random } from '../support/plant/random.ts';
import { secretKinds } from '../support/plant/secret-kind.ts';
import { GitRepository } from '../support/real/git-repository.ts';
import { requireTools } from '../support/real/tool.ts';
import { createWorkspace, removeWorkspace } from '../support/real/workspace.ts';

describe('an image of a repository', function () {
  this.timeout(60_000);
  const made = (id: string, seed: number): string =>
    secretKinds.find((kind) => kind.id === id)!.make(new Random(seed)).secret;
  const removed = made('github', 11);
  const inMessage = made('gitlab', 12);
  const password = `Pw${Math.random().toString(36).slice(2)}X9`;
  let folder = '';
  let leak = '';
  let path = '';

  before(function () {
    requireTools(this, 'git');
    folder = createWorkspace('git-image');
    const repository = new GitRepository(join(folder, 'repository'));
    leak = commitLeak(repository);
    repository.commit({ 'big.txt': 'line\n'.repeat(501) }, `Rotate ${inMessage}`);
    repository.commit({ 'config/prod.env': '# settings\n' });
    for (let index = 0; index < 9; index++) repository.commit({ 'big.txt': 'line\n'.repeat(502 + index) });
    repository.run('remote', 'add', 'origin', `https://deploy:${password}@git.acme-widgets.com/team/app.git`);
    repository.run('gc', '-q');
    path = imageOf('image', repository);
  });
  after(() => {
    if (folder !== '') removeWorkspace(folder);
  });

  function commitLeak(repository: GitRepository): string {
    return repository.commit({
      'config/prod.env': `# settings\nGITHUB_TOKEN=${removed}\n`,
      'big.txt': 'line\n'.repeat(500),
    });
  }

  function imageOf(name: string, repository: GitRepository): string {
    const file = join(folder, `${name}.tar`);
    const files = Object.entries({ ...repository.files(), ...repository.files('config') });
    const inApp = Object.fromEntries(files.map(([path, content]) => [`app/${path}`, content]));
    const layers = [{ files: { 'etc/x': 'x' } }, { files: inApp, createdBy: 'COPY . /app' }];
    writeFileSync(file, buildImage({ layers, tags: ['app:1'] }));
    return file;
  }

  const findingsOf = (findings: readonly Finding[], secret: string): Finding[] =>
    findings.filter((finding) => finding.secret.value?.includes(secret));

  it('leaks what was removed, with its commit, and what messages and remotes hold', async () => {
    const image = onlyImage(await scanJson([path]));
    assert.equal(image.coverage.complete, true);
    const [finding, ...more] = findingsOf(image.findings, removed);
    assert.deepEqual(more, []);
    const { git, nested, line } = finding!.location;
    assert.deepEqual([nested, line], [[`config/prod.env@${leak.slice(0, 12)}`], 2]);
    assert.deepEqual([git?.commit, git?.path, git?.inHead], [leak, 'config/prod.env', false]);
    assert.deepEqual([finding!.exposure, finding!.layer?.index], ['live', 1]);
    assert.ok(findingsOf(image.findings, inMessage).some(({ location }) => location.git?.type === 'commit'));
    assert.ok(findingsOf(image.findings, password).some(({ location }) => location.path === 'app/.git/config'));
  });

  it('leaks what a later layer deletes with the repository, as deleted', async () => {
    const repository = new GitRepository(join(folder, 'deleted'));
    const commit = commitLeak(repository);
    repository.commit({ 'config/prod.env': '# settings\n' });
    const inApp = Object.entries(repository.files()).map(([path, content]) => [`app/${path}`, content] as const);
    const layers = [
      { files: Object.fromEntries(inApp), createdBy: 'COPY . /app' },
      { files: { 'app/.wh..git': '' }, createdBy: 'RUN rm -r /app/.git' },
    ];
    const file = join(folder, 'deleted.tar');
    writeFileSync(file, buildImage({ layers, tags: ['app:2'] }));
    const [finding, ...more] = findingsOf(onlyImage(await scanJson([file])).findings, removed);
    assert.deepEqual(more, []);
    assert.deepEqual([finding!.location.git?.commit, finding!.exposure, finding!.layer?.index], [commit, 'deleted', 0]);
    assert.equal(finding!.removedBy?.layer, 1);
  });

  it('leaks what stands in names: of files that are gone, of branches and tags, in notes, reflogs and submodules', async () => {
    const repository = new GitRepository(join(folder, 'names'));
    repository.commit({ 'config/a': 'a' });
    const places: Readonly<Record<string, (secret: string) => void>> = {
      'a file that is gone': (secret) => {
        repository.commit({ [`old/${secret}.txt`]: 'x', kept: 'y' });
        repository.commit({ [`old/${secret}.txt`]: undefined });
      },
      'a folder that is gone': (secret) => {
        repository.commit({ [`${secret}/x.txt`]: 'x' });
        repository.commit({ [`${secret}/x.txt`]: undefined });
      },
      'a branch': (secret) => repository.run('branch', `feature/${secret}`),
      'a tag': (secret) => repository.run('tag', secret),
      'a message': (secret) => repository.commit({}, `Use ${secret}`),
      'an author': (secret) =>
        repository.run('commit', '-q', '--allow-empty', '--author', `A <${secret}@x.test>`, '-m', 'x'),
      'an annotated tag': (secret) => repository.run('tag', '-a', '-m', `Release with ${secret}`, 'v1'),
      'a note': (secret) => repository.run('notes', 'add', '-m', `token ${secret}`),
      'a stash': (secret) => {
        repository.write({ kept: `TOKEN=${secret}` });
        repository.run('stash');
      },
      'a reflog': (secret) => {
        repository.commit({ kept: 'z' }, `Undo ${secret}`);
        repository.run('reset', '-q', '--hard', 'HEAD~1');
      },
      'a submodule': (secret) =>
        repository.commit({
          '.gitmodules': `[submodule "a"]\n\tpath = a\n\turl = https://oauth2:${secret}@git.acme-widgets.com/a.git\n`,
        }),
      'a setting': (secret) => repository.run('config', 'http.extraheader', `Authorization: Bearer ${secret}`),
    };
    const secrets = Object.keys(places).map((_, index) => made('github', 100 + index));
    for (const [index, leak] of Object.values(places).entries()) leak(secrets[index]!);
    for (const state of ['loose', 'packed']) {
      if (state === 'packed')
        repository.run('-c', 'gc.reflogExpire=never', '-c', 'gc.reflogExpireUnreachable=never', 'gc', '-q');
      const image = onlyImage(await scanJson([imageOf(`names-${state}`, repository)]));
      const lost = Object.keys(places).filter((_, index) => findingsOf(image.findings, secrets[index]!).length === 0);
      assert.deepEqual([state, lost, image.coverage.complete], [state, [], true]);
    }
  });

  it('shows a person the commit and not git’s own files', async () => {
    const { stdout, code } = await whichlayer(['scan', path], { env: { COLUMNS: '200' } });
    assert.equal(code, 1);
    assert.ok(stdout.includes(`app/.git › config/prod.env@${leak.slice(0, 12)}:2 (2023-11-14,`), stdout);
    assert.match(stdout, /gone from HEAD/);
  });

  for (const format of ['sha1', 'sha256']) {
    for (const state of ['loose', 'packed']) {
      it(`is proved by one command that git answers, ${state}, ${format}`, async () => {
        const repository = new GitRepository(join(folder, `${state}-${format}`), `--object-format=${format}`);
        commitLeak(repository);
        repository.commit({ 'config/prod.env': '# settings\n' });
        if (state === 'packed') repository.run('gc', '-q');
        const image = onlyImage(await scanJson([imageOf(`${state}-${format}`, repository)]));
        const { proof } = findingsOf(image.findings, removed)[0]!;
        const output = execFileSync('sh', ['-c', proof!], {
          encoding: 'utf8',
          env: { ...process.env, TMPDIR: folder },
        });
        assert.equal(output, `GITHUB_TOKEN=${removed}\n`);
      });
    }
  }
});
