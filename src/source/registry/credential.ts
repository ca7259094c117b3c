/**
 * A user's name and password for a registry from docker's config.json (`auths`, the plain form): for
 * exactly the host asked, never for another. Credential helpers and identity tokens are not read.
 */

import { join } from 'node:path';
import { dockerConfigFolder } from '../docker-host.ts';
import type { Credentials } from './options.ts';

/** What is read to find credentials. */
export interface CredentialSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly readFile: (path: string) => string | undefined;
}

/** The credentials config.json holds for a host, as references name it. */
export function findCredentials(host: string, around: CredentialSurroundings): Credentials | undefined {
  const text = around.readFile(join(dockerConfigFolder(around), 'config.json'));
  if (text === undefined) return undefined;
  let auths: unknown;
  try {
    auths = (JSON.parse(text) as { auths?: unknown } | null)?.auths;
  } catch {
    return undefined;
  }
  if (typeof auths !== 'object' || auths === null) return undefined;
  for (const [key, entry] of Object.entries(auths)) {
    if (hostOfKey(key) !== (host === 'docker.io' ? 'index.docker.io' : host)) continue;
    const credentials = readEntry(entry);
    if (credentials !== undefined) return credentials;
  }
  return undefined;
}

/** `https://index.docker.io/v1/`, `ghcr.io`, `https://ghcr.io/`: docker has written all of these. */
function hostOfKey(key: string): string | undefined {
  const [, host, path = ''] = /^(?:https?:\/\/)?([^/]+)(\/.*)?$/.exec(key) ?? [];
  if (!/^\/?(v[12]\/?)?$/.test(path)) return undefined;
  return host === 'docker.io' || host === 'registry-1.docker.io' ? 'index.docker.io' : host;
}

function readEntry(entry: unknown): Credentials | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { auth, username, password } = entry as Readonly<Record<string, unknown>>;
  if (typeof auth === 'string' && auth !== '') {
    const text = Buffer.from(auth, 'base64').toString();
    const colon = text.indexOf(':');
    // docker pads old entries with NUL.
    if (colon > 0) return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') };
  }
  if (typeof username === 'string' && username !== '' && typeof password === 'string') return { username, password };
  return undefined;
}
