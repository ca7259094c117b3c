/** The step of a proof into git's history: a repository of its own that nobody has to clean up after, and git to read it. */

import { type GitPlace, gitMemberName } from './git-place.ts';

/** The command that reads a pack or a loose object and writes the object that is called `member`; undefined where there is none. */
export function gitStep(container: string, member: string, git: GitPlace): string | undefined {
  const { object } = git;
  if (object === undefined || member !== gitMemberName(git)) return undefined;
  const format = object.length > 40 ? ' --object-format=sha256' : '';
  const folder = `objects/${object.slice(0, 2)}`;
  const isLoose = /(?:^|\/)[0-9a-f]{2}\/[0-9a-f]{38,62}$/.test(container);
  if (!isLoose && !container.endsWith('.pack')) return undefined;
  const store = isLoose ? `mkdir -p ${folder} && cat >${folder}/${object.slice(2)}` : 'git unpack-objects -q';
  return `(cd "$(mktemp -d)" && git init -q --bare${format} && ${store} && git cat-file ${git.type} ${object})`;
}
