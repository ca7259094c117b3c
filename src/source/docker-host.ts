/**
 * Where a daemon is, resolved as its own command line does it: DOCKER_HOST, then DOCKER_CONTEXT, then
 * config.json's currentContext, then the known sockets (docker/cli checks DOCKER_HOST first, whatever its
 * documentation says). Pure: environment and files come in as arguments; nothing is connected to here.
 */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ScanError } from '../errors.ts';
import type { SshAddress } from './ssh-agent.ts';

/** The daemons we speak to; both serve Docker's API. */
export type DaemonEngine = 'docker' | 'podman';

/** TLS material of a tcp endpoint, as PEM. */
export interface DaemonTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** False only where the user said so (DOCKER_TLS without DOCKER_TLS_VERIFY, a context's SkipTLSVerify). */
  readonly verify: boolean;
}

/** One place where a daemon may listen. */
export interface DaemonEndpoint {
  readonly engine: DaemonEngine;
  /** What named it, for messages: `DOCKER_HOST`, `context "ci"`, `default socket`. */
  readonly origin: string;
  readonly address:
    | { readonly kind: 'socket'; readonly path: string }
    | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: DaemonTls }
    | ({ readonly kind: 'ssh' } & SshAddress);
}

/** What resolution may look at. */
export interface DaemonSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** A file's text, or undefined where it can't be read. */
  readonly readFile: (path: string) => string | undefined;
}

/** The endpoint as a person would write it: `unix:///run/docker.sock`, `tcp://host:2376`, `ssh://me@host`. */
export function endpointName({ address }: DaemonEndpoint): string {
  if (address.kind === 'ssh') {
    const { user, host, port, path = '' } = address;
    return `ssh://${user === undefined ? '' : `${user}@`}${host}${port === undefined ? '' : `:${port}`}${path}`;
  }
  return address.kind === 'socket' ? `unix://${address.path}` : `tcp://${address.host}:${address.port}`;
}

/** Where the engine's daemon may be, in the order to try: one place if the user named one. @throws ScanError SOURCE_UNAVAILABLE */
export function resolveDaemonEndpoints(engine: DaemonEngine, around: DaemonSurroundings): readonly DaemonEndpoint[] {
  return engine === 'docker' ? dockerEndpoints(around) : podmanEndpoints(around);
}

function dockerEndpoints(around: DaemonSurroundings): readonly DaemonEndpoint[] {
  const { env, home } = around;
  if (env['DOCKER_HOST']) {
    return [parseHost('docker', env['DOCKER_HOST'], 'DOCKER_HOST', () => tlsFromEnv(around))];
  }
  const context = env['DOCKER_CONTEXT'] || currentContext(around);
  if (context !== undefined && context !== 'default') return [contextEndpoint(context, around)];
  const runtime = env['XDG_RUNTIME_DIR'];
  return [
    '/var/run/docker.sock',
    ...(runtime ? [join(runtime, 'docker.sock')] : []),
    join(home, '.docker/run/docker.sock'),
    join(home, '.docker/desktop/docker.sock'),
  ].map((path) => defaultSocket('docker', path));
}

function podmanEndpoints(around: DaemonSurroundings): readonly DaemonEndpoint[] {
  const host = around.env['CONTAINER_HOST'];
  if (host) return [parseHost('podman', host, 'CONTAINER_HOST', () => undefined)];
  const runtime = around.env['XDG_RUNTIME_DIR'];
  return [...(runtime ? [join(runtime, 'podman/podman.sock')] : []), '/run/podman/podman.sock'].map((path) =>
    defaultSocket('podman', path),
  );
}

function defaultSocket(engine: DaemonEngine, path: string): DaemonEndpoint {
  return { engine, origin: 'default socket', address: { kind: 'socket', path } };
}

/** The folder of docker's own configuration. */
export function dockerConfigFolder({ env, home }: Pick<DaemonSurroundings, 'env' | 'home'>): string {
  return env['DOCKER_CONFIG'] || join(home, '.docker');
}

function currentContext(around: DaemonSurroundings): string | undefined {
  const text = around.readFile(join(dockerConfigFolder(around), 'config.json'));
  // A broken config.json is the docker CLI's to complain about: without a context there are still the sockets.
  const name = text === undefined ? undefined : parseObject(text)?.['currentContext'];
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** Reads `contexts/meta/<sha256 of the name>/meta.json` and the TLS files beside it. */
function contextEndpoint(name: string, around: DaemonSurroundings): DaemonEndpoint {
  const id = createHash('sha256').update(name).digest('hex');
  const store = join(dockerConfigFolder(around), 'contexts');
  const meta = join(store, 'meta', id, 'meta.json');
  const text = around.readFile(meta);
  const hint = 'Run `docker context ls`, or set DOCKER_HOST.';
  if (text === undefined) {
    throw new ScanError('SOURCE_UNAVAILABLE', `docker context "${name}" is selected but not defined (${meta}).`, {
      hint,
    });
  }
  const endpoints = asObject(parseObject(text)?.['Endpoints']);
  const docker = asObject(endpoints?.['docker']);
  const host = docker?.['Host'];
  if (typeof host !== 'string' || host === '') {
    throw new ScanError('SOURCE_UNAVAILABLE', `docker context "${name}" names no docker endpoint (${meta}).`, { hint });
  }
  const folder = join(store, 'tls', id, 'docker');
  const skipVerify = docker?.['SkipTLSVerify'] === true;
  return parseHost('docker', host, `context "${name}"`, () => {
    const tls = tlsFiles(folder, !skipVerify, around);
    return skipVerify || Object.keys(tls).length > 1 ? tls : undefined;
  });
}

function parseHost(
  engine: DaemonEngine,
  value: string,
  origin: string,
  tlsFor: () => DaemonTls | undefined,
): DaemonEndpoint {
  const [, scheme = 'tcp', rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/s.exec(value) ?? [];
  if (scheme === 'unix' || scheme === 'npipe') {
    const path = rest !== '' ? rest : scheme === 'unix' ? '/var/run/docker.sock' : '//./pipe/docker_engine';
    return { engine, origin, address: { kind: 'socket', path } };
  }
  if (scheme === 'ssh') return { engine, origin, address: { kind: 'ssh', ...parseSshHost(rest, origin) } };
  const url = scheme === 'tcp' || scheme === 'http' || scheme === 'https' ? tryUrl(`http://${rest}`) : undefined;
  if (url === undefined || url.hostname === '') {
    throw new ScanError('SOURCE_UNAVAILABLE', `${origin} is not an address of a daemon we know.`, {
      hint: 'Use unix:///path, tcp://host:port or ssh://user@host.',
    });
  }
  const tls = tlsFor() ?? (scheme === 'https' ? { verify: true } : undefined);
  // URL drops `:80`, the default port of its scheme.
  const explicitPort = /:80$/.test(rest.replace(/\/.*$/s, '')) ? 80 : Number(url.port);
  return {
    engine,
    origin,
    address: {
      kind: 'tcp',
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: explicitPort || (tls === undefined ? 2375 : 2376),
      ...(tls === undefined ? {} : { tls }),
    },
  };
}

/**
 * `[user@]host[:port][/socket]`. Each part becomes an argument of ssh, and the socket a word for the shell over
 * there, so that each is of plain characters and none begins like an option (`-oProxyCommand=…`).
 */
function parseSshHost(text: string, origin: string): SshAddress {
  const [, user, host, ipv6, port, path] =
    /^(?:([^@/]*)@)?(?:([^:/@[\]]+)|\[([0-9A-Fa-f:.]+)\])(?::(\d{1,5}))?(\/.*)?$/s.exec(text) ?? [];
  const name = host ?? ipv6;
  const isPlain = (part: string | undefined): boolean => part === undefined || /^[A-Za-z0-9_][\w.-]*$/.test(part);
  const socket = path === undefined || path === '/' ? undefined : path;
  if (
    name === undefined ||
    !isPlain(host) ||
    !isPlain(user) ||
    Number(port ?? 1) > 65_535 ||
    (socket !== undefined && !/^(\/[A-Za-z0-9_.][\w.-]*)+$/.test(socket))
  ) {
    const said = user?.includes(':') ? 'holds a password, which ssh takes from nobody' : 'is no ssh address we can use';
    throw new ScanError('SOURCE_UNAVAILABLE', `${origin} ${said}.`, {
      hint: 'Write ssh://user@host[:port][/path/of/docker.sock], and keep all else in ~/.ssh/config.',
    });
  }
  return {
    host: name,
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(socket === undefined ? {} : { path: socket }),
  };
}

function tlsFromEnv(around: DaemonSurroundings): DaemonTls | undefined {
  const verify = Boolean(around.env['DOCKER_TLS_VERIFY']);
  if (!verify && !around.env['DOCKER_TLS']) return undefined;
  return tlsFiles(around.env['DOCKER_CERT_PATH'] || dockerConfigFolder(around), verify, around);
}

function tlsFiles(folder: string, verify: boolean, { readFile }: DaemonSurroundings): DaemonTls {
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((file) => readFile(join(folder, file)));
  return {
    verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

function tryUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}
