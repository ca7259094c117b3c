/** Fits text into a number of terminal columns: in several lines at spaces and slashes, or in one with an ellipsis. */

import { displayWidth } from './table.ts';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Stands for a space that `wrap` does not break at; what comes from an image never has one (`printable`). */
export const noBreak = '\u00a0';

/** The text in lines of at most `width` columns, broken at spaces; a word that is longer is broken after a `/`, a punctuation mark or, at last, anywhere. */
export function wrap(text: string, width: number): string[] {
  const room = Math.max(width, 4);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (displayWidth(joined) <= room) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    const parts = breakWord(word, room);
    lines.push(...parts.slice(0, -1));
    line = parts.at(-1) ?? '';
  }
  if (line !== '' || lines.length === 0) lines.push(line);
  return lines.map((text) => text.replaceAll(noBreak, ' '));
}

/** The text behind a label, its further lines under the first: `rotate  Settings → API keys …`. */
export function hang(label: string, text: string, width: number): string[] {
  const margin = displayWidth(label);
  return wrap(text, width - margin).map((line, index) => (index === 0 ? label : ' '.repeat(margin)) + line);
}

/** The text cut to `width` columns, an ellipsis at the end where something is missing. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  return width < 1 ? '' : `${take(text, width - 1).trimEnd()}…`;
}

/** The longest beginning of the text that fits into `width` columns. */
export function take(text: string, width: number): string {
  let taken = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += displayWidth(segment);
    if (used > width) break;
    taken += segment;
  }
  return taken;
}

function breakWord(word: string, width: number): string[] {
  const parts: string[] = [];
  let rest = word;
  while (displayWidth(rest) > width) {
    const fitting = take(rest, width) || firstGrapheme(rest);
    const part = /^.*\//.exec(fitting)?.[0] ?? /^.*[._-]/.exec(fitting)?.[0] ?? fitting;
    parts.push(part);
    rest = rest.slice(part.length);
  }
  parts.push(rest);
  return parts;
}

function firstGrapheme(text: string): string {
  for (const { segment } of graphemes.segment(text)) return segment;
  return text;
}
