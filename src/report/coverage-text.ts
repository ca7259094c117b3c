/**
 * What was looked at and what was not, in words. An incomplete scan must never read like a clean one, so what
 * was skipped comes with its reasons, together by kind, the first few in full; notices come after, briefly.
 */

import type { Diagnostic } from '../errors.ts';
import type { Coverage } from '../scan/finding.ts';
import type { Paint } from './paint.ts';
import { oneLine } from './printable.ts';
import { formatCount, formatNumber } from './quantity.ts';
import { hang } from './wrap.ts';

/** Diagnostics of one code that are written out. */
const shownPerCode = 3;
/** Notices that are written out, of all codes together. */
const shownNotices = 3;

/** How a text report writes lines. */
export interface TextStyle {
  readonly width: number;
  readonly paint: Paint;
}

/** The lines on an image's coverage, completeness first. */
export function coverageText(coverage: Coverage, style: TextStyle): string[] {
  const { complete, layersScanned, layersCached, layersTotal, filesScanned, skipped } = coverage;
  const known = layersCached === undefined ? '' : ` (${formatCount(layersCached)} known from earlier scans)`;
  const looked = `${formatCount(layersScanned)} of ${formatNumber(layersTotal, 'layer')}${known}, ${formatNumber(filesScanned, 'file')}`;
  const missed = skipped.filter(({ effect }) => effect !== 'notice');
  const lines = complete
    ? [` complete: ${looked}`]
    : hang(' ', `INCOMPLETE: ${looked}${missed.length > 0 ? '; not looked at:' : ''}`, style.width).map((line) =>
        style.paint(['yellow', 'bold'], line),
      );
  return [...lines, ...skippedText(missed, style), ...noticeText(skipped, style)];
}

/** The lines on what was not looked at, by code, the first few of each in full. */
export function skippedText(skipped: readonly Diagnostic[], { width, paint }: TextStyle): string[] {
  const byCode = Map.groupBy(skipped, ({ code }) => code);
  return [...byCode].flatMap(([code, diagnostics]) => {
    const lines = [paint('yellow', `   ${code}`) + paint('dim', ` × ${formatCount(diagnostics.length)}`)];
    for (const diagnostic of diagnostics.slice(0, shownPerCode)) {
      lines.push(...hang('     ', sentence(diagnostic), width));
    }
    const more = diagnostics.length - shownPerCode;
    if (more > 0) lines.push(paint('dim', `     … and ${formatCount(more)} more (--format json)`));
    return lines;
  });
}

/** The notices among the diagnostics: nothing is missing because of them. */
export function noticeText(diagnostics: readonly Diagnostic[], { width, paint }: TextStyle): string[] {
  const notices = diagnostics.filter(({ effect }) => effect === 'notice');
  const lines = notices.slice(0, shownNotices).flatMap((notice) => hang(' note: ', sentence(notice), width));
  const more = notices.length - shownNotices;
  if (more > 0) lines.push(` … and ${formatNumber(more, 'more note', 'more notes')} (--format json)`);
  return lines.map((line) => paint('dim', line));
}

function sentence({ subject, message }: Diagnostic): string {
  return `${cap(oneLine(subject))}: ${cap(oneLine(message))}`;
}

function cap(text: string): string {
  return text.length <= 1000 ? text : `${text.slice(0, 1000).toWellFormed()}…`;
}
