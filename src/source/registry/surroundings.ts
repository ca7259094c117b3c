/**
 * What the registry client may look at of the machine it runs on: environment, home folder, `/etc` and
 * files in them. It comes in as one value, so that tests need no machine of their own and nothing below
 * reads `process` by itself.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';

/** The machine, as far as registries are concerned. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** `/etc`, for the configuration of docker and of podman's family. */
  readonly etc: string;
  /** The user's id, where the system has such. */
  readonly uid: number | undefined;
  /** A file's text; undefined where there is none. @throws what Node throws where it can't be read */
  readonly readFile: (path: string) => string | undefined;
  /** The names in a folder, sorted; none where it is not there or not ours to list. */
  readonly listFolder: (path: string) => readonly string[];
}

/** The machine as it is, but for what was given. */
export function surroundingsOf(given: Partial<Surroundings> = {}): Surroundings {
  const { env = process.env, etc = '/etc' } = given;
  return {
    env,
    etc,
    home: given.home ?? (env['HOME'] || homedir()),
    uid: given.uid ?? process.getuid?.(),
    readFile: given.readFile ?? readText,
    listFolder: given.listFolder ?? listNames,
  };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function listNames(path: string): readonly string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}
