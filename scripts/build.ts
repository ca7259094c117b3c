/** Builds dist/: the TypeScript, the automaton's WebAssembly, the compiled rules. */

import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(command: string, ...args: string[]): void {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

rmSync(`${root}dist`, { recursive: true, force: true });
run('tsc', '-p', '.');
run(process.execPath, 'scripts/build-automaton.ts');
run(process.execPath, 'scripts/compile-rules.ts');
chmodSync(`${root}dist/src/cli/main.js`, 0o755);
