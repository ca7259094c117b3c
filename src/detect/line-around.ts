/**
 * The line a match stands in, for what is said of it there: an inline mark, an allow-list that looks at lines. Bounded,
 * since a minified file is one line: what stands further away says nothing of this match.
 */

import type { Span } from './anchor.ts';
import { latin1 } from './bytes.ts';

/** Bytes of a line before and after a match that are read, at most. */
export const lineReach = 1024;

const newline = 0x0a;
/** `whichlayer:allow`, and the mark people already have in their files. */
const mark = /\b(?:whichlayer|gitleaks):allow\b/;

/** The lines from the one a span begins in to the one it ends in, one character a byte. */
export function lineAround(
  { bytes, low, high }: { readonly bytes: Uint8Array; readonly low: number; readonly high: number },
  span: Span,
): string {
  const first = Math.max(low, span.start - lineReach);
  const last = Math.min(high, span.end + lineReach);
  let start = span.start;
  let end = span.end;
  while (start > first && bytes[start - 1] !== newline) start--;
  while (end < last && bytes[end] !== newline) end++;
  return latin1(bytes, start, end);
}

/** Whether a line says that what is in it may be there. */
export function isMarked(line: string): boolean {
  return line.includes(':allow') && mark.test(line);
}
