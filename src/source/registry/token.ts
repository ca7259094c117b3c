/**
 * The token flow of registries (distribution's "token authentication"): a 401 names a realm, which gives
 * a short-lived token for a scope. The realm is a stranger's word: it gets credentials over https alone,
 * unless the registry itself is plain http, and is never a private address of ours.
 */

import { ScanError } from '../../errors.ts';
import { readBounded } from '../patient-read.ts';
import type { Challenge } from './challenge.ts';
import { type Asked, failureOf } from './failure.ts';
import { type Credentials, registryLimits } from './options.ts';
import type { Transport } from './transport.ts';

/** What a token is asked for with. */
export interface TokenRequest {
  readonly challenge: Challenge;
  readonly registryOrigin: string;
  /** Used where the challenge names no scope. */
  readonly scope: string;
  readonly credentials: Credentials | undefined;
  readonly asked: Asked;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Fetches a token. @throws ScanError AUTH_DENIED, SOURCE_UNAVAILABLE */
export async function fetchToken(transport: Transport, wanted: TokenRequest): Promise<string> {
  const { challenge, credentials, asked, timeoutMs, signal } = wanted;
  const url = realmUrl(challenge, wanted.registryOrigin, asked);
  const { service } = challenge.params;
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', challenge.params['scope'] ?? wanted.scope);
  const answer = await transport.get({
    url,
    headers: {
      accept: 'application/json',
      ...(credentials === undefined ? {} : { authorization: basicAuthorization(credentials) }),
    },
    signal,
    refuse: ['local', 'private'],
  });
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
export function basicAuthorization({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
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
