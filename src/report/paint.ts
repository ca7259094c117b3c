/** Colour for text reports: a function that paints, or one that leaves text alone. Who decides is the command line. */

import { styleText } from 'node:util';

import type { Severity } from '../detect/rule.ts';

/** What a text is styled as; `styleText` knows the codes. */
export type PaintFormat = Parameters<typeof styleText>[0];

/** Styles a text, or does not. */
export type Paint = (format: PaintFormat, text: string) => string;

/** A painter that writes colour codes only where asked to. */
export function painter(color: boolean): Paint {
  // The stream is not asked: a report may be made for one that is not this process's.
  if (!color) return (_format, text) => text;
  return (format, text) => (text === '' ? '' : styleText(format, text, { validateStream: false }));
}

/** How a severity looks as a badge. */
export const badgeFormat: Readonly<Record<Severity, PaintFormat>> = {
  critical: ['bgRed', 'whiteBright', 'bold'],
  high: ['bgMagenta', 'whiteBright', 'bold'],
  medium: ['bgYellow', 'black', 'bold'],
  low: ['bgCyan', 'black', 'bold'],
};

/** How a severity looks as a word in a sentence. */
export const severityFormat: Readonly<Record<Severity, PaintFormat>> = {
  critical: ['red', 'bold'],
  high: ['magenta', 'bold'],
  medium: ['yellow'],
  low: ['cyan'],
};
