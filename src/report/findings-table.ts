/**
 * The report a person reads: for each image what it resolved to, its secrets, the worst first, and what was
 * looked at; with several images a summary of all. Everything an image or registry said passes `printable`.
 */

import { severities } from '../detect/rule.ts';
import type { BaseImage, ImageError, ImageReport, Report, Suppressed, Suppression } from '../scan/finding.ts';
import { coverageText, noticeText, skippedText, type TextStyle } from './coverage-text.ts';
import { groupFindings, type SecretGroup } from './group-findings.ts';
import { painter, severityFormat } from './paint.ts';
import { oneLine } from './printable.ts';
import { formatBytes, formatCount, formatDuration, formatNumber } from './quantity.ts';
import type { ReporterOptions } from './reporter.ts';
import { placeColumns, secretBlock } from './secret-block.ts';
import { hang, noBreak, truncate, wrap } from './wrap.ts';

const narrowest = 40;
const widest = 180;
/** Further tags of an image that are written out. */
const shownTags = 12;

/** The human report of a scan. */
export function findingsTable(report: Report, options: ReporterOptions): string {
  const width = Math.min(Math.max(options.width, narrowest), widest);
  const style = { width, paint: painter(options.color) };
  const only = report.images.length === 1;
  const blocks = report.images.map((image) =>
    'error' in image
      ? errorLines(image, style)
      : imageLines(image, { report, only, showSecrets: options.showSecrets, verbose: options.verbose ?? false }, style),
  );
  const general = [
    ...skippedText(
      report.diagnostics.filter(({ effect }) => effect !== 'notice'),
      style,
    ),
    ...noticeText(report.diagnostics, style),
  ];
  if (general.length > 0) blocks.push(general);
  if (!only) blocks.push(totalLines(report, style));
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** The first line on an image, in both reports: what it is and what it resolved to. */
export function imageHeader(
  image: Pick<ImageReport, 'reference' | 'source' | 'platform' | 'artifactType' | 'manifestDigest' | 'configDigest'>,
  facts: readonly string[],
  { width, paint }: TextStyle,
): string[] {
  const reference = truncate(oneLine(image.reference), width);
  const digest = image.manifestDigest ?? image.configDigest;
  const parts = [
    image.source,
    image.artifactType ?? image.platform,
    ...(digest === undefined ? [] : [shortDigest(digest)]),
    ...facts,
  ];
  const text = [reference, ...parts.map(oneLine)].map((part) => part.replaceAll(' ', noBreak)).join(`${noBreak}· `);
  const [first = '', ...rest] = wrap(text, width);
  return [paint('bold', first.slice(0, reference.length)) + first.slice(reference.length), ...rest];
}

/** The lines on an image that could not be scanned. */
export function errorLines({ reference, error }: ImageError, { width, paint }: TextStyle): string[] {
  const label = ' NOT SCANNED  ';
  const [first = '', ...rest] = hang(label, `${oneLine(error.message)} (${oneLine(error.code)})`, width);
  const hint = error.hint === undefined ? [] : hang(' '.repeat(label.length), oneLine(error.hint), width);
  return [
    paint('bold', truncate(oneLine(reference), width)),
    '',
    paint(['bgRed', 'whiteBright', 'bold'], label.trimEnd().concat(' ')) + first.slice(label.length - 1),
    ...rest,
    ...hint.map((line) => paint('dim', line)),
  ];
}

interface Section {
  readonly report: Report;
  /** True where the report has no other image: the section says what the summary of all would. */
  readonly only: boolean;
  readonly showSecrets: boolean;
  readonly verbose: boolean;
}

function imageLines(image: ImageReport, { report, only, showSecrets, verbose }: Section, style: TextStyle): string[] {
  const { layers, coverage, findings } = image;
  const bytes = formatBytes(coverage.bytesScanned);
  const facts = [
    formatNumber(Math.max(coverage.layersTotal, layers.length), 'layer'),
    only ? `${bytes} in ${formatDuration(report.durationMs)}` : bytes,
  ];
  const groups = groupFindings(findings);
  const columns = placeColumns(groups, style.width);
  const hidden = only ? report.summary.hiddenByConfidence : 0;
  return [
    ...imageHeader(image, facts, style),
    ...tagLines(image, style),
    ...baseLines(image, style),
    '',
    ...reachLines(image, style),
    ...groups.flatMap((group) => [...secretBlock(group, { ...style, columns, showSecrets, verbose }), '']),
    ...(groups.length === 0 ? nothingLines(image, report, style) : secretsLines(groups, style)),
    ...hiddenLines(hidden, style),
    ...suppressedLines(only ? report.summary.suppressed : undefined, style),
    ...coverageText(coverage, style),
  ];
}

/** The other tags that hold the same image; those of the same repository by their tag alone. */
function tagLines({ reference, repoTags }: ImageReport, { paint, width }: TextStyle): string[] {
  const repository = reference.slice(0, reference.lastIndexOf(':') + 1);
  const others = repoTags
    .filter((tag) => tag !== reference && !reference.endsWith(`//${tag}`))
    .map((tag) => (repository !== '' && tag.startsWith(repository) ? tag.slice(repository.length) : tag));
  if (repoTags.length < 2 || others.length === 0) return [];
  const shown = others.slice(0, shownTags).map(oneLine).join(', ');
  const more = others.length > shownTags ? `, … and ${formatCount(others.length - shownTags)} more` : '';
  return hang(' also ', shown + more, width).map((line) => paint('dim', line));
}

const baseWitnesses: Readonly<Record<BaseImage['from'], string>> = {
  option: 'compared',
  cache: 'known to the cache',
  annotation: 'its annotation says',
  provenance: 'its provenance says',
  dockerfile: 'the Dockerfile says',
};

/** What it was built upon, and who says so. */
function baseLines({ base }: ImageReport, { paint, width }: TextStyle): string[] {
  if (base === undefined) return [];
  const { name, layers, from, claim } = base;
  const which = layers === undefined ? '' : layers === 1 ? ': layer 0' : `: layers 0–${layers - 1}`;
  const witness = baseWitnesses[from] ?? oneLine(from);
  const claimed =
    claim === undefined ? '' : `; ${baseWitnesses[claim.from] ?? oneLine(claim.from)} ${oneLine(claim.name)}`;
  const text = `${oneLine(name)}${which} (${witness}${claimed})`;
  return hang(' base ', text, width).map((line) => paint('dim', line));
}

function nothingLines({ coverage }: ImageReport, { tool, summary }: Report, { width, paint }: TextStyle): string[] {
  const isAll = summary.hiddenByConfidence === 0 && summary.suppressed === undefined;
  const found = !isAll ? 'No secrets to show' : 'No secrets';
  if (!coverage.complete) {
    return hang(' ', `${found}, but not everything was looked at.`, width).map((line) => paint('yellow', line));
  }
  const text = `${found} in ${formatNumber(coverage.layersTotal, 'layer')} and the image's metadata, checked with ${formatNumber(tool.ruleSet.rules, 'rule')} of ${formatNumber(tool.ruleSet.providers, 'provider')}.`;
  const [first = '', ...rest] = hang(' ✓ ', text, width);
  return [paint('green', first), ...rest.map((line) => paint('green', line))];
}

/** Who else can have the image matters more than any single secret in it. */
function reachLines({ reach }: ImageReport, { paint, width }: TextStyle): string[] {
  if (reach === undefined) return [];
  if (reach.public !== 'yes') return [...hang(' ', oneLine(reach.message), width), ''];
  const label = ' PUBLIC  ';
  const [first = '', ...rest] = hang(label, oneLine(reach.message), width);
  const painted = paint(['bgRed', 'whiteBright', 'bold'], label.trimEnd().concat(' '));
  return [painted + first.slice(label.length - 1), ...rest, ''];
}

function totalLines({ images, durationMs, summary }: Report, style: TextStyle): string[] {
  const { paint, width } = style;
  const failed = images.filter((image) => 'error' in image).length;
  const incomplete = images.filter((image) => !('error' in image) && !image.coverage.complete).length;
  const trouble = [
    ...(failed > 0 ? [paint(['red', 'bold'], `${formatCount(failed)} not scanned`)] : []),
    ...(incomplete > 0 ? [paint(['yellow', 'bold'], `${formatCount(incomplete)} incomplete`)] : []),
  ];
  const scanned = `${formatNumber(images.length, 'image')} in ${formatDuration(durationMs)}`;
  // Grouped again: a secret that is in several images is one.
  const groups = groupFindings(images.flatMap((image) => ('error' in image ? [] : image.findings)));
  return [
    paint('dim', '─'.repeat(Math.min(width, 40))),
    ...hang(' ', [scanned, ...trouble].join(', '), width),
    ...(groups.length === 0 ? [' no secrets'] : secretsLines(groups, style)),
    ...hiddenLines(summary.hiddenByConfidence, style),
    ...suppressedLines(summary.suppressed, style),
  ];
}

function secretsLines(groups: readonly SecretGroup[], { paint, width }: TextStyle): string[] {
  const places = groups.reduce((sum, { findings }) => sum + findings.length, 0);
  const counts = severities.toReversed().flatMap((severity) => {
    const count = groups.filter(({ worst }) => worst.severity === severity).length;
    return count === 0 ? [] : [paint(severityFormat[severity], `${formatCount(count)}${noBreak}${severity}`)];
  });
  return hang(
    ' ',
    `${formatNumber(groups.length, 'secret')} at ${formatNumber(places, 'place')}: ${counts.join(', ')}`,
    width,
  );
}

function hiddenLines(count: number, { width, paint }: TextStyle): string[] {
  if (count === 0) return [];
  const text = `${formatNumber(count, 'weak hint')} hidden (--min-confidence low)`;
  return hang(' ', text, width).map((line) => paint('dim', line));
}

const suppressors: Readonly<Record<Suppression, string>> = {
  inline: 'by marks in their lines',
  'allow-list': 'by allow-lists of your rule files',
  base: 'because they are in the base image (--skip-base)',
  published: 'because public packages publish the secret (--show-published)',
};

function suppressedLines(counts: Suppressed | undefined, { width, paint }: TextStyle): string[] {
  if (counts === undefined) return [];
  const parts = (Object.entries(counts) as [Suppression, number][]).map(
    ([reason, count]) => `${formatNumber(count, 'finding')} suppressed ${suppressors[reason]}`,
  );
  return hang(' ', parts.join(', '), width).map((line) => paint('dim', line));
}

function shortDigest(digest: string): string {
  return digest.replace(/^([a-z0-9+._-]+:[0-9a-f]{12})[0-9a-f]+$/i, '$1');
}
