/** What must not be shown of an image's metadata: the secrets in it, and the text of those that are encoded. */

import type { ScannedString } from './join-metadata.ts';
import { textOf } from './metadata-strings.ts';

/** The secrets of strings, each as it is and as it is written. */
export function secretTexts(scanned: readonly ScannedString[]): string[] {
  return scanned.flatMap(({ string, matches }) =>
    matches.flatMap(({ secret, decoded, start, end }) =>
      decoded === undefined ? [secret] : [secret, Buffer.from(textOf(string)).toString('utf8', start, end)],
    ),
  );
}
