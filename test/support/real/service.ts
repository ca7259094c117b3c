/**
 * Starts a server process of the tests, waits until it answers, and stops it by its pid. Whatever is still
 * running when this process ends is stopped then, synchronously: a failing test leaves no daemon behind.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { removeWorkspace } from './workspace.ts';

/** How long a server may take to answer first, and to end when told to. */
const startLimitMs = 30_000;
const stopLimitMs = 15_000;
const setpriv = '/usr/bin/setpriv';

/** A running server in its own folder. */
export interface Service {
  readonly pid: number;
  readonly workspace: string;
  /** Ends the process and removes its folder; may be called again. */
  stop(): void;
}

/** What to run, and how to tell that it is ready. */
export interface ServiceSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly workspace: string;
  /** True once the server answers. */
  readonly ready: () => Promise<boolean>;
}

const running = new Set<Service>();
process.on('exit', () => {
  for (const service of running) {
    try {
      service.stop();
    } catch (error) {
      console.error(error);
    }
  }
});

/** Starts a server and resolves once it is ready; throws with the end of its log where it isn't in time. */
export async function startService(spec: ServiceSpec): Promise<Service> {
  const logPath = join(spec.workspace, `${spec.name}.log`);
  const log = openSync(logPath, 'a');
  // setpriv: told to end with us even where a SIGKILL leaves us no time to say so.
  const bound = existsSync(setpriv) ? [setpriv, '--pdeathsig', 'TERM', '--', spec.command] : [spec.command];
  const child = spawn(bound[0]!, [...bound.slice(1), ...spec.args], {
    env: { ...process.env, ...spec.env },
    stdio: ['ignore', log, log],
    // Of its own group: a Ctrl-C on the tests reaches us alone, and we stop it in order.
    detached: true,
  });
  closeSync(log);
  child.unref();
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('spawn', () => resolve(child.pid!));
    child.once('error', reject);
  });
  const service = serviceOf(child, pid, spec.workspace);
  running.add(service);
  const deadline = Date.now() + startLimitMs;
  while (child.exitCode === null && Date.now() < deadline) {
    if (await spec.ready().catch(() => false)) return service;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const tail = readFileSync(logPath, 'utf8').slice(-2000);
  service.stop();
  throw new Error(`${spec.name} did not become ready:\n${tail}`);
}

function serviceOf(child: ChildProcess, pid: number, workspace: string): Service {
  const service: Service = {
    pid,
    workspace,
    stop(): void {
      if (!running.delete(service)) return;
      if (child.exitCode === null) endProcess(pid);
      removeWorkspace(workspace);
    },
  };
  return service;
}

/** Asks a process to end and waits; synchronous, because it also runs while this process exits. */
function endProcess(pid: number): void {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    const deadline = Date.now() + stopLimitMs;
    while (Date.now() < deadline) {
      if (!isRunning(pid)) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

/** A zombie has ended: only our event loop, which waits here, could reap it. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Where a server answers; over TLS its certificate is not looked at. */
export type StatusTarget =
  | { readonly socketPath: string; readonly path: string }
  | { readonly port: number; readonly path: string; readonly tls: boolean };

/** The status a GET answers with; rejects where nobody listens. */
export function statusOf(target: StatusTarget): Promise<number> {
  const isTls = 'tls' in target && target.tls;
  return new Promise((resolve, reject) => {
    const options = { ...target, host: '127.0.0.1', agent: false, timeout: 2000, rejectUnauthorized: false };
    const sent = (isTls ? httpsRequest : request)(options, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.once('timeout', () => sent.destroy(new Error('no answer')));
    sent.once('error', reject);
    sent.end();
  });
}

/** True where somebody takes connections on a port of the loopback. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** A TCP port of the loopback that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
