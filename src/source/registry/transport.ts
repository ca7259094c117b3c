/**
 * HTTP to a registry and to where it redirects: keep-alive connections, system certificates beside Node's,
 * a bounded wait for headers. A redirect is followed a few times, never from https to http, without our
 * Authorization on another origin, and not to an address that only this machine can reach.
 */

import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { ScanError } from '../../errors.ts';
import { within } from '../patient-read.ts';
import { hostName, isBeyond, type Reach, reachOf } from './endpoint.ts';
import { registryLimits } from './options.ts';

/** A GET. */
export interface HttpGet {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** The reaches of address refused for this request: a stranger named its host. */
  readonly refuse?: readonly Reach[];
}

/** An answer whose body has not been read. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: IncomingMessage;
}

/** Drops a body that nobody wants; a short one is read, which keeps the connection. */
export function discard({ headers, body }: HttpAnswer): void {
  if (Number(headers['content-length']) <= registryLimits.errorBytes) body.resume();
  else body.destroy();
}

/** The connections to one registry and to where it sends us. */
export class Transport {
  readonly #timeoutMs: number;
  readonly #agents = new Map<string, HttpAgent | HttpsAgent>();
  #secureContext: SecureContext | undefined;
  /** The origin the user asked for; only from there do we learn what its reach is. */
  readonly #home: string;
  #homeReach: Reach = 'public';

  constructor(home: string, timeoutMs: number) {
    this.#home = home;
    this.#timeoutMs = timeoutMs;
  }

  /** Sends a GET and follows its redirects. @throws ScanError; connection errors as Node throws them */
  async get(sent: HttpGet): Promise<HttpAnswer> {
    let { url } = sent;
    let headers = sent.headers;
    for (let hops = 0; ; hops++) {
      const answer = await this.#exchange({ ...sent, url, headers });
      const location = answer.headers.location;
      if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
      discard(answer);
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

  async #exchange({ url, headers, signal, refuse = ['local'] }: HttpGet): Promise<HttpAnswer> {
    signal.throwIfAborted();
    const foreign = url.origin !== this.#home;
    const refusedReaches = foreign ? refuse : [];
    const forbids = (address: string) => {
      const reach = reachOf(address);
      // A registry on a private network or on this machine may have its other parts there too.
      return refusedReaches.includes(reach) && isBeyond(reach, this.#homeReach);
    };
    const name = hostName(url.host);
    if (isIP(name) !== 0 && forbids(name)) throw forbidden(url);
    const tls = url.protocol === 'https:';
    const outgoing = (tls ? httpsRequest : httpRequest)({
      agent: this.#agent(tls, refusedReaches.join()),
      host: name,
      port: url.port === '' ? (tls ? 443 : 80) : Number(url.port),
      path: url.pathname + url.search,
      headers: { 'user-agent': 'whichlayer', 'accept-encoding': 'identity', ...headers },
      maxHeaderSize: registryLimits.headerBytes,
      signal,
      lookup: guardedLookup(forbids),
    });
    const response = await within(
      new Promise<IncomingMessage>((resolve, reject) => {
        outgoing.once('response', resolve);
        outgoing.on('error', reject);
        outgoing.end();
      }),
      this.#timeoutMs,
      () => {
        outgoing.destroy();
        return new ScanError('SOURCE_TIMEOUT', `${url.origin} did not answer in ${this.#timeoutMs / 1000} s.`, {
          subject: url.host,
        });
      },
    );
    // Its reader may be gone when a body fails; without a listener that would end the process.
    response.on('error', () => {});
    const { remoteAddress } = response.socket;
    if (!foreign && remoteAddress !== undefined) this.#homeReach = reachOf(remoteAddress);
    return { status: response.statusCode ?? 0, headers: response.headers, body: response };
  }

  /** Connections made under a guard are not shared with requests that have another. */
  #agent(tls: boolean, guard: string): HttpAgent | HttpsAgent {
    const key = `${tls}${guard}`;
    let agent = this.#agents.get(key);
    if (agent === undefined) {
      const options = { keepAlive: true, scheduling: 'lifo' as const };
      if (tls) {
        this.#secureContext ??= createSecureContext({
          // 'default' holds Node's own list and NODE_EXTRA_CA_CERTS; companies install theirs in the system.
          ca: [...new Set([...getCACertificates('default'), ...getCACertificates('system')])],
        });
        agent = new HttpsAgent({ ...options, secureContext: this.#secureContext });
      } else {
        agent = new HttpAgent(options);
      }
      this.#agents.set(key, agent);
    }
    return agent;
  }
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
      if (addresses.some(({ address }) => forbids(address))) return callback(forbidden(new URL(`http://${name}`)), []);
      const [first] = addresses;
      if (options.all === true || first === undefined) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };
}

function forbidden(url: URL): ScanError {
  return refused(url, 'is an address nearer to this machine than the registry that names it');
}

function refused(url: URL, why: string): ScanError {
  return new ScanError('SOURCE_UNAVAILABLE', `${url.host}: refused, it ${why}.`, { subject: url.host });
}
