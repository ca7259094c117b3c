/**
 * A name without a transport: looked for in docker, then in podman, then in its registry, as the user's own tools would;
 * which one had it is in the source's title, and if none had it the error tells of every attempt. And containers' images.
 */

import { type Diagnostic, notice, ScanError } from '../errors.ts';
import type { ImageName, Reference } from '../oci/reference.ts';
import { openDaemonImage } from './docker-daemon.ts';
import { isNoDaemon } from './docker-daemon-failure.ts';
import type { DaemonEngine } from './docker-host.ts';
import type { OpenOptions } from './open.ts';
import { shortNames } from './registry/mirrors.ts';
import { loadRegistriesConf } from './registry/registries-conf.ts';
import { surroundingsOf } from './registry/surroundings.ts';
import { openRegistryImage } from './registry.ts';
import type { ImageSource } from './source.ts';

interface Attempt {
  readonly where: DaemonEngine | 'registry';
  readonly error: ScanError;
}

type NamedReference = Extract<Reference, { kind: 'name' }>;

/** Opens the image of a bare name. @throws ScanError */
export async function openNamed(reference: NamedReference, options: OpenOptions): Promise<ImageSource> {
  const { source = 'auto' } = options;
  const attempts: Attempt[] = [];
  if (source !== 'remote') {
    for (const engine of ['docker', 'podman'] as const) {
      try {
        return await openDaemonImage({ engine, ref: reference.ref, text: reference.text }, options);
      } catch (error) {
        attempts.push({ where: engine, error: passable(error) });
      }
    }
  }
  if (source !== 'local') {
    const notices = attempts.flatMap(noticeOf);
    for (const name of namesOf(reference, options)) {
      try {
        return await openRegistryImage(
          { name, text: reference.text },
          forName(name, reference, { ...options, notices }),
        );
      } catch (error) {
        if (!(error instanceof ScanError)) throw error;
        attempts.push({ where: 'registry', error });
      }
    }
  }
  throw noneHasIt(reference.text, attempts);
}

/** The image of a container of docker's or podman's. @throws ScanError */
export async function openContainer(
  { ref, text }: { ref: string; text: string },
  options: OpenOptions,
): Promise<ImageSource> {
  const attempts: Attempt[] = [];
  for (const engine of ['docker', 'podman'] as const) {
    try {
      return await openDaemonImage({ engine, ref, text, isContainer: true }, options);
    } catch (error) {
      attempts.push({ where: engine, error: passable(error) });
    }
  }
  throw noneHasIt(text, attempts);
}

/** The registry's names of a reference: one, unless registries.conf has several places for short ones; an id has none. */
function namesOf({ name, text }: NamedReference, options: OpenOptions): readonly ImageName[] {
  if (name !== undefined) return shortNames(text, name, loadRegistriesConf(surroundingsOf(options)));
  throw new ScanError('IMAGE_NOT_FOUND', 'A registry is not asked for an id alone.', {
    subject: text,
    hint: 'Write name@digest for an image in a registry.',
  });
}

/** Credentials of the command line are for the registry the user had before them: a short name's is docker.io. */
function forName<T extends OpenOptions>(name: ImageName, { name: meant }: NamedReference, options: T): T {
  if (name.host === meant?.host) return options;
  const { credentials: _, ...others } = options;
  return others as T;
}

/** An error after which the next place is tried; any other is thrown on. */
function passable(error: unknown): ScanError {
  const codes = ['SOURCE_UNAVAILABLE', 'SOURCE_TIMEOUT', 'IMAGE_NOT_FOUND', 'PLATFORM_NOT_FOUND'];
  if (error instanceof ScanError && codes.includes(error.code)) return error;
  throw error;
}

/** What the reader of a report on the registry's image should know: a daemon may have had another one of that name. */
function noticeOf({ where, error }: Attempt): readonly Diagnostic[] {
  if (isNoDaemon(error) || error.code === 'IMAGE_NOT_FOUND') return [];
  return [notice(error.code, where, `Not asked for the image, its registry was: ${error.message}`)];
}

/** One error for all attempts; the registry's word, or that of a daemon which was there, gives code and hint. */
function noneHasIt(text: string, attempts: readonly Attempt[]): ScanError {
  const { error } =
    attempts.find(({ where }) => where === 'registry') ??
    attempts.find((attempt) => attempt.error.code !== 'SOURCE_UNAVAILABLE') ??
    attempts[0]!;
  if (attempts.length === 1) return error;
  const told = attempts.map((attempt) => `${attempt.where}: ${attempt.error.message}`).join(' ');
  return new ScanError(error.code, `"${text}" was looked for in ${attempts.length} places. ${told}`, {
    subject: text,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
  });
}
