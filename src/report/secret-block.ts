/**
 * One secret of the human report: what it is and its masked form, each place it was found at, what to do.
 * In wide terminals a place is one row (where, step, instruction, layer, exposure); in narrow ones it is two,
 * what matters first: where and whether it is still there, then how it got there.
 */

import type { Finding } from '../scan/finding.ts';
import type { TextStyle } from './coverage-text.ts';
import type { SecretGroup } from './group-findings.ts';
import { shortenInstruction } from './instruction.ts';
import { badgeFormat } from './paint.ts';
import { exposureFormat, exposureOf, layerOf, stepOf, whereOf } from './place.ts';
import { oneLine, printable } from './printable.ts';
import { formatCount, formatNumber } from './quantity.ts';
import { type Cell, type Column, displayWidth, gap, layOut } from './table.ts';
import { hang, truncate, wrap } from './wrap.ts';

/** Places of a secret that are written out. */
const shownPlaces = 8;

/** Columns from which on a place gets one row. */
const wideFrom = 116;
/** ` CRITICAL `, the widest badge. */
const badgeWidth = 10;
const indent = 3;
const stepIndent = 2;
const narrowestInstruction = 24;
const narrowestTitle = 16;

/** Widths that all secrets of an image share in wide terminals, so that columns line up from one to the next. */
export interface PlaceColumns {
  readonly where: number;
  readonly step: number;
  readonly instruction: number;
  readonly layer: number;
  readonly exposure: number;
}

/** The columns for the places that will be shown; undefined where the terminal is too narrow for a row a place. */
export function placeColumns(groups: readonly SecretGroup[], width: number): PlaceColumns | undefined {
  if (width < wideFrom) return undefined;
  const shown = groups.flatMap(({ findings }) => findings.slice(0, shownPlaces));
  const widest = (text: (finding: Finding) => string): number =>
    shown.reduce((most, finding) => Math.max(most, displayWidth(text(finding))), 1);
  const step = widest(stepOf);
  const layer = widest(layerOf);
  const exposure = widest(exposureOf);
  const rest = width - indent - step - layer - exposure - 4 * gap;
  const where = Math.min(
    widest(({ location }) => whereOf(location)),
    rest - narrowestInstruction,
    Math.floor(rest * 0.6),
  );
  const instruction = Math.min(
    rest - where,
    widest((finding) => shortenInstruction(finding.instruction?.createdBy ?? '', finding.secret.masked, rest - where)),
  );
  return { where, step, instruction, layer, exposure };
}

/** The lines on one secret. */
export function secretBlock(
  group: SecretGroup,
  style: TextStyle & {
    readonly columns: PlaceColumns | undefined;
    readonly showSecrets: boolean;
    readonly verbose: boolean;
  },
): string[] {
  const shown = group.findings.slice(0, shownPlaces);
  const hidden = group.findings.length - shown.length;
  const { columns, paint } = style;
  return [
    ...titleLines(group, style),
    ...(style.showSecrets ? valueLines(group) : []),
    ...companionLines(group, style),
    ...detailLines(group, style),
    ...(columns === undefined ? narrowPlaces(shown, style) : widePlaces(shown, columns, style)),
    ...(style.verbose ? proofLines(shown) : []),
    ...(hidden > 0 ? [paint('dim', `   … and ${formatCount(hidden)} more (--format json)`)] : []),
    ...remedyLines(group, style),
  ];
}

function titleLines({ worst, findings }: SecretGroup, { width, paint }: TextStyle): string[] {
  const masked = oneLine(worst.secret.masked);
  const places = findings.length === 1 ? '' : ` · ${formatNumber(findings.length, 'place')}`;
  const secretWidth = displayWidth(masked + places);
  const beside = width - badgeWidth - secretWidth - 2 * gap;
  const titleWidth = beside < narrowestTitle ? width - badgeWidth - gap : beside;
  const sure = worst.confidence === 'high' ? '' : `${worst.confidence} confidence`;
  const title = wrap(oneLine(worst.title), titleWidth);
  const lastWidth = displayWidth(title.at(-1) ?? '');
  const text = title.map((line) => paint('bold', line));
  if (sure !== '' && lastWidth + 3 + sure.length <= titleWidth) text.push(`${text.pop()} ${paint('dim', `· ${sure}`)}`);
  else if (sure !== '') text.push(paint('dim', sure));
  const badge = paint(badgeFormat[worst.severity], ` ${worst.severity.toUpperCase()} `);
  const secret = paint('bold', masked) + paint('dim', places);
  if (beside < narrowestTitle) {
    const lines = layOut([{ width: badgeWidth }, { width: titleWidth }], [[badge, text.join('\n')]]);
    return [...lines, ' '.repeat(indent) + secret];
  }
  return layOut(
    [{ width: badgeWidth }, { width: titleWidth }, { width: secretWidth, align: 'right' }],
    [[badge, text.join('\n'), secret]],
  );
}

// Not wrapped: whoever asks to see a secret wants to copy it.
function valueLines({ worst }: SecretGroup): string[] {
  const { value } = worst.secret;
  if (value === undefined) return [];
  return value.split(/\r?\n/).map((line, index) => `${index === 0 ? '   value: ' : '          '}${printable(line)}`);
}

// Not wrapped either: a command is copied.
function proofLines(findings: readonly Finding[]): string[] {
  return findings.flatMap(({ proof }) => (proof === undefined ? [] : [`   proof: ${printable(proof)}`]));
}

function companionLines({ worst: { companion } }: SecretGroup, { width, paint }: TextStyle): string[] {
  if (companion === undefined) return [];
  const text = `${oneLine(companion.name)} ${oneLine(companion.masked)}`;
  return hang('   with: ', text, width).map((line) => paint('dim', line));
}

function detailLines({ worst: { details } }: SecretGroup, { width, paint }: TextStyle): string[] {
  if (details === undefined) return [];
  const { expired, expires, ...others } = details;
  const said = Object.entries(others).map(([name, value]) => `${name} ${value}`);
  if (expires !== undefined) said.push(`${expired === 'yes' ? 'expired' : 'expires'} ${expires}`);
  return hang('   says: ', oneLine(said.join(' · ')), width).map((line) => paint('dim', line));
}

function widePlaces(findings: readonly Finding[], columns: PlaceColumns, { paint }: TextStyle): string[] {
  const { where, step, instruction, layer, exposure } = columns;
  const widths: Column[] = [where, step, instruction, layer, exposure].map((width) => ({ width }));
  const rows = findings.map((finding): Cell[] => [
    wrap(whereOf(finding.location), where).join('\n'),
    paint('dim', stepOf(finding)),
    paint('dim', shortenInstruction(finding.instruction?.createdBy ?? '', finding.secret.masked, instruction)),
    layerOf(finding),
    paint(exposureFormat[finding.exposure] ?? 'yellow', exposureOf(finding)),
  ]);
  return layOut(widths, rows, indent);
}

function narrowPlaces(findings: readonly Finding[], style: TextStyle): string[] {
  return findings.flatMap((finding, index) => {
    const origin = originLines(finding, style);
    const next = findings[index + 1];
    // Said once under the last of a run of places that came the same way.
    const repeats = next !== undefined && originLines(next, style).join() === origin.join();
    return [...whereLines(finding, style), ...(repeats ? [] : origin)];
  });
}

function whereLines(finding: Finding, { width, paint }: TextStyle): string[] {
  const where = whereOf(finding.location);
  const exposure = exposureOf(finding);
  const painted = paint(exposureFormat[finding.exposure] ?? 'yellow', exposure);
  const room = width - indent;
  const exposureWidth = displayWidth(exposure);
  const left = room - exposureWidth - gap;
  if (displayWidth(where) <= left) {
    return layOut([{ width: left }, { width: exposureWidth, align: 'right' }], [[where, painted]], indent);
  }
  const lines = wrap(where, room);
  const last = lines.at(-1) ?? '';
  if (lines.length > 1 && displayWidth(last) <= left) {
    const end = layOut([{ width: left }, { width: exposureWidth, align: 'right' }], [[last, painted]], indent);
    return [...lines.slice(0, -1).map((line) => ' '.repeat(indent) + line), ...end];
  }
  const margin = ' '.repeat(indent);
  return [...lines.map((line) => margin + line), ...layOut([{ width: room, align: 'right' }], [[painted]], indent)];
}

function originLines(finding: Finding, { width, paint }: TextStyle): string[] {
  const from = [layerOf(finding), stepOf(finding)].filter((text) => text !== '').join(', ');
  if (from === '') return [];
  const room = width - indent - stepIndent - displayWidth(from) - gap;
  const instruction = shortenInstruction(finding.instruction?.createdBy ?? '', finding.secret.masked, room);
  const line = instruction === '' ? from : `${from}${' '.repeat(gap)}${instruction}`;
  return [' '.repeat(indent + stepIndent) + paint('dim', line)];
}

function remedyLines({ worst }: SecretGroup, { width, paint }: TextStyle): string[] {
  const label = '   rotate: ';
  const summary = oneLine(worst.remediation.summary);
  const explain = `whichlayer explain ${oneLine(worst.provider)}`;
  const lines = hang(label, summary, width);
  const oneRow = `${lines.at(-1)} · ${explain}`;
  if (displayWidth(oneRow) <= width) lines.push(lines.pop() + paint('dim', ' · ') + paint('cyan', explain));
  else lines.push(' '.repeat(displayWidth(label)) + paint('cyan', truncate(explain, width - displayWidth(label))));
  return [lines[0]!.replace(label, paint('green', label)), ...lines.slice(1)];
}
