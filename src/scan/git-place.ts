/** Where in a repository's history a secret first was, as reports show it. */

import type { GitType } from '../layer/git-object.ts';

/** The object of git that holds a secret, and the earliest commit of the repository in the layer that has it. */
export interface GitPlace {
  readonly type: GitType;
  /** Its id in hex; absent where it is damaged. */
  readonly object?: string;
  /** By author date; absent where no commit of the layer has it. */
  readonly commit?: string;
  /** ISO 8601, in UTC. */
  readonly authorDate?: string;
  /** In the repository, of a `blob`. */
  readonly path?: string;
  /** Whether what is checked out has it; absent where that is not known. */
  readonly inHead?: boolean;
  /** True where no branch, tag or other ref leads to it any more. */
  readonly unreachable?: boolean;
}

const shortIdLength = 12;

/** What an object is called in a chain of names: `config/settings.py@1f3a…`, `commit 1f3a…`; undefined where it has no id. */
export function gitMemberName({ type, object, commit, path }: GitPlace): string | undefined {
  if (path !== undefined && commit !== undefined) return `${path}@${commit.slice(0, shortIdLength)}`;
  return object === undefined ? undefined : `${type} ${object.slice(0, shortIdLength)}`;
}
