/**
 * Where a registry's credentials are looked for, in order: DOCKER_AUTH_CONFIG, REGISTRY_AUTH_FILE, docker's
 * configuration if DOCKER_CONFIG names it, podman's files, docker's own place, then what a cloud's environment
 * holds for that cloud's registries. The first that has some is used; docs/credentials.md is the user's account of it.
 */

import { join } from 'node:path';
import { ScanError } from '../../../errors.ts';
import type { Credentials } from '../options.ts';
import type { Surroundings } from '../surroundings.ts';
import type { TransportSettings } from '../transport.ts';
import { helperKey, type RepositoryName, readAuthFile } from './auth-file.ts';
import { cloudCredentials } from './cloud.ts';
import { askHelper } from './helper.ts';

/** What was found, and where was looked. */
export interface FoundCredentials {
  readonly credentials: Credentials | undefined;
  /** Each place with what was there, for a person; the last is where the credentials are from. */
  readonly tried: readonly string[];
}

/** What finding needs besides a name. */
export interface FindOptions extends TransportSettings {
  readonly around: Surroundings;
  readonly instanceCredentials: boolean;
  readonly signal: AbortSignal;
}

/** Looks for credentials to a repository. @throws the signal's reason */
export async function findCredentials(name: RepositoryName, options: FindOptions): Promise<FoundCredentials> {
  const tried: string[] = [];
  for (const place of placesOf(options.around)) {
    const { credentials, remark } = await look(place, name, options);
    if (remark !== undefined) tried.push(`${place.title} (${remark})`);
    if (credentials !== undefined) return { credentials, tried: [...tried, place.title] };
  }
  try {
    const cloud = await cloudCredentials(name.host, options);
    return { credentials: cloud?.credentials, tried: cloud === undefined ? tried : [...tried, cloud.title] };
  } catch (error) {
    options.signal.throwIfAborted();
    if (!(error instanceof ScanError)) throw error;
    // Much of what is on clouds is public: the registry is asked as nobody, and if it refuses, this is told.
    return { credentials: undefined, tried: [...tried, error.message.replace(/\.$/, '')] };
  }
}

interface Place {
  readonly title: string;
  /** Undefined where it is not there. @throws what Node throws where it can't be read */
  readonly read: () => string | undefined;
}

function placesOf({ env, home, uid, readFile }: Surroundings): readonly Place[] {
  const file = (path: string): Place => ({ title: path, read: () => readFile(path) });
  const { DOCKER_AUTH_CONFIG, REGISTRY_AUTH_FILE, DOCKER_CONFIG, XDG_RUNTIME_DIR, XDG_CONFIG_HOME } = env;
  const runtime = XDG_RUNTIME_DIR ? `${XDG_RUNTIME_DIR}/containers` : uid === undefined ? '' : `/run/containers/${uid}`;
  return [
    ...(DOCKER_AUTH_CONFIG ? [{ title: 'DOCKER_AUTH_CONFIG', read: () => DOCKER_AUTH_CONFIG }] : []),
    ...(REGISTRY_AUTH_FILE ? [file(REGISTRY_AUTH_FILE)] : []),
    ...(DOCKER_CONFIG ? [file(join(DOCKER_CONFIG, 'config.json'))] : []),
    ...(runtime === '' ? [] : [file(join(runtime, 'auth.json'))]),
    file(join(XDG_CONFIG_HOME || join(home, '.config'), 'containers/auth.json')),
    ...(DOCKER_CONFIG ? [] : [file(join(home, '.docker/config.json'))]),
  ];
}

async function look(
  { read }: Place,
  name: RepositoryName,
  { around, signal }: FindOptions,
): Promise<{ readonly credentials?: Credentials; readonly remark?: string }> {
  let entry: ReturnType<typeof readAuthFile>;
  try {
    const text = read();
    if (text === undefined) return { remark: 'not there' };
    entry = readAuthFile(text, name);
  } catch (error) {
    // The parser's message would repeat what it read.
    return { remark: error instanceof SyntaxError ? 'no JSON' : "can't be read" };
  }
  const { helper, credentials } = entry;
  if (helper === undefined) return credentials === undefined ? { remark: 'nothing for it' } : { credentials };
  const answer = await askHelper(helper, helperKey(name.host), { env: around.env, signal });
  const found = answer.credentials ?? credentials;
  if (found !== undefined) return { credentials: found };
  const problem = 'problem' in answer && answer.problem !== undefined ? answer.problem : 'has nothing for it';
  return { remark: `its helper docker-credential-${printable(helper)}: ${problem}` };
}

function printable(name: string): string {
  return /^[A-Za-z0-9._-]+$/.test(name) ? name : '…';
}
