/**
 * Which proxy a request goes through: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, read as Go's
 * httpproxy does, since docker, podman and skopeo read them so. A proxy's password goes to the proxy alone.
 */

import { BlockList, isIP } from 'node:net';
import { ScanError } from '../../errors.ts';
import { hostName, isLoopbackName } from './address.ts';

/** A proxy and what it is told to let us through. */
export interface ProxyServer {
  /** Without user and password: fit for messages. */
  readonly url: URL;
  /** The value of Proxy-Authorization. */
  readonly authorization?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy for a URL; undefined for a direct connection. @throws ScanError CONFIG_INVALID */
export function proxyFor(url: URL, env: Environment): ProxyServer | undefined {
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  // In a CGI program HTTP_PROXY is a request's header "Proxy" (httpoxy).
  const isCgi = name === 'HTTP_PROXY' && env['REQUEST_METHOD'] !== undefined;
  const chosen = [...(isCgi ? ['http_proxy'] : [name, name.toLowerCase()]), 'ALL_PROXY', 'all_proxy'].find(
    (variable) => (env[variable] ?? '').trim() !== '',
  );
  if (chosen === undefined || isDirect(url, env['NO_PROXY'] || env['no_proxy'] || '')) return undefined;
  return parseProxy(env[chosen]!.trim(), chosen);
}

/** The error for a proxy that answers, and not with a connection. */
export function proxyRefusal({ url }: ProxyServer, status: number, target: string): ScanError {
  return new ScanError('SOURCE_UNAVAILABLE', `The proxy ${url.host} answered ${status} for ${target}.`, {
    subject: target,
    hint:
      status === 407
        ? 'It wants a user and a password: write them into the variable, as http://user:password@host:port.'
        : 'Ask who runs the proxy, or list the registry in NO_PROXY.',
  });
}

/** The error for a proxy that can't be reached. */
export function proxyFailure({ url }: ProxyServer, cause: Error): ScanError {
  return new ScanError('SOURCE_UNAVAILABLE', `The proxy ${url.host} can't be reached: ${cause.message}.`, {
    subject: url.host,
    hint: 'Check HTTP_PROXY and HTTPS_PROXY, or list the registry in NO_PROXY.',
    cause,
  });
}

function parseProxy(text: string, variable: string): ProxyServer {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url === undefined || url.hostname === '' || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    const scheme = url === undefined ? '' : ` of a kind that is not supported (${url.protocol.replace(':', '')})`;
    throw new ScanError('CONFIG_INVALID', `${variable} names a proxy${scheme || ' that is no address'}.`, {
      subject: variable,
      hint: 'Write http://host:port or https://host:port, or list the registry in NO_PROXY.',
    });
  }
  const { username, password } = url;
  url.username = '';
  url.password = '';
  if (username === '') return { url };
  const login = `${decode(username)}:${decode(password)}`;
  return { url, authorization: `Basic ${Buffer.from(login).toString('base64')}` };
}

/** True where a list of NO_PROXY, or the loopback, takes a URL out. */
function isDirect(url: URL, list: string): boolean {
  const name = hostName(url.host);
  if (isLoopbackName(name)) return true;
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== '' && matches(entry, name, port));
}

function matches(entry: string, name: string, port: string): boolean {
  if (entry === '*') return true;
  const [, net, prefix] = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(entry) ?? [];
  if (net !== undefined && prefix !== undefined) return isInside(name, net, Number(prefix));
  const [, host = '', wantedPort] = /^(.*?)(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? [];
  if (wantedPort !== undefined && wantedPort !== port) return false;
  const wanted = host.replace(/^\[|\]$/g, '').replace(/^\*(?=\.)/, '');
  if (isIP(wanted) !== 0) return isInside(name, wanted, isIP(wanted) === 6 ? 128 : 32);
  // `.corp` is for what is below it, `corp` also for itself.
  return wanted.startsWith('.') ? name.endsWith(wanted) : name === wanted || name.endsWith(`.${wanted}`);
}

function isInside(name: string, net: string, prefix: number): boolean {
  const family = isIP(net);
  if (isIP(name) !== family || family === 0 || prefix > (family === 6 ? 128 : 32)) return false;
  const list = new BlockList();
  const type = family === 6 ? 'ipv6' : 'ipv4';
  list.addSubnet(net, prefix, type);
  return list.check(name, type);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
