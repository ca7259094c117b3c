/**
 * A registry's refusals in our words and codes, and whether a second try makes sense. Of the answer's
 * own text only its error codes are repeated (distribution-spec, "Error codes"): the rest is a stranger's.
 */

import { messageOf, ScanError } from '../../errors.ts';
import { readBounded } from '../patient-read.ts';
import { registryLimits } from './options.ts';
import { describeRateLimit, parseRateLimit } from './rate-limit.ts';
import type { HttpAnswer } from './transport.ts';

/** What was asked for, for codes and messages. */
export interface Asked {
  /** `image 127.0.0.1:5000/app:1`, `layer sha256:43be…`. */
  readonly subject: string;
  /** The code for a 404. */
  readonly notFound: 'IMAGE_NOT_FOUND' | 'BLOB_MISSING';
  /** The registry's host, as the user knows it. */
  readonly host: string;
  /** True where credentials were sent. */
  readonly authenticated: boolean;
  /** Where credentials were looked for, and what was there; known once a registry has asked for some. */
  readonly tried?: readonly string[];
}

/** The error for an answer that is no success; reads its body. */
export async function failureOf(answer: HttpAnswer, asked: Asked, timeoutMs: number): Promise<ScanError> {
  const { subject, host } = asked;
  const codes = await errorCodesOf(answer, timeoutMs);
  const status = `${answer.status}${codes.length > 0 ? ` ${codes.join(', ')}` : ''}`;
  switch (answer.status) {
    case 401:
    case 403:
      return new ScanError('AUTH_DENIED', `${host} refuses ${subject} (${status}).`, {
        subject,
        hint: loginHint(asked),
      });
    case 404:
      return new ScanError(asked.notFound, `${host} does not have ${subject} (${status}).`, {
        subject,
        hint:
          asked.notFound === 'IMAGE_NOT_FOUND'
            ? 'Check the name, the tag and the registry.'
            : 'The image may have been deleted in part: push it again.',
      });
    case 406:
      return new ScanError(
        'MEDIA_TYPE_UNSUPPORTED',
        `${host} has ${subject} only in a form we do not read (${status}).`,
        { subject },
      );
    case 429: {
      const wait = retryAfterMs(answer);
      const limit = parseRateLimit(answer.headers);
      const told = limit === undefined ? '' : ` ${describeRateLimit(limit)}`;
      return new ScanError('RATE_LIMITED', `${host} limits how often it is asked (${status}, for ${subject}).${told}`, {
        subject,
        hint: `${wait === undefined ? 'Try again later' : `Try again in ${Math.ceil(wait / 1000)} s`}${asked.authenticated ? '' : ', or log in: limits are higher then'}.`,
      });
    }
    default:
      return new ScanError('SOURCE_UNAVAILABLE', `${host} answered ${status} for ${subject}.`, {
        subject,
        hint:
          answer.status >= 500 ? 'The registry has a problem: try again later.' : 'Is this the address of a registry?',
      });
  }
}

/** The error for a connection that failed; a `ScanError` stays as it is. */
export function connectionFailure(error: unknown, asked: Pick<Asked, 'host' | 'subject'>): unknown {
  if (error instanceof ScanError) return error;
  const code = errorCodeOf(error);
  if (code === 'ABORT_ERR') return error;
  if (code === undefined) return error;
  return new ScanError(
    'SOURCE_UNAVAILABLE',
    `${asked.host} can't be reached for ${asked.subject}: ${reasonOf(error)}.`,
    {
      subject: asked.subject,
      hint: isTlsFailure(error)
        ? tlsHint(asked.host, errorCodeOf(error) ?? '')
        : 'Check the name, the network and whether the registry is up.',
      cause: error,
    },
  );
}

function loginHint({ host, authenticated, tried = [] }: Asked): string {
  if (authenticated) {
    return `The credentials for ${host} (${tried.at(-1) ?? 'given'}) do not allow it, or there is no such image: check the name and log in again.`;
  }
  const looked = tried.length === 0 ? '' : ` Looked for credentials in: ${tried.join('; ')}.`;
  return `Log in (docker login ${host}, podman login ${host}, or --username and --password-stdin), or check the name: many registries answer so for an image that is not there.${looked}`;
}

function tlsHint(host: string, code: string): string {
  if (code.includes('ALERT') || code === 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE') {
    return `It may want a client's certificate: put NAME.cert and NAME.key into /etc/docker/certs.d/${host} or ~/.config/containers/certs.d/${host}.`;
  }
  return 'If its certificate is from your own authority, name that with --ca-file; if nobody vouches for it or it speaks plain HTTP, name the registry with --insecure-registry.';
}

/** True where TLS is spoken and fails: a certificate that is not trusted, mostly. */
export function isTlsFailure(error: unknown): boolean {
  return /CERT|TLS|SSL|ISSUER|SELF_SIGNED|SIGNATURE|ALTNAME|EPROTO/.test(errorCodeOf(error) ?? '');
}

/** The wait before a try: doubled with each, and spread by half, so that many who failed together don't come back together. */
export function backoffOf(retryDelayMs: number, tried: number): number {
  return retryDelayMs * 2 ** (tried - 1) * (0.5 + Math.random());
}

/** How long to wait before the same request may succeed; undefined where it won't. */
export function retryWaitMs(
  outcome: HttpAnswer | Error,
  backoffMs: number,
  maxRetryAfterMs: number,
): number | undefined {
  if (outcome instanceof Error) return isTransient(outcome) ? backoffMs : undefined;
  if (outcome.status === 429 || outcome.status === 503) {
    const told = retryAfterMs(outcome);
    if (told !== undefined) return told <= maxRetryAfterMs ? told + backoffMs : undefined;
    return backoffMs;
  }
  return outcome.status >= 500 && outcome.status !== 501 ? backoffMs : undefined;
}

/** True for a connection that broke or was not made, without a lasting reason. */
export function isTransient(error: unknown): boolean {
  const code = errorCodeOf(error);
  return code !== undefined && transientCodes.has(code);
}

const transientCodes = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** The code Node gives a failed connection; several addresses tried make one error of the failures. */
function errorCodeOf(error: unknown): string | undefined {
  if (error instanceof ScanError || !(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return code;
  return error instanceof AggregateError ? errorCodeOf(error.errors[0]) : undefined;
}

/** Node's words; a failure at each of several addresses has none of its own. */
function reasonOf(error: unknown): string {
  const words = error instanceof AggregateError ? error.errors.map(messageOf).join(', ') : messageOf(error);
  // What Node advises its own users; the system's authorities are trusted here anyway.
  return words.replace(/; if the root CA is installed locally.*$/, '');
}

/** `Retry-After` in seconds or as a date. */
function retryAfterMs({ headers }: HttpAnswer): number | undefined {
  const value = headers['retry-after'];
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

async function errorCodesOf({ body }: HttpAnswer, timeoutMs: number): Promise<readonly string[]> {
  try {
    const text = await readBounded(body, { maxBytes: registryLimits.errorBytes, timeoutMs, subject: 'error' });
    const { errors } = JSON.parse(text.toString()) as { errors: readonly { code: unknown }[] };
    return errors
      .map(({ code }) => code)
      .filter((code): code is string => typeof code === 'string' && /^[A-Z][A-Z_]{2,40}$/.test(code))
      .slice(0, 3);
  } catch {
    // No list of errors in it: the status has to do.
    return [];
  }
}
