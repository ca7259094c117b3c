/**
 * What the credentials of clouds are made with: requests to a cloud's own services, which the user's
 * environment names; nothing that they answer gets into a message.
 */

import { isIP } from 'node:net';
import { ScanError } from '../../../errors.ts';
import { asObject } from '../../../oci/json.ts';
import { readBounded } from '../../patient-read.ts';
import { hostName, isLoopbackName, type Reach, reachOf } from '../address.ts';
import { connectionFailure } from '../failure.ts';
import { type Credentials, registryLimits } from '../options.ts';
import type { Surroundings } from '../surroundings.ts';
import { Transport, type TransportSettings } from '../transport.ts';

/** Credentials and where they are from, for messages. */
export interface CloudCredentials {
  readonly title: string;
  readonly credentials: Credentials;
}

/** A request to a cloud's service. */
export interface CloudRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** True for a service of this very machine: no proxy stands between. */
  readonly direct?: boolean;
}

/** What a cloud's credentials are made with. */
export interface CloudKit {
  readonly around: Surroundings;
  /** True where the machine's metadata service may be asked. */
  readonly instanceCredentials: boolean;
  /** The JSON object a service answers with; other text is its `text`. @throws ScanError */
  readonly send: (request: CloudRequest) => Promise<Readonly<Record<string, unknown>>>;
}

/** A text of an answer. @throws ScanError AUTH_DENIED where it is not there */
export function textOf(answer: Readonly<Record<string, unknown>>, field: string, service: string): string {
  const value = answer[field];
  if (typeof value === 'string' && value !== '') return value;
  throw new ScanError('AUTH_DENIED', `${service} gave an answer without ${field}.`, { subject: service });
}

/** The address of a service, as the environment may name it: over https, or on this machine. @throws ScanError CONFIG_INVALID */
export function serviceUrl(text: string, base?: string): URL {
  const url = URL.canParse(text, base) ? new URL(text, base) : undefined;
  const isNear = url?.protocol === 'http:' && reachOfName(hostName(url.host)) !== 'public';
  if (url !== undefined && (url.protocol === 'https:' || isNear)) return url;
  throw new ScanError('CONFIG_INVALID', 'The address of a cloud service in the environment is not an https address.', {
    hint: 'Check AWS_ENDPOINT_URL, AZURE_AUTHORITY_HOST, or token_uri in GOOGLE_APPLICATION_CREDENTIALS.',
  });
}

function reachOfName(name: string): Reach {
  if (isLoopbackName(name)) return 'loopback';
  return isIP(name) === 0 ? 'public' : reachOf(name);
}

/** One exchange with a service that the user's environment names. @throws ScanError */
export async function sendToCloud(
  request: CloudRequest,
  settings: TransportSettings,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const { url } = request;
  const asked = { host: url.host, subject: `credentials from ${url.host}` };
  const around = request.direct === true ? { ...settings.around, env: {} } : settings.around;
  // On a machine that is no cloud's nobody answers there.
  const timeoutMs = request.direct === true ? Math.min(settings.timeoutMs, 5000) : settings.timeoutMs;
  const transport = new Transport(url.origin, { ...settings, around, timeoutMs, identify: false });
  try {
    const { method, headers, body } = request;
    const answer = await transport.send({
      method,
      url,
      headers,
      ...(body === undefined ? {} : { body }),
      signal,
      follow: false,
    });
    const limits = { maxBytes: registryLimits.tokenBytes, timeoutMs, subject: asked.subject };
    const text = (await readBounded(answer.body, limits)).toString();
    if (answer.status !== 200) {
      throw new ScanError('AUTH_DENIED', `${url.host} refuses credentials for its registry (${answer.status}).`, {
        subject: url.host,
        hint: 'Check the variables of that cloud in the environment: they may have run out, or lack the right to pull.',
      });
    }
    return readJson(text);
  } catch (error) {
    throw connectionFailure(error, asked);
  } finally {
    transport.close();
  }
}

function readJson(text: string): Readonly<Record<string, unknown>> {
  try {
    return asObject(JSON.parse(text)) ?? { text };
  } catch {
    return { text };
  }
}
