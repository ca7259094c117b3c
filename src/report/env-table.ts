/**
 * The report of `whichlayer env`: each string of an image's metadata with its verdict, what needs somebody's
 * attention first. Values come masked unless they are known to be harmless; they are cut, never broken.
 */

import { severities } from '../detect/rule.ts';
import type { EnvEntry, EnvImageReport, EnvReport, EnvVerdict } from '../scan/finding.ts';
import { noticeText, skippedText, type TextStyle } from './coverage-text.ts';
import { errorLines, imageHeader } from './findings-table.ts';
import { type PaintFormat, painter } from './paint.ts';
import { kindName } from './place.ts';
import { oneLine } from './printable.ts';
import { formatCount, formatDuration, formatNumber } from './quantity.ts';
import type { ReporterOptions } from './reporter.ts';
import { type Cell, displayWidth, gap, layOut } from './table.ts';
import { hang, noBreak, truncate, wrap } from './wrap.ts';

const verdictOrder: readonly EnvVerdict[] = ['secret', 'suspicious', 'placeholder', 'empty', 'reference', 'public'];

const verdictFormat: Readonly<Record<EnvVerdict, PaintFormat>> = {
  secret: ['red', 'bold'],
  suspicious: ['yellow', 'bold'],
  placeholder: 'cyan',
  empty: 'dim',
  reference: 'green',
  public: 'green',
};

/** `suspicious` and `placeholder`, the widest verdicts, are 10 and 11 characters. */
const verdictWidth = 11;
const wideFrom = 116;
const indent = 1;

/** The human report on images' metadata. */
export function envTable(report: EnvReport, options: ReporterOptions): string {
  const width = Math.min(Math.max(options.width, 40), 180);
  const style = { width, paint: painter(options.color) };
  const blocks = report.images.map((image) => ('error' in image ? errorLines(image, style) : imageLines(image, style)));
  const general = diagnosticLines(report.diagnostics, style);
  if (general.length > 0) blocks.push(general);
  if (report.images.length !== 1) blocks.push(totalLines(report, style));
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function imageLines(image: EnvImageReport, style: TextStyle): string[] {
  const entries = image.entries.toSorted(byVerdict);
  const byVerdictCount: Partial<Record<EnvVerdict, number>> = {};
  for (const { verdict } of entries) byVerdictCount[verdict] = (byVerdictCount[verdict] ?? 0) + 1;
  return [
    ...imageHeader(image, [formatNumber(entries.length, 'entry', 'entries')], style),
    '',
    ...(style.width < wideFrom ? narrowRows(entries, style) : wideRows(entries, style)),
    ...(entries.length === 0 ? [] : ['']),
    ...hang(' ', countsText(entries.length, byVerdictCount, style), style.width),
    ...diagnosticLines(image.diagnostics, style),
  ];
}

function wideRows(entries: readonly EnvEntry[], style: TextStyle): string[] {
  const rest = style.width - indent - verdictWidth - 4 * gap;
  const step = widest(entries, stepOf);
  const name = Math.min(widest(entries, nameOf), Math.floor(rest * 0.3));
  const value = Math.min(widest(entries, textOf), Math.floor(rest * 0.35));
  const why = rest - step - name - value;
  const columns = [verdictWidth, name, value, step, why].map((width) => ({ width }));
  const rows = entries.map((entry): Cell[] => [
    ...cells(entry, name, value, style),
    style.paint('dim', stepOf(entry)),
    wrap(whyOf(entry), why)
      .map((line) => whyPaint(entry, line, style))
      .join('\n'),
  ]);
  return layOut(columns, rows, indent);
}

function narrowRows(entries: readonly EnvEntry[], style: TextStyle): string[] {
  const rest = style.width - indent - verdictWidth - 3 * gap;
  const step = widest(entries, stepOf);
  const leastValue = Math.min(widest(entries, textOf), 20);
  const name = Math.min(widest(entries, nameOf), rest - step - leastValue);
  const value = rest - step - name;
  const columns = [verdictWidth, name, value, step].map((width) => ({ width }));
  const rows = entries.flatMap((entry): Cell[][] => {
    const row: Cell[] = [...cells(entry, name, value, style), style.paint('dim', stepOf(entry))];
    if (!needsAttention(entry)) return [row];
    const why = wrap(whyOf(entry), rest + 2 * gap).map((line) => whyPaint(entry, line, style));
    return [row, ['', { text: why.join('\n'), span: 3 }]];
  });
  return layOut(columns, rows, indent);
}

function cells(entry: EnvEntry, nameWidth: number, valueWidth: number, { paint }: TextStyle): string[] {
  const value = truncate(textOf(entry), valueWidth);
  return [
    paint(verdictFormat[entry.verdict] ?? 'dim', entry.verdict),
    wrap(nameOf(entry), nameWidth).join('\n'),
    needsAttention(entry) ? value : paint('dim', value),
  ];
}

function nameOf({ kind, name }: EnvEntry): string {
  return name === undefined ? kindName(kind) : `${kindName(kind)} ${truncate(oneLine(name), 200)}`;
}

function textOf({ value }: EnvEntry): string {
  return oneLine(value.slice(0, 4096).toWellFormed());
}

function stepOf({ instruction }: EnvEntry): string {
  return instruction === undefined ? '' : `step ${instruction.historyIndex}`;
}

function whyOf(entry: EnvEntry): string {
  const { title, severity, confidence, provider, reason } = entry;
  if (title === undefined) return oneLine(reason);
  const sure = [severity, confidence === 'high' ? undefined : `${confidence} confidence`].filter(Boolean).join(', ');
  const explain = provider === undefined ? '' : ` · whichlayer explain ${oneLine(provider)}`;
  return `${oneLine(title)} (${sure})${explain}`;
}

function whyPaint(entry: EnvEntry, text: string, { paint }: TextStyle): string {
  return entry.verdict === 'secret' ? paint('bold', text) : paint('dim', text);
}

function needsAttention({ verdict }: EnvEntry): boolean {
  return verdict === 'secret' || verdict === 'suspicious';
}

function widest(entries: readonly EnvEntry[], text: (entry: EnvEntry) => string): number {
  return entries.reduce((most, entry) => Math.max(most, displayWidth(text(entry))), 1);
}

// The rest keeps the order of the configuration: sorting is stable.
function byVerdict(a: EnvEntry, b: EnvEntry): number {
  return (
    verdictOrder.indexOf(a.verdict) - verdictOrder.indexOf(b.verdict) ||
    severities.indexOf(b.severity ?? 'low') - severities.indexOf(a.severity ?? 'low')
  );
}

function countsText(
  entries: number,
  byVerdictCount: Readonly<Partial<Record<EnvVerdict, number>>>,
  { paint }: TextStyle,
): string {
  const counts = verdictOrder.flatMap((verdict) => {
    const count = byVerdictCount[verdict] ?? 0;
    return count === 0 ? [] : [paint(verdictFormat[verdict], `${formatCount(count)}${noBreak}${verdict}`)];
  });
  const text = formatNumber(entries, 'entry', 'entries');
  return counts.length === 0 ? text : `${text}: ${counts.join(', ')}`;
}

function diagnosticLines(diagnostics: EnvReport['diagnostics'], style: TextStyle): string[] {
  const missed = diagnostics.filter(({ effect }) => effect !== 'notice');
  const heading = missed.length === 0 ? [] : [style.paint(['yellow', 'bold'], ' INCOMPLETE, not looked at:')];
  return [...heading, ...skippedText(missed, style), ...noticeText(diagnostics, style)];
}

function totalLines({ images, durationMs, summary }: EnvReport, style: TextStyle): string[] {
  const failed = images.filter((image) => 'error' in image).length;
  const trouble = failed === 0 ? '' : `, ${style.paint(['red', 'bold'], `${formatCount(failed)} not read`)}`;
  return [
    style.paint('dim', '─'.repeat(Math.min(style.width, 40))),
    ` ${formatNumber(images.length, 'image')} in ${formatDuration(durationMs)}${trouble}`,
    ...hang(' ', countsText(summary.entries, summary.byVerdict, style), style.width),
  ];
}
