/**
 * Why no daemon gave the image: one error for all places tried, whose code and hint follow what the user
 * can do something about: an image that is not there, a permission, an address, a daemon to start.
 */

import { messageOf, ScanError } from '../errors.ts';
import { asObject } from '../oci/json.ts';
import { type DaemonEndpoint, type DaemonEngine, endpointName } from './docker-host.ts';

/** A place that was tried, and what came of it: Node's or dockerode's error. */
export interface DaemonFailure {
  readonly endpoint: DaemonEndpoint;
  readonly error: unknown;
}

interface Asked {
  readonly engine: DaemonEngine;
  readonly ref: string;
  readonly isContainer?: boolean;
}

/** One error for every place tried: what matters most to the user decides its code and hint. */
export function daemonFailure(
  { engine, ref, isContainer = false }: Asked,
  failures: readonly DaemonFailure[],
): ScanError {
  const tried = failures.map(({ endpoint }) => endpointName(endpoint)).join(', ');
  const origin = failures[0]?.endpoint.origin ?? '';
  const from = origin === 'default socket' ? '' : ` (from ${origin})`;
  const answered = failures.filter(({ error }) => statusOf(error) === 404);
  if (answered.length > 0) {
    const at = answered.map(({ endpoint }) => endpointName(endpoint)).join(', ');
    const what = isContainer ? 'container' : 'image';
    return new ScanError('IMAGE_NOT_FOUND', `The ${engine} daemon at ${at}${from} has no ${what} "${ref}".`, {
      subject: ref,
      hint: isContainer
        ? `\`${engine} ps --all\` lists what it has.`
        : `\`${engine} images\` lists what it has; for an image in a registry write docker://…`,
    });
  }
  const denied = failures.find(({ error }) => ['EACCES', 'EPERM'].includes(codeOf(error)));
  if (denied !== undefined) {
    return new ScanError('SOURCE_UNAVAILABLE', `No permission to use ${endpointName(denied.endpoint)}${from}.`, {
      subject: ref,
      hint: `Run as a user who may (for docker: root or the group docker), or pipe \`${engine} save ${ref}\` into \`whichlayer scan -\`.`,
      cause: denied.error,
    });
  }
  const failed = failures.find(({ error }) => !['ENOENT', 'ECONNREFUSED'].includes(codeOf(error)));
  const why = failed === undefined ? '' : `; ${endpointName(failed.endpoint)}: ${reasonOf(failed.error)}`;
  const isSsh = failures.some(({ endpoint }) => endpoint.address.kind === 'ssh');
  const error = new ScanError('SOURCE_UNAVAILABLE', `No ${engine} daemon answers${from}: tried ${tried}${why}.`, {
    subject: ref,
    hint: isSsh
      ? `Try \`ssh HOST ${engine} version\` by hand: it must work without a question, with a known host key and a key of yours.`
      : engine === 'docker'
        ? 'Start it, or say where it is with DOCKER_HOST or a docker context.'
        : 'Start it (`podman system service`), or say where it is with CONTAINER_HOST.',
    cause: failed?.error ?? failures[0]?.error,
  });
  if (failed === undefined && origin === 'default socket') absences.add(error);
  return error;
}

/** Errors that say no more than that nobody is at the default places. */
const absences = new WeakSet<ScanError>();

/** True where no daemon is there and none was named: nothing a user who means the registry wants to hear of. */
export function isNoDaemon(error: ScanError): boolean {
  return absences.has(error);
}

function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : '';
}

function statusOf(error: unknown): number | undefined {
  const status = asObject(error)?.['statusCode'];
  return typeof status === 'number' ? status : undefined;
}

/** The daemon's, ssh's or Node's words, on one line and without a full stop. */
export function reasonOf(error: unknown): string {
  const words = error instanceof AggregateError ? error.errors.map(messageOf).join(', ') : messageOf(error);
  return words.replace(/\s+/g, ' ').trim().slice(0, 300).replace(/\.$/, '');
}
