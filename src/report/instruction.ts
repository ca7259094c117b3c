/**
 * One line of a Dockerfile out of a history entry's `created_by`, short enough for its column. Builders wrap
 * the instruction in their own ways (classic docker's `#(nop)`, BuildKit's `# buildkit`, a shell around RUN);
 * for reading, the wrapping goes. What is cut is cut around the masked secret, which is never cut itself.
 */

import { oneLine } from './printable.ts';
import { displayWidth } from './table.ts';
import { take, truncate } from './wrap.ts';

const shell = '(?:/bin/)?(?:sh|bash|ash) -c ';
const nop = new RegExp(`^(?:RUN )?${shell}#\\(nop\\) +`);
const runWithArguments = new RegExp(`^(?:RUN )?(\\|\\d+ .*?)${shell}`);
const run = new RegExp(`^(?:RUN )?${shell}`);

/** Characters of a history entry that are looked at; a hostile one has megabytes. */
const longest = 16_384;

/** The instruction as its author would know it again, on one line. */
export function readInstruction(createdBy: string): string {
  const text = oneLine(createdBy.slice(0, longest).toWellFormed())
    .replace(/ ?# buildkit$/, '')
    .replace(/\b((?:sha256|file|dir|multi):[0-9a-f]{12})[0-9a-f]{20,}/g, '$1');
  if (nop.test(text)) return text.replace(nop, '');
  if (runWithArguments.test(text)) return text.replace(runWithArguments, 'RUN $1');
  return text.replace(run, 'RUN ');
}

/** The instruction in at most `width` columns, with the masked secret in it kept whole where it stands there. */
export function shortenInstruction(createdBy: string, masked: string, width: number): string {
  const text = readInstruction(createdBy);
  if (displayWidth(text) <= width) return text;
  const secret = oneLine(masked);
  const at = secret === '' ? -1 : text.indexOf(secret);
  if (at < 0) return truncate(text, width);
  const secretWidth = displayWidth(secret);
  const before = text.slice(0, at);
  const after = text.slice(at + secret.length);
  const beforeWidth = displayWidth(before);
  if (beforeWidth + secretWidth < width) return before + secret + truncate(after, width - beforeWidth - secretWidth);
  // Too far to the right: the beginning, an ellipsis, and as much of what leads to the secret as fits.
  const ends = after === '' ? '' : '…';
  const room = width - secretWidth - displayWidth(ends) - 1;
  if (room < 0) return truncate(text, width);
  const lead = take(before, Math.floor(room / 2)).trimEnd();
  return `${lead}…${takeEnd(before.slice(lead.length), room - displayWidth(lead))}${secret}${ends}`;
}

function takeEnd(text: string, width: number): string {
  let taken = '';
  for (const character of [...text].reverse()) {
    if (displayWidth(character + taken) > width) break;
    taken = character + taken;
  }
  return taken;
}
