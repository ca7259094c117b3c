/**
 * Temporary folders for real daemons: paths short enough for sockets, and removal that first unmounts
 * what a daemon left mounted below, deepest first, so that a removal never reaches into a mounted file system.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A socket's path holds 107 bytes; the longest below a workspace is `exec/containerd/containerd-debug.sock`. */
const longestRoot = 60;

/** A new temporary folder with a short path. */
export function createWorkspace(name: string): string {
  const base = tmpdir().length + name.length + 12 <= longestRoot ? tmpdir() : '/tmp';
  return realpathSync(mkdtempSync(join(base, `wl-${name}-`)));
}

/** Mount points below a folder, deepest first. */
function mountsBelow(folder: string): readonly string[] {
  const table = '/proc/self/mounts';
  if (!existsSync(table)) return [];
  return readFileSync(table, 'utf8')
    .split('\n')
    .map((line) =>
      (line.split(' ')[1] ?? '').replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))),
    )
    .filter((path) => path === folder || path.startsWith(`${folder}/`))
    .reverse()
    .sort((a, b) => b.split('/').length - a.split('/').length);
}

/** Unmounts what is left below a workspace and removes it. */
export function removeWorkspace(folder: string): void {
  for (const path of mountsBelow(folder)) {
    try {
      execFileSync('umount', [path], { stdio: 'ignore' });
    } catch {
      execFileSync('umount', ['--lazy', path], { stdio: 'ignore' });
    }
  }
  if (mountsBelow(folder).length > 0) throw new Error(`still mounted below ${folder}: not removed`);
  rmSync(folder, { recursive: true, force: true });
}
