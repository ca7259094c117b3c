/**
 * docker's config.json and podman's auth.json (containers-auth.json(5)), which are one format: `auths` with
 * names of registries or of paths in them, `credHelpers` for single registries, `credsStore` for the rest.
 */

import { asObject, asText, type JsonObject } from '../../../oci/json.ts';
import type { Credentials } from '../options.ts';

/** A repository that credentials are wanted for. */
export interface RepositoryName {
  readonly host: string;
  readonly repository: string;
}

/** What a file of credentials says of one repository. */
export interface AuthEntry {
  /** The helper to ask (`docker-credential-NAME`), if one is named. */
  readonly helper?: string;
  readonly credentials?: Credentials;
}

/** Reads a file for one repository. @throws SyntaxError where it is no JSON */
export function readAuthFile(text: string, name: RepositoryName): AuthEntry {
  const file = asObject(JSON.parse(text)) ?? {};
  const host = canonicalHost(name.host);
  const helpers = Object.entries(asObject(file['credHelpers']) ?? {});
  const own = helpers.find(([key]) => canonicalKey(key) === host)?.[1];
  const helper = asText(own) || asText(file['credsStore']) || undefined;
  const credentials = authFor(asObject(file['auths']) ?? {}, host, name.repository);
  return { ...(helper === undefined ? {} : { helper }), ...(credentials === undefined ? {} : { credentials }) };
}

/** What a helper is asked for: Docker Hub has kept the address of its first API. */
export function helperKey(host: string): string {
  return canonicalHost(host) === 'docker.io' ? 'https://index.docker.io/v1/' : host;
}

/** The longest key that holds the repository wins: `host/team/app` before `host/team` before `host`. */
function authFor(auths: JsonObject, host: string, repository: string): Credentials | undefined {
  const segments = repository.split('/');
  const entries = Object.entries(auths).map(([key, entry]) => [canonicalKey(key), entry] as const);
  for (let length = segments.length; length >= 0; length--) {
    const wanted = [host, ...segments.slice(0, length)].join('/');
    for (const [key, entry] of entries) {
      const credentials = key === wanted ? readEntry(entry) : undefined;
      if (credentials !== undefined) return credentials;
    }
  }
  return undefined;
}

/** `https://index.docker.io/v1/`, `ghcr.io`, `https://ghcr.io/v2/`, `ghcr.io/team`: all of these are written. */
function canonicalKey(key: string): string {
  const [, host = '', path = ''] = /^(?:https?:\/\/)?([^/]+)(.*)$/.exec(key.trim()) ?? [];
  return canonicalHost(host) + path.replace(/^\/v[12]\/?$/, '').replace(/\/+$/, '');
}

function canonicalHost(host: string): string {
  const name = host.toLowerCase();
  return name === 'index.docker.io' || name === 'registry-1.docker.io' ? 'docker.io' : name;
}

function readEntry(entry: unknown): Credentials | undefined {
  const object = asObject(entry) ?? {};
  const [auth, username, password, identityToken, registryToken] = [
    'auth',
    'username',
    'password',
    'identitytoken',
    'registrytoken',
  ].map((field) => asText(object[field]) || undefined);
  if (registryToken !== undefined) return { registryToken };
  if (identityToken !== undefined) return { identityToken };
  if (auth !== undefined) {
    const text = Buffer.from(auth, 'base64').toString();
    const colon = text.indexOf(':');
    // docker pads old entries with NUL.
    if (colon > 0) return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') };
  }
  return username !== undefined && password !== undefined ? { username, password } : undefined;
}
