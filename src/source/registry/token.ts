/**
 * The token flow of registries (distribution's "token authentication" and its OAuth2 form): a 401 names a
 * realm, which gives a short-lived token for a scope. The realm is a stranger's word: it is asked over https
 * alone unless the registry itself is plain http, never nearer to us than the registry is, and for no more
 * than a right to pull (docs/credentials.md).
 */

import { ScanError } from '../../errors.ts';
import { readBounded } from '../patient-read.ts';
import type { Challenge } from './challenge.ts';
import { type Asked, failureOf } from './failure.ts';
import { type Credentials, type PasswordCredentials, registryLimits } from './options.ts';
import { discard, type HttpAnswer, type Transport } from './transport.ts';

/** What a token is asked for with. */
export interface TokenRequest {
  readonly challenge: Challenge;
  readonly registryOrigin: string;
  /** Used where the challenge names no scope. */
  readonly scope: string;
  readonly credentials: Exclude<Credentials, { registryToken: string }> | undefined;
  readonly asked: Asked;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Fetches a token. @throws ScanError AUTH_DENIED, SOURCE_UNAVAILABLE */
export async function fetchToken(transport: Transport, wanted: TokenRequest): Promise<string> {
  const { challenge, asked, timeoutMs } = wanted;
  const realm = realmUrl(challenge, wanted.registryOrigin, asked);
  const { service } = challenge.params;
  const scope = pullScope(challenge.params['scope']) ?? wanted.scope;
  const answer = await ask(transport, { ...wanted, realm, service, scope });
  if (answer.status !== 200)
    throw await failureOf(answer, { ...asked, host: `${asked.host} (its token server)` }, timeoutMs);
  const subject = `token for ${asked.subject}`;
  const body = await readBounded(answer.body, { maxBytes: registryLimits.tokenBytes, timeoutMs, subject });
  const token = tokenOf(body.toString());
  if (token === undefined) {
    throw new ScanError('AUTH_DENIED', `the token server of ${asked.host} gave no usable token.`, {
      subject: asked.subject,
    });
  }
  return token;
}

/** The value of an Authorization header. */
export function basicAuthorization({ username, password }: PasswordCredentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

interface Question extends TokenRequest {
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scope: string;
}

/** By GET with a password or as nobody; by POST with a refresh token, and where a server knows no GET. */
async function ask(transport: Transport, question: Question): Promise<HttpAnswer> {
  const { credentials, signal, realm, service, scope } = question;
  if (credentials !== undefined && 'identityToken' in credentials) {
    return post(transport, question, { grant_type: 'refresh_token', refresh_token: credentials.identityToken });
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', scope);
  const answer = await transport.send({
    url,
    headers: {
      accept: 'application/json',
      ...(credentials === undefined ? {} : { authorization: basicAuthorization(credentials) }),
    },
    signal,
  });
  if (credentials === undefined || (answer.status !== 404 && answer.status !== 405)) return answer;
  await discard(answer);
  const { username, password } = credentials;
  return post(transport, question, { grant_type: 'password', username, password });
}

function post(
  transport: Transport,
  { realm, service, scope, signal }: Question,
  grant: Readonly<Record<string, string>>,
): Promise<HttpAnswer> {
  const form = new URLSearchParams({ ...grant, client_id: 'whichlayer', scope });
  if (service !== undefined) form.set('service', service);
  return transport.send({
    method: 'POST',
    url: realm,
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
    signal,
  });
}

function realmUrl(challenge: Challenge, registryOrigin: string, { host, subject }: Asked): URL {
  const realm = challenge.params['realm'] ?? '';
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && registryOrigin.startsWith('http:'))) {
    url.username = '';
    url.password = '';
    return url;
  }
  throw new ScanError('AUTH_DENIED', `${host} names a token server that is not an https address.`, {
    subject,
    hint: 'Nothing was sent there: ask who runs the registry.',
  });
}

/** A challenge's scope without what we never do: `pull` of repositories and the list of them is all we ask for. */
function pullScope(scope: string | undefined): string | undefined {
  const kept = scope
    ?.split(' ')
    .map((item) => item.replace(/^(repository(?:\([^)]*\))?:.+):[^:]*$/, '$1:pull'))
    .filter((item) => item !== '');
  return kept === undefined || kept.length === 0 ? undefined : kept.join(' ');
}

function tokenOf(text: string): string | undefined {
  try {
    const { token, access_token: accessToken } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    // It goes into a header: printable, without spaces.
    return [token, accessToken].find(
      (value): value is string => typeof value === 'string' && /^[\x21-\x7e]+$/.test(value),
    );
  } catch {
    return undefined;
  }
}
