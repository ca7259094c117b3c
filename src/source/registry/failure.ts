/**
 * A registry's refusals in our words and codes, and whether a second try makes sense. Of the answer's
 * own text only its error codes are repeated (distribution-spec, "Error codes"): the rest is a stranger's.
 */

import { messageOf, ScanError } from '../../errors.ts';
import { readBounded } from '../patient-read.ts';
import { registryLimits } from './options.ts';
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
        hint: asked.authenticated
          ? `The credentials for ${host} do not allow it, or there is no such image: check the name and log in again.`
          : `Log in (docker login ${host}, or --username and --password-stdin; credential helpers are not read yet), or check the name: many registries answer so for an image that is not there.`,
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
      return new ScanError('RATE_LIMITED', `${host} limits how often it is asked (${status}, for ${subject}).`, {
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
        ? 'If its certificate is from your own authority, set NODE_EXTRA_CA_CERTS; if it speaks plain HTTP, name it with --insecure-registry.'
        : 'Check the name, the network and whether the registry is up.',
      cause: error,
    },
  );
}

/** True where TLS is spoken and fails: a certificate that is not trusted, mostly. */
export function isTlsFailure(error: unknown): boolean {
  return /CERT|TLS|SSL|ISSUER|SELF_SIGNED|SIGNATURE|ALTNAME|EPROTO/.test(errorCodeOf(error) ?? '');
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
    if (told !== undefined) return told <= maxRetryAfterMs ? Math.max(told, backoffMs) : undefined;
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
  return error instanceof AggregateError ? error.errors.map(messageOf).join(', ') : messageOf(error);
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
