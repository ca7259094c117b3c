/** The step of a proof into git's history: a repository of its own that nobody has to clean up after, and git to read it. */

import type { ContainerKind } from '../layer/magic.ts';
import { type GitPlace, gitMemberName } from './git-place.ts';

/** The command that reads a pack, a bundle or a loose object and writes the object that is called `member`; undefined where there is none. */
export function gitStep(kind: ContainerKind, member: string, git: GitPlace): string | undefined {
  const { object } = git;
  if (object === undefined || member !== gitMemberName(git)) return undefined;
  const format = object.length > 40 ? ' --object-format=sha256' : '';
  const folder = `objects/${object.slice(0, 2)}`;
  const stores: Partial<Record<ContainerKind, string>> = {
    'git-loose': `mkdir -p ${folder} && cat >${folder}/${object.slice(2)}`,
    'git-pack': 'git unpack-objects -q',
    // A bundle is a pack behind a few lines; objects of others that it builds upon are not in it.
    'git-bundle': `LC_ALL=C sed '1,/^$/d' | git unpack-objects -q -r`,
  };
  const store = stores[kind];
  if (store === undefined) return undefined;
  return `(cd "$(mktemp -d)" && git init -q --bare${format} && ${store} && git cat-file ${git.type} ${object})`;
}
