/**
 * Runs a program and tells what it took: wall time, CPU of its whole process tree, most memory at a time. CPU is the kernel's
 * own account of children that were waited for (proc(5), `cutime`), which is what wait4(2) gives; memory is sampled. Linux alone
 * has both, and one run at a time is measured.
 */

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** A program to run. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What a run took. */
export interface Measured {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  /** Resident memory of all its processes together. */
  readonly peakBytes: number;
  readonly status: number | string;
  readonly stdout: string;
  /** The end of it, for when something is wrong. */
  readonly stderr: string;
}

/** The kernel's clock ticks, the same on every Linux that Node.js runs on. */
const ticksPerSecond = 100;
const sampleMs = 20;
const keptBytes = 64 * 1024 * 1024;

/** Runs a program to its end. */
export async function measure({ command, args, env = {} }: Command): Promise<Measured> {
  const cpuBefore = childTicks();
  const started = performance.now();
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...surroundings(), ...env },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (output.stdout.length < keptBytes) output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr = (output.stderr + text).slice(-2000);
  });
  let peakBytes = 0;
  const sample = (): void => {
    if (child.pid !== undefined) peakBytes = Math.max(peakBytes, residentBytes(child.pid));
  };
  const sampling = setInterval(sample, sampleMs);
  try {
    const status = await new Promise<number | string>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
    const wallSeconds = (performance.now() - started) / 1000;
    return { wallSeconds, cpuSeconds: (childTicks() - cpuBefore) / ticksPerSecond, peakBytes, status, ...output };
  } finally {
    clearInterval(sampling);
  }
}

/** The machine's settings for scanners are none of the measurement's. */
function surroundings(): NodeJS.ProcessEnv {
  const foreign = /^(?:WHICHLAYER|KINGFISHER|BETTERLEAKS|GITLEAKS|TRIVY|TRUFFLEHOG|KF)_|^XDG_|^NODE_OPTIONS$/;
  const entries = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return { ...Object.fromEntries(entries), PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` };
}

/** CPU of all children that have ended. */
function childTicks(): number {
  const fields = statOf('self');
  return Number(fields[13]) + Number(fields[14]);
}

/** What follows a process's name: the name itself may hold anything. */
function statOf(pid: string): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** A process by itself is asked for its own peak; of several, what they hold now is summed. */
function residentBytes(pid: number): number {
  const all = [pid, ...descendants(pid)];
  const sum = all.reduce((total, each) => total + statusBytes(each, 'VmRSS'), 0);
  return Math.max(sum, statusBytes(pid, 'VmHWM'));
}

function descendants(pid: number): number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
    );
    return children.flatMap((child) => [child, ...descendants(child)]);
  } catch {
    return [];
  }
}

function statusBytes(pid: number, field: string): number {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
  } catch {
    // It has ended meanwhile.
    return 0;
  }
}
