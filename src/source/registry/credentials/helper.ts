/**
 * Credential helpers (docker-credential-helpers' protocol): `docker-credential-NAME get` with the registry on
 * standard input answers with JSON. A name is a plain name, found in PATH's absolute folders alone, run without
 * a shell, with a bounded answer and time; what it prints is never shown.
 */

import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { asObject, asText } from '../../../oci/json.ts';
import type { Credentials } from '../options.ts';

/** Key rings may ask their user for a password. */
const defaultTimeoutMs = 60_000;
const maxAnswerBytes = 64 * 1024;

/** A helper's answer: credentials, none, or why there is no answer (without anything it said). */
export type HelperAnswer =
  | { readonly credentials: Credentials }
  | { readonly credentials: undefined; readonly problem?: string };

/** What a helper is run with. */
export interface HelperCall {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
}

/** Asks a helper for the credentials of a registry; many repositories of one registry ask once in a while. */
export async function askHelper(name: string, server: string, call: HelperCall): Promise<HelperAnswer> {
  const answers = remembered.get(call.env) ?? new Map<string, Remembered>();
  remembered.set(call.env, answers);
  const key = `${name} ${server}`;
  const known = answers.get(key);
  if (known !== undefined && performance.now() - known.at < rememberMs) return known.answer;
  const answer = ask(name, server, call);
  answers.set(key, { at: performance.now(), answer });
  // Who aborted asked for himself alone.
  answer.catch(() => answers.delete(key));
  return answer;
}

interface Remembered {
  readonly at: number;
  readonly answer: Promise<HelperAnswer>;
}

const rememberMs = 60_000;
const remembered = new WeakMap<HelperCall['env'], Map<string, Remembered>>();

async function ask(name: string, server: string, call: HelperCall): Promise<HelperAnswer> {
  if (!/^[A-Za-z0-9._-]+$/.test(name)) return none('its name is no plain name');
  const path = findProgram(`docker-credential-${name}`, call.env['PATH'] ?? '');
  if (path === undefined) return none('it is not in PATH');
  const { timeoutMs = defaultTimeoutMs } = call;
  const { output, outcome } = await run(path, server, { ...call, timeoutMs });
  call.signal.throwIfAborted();
  switch (outcome) {
    case 'too-long':
      return none(`it did not answer in ${timeoutMs / 1000} s`);
    case 'too-much':
      return none('its answer is too long');
    case 'failed':
      // The protocol's word for a registry that is not in the store (credentials/error.go), on standard output.
      return /credentials not found/i.test(output) ? { credentials: undefined } : none('it failed');
    case 'ended':
      return readAnswer(output);
  }
}

function readAnswer(output: string): HelperAnswer {
  let answer: ReturnType<typeof asObject>;
  try {
    answer = asObject(JSON.parse(output));
  } catch {
    return none('its answer is no JSON');
  }
  const username = asText(answer?.['Username']) ?? '';
  const secret = asText(answer?.['Secret']) ?? '';
  if (secret === '') return { credentials: undefined };
  // How a helper says that the secret is an OAuth2 refresh token.
  if (username === '<token>') return { credentials: { identityToken: secret } };
  return { credentials: { username, password: secret } };
}

function none(problem: string): HelperAnswer {
  return { credentials: undefined, problem };
}

function findProgram(name: string, path: string): string | undefined {
  const file = process.platform === 'win32' ? `${name}.exe` : name;
  // The current folder, which an empty or relative entry means, may be anybody's.
  for (const folder of path.split(delimiter).filter((entry) => isAbsolute(entry))) {
    const candidate = join(folder, file);
    try {
      accessSync(candidate, constants.X_OK);
      if (statSync(candidate).isFile()) return candidate;
    } catch {
      // Not there: the next folder may have it.
    }
  }
  return undefined;
}

interface Ended {
  readonly output: string;
  readonly outcome: 'ended' | 'failed' | 'too-long' | 'too-much';
}

function run(
  path: string,
  input: string,
  { env, signal, timeoutMs }: HelperCall & { readonly timeoutMs: number },
): Promise<Ended> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const child = spawn(path, ['get'], { stdio: ['pipe', 'pipe', 'ignore'], shell: false, env, windowsHide: true });
    const settle = (outcome: Ended['outcome']): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      // A process of its own may keep the pipe open: it is not waited for.
      child.stdout.destroy();
      if (child.exitCode === null) child.kill('SIGKILL');
      resolve({ output: Buffer.concat(chunks).toString(), outcome });
    };
    const stop = (): void => settle('failed');
    const timer = setTimeout(() => settle('too-long'), timeoutMs);
    signal.addEventListener('abort', stop, { once: true });
    child.once('error', stop);
    child.once('close', (code) => settle(code === 0 ? 'ended' : 'failed'));
    // It may end without reading what it was asked.
    child.stdin.on('error', () => {});
    child.stdin.end(`${input}\n`);
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxAnswerBytes) settle('too-much');
      else chunks.push(chunk);
    });
  });
}
