/**
 * HTTP to a registry and to where it sends us: keep-alive connections, proxies, certificates, a bounded wait
 * for headers. A redirect is followed a few times, never from https to http, without our Authorization on
 * another origin, and not to an address nearer to this machine than the registry itself (docs/credentials.md).
 */

import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { finished } from 'node:stream/promises';
import { ScanError } from '../../errors.ts';
import { within } from '../patient-read.ts';
import { hostName, isLoopbackName, mayLeadTo, type Reach, reachOf } from './address.ts';
import { isListed } from './endpoint.ts';
import { registryLimits } from './options.ts';
import { type ProxyServer, proxyFailure, proxyFor, proxyRefusal } from './proxy.ts';
import { type TlsOptions, tlsMaterial } from './tls-material.ts';
import { TunnelAgent } from './tunnel.ts';

/** What is sent; a GET where nothing else is said. */
export interface HttpRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** False: a redirect is an answer like any other. */
  readonly follow?: boolean;
}

/** An answer whose body has not been read. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: IncomingMessage;
  /** Who answered, after redirects. */
  readonly url: URL;
}

/** How connections are made. */
export interface TransportSettings extends TlsOptions {
  readonly timeoutMs: number;
  /** Hosts where a stranger may send us, whatever their address. */
  readonly allowHosts?: readonly string[];
}

/** Drops a body that nobody wants; a short one is read, which gives the connection to the next request. */
export async function discard({ headers, body }: HttpAnswer): Promise<void> {
  if (!(Number(headers['content-length']) <= registryLimits.errorBytes)) {
    body.destroy();
    return;
  }
  body.resume();
  try {
    await within(finished(body), discardMs, () => new Error('slow'));
  } catch {
    body.destroy();
  }
}

/** A body that nobody wants is waited for so long. */
const discardMs = 1000;

/** The connections to one registry and to where it sends us. */
export class Transport {
  readonly #settings: TransportSettings;
  readonly #agents = new Map<string, HttpAgent | HttpsAgent>();
  /** The origin the user asked for; only from there do we learn what its reach is. */
  readonly #home: string;
  #homeReach: Reach | undefined;

  constructor(home: string, settings: TransportSettings) {
    this.#home = home;
    this.#settings = settings;
  }

  /** Sends a request; a GET's and HEAD's redirects are followed. @throws ScanError; connection errors as Node throws them */
  async send(sent: HttpRequest): Promise<HttpAnswer> {
    let { url } = sent;
    let headers = sent.headers;
    for (let hops = 0; ; hops++) {
      const answer = await this.#exchange({ ...sent, url, headers });
      const location = answer.headers.location;
      // A body may hold a password: it goes to the address it was meant for or nowhere.
      const { method = 'GET', follow = method === 'GET' || method === 'HEAD' } = sent;
      if (!follow || !isRedirect(answer.status) || location === undefined) return answer;
      await discard(answer);
      const next = redirectTarget(url, location);
      if (hops >= registryLimits.redirects) {
        throw refused(sent.url, `redirected more than ${registryLimits.redirects} times`);
      }
      if (next.origin !== url.origin) {
        const { authorization: _, ...kept } = headers as Record<string, string>;
        headers = kept;
      }
      url = next;
    }
  }

  /** Ends every connection, also those in use. */
  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  async #exchange({ method = 'GET', url, headers, body, signal }: HttpRequest): Promise<HttpAnswer> {
    signal.throwIfAborted();
    const { timeoutMs, around } = this.#settings;
    const isHome = url.origin === this.#home;
    const proxy = proxyFor(url, around.env);
    if (!isHome) this.#checkName(url);
    const plainProxy = url.protocol === 'http:' ? proxy : undefined;
    const target = plainProxy?.url ?? url;
    const tls = target.protocol === 'https:';
    const outgoing = (tls ? httpsRequest : httpRequest)({
      agent: this.#agent(url, proxy),
      method,
      host: hostName(target.host),
      port: portOf(target),
      // To a proxy, the whole address (RFC 9112, 3.2.2).
      path: plainProxy === undefined ? url.pathname + url.search : url.origin + url.pathname + url.search,
      headers: {
        'user-agent': 'whichlayer',
        'accept-encoding': 'identity',
        ...headers,
        ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
        ...(plainProxy === undefined ? {} : { host: url.host }),
        ...(plainProxy?.authorization === undefined ? {} : { 'proxy-authorization': plainProxy.authorization }),
      },
      maxHeaderSize: registryLimits.headerBytes,
      signal,
      ...(isHome || proxy !== undefined ? {} : { lookup: guardedLookup((address) => this.#forbids(url, address)) }),
    });
    const response = await within(
      new Promise<IncomingMessage>((resolve, reject) => {
        outgoing.once('response', resolve);
        outgoing.on('error', (error) => {
          const isProxys = plainProxy !== undefined && (error as NodeJS.ErrnoException).syscall === 'connect';
          reject(isProxys ? proxyFailure(plainProxy, error) : error);
        });
        outgoing.end(body);
      }),
      timeoutMs,
      () => {
        outgoing.destroy();
        return new ScanError('SOURCE_TIMEOUT', `${url.origin} did not answer in ${timeoutMs / 1000} s.`, {
          subject: url.host,
        });
      },
    );
    // Its reader may be gone when a body fails; without a listener that would end the process.
    response.on('error', () => {});
    if (plainProxy !== undefined && response.statusCode === 407) {
      response.destroy();
      throw proxyRefusal(plainProxy, 407, url.host);
    }
    if (isHome) this.#learnReach(url, proxy === undefined ? response.socket.remoteAddress : undefined);
    return { status: response.statusCode ?? 0, headers: response.headers, body: response, url };
  }

  /** An address needs no lookup, and a proxy's lookup is not ours to watch: such names are judged by what they say. */
  #checkName(url: URL): void {
    const name = hostName(url.host);
    const address = isIP(name) !== 0 ? name : isLoopbackName(name) ? '127.0.0.1' : undefined;
    if (address !== undefined && this.#forbids(url, address)) throw forbidden(url.host);
  }

  #forbids(url: URL, address: string): boolean {
    if (isListed(url.host, this.#settings.allowHosts ?? [])) return false;
    return !mayLeadTo(this.#homeReach ?? 'public', reachOf(address));
  }

  /** Learned once: a name that later resolves to somewhere nearer must not widen where it may lead. */
  #learnReach(url: URL, remoteAddress: string | undefined): void {
    const name = hostName(url.host);
    const address = remoteAddress ?? (isIP(name) !== 0 ? name : undefined);
    this.#homeReach ??= address === undefined ? 'public' : reachOf(address);
  }

  /** Connections are kept for each origin alone: its certificates, and the guard they were made under, are its own. */
  #agent(url: URL, proxy: ProxyServer | undefined): HttpAgent | HttpsAgent {
    const key = url.protocol === 'http:' && proxy !== undefined ? `proxy ${proxy.url.origin}` : url.origin;
    const agent = this.#agents.get(key) ?? this.#createAgent(url, proxy);
    this.#agents.set(key, agent);
    return agent;
  }

  #createAgent(url: URL, proxy: ProxyServer | undefined): HttpAgent | HttpsAgent {
    const options = { keepAlive: true, scheduling: 'lifo' as const };
    if (url.protocol === 'https:') {
      const { timeoutMs, identify = true } = this.#settings;
      // A registry may not have us show up elsewhere as whom we are there.
      const isOwnHost = hostName(url.host) === hostName(new URL(this.#home).host);
      const secure = { ...options, ...tlsMaterial(url, { ...this.#settings, identify: identify && isOwnHost }) };
      return proxy === undefined ? new HttpsAgent(secure) : new TunnelAgent({ ...secure, proxy, timeoutMs });
    }
    if (proxy?.url.protocol !== 'https:') return new HttpAgent(options);
    return new HttpsAgent({ ...options, ...tlsMaterial(proxy.url, { ...this.#settings, identify: false }) });
  }
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

function redirectTarget(from: URL, location: string): URL {
  if (!URL.canParse(location, from.href)) throw refused(from, 'redirected to something that is no address');
  const next = new URL(location, from);
  if (next.protocol !== 'https:' && next.protocol !== 'http:') throw refused(from, 'redirected to another protocol');
  if (from.protocol === 'https:' && next.protocol === 'http:') throw refused(from, 'redirected from https to http');
  next.username = '';
  next.password = '';
  return next;
}

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** Resolves a name, and fails where an address is forbidden: a check of the name alone would miss a DNS answer. */
function guardedLookup(forbids: (address: string) => boolean) {
  return (name: string, options: LookupOptions, callback: LookupCallback): void => {
    dnsLookup(name, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      if (addresses.some(({ address }) => forbids(address))) return callback(forbidden(name), []);
      const [first] = addresses;
      if (options.all === true || first === undefined) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };
}

function forbidden(host: string): ScanError {
  return new ScanError(
    'SOURCE_UNAVAILABLE',
    `${host}: refused, it is an address nearer to this machine than the registry that names it.`,
    {
      subject: host,
      hint: `If you know that host and trust the registry with it, add --allow-host ${hostName(host)}.`,
    },
  );
}

function refused(url: URL, why: string): ScanError {
  return new ScanError('SOURCE_UNAVAILABLE', `${url.host}: refused, it ${why}.`, { subject: url.host });
}
