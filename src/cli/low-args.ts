/** Texts of flags and variables into typed values: enumerations, numbers, lists and `NAME=FILE` are checked here. */

import { confidences, severities } from '../detect/rule.ts';
import { ScanError } from '../errors.ts';
import { envFormats, scanFormats } from '../report/formats.ts';
import { type CommandName, type Flag, flags, type LowArgs, type OutputFile, sourceChoices } from './flags.ts';
import { didYouMean } from './near-name.ts';

/** What was given for each flag, and by what (`--jobs`, `WHICHLAYER_JOBS`). */
export type RawValues = ReadonlyMap<Flag, { readonly texts: readonly string[]; readonly from: string }>;

/** The values of all flags, defaults where nothing was given. @throws ScanError USAGE_INVALID */
export function lowArgsOf(command: CommandName, raw: RawValues): LowArgs {
  const byName = new Map([...raw].map(([{ name }, given]) => [name, given]));
  const text = (name: string): string | undefined => byName.get(name)?.texts.at(-1) ?? flagNamed(name).default;
  const from = (name: string): string => byName.get(name)?.from ?? `--${name}`;
  const choice = <T extends string>(name: string, choices: readonly T[]): T | undefined => {
    const given = text(name);
    return given === undefined ? undefined : oneOf(given, choices, from(name));
  };
  const list = (name: string): string[] => listOf(byName.get(name)?.texts ?? [], flagNamed(name).value === 'FILE');
  const number = (name: string): number | undefined => {
    const given = text(name);
    return given === undefined ? undefined : wholeNumber(given, flagNamed(name).least ?? 0, from(name));
  };
  const formats = formatsOf(command);
  return {
    source: choice('source', sourceChoices)!,
    ...present('platform', platformOf(text('platform'), from('platform'))),
    ...present('imagesFrom', text('images-from')),
    allTags: byName.has('all-tags'),
    base: list('base'),
    ...present('dockerfile', text('dockerfile')),
    skipBase: byName.has('skip-base'),
    noReferrers: byName.has('no-referrers'),
    minConfidence: choice('min-confidence', confidences)!,
    severity: choice('severity', severities)!,
    only: list('only'),
    skip: list('skip'),
    rules: list('rules'),
    allowInline: byName.has('allow-inline'),
    showPublished: byName.has('show-published'),
    showSecrets: byName.has('show-secrets'),
    ...present('failOn', choice('fail-on', severities)),
    exitZero: byName.has('exit-zero'),
    format: choice('format', formats)!,
    output: (byName.get('output')?.texts ?? []).map((given) => outputOf(given, formats, from('output'))),
    noColor: byName.has('no-color'),
    quiet: byName.has('quiet'),
    verbose: byName.has('verbose'),
    debug: byName.has('debug'),
    ...present('username', text('username')),
    passwordStdin: byName.has('password-stdin'),
    ...present('registryToken', text('registry-token')),
    instanceCredentials: byName.has('instance-credentials'),
    checkPublic: byName.has('check-public'),
    caFile: list('ca-file'),
    insecureRegistry: list('insecure-registry'),
    allowHost: list('allow-host'),
    foreignLayers: byName.has('foreign-layers'),
    ...present('jobs', number('jobs')),
    noCache: byName.has('no-cache'),
    maxDepth: number('max-depth')!,
    ...present('timeoutSeconds', number('timeout')),
  };
}

/** What a variable says of a switch. @throws ScanError USAGE_INVALID */
export function readSwitch(text: string, from: string): boolean {
  const word = text.trim().toLowerCase();
  if (['1', 'true', 'yes', 'on'].includes(word)) return true;
  if (['0', 'false', 'no', 'off'].includes(word)) return false;
  throw new ScanError('USAGE_INVALID', `${from} is a switch: set it to true or false.`, { subject: from });
}

/** The formats a command can write. */
export function formatsOf(command: CommandName): readonly string[] {
  if (command === 'scan') return scanFormats;
  return command === 'env' ? envFormats : ['table', 'json'];
}

function flagNamed(name: string): Flag {
  const flag = flags.find((candidate) => candidate.name === name);
  if (flag === undefined) throw new ScanError('INTERNAL', `The table of flags has no ${name}.`);
  return flag;
}

function oneOf<T extends string>(given: string, choices: readonly T[], from: string): T {
  const found = choices.find((choice) => choice === given.toLowerCase());
  if (found !== undefined) return found;
  const hint = didYouMean(given, choices);
  throw new ScanError('USAGE_INVALID', `${from} is one of ${choices.join(', ')}, not ${JSON.stringify(given)}.`, {
    subject: from,
    ...(hint === undefined ? {} : { hint }),
  });
}

// Names hold no comma, files may.
function listOf(texts: readonly string[], whole: boolean): string[] {
  const parts = whole ? texts : texts.flatMap((text) => text.split(','));
  return [...new Set(parts.map((part) => part.trim()).filter((part) => part !== ''))];
}

function wholeNumber(given: string, least: number, from: string): number {
  const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
  if (value >= least) return value;
  throw new ScanError('USAGE_INVALID', `${from} is a whole number from ${least} on, not ${JSON.stringify(given)}.`, {
    subject: from,
  });
}

function platformOf(given: string | undefined, from: string): string | undefined {
  if (given === undefined || /^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9.]+)?$/i.test(given)) return given;
  throw new ScanError('USAGE_INVALID', `${from} is OS/ARCH or OS/ARCH/VARIANT, not ${JSON.stringify(given)}.`, {
    subject: from,
    hint: 'For example: linux/amd64, linux/arm/v7.',
  });
}

function outputOf(given: string, formats: readonly string[], from: string): OutputFile {
  const [, name, file] = /^([^=]*)=(.+)$/s.exec(given) ?? [];
  if (name === undefined || file === undefined) {
    throw new ScanError('USAGE_INVALID', `${from} is NAME=FILE, not ${JSON.stringify(given)}.`, {
      subject: from,
      hint: `For example: json=report.json. Formats: ${formats.join(', ')}.`,
    });
  }
  return { format: oneOf(name, formats, from), file };
}

// A property that is not there, rather than one that is undefined.
function present<K extends string, V>(name: K, value: V | undefined): { readonly [key in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in K]?: V });
}
