/** Repositories made by git itself, of no one's configuration and with clocks that stand still. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tool } from './tool.ts';

/** One repository in a folder of its own. */
export class GitRepository {
  readonly folder: string;
  #commits = 0;
  #isStopped = false;

  constructor(folder: string, ...options: readonly string[]) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    this.run('init', '-q', '-b', 'main', ...options, '.');
  }

  /** Runs git; the output's text. */
  run(...args: readonly string[]): string {
    return this.bytes(...args)
      .toString('utf8')
      .trim();
  }

  /** Runs git; the output as it is. */
  bytes(...args: readonly string[]): Buffer {
    const date = `${1_700_000_000 + this.#commits * 86_400} +0100`;
    return execFileSync(tool('git'), args, {
      cwd: this.folder,
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: this.folder,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_AUTHOR_NAME: 'A. Author',
        GIT_AUTHOR_EMAIL: 'author@test.invalid',
        GIT_COMMITTER_NAME: 'C. Committer',
        GIT_COMMITTER_EMAIL: 'committer@test.invalid',
        GIT_AUTHOR_DATE: date,
        GIT_COMMITTER_DATE: date,
      },
    });
  }

  /** Writes and removes files and commits that, a day after the last commit. @returns the commit's id */
  commit(files: Readonly<Record<string, string | Uint8Array | undefined>>, message = 'A commit'): string {
    this.write(files);
    this.run('add', '-A');
    this.run('commit', '-q', '--allow-empty', '-m', message);
    if (!this.#isStopped) this.#commits++;
    return this.run('rev-parse', 'HEAD');
  }

  /** Writes and removes files. */
  write(files: Readonly<Record<string, string | Uint8Array | undefined>>): void {
    for (const [name, content] of Object.entries(files)) {
      const path = join(this.folder, name);
      if (content === undefined) rmSync(path);
      else {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, content);
      }
    }
  }

  /** All commits from now on are of one second. */
  stopClock(): void {
    this.#isStopped = true;
  }

  /** Everything in a folder of it, by path below the repository's. */
  files(below = '.git'): Record<string, Buffer> {
    const found = readdirSync(join(this.folder, below), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.folder.length + 1))
      .sort();
    return Object.fromEntries(found.map((path) => [path, readFileSync(join(this.folder, path))]));
  }

  /** All objects but trees, by id. */
  objects(): Map<string, string> {
    const found = new Map<string, string>();
    const listed = this.bytes('cat-file', '--batch-all-objects', '--batch');
    for (let at = 0; at < listed.length; ) {
      const lineEnd = listed.indexOf('\n', at);
      const [id, type, size] = listed.toString('latin1', at, lineEnd).split(' ') as [string, string, string];
      if (type !== 'tree') found.set(id, listed.toString('latin1', lineEnd + 1, lineEnd + 1 + Number(size)));
      at = lineEnd + 2 + Number(size);
    }
    return found;
  }
}
