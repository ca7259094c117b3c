/** What figures are worth nothing without: the machine, how busy it was, the versions, the day. */

import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, type as systemName, totalmem } from 'node:os';
import { whichlayerCommand } from './program.ts';

/** Says it in Markdown. */
export function describeMachine(): string {
  const [cpu] = cpus();
  const { command, args } = whichlayerCommand(['--version']);
  return [
    `- ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC; load average at the beginning ${describeLoad()}`,
    `- ${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${systemName()} ${release()}`,
    `- ${said(command, args)}${revision()}; Node.js ${process.version}; ${said('gzip', ['--version'])}`,
  ].join('\n');
}

/** The load average of the last one, five and fifteen minutes. */
export function describeLoad(): string {
  return loadavg()
    .map((load) => load.toFixed(2))
    .join(' ');
}

function revision(): string {
  const commit = said('git', ['rev-parse', '--short', 'HEAD']);
  if (commit === '') return '';
  return said('git', ['status', '--porcelain', '--untracked-files=no']) === ''
    ? ` (${commit})`
    : ` (${commit}, changed)`;
}

/** The first line of what a program says; empty where there is no such program. */
function said(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0] ?? '';
  } catch {
    return '';
  }
}
