/**
 * One repository of one registry: GETs that authenticate when asked to (anonymous, basic, bearer), and
 * are tried again after what passes. Credentials are looked up, and sent, only after the registry itself
 * asked for them.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { ScanError } from '../../errors.ts';
import type { ImageName } from '../../oci/reference.ts';
import type { RegistryAccess } from '../source.ts';
import type { BlobHolder } from './blob.ts';
import { parseChallenges } from './challenge.ts';
import { type FoundCredentials, findCredentials } from './credentials/find.ts';
import { registryEndpoint } from './endpoint.ts';
import { type Asked, backoffOf, connectionFailure, failureOf, isTlsFailure, retryWaitMs } from './failure.ts';
import { type RegistryOptions, registryDefaults, registryLimits } from './options.ts';
import { parseRateLimit, type RateLimit } from './rate-limit.ts';
import { surroundingsOf } from './surroundings.ts';
import { basicAuthorization, fetchToken } from './token.ts';
import { discard, type HttpAnswer, Transport, type TransportSettings } from './transport.ts';

/** A GET below `/v2/<repository>/`. */
export interface RepositoryGet {
  /** `manifests/latest`, `blobs/sha256:…`; with a slash first it is the whole path: `/v2/_catalog`. */
  readonly path: string;
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly subject: string;
  readonly notFound: Asked['notFound'];
  readonly signal: AbortSignal;
}

/** How the client is set up beyond what the user says. */
export interface ClientOptions extends RegistryOptions {
  /** True: come as nobody; no credentials are looked up, no client's certificate is shown. */
  readonly anonymous?: boolean;
}

/** How long credentials that were looked up are used: those of clouds and helpers run out. */
const credentialsLifeMs = 5 * 60_000;

/** Speaks to one repository. */
export class RepositoryClient implements BlobHolder {
  readonly host: string;
  readonly timeoutMs: number;
  readonly retryDelayMs: number;
  readonly #name: Pick<ImageName, 'host' | 'repository'>;
  readonly #options: ClientOptions;
  readonly #settings: TransportSettings;
  readonly #maxRetryAfterMs: number;
  /** Origins that may be the registry's, the one in use first; one that answered is alone. */
  #origins: readonly [string, ...string[]];
  #transport: Transport;
  #authorization: string | undefined;
  #renewal: Promise<string | undefined> | undefined;
  #found: { readonly at: number; readonly credentials: Promise<FoundCredentials> } | undefined;
  #asked: Pick<Asked, 'authenticated' | 'tried'> = { authenticated: false };
  #rateLimit: RateLimit | undefined;

  constructor(name: Pick<ImageName, 'host' | 'repository'>, options: ClientOptions) {
    this.host = name.host;
    this.timeoutMs = options.idleTimeoutMs ?? registryDefaults.idleTimeoutMs;
    this.retryDelayMs = options.retryDelayMs ?? registryDefaults.retryDelayMs;
    this.#maxRetryAfterMs = options.maxRetryAfterMs ?? registryDefaults.maxRetryAfterMs;
    this.#name = name;
    this.#options = options;
    this.#origins = registryEndpoint(name.host, options.insecureRegistries).origins;
    this.#settings = transportSettings(options);
    this.#transport = new Transport(this.#origins[0], this.#settings);
  }

  /** True where layers may be fetched from the addresses their descriptors name. */
  get foreignLayers(): boolean {
    return this.#options.foreignLayers ?? false;
  }

  /** True where the registry itself speaks plain HTTP. */
  get isPlain(): boolean {
    return this.#origins[0].startsWith('http:');
  }

  /** Where it is, and whether anybody may come: told once it was asked. */
  get access(): RegistryAccess {
    const { host, repository } = this.#name;
    const isOpen = this.#authorization === undefined;
    return {
      repository: `${host}/${repository}`,
      ...(isOpen ? { openUrl: `${this.#origins[0].replace(/\/$/, '')}/v2/${repository}` } : {}),
    };
  }

  /** A client of the same repository that comes without any credentials. */
  asNobody(): RepositoryClient {
    const { credentials: _, ...options } = this.#options;
    return new RepositoryClient(this.#name, { ...options, anonymous: true });
  }

  /** What the registry last said of how much we may still pull. */
  get rateLimit(): RateLimit | undefined {
    return this.#rateLimit;
  }

  /** The answer to a GET, whose status is 2xx. @throws ScanError */
  async get(wanted: RepositoryGet): Promise<HttpAnswer> {
    const answer = await this.#persist(wanted);
    this.#rateLimit = parseRateLimit(answer.headers) ?? this.#rateLimit;
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw await failureOf(answer, this.#askedFor(wanted), this.timeoutMs);
  }

  getBlob(wanted: Parameters<BlobHolder['getBlob']>[0]): Promise<HttpAnswer> {
    const { digest, ...rest } = wanted;
    return this.get({ ...rest, path: `blobs/${digest}`, subject: `blob ${digest}`, notFound: 'BLOB_MISSING' });
  }

  /** The answer to an address a descriptor names, asked as nobody; it is a stranger's and guarded as such. @throws ScanError */
  async getForeign(url: URL, { headers, signal }: Pick<RepositoryGet, 'headers' | 'signal'>): Promise<HttpAnswer> {
    const asked: Asked = { subject: url.host, host: url.host, notFound: 'BLOB_MISSING', authenticated: false };
    try {
      const answer = await this.#transport.send({ url, headers: headers ?? {}, signal });
      if (answer.status >= 200 && answer.status < 300) return answer;
      throw await failureOf(answer, asked, this.timeoutMs);
    } catch (error) {
      throw connectionFailure(error, asked);
    }
  }

  /** Where an answer's list goes on (`Link: <…>; rel="next"`, RFC 8288), as a path for `get`. @throws ScanError */
  nextPage({ headers, url }: HttpAnswer): string | undefined {
    const link = [headers['link'] ?? []].flat().join(', ');
    const [, target] = /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(link) ?? [];
    if (target === undefined) return undefined;
    const next = URL.canParse(target, url.href) ? new URL(target, url) : undefined;
    if (next?.host === url.host && url.origin === this.#origins[0]) return next.pathname + next.search;
    throw new ScanError('SOURCE_UNAVAILABLE', `${this.host} says that its list goes on at another host.`, {
      subject: this.host,
      hint: 'It was not followed there: ask who runs the registry.',
    });
  }

  /** Ends every connection. */
  close(): void {
    this.#transport.close();
  }

  async #persist(wanted: RepositoryGet): Promise<HttpAnswer> {
    for (let tried = 1; ; tried++) {
      const outcome = await this.#authenticated(wanted).catch((error: unknown) => {
        if (error instanceof Error) return error;
        throw error;
      });
      const waitMs =
        tried < registryLimits.tries
          ? retryWaitMs(outcome, backoffOf(this.retryDelayMs, tried), this.#maxRetryAfterMs)
          : undefined;
      wanted.signal.throwIfAborted();
      if (waitMs === undefined) {
        if (outcome instanceof Error) throw connectionFailure(outcome, this.#askedFor(wanted));
        return outcome;
      }
      if (!(outcome instanceof Error)) await discard(outcome);
      await sleep(waitMs, undefined, { signal: wanted.signal });
    }
  }

  async #authenticated(wanted: RepositoryGet): Promise<HttpAnswer> {
    const sent = this.#authorization;
    const answer = await this.#send(wanted, sent);
    // Whom the registry redirects to is not the registry, and names no realm.
    if (answer.status !== 401 || answer.url.origin !== this.#origins[0]) return answer;
    // Another request may have renewed it meanwhile: that one is tried first.
    const authorization = this.#authorization === sent ? await this.#renew(answer, wanted) : this.#authorization;
    if (authorization === undefined) return answer;
    await discard(answer);
    return this.#send(wanted, authorization);
  }

  /** One renewal at a time, whose result all who wait for it use. */
  #renew(answer: HttpAnswer, wanted: RepositoryGet): Promise<string | undefined> {
    this.#renewal ??= this.#authorize(answer, wanted).finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #authorize(answer: HttpAnswer, wanted: RepositoryGet): Promise<string | undefined> {
    const challenges = parseChallenges(answer.headers['www-authenticate'] ?? '');
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    const { credentials, tried } = await this.#credentials(wanted.signal);
    this.#asked = { authenticated: credentials !== undefined, tried };
    if (credentials !== undefined && 'registryToken' in credentials) {
      this.#authorization = `Bearer ${credentials.registryToken}`;
    } else if (bearer !== undefined) {
      const token = await fetchToken(this.#transport, {
        challenge: bearer,
        registryOrigin: this.#origins[0],
        scope: this.#name.repository === '' ? 'registry:catalog:*' : `repository:${this.#name.repository}:pull`,
        credentials,
        asked: this.#askedFor(wanted),
        timeoutMs: this.timeoutMs,
        signal: wanted.signal,
      });
      this.#authorization = `Bearer ${token}`;
    } else if (credentials !== undefined && 'password' in credentials) {
      if (!challenges.some(({ scheme }) => scheme === 'basic')) return undefined;
      this.#authorization = basicAuthorization(credentials);
    } else {
      return undefined;
    }
    return this.#authorization;
  }

  #credentials(signal: AbortSignal): Promise<FoundCredentials> {
    const { credentials, anonymous = false } = this.#options;
    if (anonymous) return Promise.resolve({ credentials: undefined, tried: [] });
    if (credentials !== undefined) return Promise.resolve({ credentials, tried: ['given on the command line'] });
    if (this.#found === undefined || performance.now() - this.#found.at > credentialsLifeMs) {
      const { instanceCredentials = false } = this.#options;
      const found = findCredentials(this.#name, { ...this.#settings, instanceCredentials, signal });
      this.#found = { at: performance.now(), credentials: found };
    }
    return this.#found.credentials;
  }

  async #send(wanted: RepositoryGet, authorization: string | undefined): Promise<HttpAnswer> {
    const [first, second] = this.#origins;
    if (second === undefined) return this.#sendOnce(wanted, authorization);
    this.#origins = [first];
    const outcome = await this.#sendOnce(wanted, authorization).catch((error: unknown) => error as Error);
    const isWrong = first.startsWith('http:') ? isAnswerOfTlsServer(outcome) : isNoTlsServer(outcome);
    wanted.signal.throwIfAborted();
    if (!isWrong) {
      if (outcome instanceof Error) throw outcome;
      return outcome;
    }
    try {
      this.#connectTo(second);
      return await this.#sendOnce(wanted, authorization);
    } catch (error) {
      if (error instanceof ScanError || (isTlsFailure(error) && !isNoTls(error))) throw error;
      this.#connectTo(first);
      return this.#sendOnce(wanted, authorization);
    }
  }

  #connectTo(origin: string): void {
    this.#transport.close();
    this.#origins = [origin];
    this.#transport = new Transport(origin, this.#settings);
  }

  #sendOnce({ path, method, headers, signal }: RepositoryGet, authorization: string | undefined): Promise<HttpAnswer> {
    const full = path.startsWith('/') ? path : `/v2/${this.#name.repository}/${path}`;
    return this.#transport.send({
      ...(method === undefined ? {} : { method }),
      url: new URL(full, this.#origins[0]),
      headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
      signal,
    });
  }

  #askedFor({ subject, notFound }: RepositoryGet): Asked {
    return { subject, notFound, host: this.host, ...this.#asked };
  }
}

function transportSettings(options: ClientOptions): TransportSettings {
  const { anonymous = false, caFiles = [], insecureRegistries = [], allowHosts = [] } = options;
  return {
    timeoutMs: options.idleTimeoutMs ?? registryDefaults.idleTimeoutMs,
    around: surroundingsOf(options),
    identify: !anonymous,
    caFiles,
    insecureRegistries,
    allowHosts,
  };
}

/** What a server that wants TLS makes of plain HTTP: 400 (Go, nginx), a closed connection or an alert (others). */
function isAnswerOfTlsServer(outcome: HttpAnswer | Error): boolean {
  if (!(outcome instanceof Error)) return outcome.status === 400;
  const { code = '' } = outcome as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code.startsWith('HPE_');
}

/** What becomes of TLS with a server that speaks plain HTTP, or that listens on the port of that alone. */
function isNoTlsServer(outcome: HttpAnswer | Error): boolean {
  if (!(outcome instanceof Error)) return false;
  const { code = '' } = outcome as NodeJS.ErrnoException;
  return isNoTls(outcome) || code === 'ECONNRESET' || code === 'ECONNREFUSED';
}

/** True where what answered is not TLS at all. */
function isNoTls(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return /^(EPROTO|ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST))$/.test(code);
}
