/** Which configuration file there is to read: the one that was named, or the one in the current folder. Its parser is loaded only where there is one. */

import { readFileSync } from 'node:fs';
import { ScanError, unreadable } from '../errors.ts';
import type { Config } from './config.ts';

/** The file that is read where none is named. */
export const defaultConfigFile = '.whichlayer.yaml';

/** A configuration nobody has to have is no mistake where it is missing; one that was named is. @throws ScanError CONFIG_INVALID */
export async function loadConfig(
  choice: { readonly file: string | undefined; readonly isOff: boolean },
  read: (file: string) => string = (file) => readFileSync(file, 'utf8'),
): Promise<Config | undefined> {
  if (choice.isOff) return undefined;
  const file = choice.file ?? defaultConfigFile;
  let text: string;
  try {
    text = read(file);
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing && choice.file === undefined) return undefined;
    throw new ScanError('CONFIG_INVALID', `The configuration ${file} can't be read: ${unreadable(error)}.`, {
      subject: file,
      hint: 'See docs/config.md; --no-config goes without one.',
      cause: error,
    });
  }
  const { parseConfig } = await import('./config.ts');
  return parseConfig(text, file);
}
