/** What a matcher left out of one content, in words: matches beyond those that are listed, codes that were not opened. */

import { mostDecodings, type Undecoded } from '../detect/decode/hidden-text.ts';
import type { LeftOut } from '../detect/matcher.ts';
import { type Diagnostic, incomplete } from '../errors.ts';

/** Why something encoded was not looked into, in words. */
const undecodedReasons: Readonly<Record<Undecoded, string>> = {
  depth: `codes in codes (base64 of base64 …) are decoded ${mostDecodings} deep; what lies deeper was not looked into`,
  size: 'a deflated value in base64 expands to more than is looked into; it was not decoded',
};

/** Diagnostics for what was left out of the content that `subject` names, of which so many matches are listed. */
export function sayLeftOut(subject: string, matches: number, { truncated, undecoded }: LeftOut): Diagnostic[] {
  const said = [...undecoded].map((reason) => incomplete('LIMIT_EXCEEDED', subject, undecodedReasons[reason]));
  if (!truncated) return said;
  return [...said, incomplete('LIMIT_EXCEEDED', subject, `only the first ${matches} matches in it are listed`)];
}
