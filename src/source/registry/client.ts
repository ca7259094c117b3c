/**
 * One repository of one registry: GETs that authenticate when asked to (anonymous, basic, bearer), and
 * are tried again after what passes. Credentials are sent only after the registry asked for them.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { ImageName } from '../../oci/reference.ts';
import { parseChallenges } from './challenge.ts';
import { type RegistryEndpoint, registryEndpoint } from './endpoint.ts';
import { type Asked, connectionFailure, failureOf, isTlsFailure, retryWaitMs } from './failure.ts';
import { type Credentials, type RegistryOptions, registryDefaults, registryLimits } from './options.ts';
import { basicAuthorization, fetchToken } from './token.ts';
import { discard, type HttpAnswer, Transport } from './transport.ts';

/** A GET below `/v2/<repository>/`. */
export interface RepositoryGet {
  /** `manifests/latest`, `blobs/sha256:…`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly subject: string;
  readonly notFound: Asked['notFound'];
  readonly signal: AbortSignal;
}

/** Speaks to one repository. */
export class RepositoryClient {
  readonly host: string;
  readonly timeoutMs: number;
  readonly retryDelayMs: number;
  readonly #repository: string;
  readonly #credentials: Credentials | undefined;
  readonly #maxRetryAfterMs: number;
  #endpoint: RegistryEndpoint;
  #transport: Transport;
  #authorization: string | undefined;
  #renewal: Promise<string | undefined> | undefined;

  constructor(name: Pick<ImageName, 'host' | 'repository'>, options: RegistryOptions) {
    this.host = name.host;
    this.#endpoint = registryEndpoint(name.host, options.insecureRegistries);
    this.timeoutMs = options.idleTimeoutMs ?? registryDefaults.idleTimeoutMs;
    this.retryDelayMs = options.retryDelayMs ?? registryDefaults.retryDelayMs;
    this.#maxRetryAfterMs = options.maxRetryAfterMs ?? registryDefaults.maxRetryAfterMs;
    this.#repository = name.repository;
    this.#credentials = options.credentials;
    this.#transport = new Transport(this.#endpoint.origin, this.timeoutMs);
  }

  /** The answer to a GET, whose status is 2xx. @throws ScanError */
  async get(wanted: RepositoryGet): Promise<HttpAnswer> {
    const asked = this.#asked(wanted);
    const answer = await this.#persist(wanted, asked);
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw await failureOf(answer, asked, this.timeoutMs);
  }

  /** Ends every connection. */
  close(): void {
    this.#transport.close();
  }

  async #persist(wanted: RepositoryGet, asked: Asked): Promise<HttpAnswer> {
    for (let tried = 1; ; tried++) {
      const outcome = await this.#authenticated(wanted, asked).catch((error: unknown) => {
        if (error instanceof Error) return error;
        throw error;
      });
      const waitMs =
        tried < registryLimits.tries
          ? retryWaitMs(outcome, this.retryDelayMs * 2 ** (tried - 1), this.#maxRetryAfterMs)
          : undefined;
      wanted.signal.throwIfAborted();
      if (waitMs === undefined) {
        if (outcome instanceof Error) throw connectionFailure(outcome, asked);
        return outcome;
      }
      if (!(outcome instanceof Error)) discard(outcome);
      await sleep(waitMs, undefined, { signal: wanted.signal });
    }
  }

  async #authenticated(wanted: RepositoryGet, asked: Asked): Promise<HttpAnswer> {
    const sent = this.#authorization;
    const answer = await this.#send(wanted, sent);
    if (answer.status !== 401) return answer;
    // Another request may have renewed it meanwhile: that one is tried first.
    const authorization = this.#authorization === sent ? await this.#renew(answer, wanted, asked) : this.#authorization;
    if (authorization === undefined) return answer;
    discard(answer);
    return this.#send(wanted, authorization);
  }

  /** One renewal at a time, whose result all who wait for it use. */
  #renew(answer: HttpAnswer, wanted: RepositoryGet, asked: Asked): Promise<string | undefined> {
    this.#renewal ??= this.#authorize(answer, wanted, asked).finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #authorize(answer: HttpAnswer, { signal }: RepositoryGet, asked: Asked): Promise<string | undefined> {
    const challenges = parseChallenges(answer.headers['www-authenticate'] ?? '');
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer !== undefined) {
      const token = await fetchToken(this.#transport, {
        challenge: bearer,
        registryOrigin: this.#endpoint.origin,
        scope: `repository:${this.#repository}:pull`,
        credentials: this.#credentials,
        asked,
        timeoutMs: this.timeoutMs,
        signal,
      });
      this.#authorization = `Bearer ${token}`;
    } else if (this.#credentials !== undefined && challenges.some(({ scheme }) => scheme === 'basic')) {
      this.#authorization = basicAuthorization(this.#credentials);
    } else {
      return undefined;
    }
    return this.#authorization;
  }

  async #send(wanted: RepositoryGet, authorization: string | undefined): Promise<HttpAnswer> {
    if (!this.#endpoint.isGuess) return this.#sendOnce(wanted, authorization);
    const guess = this.#endpoint;
    this.#endpoint = { ...guess, isGuess: false };
    const outcome = await this.#sendOnce(wanted, authorization).catch((error: unknown) => error as Error);
    if (!isAnswerOfTlsServer(outcome)) {
      if (outcome instanceof Error) throw outcome;
      return outcome;
    }
    try {
      this.#connectTo(guess.origin.replace(/^http:/, 'https:'));
      return await this.#sendOnce(wanted, authorization);
    } catch (error) {
      // EPROTO: what answered is not TLS at all.
      if (isTlsFailure(error) && (error as NodeJS.ErrnoException).code !== 'EPROTO') throw error;
      this.#connectTo(guess.origin);
      return this.#sendOnce(wanted, authorization);
    }
  }

  #connectTo(origin: string): void {
    this.#transport.close();
    this.#endpoint = { ...this.#endpoint, origin };
    this.#transport = new Transport(origin, this.timeoutMs);
  }

  #sendOnce({ path, headers, signal }: RepositoryGet, authorization: string | undefined): Promise<HttpAnswer> {
    return this.#transport.get({
      url: new URL(`/v2/${this.#repository}/${path}`, this.#endpoint.origin),
      headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
      signal,
    });
  }

  #asked({ subject, notFound }: RepositoryGet): Asked {
    return { subject, notFound, host: this.host, authenticated: this.#credentials !== undefined };
  }
}

/** What a server that wants TLS makes of plain HTTP: 400 (Go, nginx), a closed connection or an alert (others). */
function isAnswerOfTlsServer(outcome: HttpAnswer | Error): boolean {
  if (!(outcome instanceof Error)) return outcome.status === 400;
  const { code = '' } = outcome as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code.startsWith('HPE_');
}
