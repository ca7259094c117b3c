/**
 * A daemon behind ssh, as docker's own command line reaches it: the system's `ssh` runs `docker system
 * dial-stdio` over there, and its standard input and output are the connection. So known hosts, ssh_config,
 * agents and jump hosts hold; dockerode's own ssh would accept any host's key.
 */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex, type Readable, type Writable } from 'node:stream';
import type { DaemonEngine } from './docker-host.ts';

/** Where to go; every part is checked by whoever reads it from the user (`parseSshHost`). */
export interface SshAddress {
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
  /** The daemon's socket over there; without it what its command line takes. */
  readonly path?: string;
}

const connectTimeoutSeconds = 30;
/** Of what ssh says, the end is what matters. */
const maxWords = 2000;

/** The arguments of ssh. Nothing in them can be taken for an option, nor for more than a word by the shell over there. */
export function sshArguments(engine: DaemonEngine, { host, user, port, path }: SshAddress): readonly string[] {
  const socket = path === undefined ? [] : [engine === 'docker' ? '--host' : '--url', `unix://${path}`];
  return [
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    // Whoever is asked for a password or about a host's key could not see the question.
    ...['-o', `ConnectTimeout=${connectTimeoutSeconds}`, '-o', 'BatchMode=yes', '-T', '--', host],
    ...[engine, ...socket, 'system', 'dial-stdio'],
  ];
}

/** An agent whose connections are children of ours. */
export class SshAgent extends Agent {
  readonly #arguments: readonly string[];
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #open = new Set<Duplex>();

  constructor(engine: DaemonEngine, address: SshAddress, env: Readonly<Record<string, string | undefined>>) {
    super({ keepAlive: false });
    this.#arguments = sshArguments(engine, address);
    this.#env = env;
  }

  override createConnection(): Duplex {
    const child = spawn('ssh', this.#arguments, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...this.#env } });
    const connection = connect(child);
    this.#open.add(connection);
    connection.once('close', () => this.#open.delete(connection));
    return connection;
  }

  override destroy(): void {
    for (const connection of this.#open) connection.destroy();
    super.destroy();
  }
}

/** What ssh said when it gave up. */
export class SshFailure extends Error {
  readonly code: 'ESSH' = 'ESSH';
}

function connect(child: ChildProcessByStdio<Writable, Readable, Readable>): Duplex {
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-maxWords);
  });
  const connection: Duplex = new Duplex({
    read: () => child.stdout.resume(),
    write: (chunk: Uint8Array, _, done) => void child.stdin.write(chunk, done),
    final: (done) => void child.stdin.end(done),
    destroy: (error, done) => {
      child.kill();
      done(error);
    },
  });
  child.stdout.on('data', (chunk: Uint8Array) => {
    if (!connection.push(chunk)) child.stdout.pause();
  });
  // A child that has gone tells why itself, below.
  child.stdin.on('error', () => {});
  child.once('error', (error) => connection.destroy(new SshFailure(`ssh can't be run: ${error.message}`)));
  child.once('close', (code) => {
    if (connection.destroyed) return;
    if (code === 0) connection.push(null);
    else connection.destroy(new SshFailure(lastWords(words) || `ssh ended with status ${code}`));
  });
  return connection;
}

/** The last lines ssh or the program over there wrote, as one. */
function lastWords(words: string): string {
  const lines = words.split(/\r?\n/).map((line) => line.trim());
  return lines
    .filter((line) => line !== '' && !/^[@\s]+$/.test(line))
    .slice(-2)
    .join(' ');
}
