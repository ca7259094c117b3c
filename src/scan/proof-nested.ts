/** The steps of a proof into archives inside a file: libarchive tells formats by their bytes, as we do. */

import type { Location } from './finding.ts';
import { gitStep } from './git-proof.ts';
import type { Masker } from './mask.ts';
import { bsdtarPattern } from './proof-shell.ts';

/** The commands from a file to a member in it, each reading what the one before writes; undefined where there are none. */
export function nestedSteps(
  file: string,
  nested: readonly string[],
  masker: Masker,
  git?: Location['git'],
): string[] | undefined {
  const steps: string[] = [];
  let container = file;
  for (const member of nested) {
    const inHistory = git === undefined ? undefined : gitStep(container, member, git);
    if (inHistory === undefined && /(?:^|\/)\.git(?:\/|$)/.test(container)) return undefined;
    steps.push(
      inHistory ??
        (isWrapped(container, member) ? 'bsdcat' : `bsdtar -xOf - ${bsdtarPattern(masker.partsOfName(member))}`),
    );
    container = member;
  }
  return steps;
}

/** True where the member is not one of several but what a compressed file unpacks to. */
function isWrapped(container: string, member: string): boolean {
  const base = container.slice(container.lastIndexOf('/') + 1);
  return /\.(?:gz|z|bz2|xz|lzma|zst|lz4|t(?:gz|bz2?|xz|zst|lz4?))$/i.test(base) || base === member;
}
