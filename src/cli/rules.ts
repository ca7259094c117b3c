/** `whichlayer rules [list|show ID|check FILE…]`: the detectors there are, one of them in full, and the linter for rule files. */

import { readFile } from 'node:fs/promises';
import type { GitleaksImport } from '../detect/gitleaks.ts';
import { isToml } from '../detect/is-toml.ts';
import { readableText } from '../detect/load-rules.ts';
import type { Detector, Provider, RuleSet } from '../detect/rule.ts';
import { formatProblem, type RuleProblem } from '../detect/rule-problem.ts';
import { unreadable } from '../errors.ts';
import { type Paint, painter, severityFormat } from '../report/paint.ts';
import { oneLine, printable } from '../report/printable.ts';
import { formatNumber } from '../report/quantity.ts';
import { displayWidth, gap, layOut } from '../report/table.ts';
import { hang, truncate } from '../report/wrap.ts';
import { exitCodes } from './exit-code.ts';
import { findRule } from './explain.ts';
import { type CommandIo, colorOf } from './io.ts';

/** The options of the command. */
export interface RulesOptions {
  readonly format: string;
  readonly noColor: boolean;
}

/** Runs the command and returns the exit status. @throws ScanError USAGE_INVALID */
export async function rules(
  operands: readonly string[],
  ruleSet: RuleSet,
  options: RulesOptions,
  io: CommandIo,
): Promise<number> {
  const [action = 'list', ...rest] = operands;
  if (action === 'check') return check(rest, ruleSet, options, io);
  const { stdout } = io;
  const paint = painter(colorOf(stdout, options));
  if (action === 'show') {
    const { provider, detector } = findRule(rest[0] ?? '', ruleSet);
    stdout.write(
      options.format === 'json' ? json(ruleJson(provider, detector)) : show(provider, detector, stdout.columns, paint),
    );
  } else {
    stdout.write(options.format === 'json' ? json(listJson(ruleSet)) : list(ruleSet, stdout.columns, paint));
  }
  return exitCodes.clean;
}

function list({ providers, digest }: RuleSet, columns: number, paint: Paint): string {
  const rows = providers
    .flatMap((provider) => provider.detectors.map((detector) => ({ provider, detector })))
    .sort((a, b) => (a.detector.id < b.detector.id ? -1 : 1));
  const idWidth = rows.reduce((most, { detector }) => Math.max(most, displayWidth(detector.id)), 1);
  const severityWidth = 'critical'.length;
  const titleWidth = Math.max(columns - idWidth - severityWidth - 'medium'.length - 3 * gap, 20);
  const lines = layOut(
    [idWidth, severityWidth, 'medium'.length, titleWidth].map((width) => ({ width })),
    rows.map(({ detector }) => [
      printable(detector.id),
      paint(severityFormat[detector.severity], detector.severity),
      paint('dim', detector.confidence),
      truncate(oneLine(detector.title), titleWidth),
    ]),
  );
  const total = `${formatNumber(rows.length, 'rule')} of ${formatNumber(providers.length, 'provider')}`;
  return `${[...lines, '', `${total} · ${digest.slice(0, 'sha256:'.length + 12)}`].join('\n')}\n`;
}

function show(provider: Provider, detector: Detector, columns: number, paint: Paint): string {
  const width = Math.min(Math.max(columns, 40), 100);
  const facts: readonly (readonly [string, string])[] = [
    ['provider', `${provider.name} (${provider.id})`],
    ['severity', detector.severity],
    ['confidence', detector.confidence],
    ['looks', `${lookOf(detector)} ${detector.anchors.map((anchor) => JSON.stringify(anchor)).join(', ')}`],
    ['pattern', detector.pattern],
    ['entropy', detector.entropy === undefined ? '' : `at least ${detector.entropy} bits a character`],
    ['checks', detector.checks.join(', ')],
    ['never', detector.not.join('  ')],
    ['pair', detector.companion === undefined ? '' : pairOf(detector.companion)],
    ['only in', detector.path === undefined ? '' : `files whose path matches ${detector.path}`],
    [
      'allowed',
      detector.allow === undefined ? '' : `by ${formatNumber(detector.allow.length, 'allow-list')} of its file`,
    ],
    ['last resort', detector.generic ? 'gives way to any other rule that knows the same secret' : ''],
    [
      'examples',
      `${detector.examples.length}, counter-examples ${detector.counterExamples.length}, known misses ${detector.knownMisses.length}`,
    ],
    ['rotate', provider.rotation.summary],
  ];
  const lines = facts
    .filter(([, text]) => text !== '')
    .flatMap(([label, text]) => {
      const margin = `  ${label.padEnd('last resort'.length)}  `;
      const [first = '', ...rest] = hang(margin, printable(text), width);
      return [first.replace(margin, () => paint('dim', margin)), ...rest];
    });
  const title = `${paint('bold', oneLine(detector.title))} ${paint('dim', `(${printable(detector.id)})`)}`;
  const more = paint('cyan', `whichlayer explain ${printable(provider.id)}`);
  return `${[title, '', ...lines, '', more].join('\n')}\n`;
}

function lookOf({ at }: Detector): string {
  switch (at) {
    case 'token':
      return 'for text that begins with';
    case 'name':
      return 'at values whose name holds';
    case 'near':
      return 'near';
  }
}

function pairOf({ name, within, required }: NonNullable<Detector['companion']>): string {
  return `${required ? 'only with' : 'with'} ${name} within ${within} bytes`;
}

async function check(
  files: readonly string[],
  ruleSet: RuleSet,
  options: RulesOptions,
  { stdout }: CommandIo,
): Promise<number> {
  // Brings the YAML parser: loaded by the one command that needs it.
  const { lintRules } = await import('../detect/lint-rules.ts');
  const problems: RuleProblem[] = [];
  const notes: RuleProblem[] = [];
  for (const file of files) {
    try {
      const text = await readFile(file, 'utf8');
      if (isToml(file, text)) {
        const checked = await checkGitleaks(file, ruleSet);
        problems.push(...checked.problems);
        notes.push(...checked.notes);
      } else problems.push(...lintRules(text, file, ruleSet.providers));
    } catch (error) {
      problems.push({ file, message: unreadable(error) });
    }
  }
  if (options.format === 'json') {
    stdout.write(json({ schemaVersion: 1, files, problems, ...(notes.length === 0 ? {} : { notes }) }));
  } else {
    const lineOf = (problem: RuleProblem): string => formatProblem(problem).split('\n').map(printable).join('\n');
    const lines = [...notes.map((note) => `note: ${lineOf(note)}`), ...problems.map(lineOf)];
    const paint = painter(colorOf(stdout, options));
    const total = `${formatNumber(files.length, 'file')}, ${problems.length === 0 ? 'no problems' : formatNumber(problems.length, 'problem')}`;
    stdout.write(`${[...lines, paint(problems.length === 0 ? 'green' : 'red', total)].join('\n')}\n`);
  }
  return problems.length === 0 ? exitCodes.clean : exitCodes.usage;
}

/** What a gitleaks configuration can't say here is a problem to its author, as a broken one is. */
async function checkGitleaks(
  file: string,
  { providers }: RuleSet,
): Promise<Pick<GitleaksImport, 'problems' | 'notes'>> {
  const { loadGitleaks } = await import('../detect/load-gitleaks.ts');
  const { problems, refused, notes } = loadGitleaks(file, providers, readableText);
  return { problems: [...problems, ...refused], notes };
}

function listJson({ digest, providers }: RuleSet): unknown {
  const rows = providers.flatMap((provider) => provider.detectors.map((detector) => ruleJson(provider, detector)));
  return { schemaVersion: 1, digest, rules: rows };
}

function ruleJson(provider: Provider, detector: Detector): Record<string, unknown> {
  const { id, title, severity, confidence, at, anchors, pattern, checks, generic } = detector;
  const { summary, url } = provider.rotation;
  return {
    id,
    title,
    provider: provider.id,
    categories: provider.categories,
    severity,
    confidence,
    at,
    anchors,
    pattern,
    checks,
    generic,
    remediation: { summary, ...(url === undefined ? {} : { url }) },
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
