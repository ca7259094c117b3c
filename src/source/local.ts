/** Images that need neither daemon nor registry: a path, `docker-archive:`, `oci-archive:`, `oci:`, and standard input. */

import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ScanError } from '../errors.ts';
import type { ByteStream } from '../layer/byte-stream.ts';
import type { Reference } from '../oci/reference.ts';
import { openArchiveFile, unavailable } from './archive-file.ts';
import { openArchiveStream } from './archive-stream.ts';
import { openOciLayout } from './oci-layout.ts';
import type { ImageSource } from './source.ts';

/** The references this file opens. */
export type LocalReference = Extract<
  Reference,
  { readonly kind: 'path' | 'stdin' | 'docker-archive' | 'oci-archive' | 'oci' }
>;

/** Opens an archive, a layout folder or standard input. @throws ScanError */
export async function openLocal(
  reference: LocalReference,
  options: {
    /** `os/architecture[/variant]`; default all. */
    readonly platform?: string;
    readonly signal?: AbortSignal;
    /** Instead of the process's own. */
    readonly stdin?: ByteStream & { readonly isTTY?: boolean };
  } = {},
): Promise<ImageSource> {
  const { stdin = process.stdin, ...shared } = options;
  if (reference.kind === 'stdin') {
    if (stdin.isTTY === true) {
      throw new ScanError('USAGE_INVALID', 'Standard input is a terminal, not a tar of an image.', {
        subject: '-',
        hint: 'Pipe one in: docker save app:1 | whichlayer scan -',
      });
    }
    return openArchiveStream({ ...shared, stream: stdin, kind: 'stdin', reference: '-', title: 'standard input' });
  }
  const path =
    reference.path === '~' || reference.path.startsWith('~/')
      ? join(homedir(), reference.path.slice(1))
      : reference.path;
  const settings = {
    ...shared,
    reference: reference.kind === 'path' ? reference.text : reference.path,
    ...(reference.kind === 'path' ? {} : { kind: reference.kind }),
    ...('select' in reference && reference.select !== undefined ? { select: reference.select } : {}),
  };
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      throw unavailable(path, error);
    },
  );
  return isFolder ? openOciLayout(path, settings) : openArchiveFile(path, settings);
}
