/** Git repositories as `COPY . .` takes them along, made by git itself: each hides its token in another part of `.git`. */

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { GitRepository } from '../real/git-repository.ts';
import type { TarEntry } from '../tar-writer.ts';
import type { Group, Place, Whereabouts } from './place.ts';
import { type DepthToken, settings } from './token.ts';

const below = 'src';

type Told = Omit<Whereabouts, 'kind' | 'path'> & { readonly path: string };

const lines = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, index) => `line ${from + index} ${(index * 7919) % 104_729}\n`).join('');
const short = (commit: string): string => commit.slice(0, 12);

/** An object of git: told at the file of git's that keeps it. */
function inObject(repository: GitRepository, revision: string, nested: string): Told {
  const id = repository.run('rev-parse', revision);
  const names = Object.keys(repository.files('.git/objects'));
  const path = names.find((name) => name.endsWith(`${id.slice(0, 2)}/${id.slice(2)}`) || name.endsWith('.pack'));
  return { path: path!, nested: [nested] };
}

/** A file of a commit. */
function inCommit(repository: GitRepository, commit: string, path = 'config/prod.env'): Told {
  return { ...inObject(repository, `${commit}:${path}`, `${path}@${short(commit)}`), commit };
}

function forget(repository: GitRepository, part: string): void {
  rmSync(join(repository.folder, '.git', part), { recursive: true });
}

/** Repositories in folders below `root`, which are made when their places grow. */
export function repositories(root: string): Group {
  const place = (
    name: string,
    folder: string,
    plant: (repository: GitRepository, token: DepthToken) => Told,
  ): Place => ({
    name,
    grow: (tokens) => {
      const token = tokens.next();
      const repository = new GitRepository(join(root, folder));
      const { path, ...where } = plant(repository, token);
      const files = Object.entries(repository.files()).map(([file, content]) => [`${folder}/${file}`, content]);
      // Git knows a repository by folders that may be empty.
      const entries = ['objects', 'refs'].map(
        (name): TarEntry => ({ path: `${below}/${folder}/.git/${name}/`, type: 'directory' }),
      );
      return {
        token,
        files: Object.fromEntries(files),
        entries,
        where: { kind: 'file', path: `${folder}/${path}`, ...where },
      };
    },
  });
  const leak = (repository: GitRepository, token: DepthToken, more: Readonly<Record<string, string>> = {}): string =>
    repository.commit({ 'config/prod.env': settings(token), 'README.md': 'Read me.\n', ...more });
  const remove = (repository: GitRepository): string => repository.commit({ 'config/prod.env': '# settings\n' });

  return {
    title: 'git repositories',
    folder: below,
    places: [
      place('loose object, removed from HEAD', 'loose', (repository, token) => {
        const commit = leak(repository, token);
        remove(repository);
        return inCommit(repository, commit);
      }),
      place('pack, deleted ten commits ago', 'packed', (repository, token) => {
        const commit = leak(repository, token);
        for (let index = 0; index < 10; index++) repository.commit({ 'config/prod.env': `# settings ${index}\n` });
        repository.run('gc', '-q');
        return inCommit(repository, commit);
      }),
      place('pack, in a delta', 'delta', (repository, token) => {
        const text = lines(400);
        const commit = repository.commit({ 'config/all.env': `${text}${settings(token)}${lines(100, 400)}` });
        const blob = repository.run('rev-parse', 'HEAD:config/all.env');
        for (let index = 1; index < 6; index++) {
          repository.commit({ 'config/all.env': text + lines(100 + 100 * index, 400) });
        }
        repository.run('repack', '-adfq');
        // The last two columns of a delta are the length of its chain and its base.
        const [index] = Object.keys(repository.files()).filter((file) => file.endsWith('.idx'));
        const listed = repository.run('verify-pack', '-v', index!).split('\n');
        if (listed.find((line) => line.startsWith(blob))?.split(/\s+/).length !== 7) throw new Error('it is no delta');
        return inCommit(repository, commit, 'config/all.env');
      }),
      place('commit message', 'message', (repository, token) => {
        repository.commit({ 'README.md': 'Read me.\n' });
        const commit = repository.commit({ 'README.md': 'Read this.\n' }, `Deploy with ${token.secret}`);
        // Both repeat it, and are places of their own.
        for (const part of ['COMMIT_EDITMSG', 'logs']) forget(repository, part);
        return { ...inObject(repository, commit, `commit ${short(commit)}`), commit };
      }),
      place('message of a tag', 'tag', (repository, token) => {
        repository.commit({ 'README.md': 'Read me.\n' });
        repository.run('tag', '-a', '-m', `Released with ${token.secret}`, 'v1');
        const id = repository.run('rev-parse', 'v1');
        return inObject(repository, id, `tag ${short(id)}`);
      }),
      place('commit that no branch leads to', 'amended', (repository, token) => {
        const commit = leak(repository, token);
        repository.run('rm', '-q', '--cached', 'config/prod.env');
        repository.run('commit', '-q', '--amend', '-m', 'Start');
        return inCommit(repository, commit);
      }),
      place('reflog', 'reflog', (repository, token) => {
        repository.commit({ 'README.md': 'Read me.\n' });
        repository.run('update-ref', '--create-reflog', '-m', `fetch with ${token.secret}`, 'refs/heads/x', 'HEAD');
        return { path: '.git/logs/refs/heads/x' };
      }),
      place('name of a tag in packed-refs', 'refs', (repository, token) => {
        repository.commit({ 'README.md': 'Read me.\n' });
        repository.run('tag', `deploy-${token.secret}`);
        repository.run('pack-refs', '--all');
        return { path: '.git/packed-refs' };
      }),
      place('remote with credentials', 'remote', (repository, token) => {
        repository.commit({ 'README.md': 'Read me.\n' });
        repository.run('remote', 'add', 'origin', `https://deploy:${token.secret}@git.acme-widgets.com/team/app.git`);
        return { path: '.git/config' };
      }),
      {
        name: 'bundle',
        grow: (tokens) => {
          const token = tokens.next();
          const repository = new GitRepository(join(root, 'bundle'));
          const commit = leak(repository, token);
          remove(repository);
          repository.run('bundle', 'create', '-q', 'app.bundle', '--all');
          const files = { 'app.bundle': readFileSync(join(repository.folder, 'app.bundle')) };
          const where = { path: 'app.bundle', nested: [`config/prod.env@${short(commit)}`], commit };
          return { token, files, where: { kind: 'file', ...where } };
        },
      },
    ],
  };
}
