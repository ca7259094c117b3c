/**
 * registries.conf of podman, buildah and skopeo (containers-registries.conf(5), version 2): other places for
 * names, mirrors, blocked and insecure registries, aliases of short names. The main file and its drop-ins are
 * one configuration, in which what is read later wins.
 */

import { join } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { messageOf, ScanError } from '../../errors.ts';
import { asArray, asObject, asText, asTextRecord, asTexts, type JsonObject } from '../../oci/json.ts';
import type { Surroundings } from './surroundings.ts';

/** A place that holds the same as the registry. */
export interface Mirror {
  readonly location: string;
  readonly insecure: boolean;
  readonly pull: 'all' | 'digest-only' | 'tag-only';
}

/** What a `[[registry]]` says of the names below its prefix. */
export interface RegistryRule {
  /** `host[:port][/path]` or `*.host`. */
  readonly prefix: string;
  /** What stands in the prefix's place; empty where a wildcard's names stay as they are. */
  readonly location: string;
  readonly insecure: boolean;
  readonly blocked: boolean;
  readonly mirrors: readonly Mirror[];
}

/** The whole configuration. */
export interface RegistriesConf {
  readonly rules: readonly RegistryRule[];
  /** Short names and what they stand for. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Where short names without an alias are looked for; undefined where nothing is said of it. */
  readonly searchRegistries: readonly string[] | undefined;
}

/** Reads the configuration there is. @throws ScanError CONFIG_INVALID */
export function loadRegistriesConf(around: Surroundings): RegistriesConf {
  const rules = new Map<string, RegistryRule>();
  let aliases: Record<string, string> = Object.create(null);
  let searchRegistries: readonly string[] | undefined;
  for (const path of filesOf(around)) {
    const document = readDocument(path, around);
    if (document === undefined) continue;
    for (const entry of asArray(document['registry'])) {
      const rule = readRule(asObject(entry) ?? {}, path);
      rules.set(rule.prefix, rule);
    }
    aliases = { ...aliases, ...asTextRecord(document['aliases']) };
    const search = document['unqualified-search-registries'];
    if (search !== undefined) searchRegistries = asTexts(search);
  }
  return { rules: [...rules.values()], aliases, searchRegistries };
}

/** The main file and the drop-ins, in the order in which they win over each other. */
function filesOf({ env, home, etc, uid, listFolder, readFile }: Surroundings): readonly string[] {
  const user = join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'containers');
  const system = join(etc, 'containers');
  const own = join(user, 'registries.conf');
  const chosen = env['CONTAINERS_REGISTRIES_CONF'];
  const isOwn = !chosen && exists(own, readFile);
  const dropIns = (folder: string): string[] =>
    listFolder(join(folder, 'registries.conf.d'))
      .filter((name) => name.endsWith('.conf'))
      .map((name) => join(folder, 'registries.conf.d', name));
  // Where podman keeps what its user chose for a short name.
  const cache = uid === 0 ? join(etc, '../var/cache') : env['XDG_CACHE_HOME'] || join(home, '.cache');
  return [
    chosen || (isOwn ? own : join(system, 'registries.conf')),
    // With a main file of their own a user has left the system's behind.
    ...(isOwn ? [] : dropIns(system)),
    ...dropIns(user),
    join(cache, 'containers/short-name-aliases.conf'),
  ];
}

function exists(path: string, readFile: Surroundings['readFile']): boolean {
  try {
    return readFile(path) !== undefined;
  } catch {
    return true;
  }
}

function readDocument(path: string, { readFile }: Surroundings): JsonObject | undefined {
  try {
    const text = readFile(path);
    return text === undefined ? undefined : asObject(parse(text));
  } catch (error) {
    const problem =
      error instanceof TomlError ? `is no TOML in line ${error.line}` : `can't be read: ${messageOf(error)}`;
    throw invalid(path, problem);
  }
}

function readRule(entry: JsonObject, path: string): RegistryRule {
  const location = trim(asText(entry['location']));
  const prefix = trim(asText(entry['prefix'])) || location;
  if (prefix === '') throw invalid(path, 'has a [[registry]] with neither prefix nor location');
  const byDigest = entry['mirror-by-digest-only'] === true;
  return {
    prefix,
    location: location || (prefix.startsWith('*.') ? '' : prefix),
    insecure: entry['insecure'] === true,
    blocked: entry['blocked'] === true,
    mirrors: asArray(entry['mirror']).map((mirror): Mirror => {
      const object = asObject(mirror) ?? {};
      const place = trim(asText(object['location']));
      if (place === '') throw invalid(path, `has a mirror of ${prefix} without location`);
      const pull = object['pull-from-mirror'];
      return {
        location: place,
        insecure: object['insecure'] === true,
        pull: byDigest ? 'digest-only' : pull === 'digest-only' || pull === 'tag-only' ? pull : 'all',
      };
    }),
  };
}

function trim(location: string | undefined): string {
  return (location ?? '').trim().replace(/\/+$/, '');
}

function invalid(path: string, problem: string): ScanError {
  return new ScanError('CONFIG_INVALID', `The file ${path} ${problem}.`, {
    subject: path,
    hint: 'man containers-registries.conf says how it is written.',
  });
}
