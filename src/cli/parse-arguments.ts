/**
 * The command line, read against the table of flags: what was typed wins over WHICHLAYER_<OPTION>, that over the
 * configuration file, that over the default. Every mistake is a `USAGE_INVALID` with what may have been meant, before anything is scanned.
 */

import { parseArgs } from 'node:util';

import { ScanError } from '../errors.ts';
import type { Config } from './config.ts';
import { type CommandName, commandNames, type Flag, flags, type LowArgs, variableOf } from './flags.ts';
import { formatsOf, lowArgsOf, type RawValues, readSwitch } from './low-args.ts';
import { didYouMean } from './near-name.ts';

/** What the user wants done. */
export type Invocation =
  | {
      readonly kind: 'run';
      readonly command: CommandName;
      readonly options: LowArgs;
      /** What stands after the command: images, a provider, a subcommand with its operands. */
      readonly operands: readonly string[];
      /** The configuration file that was read. */
      readonly config?: Config;
    }
  | { readonly kind: 'help'; readonly command?: CommandName }
  | { readonly kind: 'version' };

type Environment = Readonly<Record<string, string | undefined>>;

const generalFlags = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'V' } } as const;

/** The configuration file that arguments or environment name, and whether there is to be none. @throws ScanError USAGE_INVALID */
export function configChoice(
  argv: readonly string[],
  env: Environment,
): { readonly file: string | undefined; readonly isOff: boolean } {
  const { values, positionals } = readTokens(argv);
  const [first] = positionals;
  const needsNone = first === undefined || first === 'help' || values.has('help') || values.has('version');
  const typed = values.get('config')?.at(-1);
  const named = env['WHICHLAYER_CONFIG'];
  const off = env['WHICHLAYER_NO_CONFIG'] ?? '';
  if (typed !== undefined && values.has('no-config')) {
    throw usage('--config and --no-config exclude each other.', undefined, '--config');
  }
  const isOff =
    needsNone ||
    values.has('no-config') ||
    (typed === undefined && off !== '' && readSwitch(off, 'WHICHLAYER_NO_CONFIG'));
  return { file: typed ?? (named === '' ? undefined : named), isOff };
}

/** Reads the arguments after the program's name. @throws ScanError USAGE_INVALID */
export function parseArguments(argv: readonly string[], env: Environment, config?: Config): Invocation {
  const { values, positionals } = readTokens(argv);
  const [first, ...operands] = positionals;
  if (values.has('version')) return { kind: 'version' };
  if (first === 'help') return helpOn(operands[0]);
  if (values.has('help')) return helpOn(commandNames.find((name) => name === first));
  if (first === undefined) {
    throw new ScanError('USAGE_INVALID', 'No command was given.', {
      hint: 'Try: whichlayer scan IMAGE, or whichlayer --help',
    });
  }
  const command = commandNamed(first);
  for (const name of values.keys()) {
    const flag = flags.find((candidate) => candidate.name === name);
    if (flag !== undefined && !flag.commands.includes(command)) {
      const where = flag.commands.map((name) => `whichlayer ${name}`).join(' and ');
      throw usage(`--${name} does not go with whichlayer ${command}.`, `It goes with ${where}.`, `--${name}`);
    }
  }
  const options = lowArgsOf(command, withDefaults(command, values, env, config));
  const noColor = options.noColor || (env['NO_COLOR'] ?? '') !== '';
  checkOperands(command, operands, options);
  return {
    kind: 'run',
    command,
    options: { ...options, noColor },
    operands,
    ...(config === undefined ? {} : { config }),
  };
}

function readTokens(argv: readonly string[]): { values: Map<string, string[]>; positionals: string[] } {
  const declared = Object.fromEntries(
    flags.map(({ name, short, value }) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
  const { tokens } = parseArgs({
    args: [...argv],
    options: { ...declared, ...generalFlags },
    allowPositionals: true,
    // Strict parsing would throw texts of its own that suggest nothing.
    strict: false,
    tokens: true,
  });
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const value = checkToken(token);
    const flag = flags.find(({ name }) => name === token.name);
    const earlier = flag?.repeatable ? (values.get(token.name) ?? []) : [];
    values.set(token.name, [...earlier, value]);
  }
  return { values, positionals };
}

function checkToken(token: {
  name: string;
  rawName: string;
  value?: string | undefined;
  inlineValue?: boolean | undefined;
}): string {
  const { name, rawName, value } = token;
  const flag = flags.find((candidate) => candidate.name === name);
  if (flag === undefined && !Object.hasOwn(generalFlags, name)) {
    const known = [...flags.map((candidate) => candidate.name), ...Object.keys(generalFlags)];
    const suggestion = didYouMean(
      `--${name}`,
      known.map((candidate) => `--${candidate}`),
    );
    throw usage(`There is no option ${rawName}.`, suggestion ?? 'See whichlayer --help for all options.', rawName);
  }
  if (flag?.value === undefined) {
    if (value !== undefined) throw usage(`${rawName} takes no value.`, `Write ${rawName} alone.`, rawName);
    return 'true';
  }
  if (value === undefined) throw usage(`${rawName} needs a value (${flag.value}).`, undefined, rawName);
  if (token.inlineValue === false && value.startsWith('-') && value !== '-') {
    throw usage(
      `${rawName} needs a value, and the next word is an option.`,
      `Write --${name}=VALUE if it is one.`,
      rawName,
    );
  }
  return value;
}

function withDefaults(
  command: CommandName,
  typed: ReadonlyMap<string, string[]>,
  env: Environment,
  config: Config | undefined,
): RawValues {
  const values = new Map<Flag, { texts: readonly string[]; from: string }>();
  for (const flag of flags) {
    if (!flag.commands.includes(command)) continue;
    const texts = typed.get(flag.name);
    if (texts !== undefined) {
      values.set(flag, { texts, from: `--${flag.name}` });
      continue;
    }
    const variable = variableOf(flag);
    const text = variable === undefined ? undefined : env[variable];
    if (variable === undefined || text === undefined || text === '') {
      const given = config?.values.get(flag);
      const usable = given?.texts.filter((one) => isWritable(command, flag, one)) ?? [];
      if (given !== undefined && usable.length > 0) values.set(flag, { ...given, texts: usable });
      continue;
    }
    if (flag.value === undefined && !readSwitch(text, variable)) continue;
    values.set(flag, { texts: flag.repeatable ? text.split(',') : [text], from: variable });
  }
  return values;
}

/** A file is for all commands: a format that one of them does not have is passed over there. */
function isWritable(command: CommandName, { name }: Flag, text: string): boolean {
  if (name !== 'format' && name !== 'output') return true;
  return formatsOf(command).includes(text.replace(/=[\s\S]*$/, '').toLowerCase());
}

function helpOn(name: string | undefined): Invocation {
  return name === undefined ? { kind: 'help' } : { kind: 'help', command: commandNamed(name) };
}

function commandNamed(name: string): CommandName {
  const command = commandNames.find((candidate) => candidate === name);
  if (command !== undefined) return command;
  // Whoever leaves the command out means an image.
  const image = /[:/@.]|^-$/.test(name) ? `To scan an image: whichlayer scan ${name}` : undefined;
  const hint = didYouMean(name, commandNames) ?? image ?? `Commands: ${commandNames.join(', ')}.`;
  throw usage(`There is no command ${name}.`, hint, name);
}

function checkOperands(command: CommandName, operands: readonly string[], options: LowArgs): void {
  if (command === 'scan' || command === 'env') checkImages(command, operands, options);
  if (command === 'explain' && operands.length !== 1) {
    throw usage('whichlayer explain takes one provider or rule.', 'whichlayer rules list shows them all.');
  }
  if (command === 'rules') checkRules(operands);
  if (command === 'cache') checkCache(operands);
}

function checkImages(command: CommandName, operands: readonly string[], options: LowArgs): void {
  if (operands.length === 0 && options.imagesFrom === undefined) {
    throw usage(
      'No image was given.',
      `Try: whichlayer ${command} NAME[:TAG], a path to an archive, or - for standard input.`,
    );
  }
  if (operands.includes('')) throw usage('An image reference is empty.', 'Is a variable in the command not set?');
  const readers = [
    ...operands.filter((operand) => operand === '-').map(() => 'the image -'),
    ...(options.imagesFrom === '-' ? ['--images-from -'] : []),
    ...(options.passwordStdin ? ['--password-stdin'] : []),
  ];
  if (readers.length > 1) {
    throw usage(
      `Standard input can be read for one thing only, not for ${readers.join(' and ')}.`,
      'Put the others into files.',
    );
  }
  if (options.passwordStdin && options.username === undefined) {
    throw usage('--password-stdin needs --username.', undefined, '--password-stdin');
  }
  if (options.username !== undefined && !options.passwordStdin) {
    throw usage(
      '--username needs --password-stdin.',
      'Pipe the password in: it is not taken as an argument.',
      '--username',
    );
  }
  if (options.registryToken !== undefined && options.username !== undefined) {
    throw usage('--registry-token and --username exclude each other.', undefined, '--registry-token');
  }
  if (options.quiet && options.verbose) throw usage('--quiet and --verbose exclude each other.', undefined, '--quiet');
}

function checkAction(command: CommandName, action: string, actions: readonly string[]): void {
  if (actions.includes(action)) return;
  const hint = didYouMean(action, actions) ?? `There are: ${actions.join(', ')}.`;
  throw usage(`There is no whichlayer ${command} ${action}.`, hint, action);
}

function checkCache([action = 'info', ...operands]: readonly string[]): void {
  checkAction('cache', action, ['info', 'clear']);
  if (operands.length > 0) throw usage(`whichlayer cache ${action} takes nothing more.`, undefined, operands[0]);
}

function checkRules([action = 'list', ...operands]: readonly string[]): void {
  checkAction('rules', action, ['list', 'show', 'check']);
  if (action === 'list' && operands.length > 0)
    throw usage('whichlayer rules list takes nothing more.', undefined, operands[0]);
  if (action === 'show' && operands.length !== 1) {
    throw usage('whichlayer rules show takes one rule.', 'whichlayer rules list shows them all.');
  }
  if (action === 'check' && operands.length === 0) throw usage('whichlayer rules check needs a rule file.');
}

function usage(message: string, hint?: string, subject?: string): ScanError {
  return new ScanError('USAGE_INVALID', message, {
    ...(hint === undefined ? {} : { hint }),
    ...(subject === undefined ? {} : { subject }),
  });
}
