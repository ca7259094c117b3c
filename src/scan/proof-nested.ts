/** The steps of a proof into archives inside a file: libarchive tells formats by their bytes, as we do; git and SQLite have their own. */

import type { ContainerKind } from '../layer/magic.ts';
import type { Draft } from './draft.ts';
import { gitStep } from './git-proof.ts';
import type { Masker } from './mask.ts';
import { bsdtarPattern, quote } from './proof-shell.ts';
import { isOneLine, maskedForm } from './secret.ts';

/** The commands from a file to the member of that depth in it, each reading what the one before writes; undefined where there are none. */
export function nestedSteps({ stored, location }: Draft, depth: number, masker: Masker): string[] | undefined {
  const { nested = [], git } = location;
  const { rawName = '', containers = [] } = stored ?? {};
  const steps: string[] = [];
  let isRpm = false;
  for (const [index, member] of nested.slice(0, depth).entries()) {
    const kind = containers[index];
    // libarchive takes an rpm and what it is compressed with for wrappings of the cpio archive, which it opens at once.
    isRpm = kind === 'rpm' || (isRpm && !isLaidOut(kind));
    if (isRpm) continue;
    const step = kind?.startsWith('git-')
      ? git && gitStep(kind, member, git)
      : memberStep(kind, masker.partsOfName(member), nested[index - 1] ?? rawName);
    if (step === undefined) return undefined;
    steps.push(step);
  }
  return isRpm ? undefined : steps;
}

/** The command that lists the members of what comes; undefined where there is none. */
export function listingStep(kind: ContainerKind | undefined): string | undefined {
  return isLaidOut(kind) ? 'bsdtar -tf -' : undefined;
}

/** The command that narrows a table of a database to the lines with the secret, by what of it is shown anyway. */
export function rowSelection({ match }: Draft): string[] | undefined {
  if (match.decoded !== undefined) return undefined;
  const [, head, tail] = /^([\w-]+)…([\w-]+)$/.exec(maskedForm(match.secret)) ?? [];
  return head === undefined || !isOneLine(match.secret) ? [] : [`grep -a -e ${quote(`${head}.*${tail}`)}`];
}

function memberStep(kind: ContainerKind | undefined, parts: readonly string[], container: string): string | undefined {
  switch (kind) {
    case 'zip':
    case 'tar':
    case 'cpio':
    case 'ar':
      return `bsdtar -xOf - ${bsdtarPattern(parts)}`;
    case 'embedded zip':
      return unzipStep(parts);
    case 'sqlite':
      return tableStep(parts, container);
    // The file is the secret.
    case 'bare':
      return 'cat';
    case 'gzip':
    case 'bzip2':
    case 'xz':
    case 'lzma':
    case 'zstd':
    case 'lz4':
      return 'bsdcat';
    default:
      return undefined;
  }
}

/** libarchive does not look for a zip behind a script; unzip does, in a file, where the name has nothing it takes for a pattern. */
function unzipStep([name = '', ...rest]: readonly string[]): string | undefined {
  if (rest.length > 0 || !/^[\w.@+/][\w .@+/=-]*$/.test(name)) return undefined;
  return `(cd "$(mktemp -d)" && cat >zip && unzip -p zip ${quote(name)})`;
}

/** A table, whole. What was deleted, and what is in a log beside the database, no query gives. */
function tableStep([table = '', ...rest]: readonly string[], container: string): string | undefined {
  if (rest.length > 0 || /^(?:deleted rows|earlier rows|rows|\?)$/.test(table) || container.endsWith('-wal'))
    return undefined;
  const query = quote(`SELECT * FROM "${table.replaceAll('"', '""')}"`);
  return `(cd "$(mktemp -d)" && cat >db && sqlite3 -readonly db ${query})`;
}

function isLaidOut(kind: ContainerKind | undefined): boolean {
  return kind === 'zip' || kind === 'tar' || kind === 'cpio' || kind === 'ar';
}
