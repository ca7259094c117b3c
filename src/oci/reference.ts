/**
 * What a user writes for an image: the transports of containers-transports(5) under skopeo's names, bare
 * names as Docker normalises them (distribution/reference), paths, and `-`. Parsing looks at the text
 * alone: whether a file or a daemon is there is found out by whoever opens it.
 */

import { ScanError } from '../errors.ts';
import { isDigest } from './digest.ts';

/** An image's name, normalised: `app` is `docker.io/library/app`. */
export interface ImageName {
  /** `docker.io`, `ghcr.io`, `127.0.0.1:5000`. */
  readonly host: string;
  /** `library/app`. */
  readonly repository: string;
  /** `latest` where neither tag nor digest was written. */
  readonly tag?: string;
  readonly digest?: string;
}

/** Patterns for repositories and tags of one registry. */
export interface RepositoryPattern {
  readonly host: string;
  readonly repository: string;
  readonly tag: string;
}

/** Which of an archive's or layout's images is meant. */
export type ImageSelector = { readonly name: string } | { readonly index: number } | { readonly digest: string };

/** What one image argument means; `text` is what the user wrote. */
export type Reference =
  /** The daemon if it has it, else the registry. A bare id can be in a daemon alone and has no `name`. */
  | { readonly kind: 'name'; readonly text: string; readonly ref: string; readonly name?: ImageName }
  /** `ref` is a name as written, or an id (`sha256:…`, or its first digits). */
  | { readonly kind: 'docker-daemon' | 'podman'; readonly text: string; readonly ref: string }
  /** A container's name or id, of docker's or podman's: its image is meant. */
  | { readonly kind: 'container'; readonly text: string; readonly ref: string }
  | { readonly kind: 'registry'; readonly text: string; readonly name: ImageName }
  /** Every tag of every repository of a registry that matches: `*` is any characters, `?` one. */
  | ({ readonly kind: 'repositories'; readonly text: string } & RepositoryPattern)
  | {
      readonly kind: 'docker-archive' | 'oci-archive' | 'oci';
      readonly text: string;
      readonly path: string;
      readonly select?: ImageSelector;
    }
  /** A tar or a layout folder: the format is detected. */
  | { readonly kind: 'path'; readonly text: string; readonly path: string }
  | { readonly kind: 'stdin'; readonly text: string };

const maxLength = 4096;
const digestHint = 'A digest is sha256: and 64 hexadecimal digits.';
const transports = 'docker-daemon:, podman:, container:, docker://, docker-archive:, oci-archive:, oci:';

/** Reads one image argument. @throws ScanError REFERENCE_INVALID */
export function parseReference(text: string): Reference {
  if (text.length > maxLength) throw invalid(text.slice(0, 80), 'is too long');
  if (text.trim() === '') throw invalid(text, 'is empty');
  if (text === '-') return { kind: 'stdin', text };
  if (/^(\/|\.\.?(\/|$)|~)/.test(text) || /^[A-Za-z]:[\\/]/.test(text)) return { kind: 'path', text, path: text };

  const [, transport, rest] = /^([a-z][a-z-]*):(.*)$/s.exec(text) ?? [];
  if (transport !== undefined && rest !== undefined) {
    const reference = parseTransport(text, transport, rest);
    if (reference !== undefined) return reference;
  }
  if (/\.(tar|tar\.gz|tgz|tar\.zst)$/.test(text)) return { kind: 'path', text, path: text };
  if (isDigest(text)) return { kind: 'name', text, ref: text };
  // A daemon knows no patterns.
  if (/[*?]/.test(text)) return { kind: 'repositories', text, ...parsePattern(text, text) };
  return { kind: 'name', text, ref: text, name: parseImageName(text) };
}

/** Reads `[host/]repository[:tag][@digest]` and normalises it. @throws ScanError REFERENCE_INVALID */
export function parseImageName(text: string): ImageName {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) {
    throw invalid(text, 'has no valid digest after the "@"', digestHint);
  }
  let rest = at < 0 ? text : text.slice(0, at);
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
  // `host:5000` alone is a name with a tag, as docker reads it; `[::1]:5000/app` has its colons before the slash.
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  if (colon >= 0) rest = rest.slice(0, colon);
  if (tag !== undefined && !/^\w[\w.-]{0,127}$/.test(tag)) {
    throw invalid(text, 'has no valid tag after the ":"', 'A tag is up to 128 letters, digits, "_", "." and "-".');
  }
  const { host, repository } = splitHost(rest);
  if (!isHost(host)) throw invalid(text, 'names no valid registry host before the first "/"');
  if (
    repository.length > 255 ||
    !/^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/.test(repository)
  ) {
    throw invalid(text, 'is no valid image name', nameHint(text, repository));
  }
  return {
    host,
    repository,
    ...(tag === undefined ? (digest === undefined ? { tag: 'latest' } : {}) : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The name in full: `docker.io/library/app:1`. */
export function formatImageName(name: ImageName): string {
  const tag = name.tag === undefined ? '' : `:${name.tag}`;
  const digest = name.digest === undefined ? '' : `@${name.digest}`;
  return `${name.host}/${name.repository}${tag}${digest}`;
}

/** True where both texts name the same image once normalised; texts that are no names are compared as they are. */
export function isSameName(left: string, right: string): boolean {
  if (left === right) return true;
  try {
    return formatImageName(parseImageName(left)) === formatImageName(parseImageName(right));
  } catch {
    return false;
  }
}

function parseTransport(text: string, transport: string, rest: string): Reference | undefined {
  switch (transport) {
    case 'docker-daemon':
    case 'podman':
      return { kind: transport, text, ref: daemonReference(text, rest) };
    case 'container':
      if (/^[A-Za-z0-9][\w.-]{0,254}$/.test(rest)) return { kind: 'container', text, ref: rest };
      throw invalid(text, 'names no container', "Write container:NAME with a container's name or id.");
    case 'containers-storage':
      if (!rest.startsWith('[')) return { kind: 'podman', text, ref: daemonReference(text, rest) };
      throw invalid(
        text,
        'names a storage of its own, which podman alone can read',
        'Start `podman system service` over that storage, and write podman:NAME.',
      );
    case 'docker':
      if (!rest.startsWith('//')) return undefined;
      if (/[*?]/.test(rest)) return { kind: 'repositories', text, ...parsePattern(text, rest.slice(2)) };
      return { kind: 'registry', text, name: parseImageName(rest.slice(2)) };
    case 'docker-archive':
    case 'oci-archive':
    case 'oci':
      return { kind: transport, text, ...splitPath(text, rest) };
    case 'http':
    case 'https':
      if (!rest.startsWith('//')) return undefined;
      throw invalid(text, 'is a URL', 'For an image in a registry write docker://host/name.');
    case 'file':
      if (!rest.startsWith('//')) return undefined;
      throw invalid(text, 'is a URL', 'Write the path alone.');
    case 'dir':
    case 'sif':
    case 'ostree':
    case 'registry':
      // These words are also valid names with a tag (`registry:2`): only what can't be one is refused here.
      if (/^\w[\w.-]{0,127}$/.test(rest)) return undefined;
      throw invalid(text, `has a transport that is not supported, "${transport}:"`, `Supported are ${transports}.`);
    default:
      if (!rest.startsWith('//')) return undefined;
      throw invalid(text, `has an unknown transport, "${transport}://"`, `Supported are ${transports}.`);
  }
}

function daemonReference(text: string, ref: string): string {
  if (ref === '') throw invalid(text, 'names no image after the ":"');
  // An id, or its beginning; `deadbeef` may be a name as well, which the daemon decides.
  if (isDigest(ref) || /^(sha256:)?[0-9a-f]{2,64}$/.test(ref)) return ref;
  parseImageName(ref);
  return ref;
}

function splitPath(text: string, rest: string): { path: string; select?: ImageSelector } {
  const [, before = '', digest] = /^(.*?):?@((?:sha256|sha384|sha512):[0-9a-f]+)$/s.exec(rest) ?? [];
  if (digest !== undefined) {
    if (!isDigest(digest)) throw invalid(text, 'has no valid digest after the "@"', digestHint);
    if (before === '') throw invalid(text, 'names no path after the ":"');
    // A tag before the digest says nothing that the digest does not.
    return { path: splitPath(text, before).path, select: { digest } };
  }
  // As containers-transports(5): the path ends at the first colon. A Windows drive keeps its own.
  const drive = /^[A-Za-z]:[\\/]/.test(rest) ? 2 : 0;
  const colon = rest.indexOf(':', drive);
  const path = colon < 0 ? rest : rest.slice(0, colon);
  if (path === '') throw invalid(text, 'names no path after the ":"');
  if (colon < 0) return { path };
  const name = rest.slice(colon + 1);
  if (name === '') throw invalid(text, 'ends in ":" without a name', 'Leave the ":" out to scan every image in it.');
  const [, index] = /^@(\d{1,6})$/.exec(name) ?? [];
  return { path, select: index === undefined ? { name } : { index: Number(index) } };
}

/** Reads `host/repository[:tag]` with wildcards; without a tag all are meant. */
function parsePattern(text: string, pattern: string): RepositoryPattern {
  const { host, repository: rest } = splitHost(pattern);
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
  const repository = colon < 0 ? rest : rest.slice(0, colon);
  const tag = colon < 0 ? '*' : rest.slice(colon + 1);
  const hint = 'Write docker://host/name:1.*, docker://host/team/* or docker://host/*.';
  if (!isHost(host)) throw invalid(text, 'has a wildcard where the registry should be', hint);
  const isPattern = /^[a-z0-9._/*?-]{1,255}$/.test(repository) && /^[\w.*?-]{1,128}$/.test(tag);
  if (!isPattern) throw invalid(text, 'is no pattern for repositories and tags', hint);
  return { host, repository, tag };
}

function splitHost(name: string): { host: string; repository: string } {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  if (!(/[.:]/.test(first) || first === 'localhost')) {
    return { host: 'docker.io', repository: slash < 0 ? `library/${name}` : name };
  }
  const repository = name.slice(slash + 1);
  if (first === 'docker.io' || first === 'index.docker.io') {
    return { host: 'docker.io', repository: repository.includes('/') ? repository : `library/${repository}` };
  }
  return { host: first, repository };
}

function isHost(host: string): boolean {
  return /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?$/.test(host);
}

function nameHint(text: string, repository: string): string {
  if (/[A-Z]/.test(repository)) return 'Names of repositories are lower-case.';
  if (/\s/.test(text)) return 'It holds white space: quote each image as an argument of its own.';
  return `Write name[:tag][@digest], a path that begins with ./ or /, "-", or one of ${transports}.`;
}

function invalid(text: string, problem: string, hint?: string): ScanError {
  const shown = redact(text);
  return new ScanError('REFERENCE_INVALID', `"${shown}" ${problem}.`, {
    subject: shown,
    hint: hint ?? `Write name[:tag][@digest], a path, "-", or one of ${transports}.`,
  });
}

// `user:password@host/app` is no reference, but somebody will write it.
function redact(text: string): string {
  return text.replace(/:[^/@:]*@(?!sha\d)/, ':…@');
}
