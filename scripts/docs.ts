/**
 * Writes docs/cli.md and schemas/config.schema.json from the tables of flags and commands, docs/errors.md from the
 * error codes and docs/detectors.md from the rules.
 * With --check nothing is written, and a file that differs ends in 1: docs never drift from the code.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { commandNames, type Flag, flagGroups, flags, variableOf } from '../src/cli/flags.ts';
import { commandHelp, exitStatuses, flagText, flagTitle } from '../src/cli/help.ts';
import { loadRules } from '../src/detect/load-rules.ts';
import type { Provider, RuleSet } from '../src/detect/rule.ts';
import { errorCodes } from '../src/errors.ts';
import { configSchemaText } from './config-schema.ts';
import { errorExplanations } from './error-explanations.ts';

const note = '<!-- Written by scripts/docs.ts; change the tables it reads. -->';

const documents = new Map([
  ['docs/cli.md', cliDocument()],
  ['docs/errors.md', errorDocument()],
  ['docs/detectors.md', detectorDocument(await loadRules())],
  ['schemas/config.schema.json', configSchemaText()],
]);

const checking = process.argv.includes('--check');
for (const [path, text] of documents) {
  const url = new URL(`../${path}`, import.meta.url.replace('/dist/scripts/', '/scripts/'));
  if (!checking) {
    writeFileSync(url, text);
  } else if (read(url) !== text) {
    console.error(`${path} is not what the code says: run node scripts/docs.ts`);
    process.exitCode = 1;
  }
}

function detectorDocument({ providers }: RuleSet): string {
  const byCategory = new Map<string, Provider[]>();
  for (const provider of providers) {
    const category = provider.categories[0] ?? '';
    byCategory.set(category, [...(byCategory.get(category) ?? []), provider]);
  }
  const detectors = providers.reduce((sum, provider) => sum + provider.detectors.length, 0);
  const sections = [...byCategory.keys()].sort().flatMap((category) => [
    `## ${category}`,
    // Unpadded: a thousand rows of padding are half a megabyte.
    [
      '| Provider | What is found | Severity | Confidence |',
      '| --- | --- | --- | --- |',
      ...byCategory
        .get(category)!
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .map(detectorRow),
    ].join('\n'),
  ]);
  return page([
    '# Detectors',
    note,
    `${detectors} detectors of ${providers.length} providers. \`whichlayer rules show ID\` shows one in full, \`whichlayer explain PROVIDER\` how to rotate what it finds; [rules.md](rules.md) says how they are written.`,
    ...sections,
  ]);
}

function detectorRow({ id, name, url, detectors }: Provider): string {
  const cells = [
    `[${escaped(name)}](${url}) \`${id}\``,
    detectors.map((detector) => `${escaped(detector.title)} \`${detector.id}\``).join('<br>'),
    detectors.map(({ severity }) => severity).join('<br>'),
    detectors.map(({ confidence }) => confidence).join('<br>'),
  ];
  return `| ${cells.join(' | ')} |`;
}

function cliDocument(): string {
  const commands = commandNames.flatMap((name) => {
    const { usage, about, examples } = commandHelp[name];
    return [
      `## \`whichlayer ${name}\``,
      fence(usage),
      ...about.map(escaped),
      fence(examples.map(([command, what]) => `${command}   # ${what}`)),
    ];
  });
  const groups = flagGroups.map((group) => flags.filter((flag) => flag.group === group));
  return page([
    '# Command line',
    note,
    'Standard output carries the report alone; progress and errors go to standard error.',
    ...commands,
    '## Options',
    'An option can be set by its environment variable, or in a configuration file ([config.md](config.md)); what is typed wins, then the variable. A switch is set to `true` or `false`; in a variable, several values are separated by commas.',
    ...groups.flatMap((own, index) => [
      `### ${flagGroups[index]}`,
      table(['Option', 'Meaning', 'Commands', 'Variable'], own.map(flagRow)),
    ]),
    '## Exit status',
    table(
      ['Status', 'Meaning'],
      exitStatuses.map(([status, meaning]) => [status, escaped(meaning)]),
    ),
    'With several images the first that applies wins, in the order 2, 1, 3, 4, 0; the report lists each.',
  ]);
}

function flagRow(flag: Flag): string[] {
  const variable = variableOf(flag);
  return [
    `\`${flagTitle(flag)}\``,
    escaped(flagText(flag)),
    flag.commands.join(', '),
    variable === undefined ? '–' : `\`${variable}\``,
  ];
}

function errorDocument(): string {
  return page([
    '# Error codes',
    note,
    'An error that ends a run and everything a report says was not looked at carries one of these codes. Scripts branch on the code; messages may change.',
    table(
      ['Code', 'Meaning'],
      errorCodes.map((code) => [`\`${code}\``, errorExplanations[code]]),
    ),
  ]);
}

// Padded, as the formatter wants it.
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, index) => Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function fence(lines: readonly string[]): string {
  return ['```', ...lines, '```'].join('\n');
}

// Stars and angle brackets in prose are meant as they stand.
function escaped(text: string): string {
  return text.replace(/[*<>|]/g, '\\$&');
}

function page(blocks: readonly string[]): string {
  return `${blocks.join('\n\n')}\n`;
}

function read(url: URL): string | undefined {
  try {
    return readFileSync(url, 'utf8');
  } catch {
    return undefined;
  }
}
