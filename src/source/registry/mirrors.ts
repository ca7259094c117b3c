/**
 * From the name a user wrote to the places it is fetched from, by registries.conf: what a short name stands
 * for, the mirrors of a registry and then its own location. Each place is a registry of its own, with its own
 * credentials and certificates.
 */

import { ScanError } from '../../errors.ts';
import { formatImageName, type ImageName, parseImageName } from '../../oci/reference.ts';
import type { RegistryOptions } from './options.ts';
import type { RegistriesConf, RegistryRule } from './registries-conf.ts';

/** A place that may have an image. */
export interface PullPlace {
  readonly name: ImageName;
  /** True where registries.conf allows plain HTTP and certificates nobody vouches for. */
  readonly insecure: boolean;
  readonly isMirror: boolean;
}

/** Where an image is fetched from, in the order to try; the last is no mirror. @throws ScanError SOURCE_UNAVAILABLE where it is blocked */
export function pullPlaces(name: ImageName, conf: RegistriesConf): readonly [...PullPlace[], PullPlace] {
  const found = ruleFor(name, conf);
  if (found === undefined) return [{ name, insecure: false, isMirror: false }];
  const { rule, rest } = found;
  if (rule.blocked) throw blocked(rule, formatImageName(name));
  const mirrors = rule.mirrors
    .filter(({ pull }) => pull === 'all' || (pull === 'digest-only') === (name.digest !== undefined))
    .map(({ location, insecure }) => ({ name: placed(location, rest, name), insecure, isMirror: true }));
  const { location, insecure } = rule;
  return [...mirrors, { name: location === '' ? name : placed(location, rest, name), insecure, isMirror: false }];
}

/** What the registry itself is allowed, where lists of it are read: mirrors have none. @throws ScanError SOURCE_UNAVAILABLE where it is blocked */
export function insecureAt(
  name: Pick<ImageName, 'host' | 'repository'>,
  conf: RegistriesConf,
  { insecureRegistries = [] }: Pick<RegistryOptions, 'insecureRegistries'>,
): Pick<RegistryOptions, 'insecureRegistries'> {
  const rule = ruleFor(name, conf)?.rule;
  if (rule?.blocked === true) throw blocked(rule, `${name.host}/${name.repository}`);
  return { insecureRegistries: rule?.insecure === true ? [...insecureRegistries, name.host] : insecureRegistries };
}

/** What a bare name may stand for; without a configuration that speaks of it, what docker takes it for. @throws ScanError CONFIG_INVALID */
export function shortNames(text: string, name: ImageName, conf: RegistriesConf): readonly ImageName[] {
  const [, path = ''] = /^([^:@]+)/.exec(text) ?? [];
  const isShort = !/^(localhost|[^/]*[.:][^/]*)\//.test(text);
  if (!isShort || name.host !== 'docker.io') return [name];
  const rest = text.slice(path.length);
  const alias = Object.hasOwn(conf.aliases, path) ? conf.aliases[path] : undefined;
  if (alias !== undefined && alias !== '') return [named(`${alias}${rest}`, `the alias of "${path}"`)];
  const { searchRegistries = [] } = conf;
  if (searchRegistries.length === 0) return [name];
  return searchRegistries.map((registry) => named(`${registry}/${text}`, 'unqualified-search-registries'));
}

/** The rule with the longest prefix, and what of the name is behind that. */
function ruleFor(
  name: Pick<ImageName, 'host' | 'repository'>,
  { rules }: RegistriesConf,
): { rule: RegistryRule; rest: string } | undefined {
  const full = `${name.host}/${name.repository}`;
  const matches = rules.flatMap((rule) => {
    const length = matchLength(rule.prefix, name.host, full);
    return length === undefined ? [] : [{ rule, rest: full.slice(length) }];
  });
  return matches.sort((a, b) => b.rule.prefix.length - a.rule.prefix.length)[0];
}

function matchLength(prefix: string, host: string, full: string): number | undefined {
  if (prefix.startsWith('*.')) return host.endsWith(prefix.slice(1)) ? host.length : undefined;
  return full === prefix || full.startsWith(`${prefix}/`) ? prefix.length : undefined;
}

function blocked({ prefix }: RegistryRule, subject: string): ScanError {
  return new ScanError('SOURCE_UNAVAILABLE', `registries.conf blocks ${prefix}.`, {
    subject,
    hint: 'Take "blocked" away there, or scan the image from where it is allowed.',
  });
}

function placed(location: string, rest: string, { tag, digest }: ImageName): ImageName {
  const version = `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
  return named(`${location}${rest}${version}`, 'a location');
}

function named(text: string, what: string): ImageName {
  try {
    return parseImageName(text);
  } catch (error) {
    throw new ScanError('CONFIG_INVALID', `registries.conf has, as ${what}, what makes no image name: "${text}".`, {
      subject: text,
      cause: error,
    });
  }
}
