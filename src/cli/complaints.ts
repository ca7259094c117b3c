/**
 * What could not be scanned, for standard error: whoever keeps only the report's file, or only the log, is told
 * all the same. Not said twice on a terminal that shows the table.
 */

import type { Diagnostic } from '../errors.ts';
import { oneLine } from '../report/printable.ts';
import type { EnvReport, Report } from '../scan/finding.ts';

/** Diagnostics of one image that are written out. */
const shownPerImage = 3;

/** The lines on images that could not be scanned and on what was not looked at in others. */
export function complaints(report: Report | EnvReport): string[] {
  const lines = report.images.flatMap((image) => {
    if ('error' in image) {
      const { code, message, hint } = image.error;
      const about = message.includes(image.reference) ? message : `${image.reference}: ${message}`;
      return [`${about} (${code})`, ...(hint === undefined ? [] : [`  ${hint}`])];
    }
    const diagnostics = 'coverage' in image ? image.coverage.skipped : image.diagnostics;
    return incompleteLines(`${image.reference} (${image.platform})`, diagnostics);
  });
  return [...lines, ...incompleteLines('', report.diagnostics)].map((line) =>
    line.startsWith('  ') ? line : `whichlayer: ${oneLine(line)}`,
  );
}

function incompleteLines(subject: string, diagnostics: readonly Diagnostic[]): string[] {
  const missed = diagnostics.filter(({ effect }) => effect === 'incomplete');
  const lines = missed.slice(0, shownPerImage).map((diagnostic) => {
    const where = [subject, diagnostic.subject].filter((part) => part !== '').join(', ');
    return `${where}: incomplete: ${diagnostic.message} (${diagnostic.code})`;
  });
  const more = missed.length - lines.length;
  return more > 0 ? [...lines, `${subject}: incomplete: ${more} more, see the report`] : lines;
}
