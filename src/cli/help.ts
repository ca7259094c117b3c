/**
 * Help, from the table of flags and the table of commands below; docs/cli.md comes from the same two
 * (scripts/docs.ts). Fits 80 columns wherever it is read.
 */

import { hang, wrap } from '../report/wrap.ts';
import { type CommandName, commandNames, type Flag, flagGroups, flags, variableOf } from './flags.ts';

/** What help says of a command. */
interface CommandHelp {
  readonly usage: readonly string[];
  /** One line for the list of commands. */
  readonly summary: string;
  /** Paragraphs. */
  readonly about: readonly string[];
  readonly examples: readonly (readonly [command: string, what: string])[];
}

const imageForms = [
  'IMAGE is name[:tag][@digest] (the local daemon if it has it, else the registry), docker-daemon:REF, podman:REF, container:NAME, docker://REF, docker://HOST/NAME:PATTERN, docker-archive:PATH[:REF], oci-archive:PATH[:REF], oci:PATH[:REF] (REF may be @DIGEST), the path of an archive or layout (/…, ./…, ../…, ~…, *.tar, *.tar.gz, *.tgz, *.tar.zst), or - for an archive on standard input.',
];

/** What help says of each command. */
export const commandHelp: Readonly<Record<CommandName, CommandHelp>> = {
  scan: {
    usage: ['whichlayer scan [OPTIONS] IMAGE...'],
    summary: 'Find leaked secrets in layers and metadata, and which layer leaked each.',
    about: [
      'Reads every layer and the metadata of each image and reports the secrets in them: which layer and instruction put each one there, and whether it is still there, overwritten or deleted by a later layer.',
      ...imageForms,
      'An image for several platforms is scanned on all of them.',
    ],
    examples: [
      ['whichlayer scan app:1.4', 'from the daemon or a registry'],
      ['docker save app:1.4 | whichlayer scan -', 'as it arrives, nothing on disk'],
      ['whichlayer scan --format json ./app.tar', 'for scripts'],
      ['whichlayer scan --fail-on high app:1.4', 'a gate in a pipeline'],
    ],
  },
  env: {
    usage: ['whichlayer env [OPTIONS] IMAGE...'],
    summary: 'Audit the metadata alone: each ENV, ARG, LABEL, CMD with its verdict.',
    about: [
      'Reads the configuration and history of each image, fetches no layer, and gives every string in them a verdict: secret, suspicious, placeholder, empty, reference (to a file) or public. Values are masked unless they are known to be harmless.',
      ...imageForms,
    ],
    examples: [
      ['whichlayer env app:1.4', 'one image'],
      ['whichlayer env --images-from images.txt', 'many, one a line'],
    ],
  },
  rules: {
    usage: [
      'whichlayer rules [OPTIONS] [list]',
      'whichlayer rules [OPTIONS] show ID',
      'whichlayer rules [OPTIONS] check FILE...',
    ],
    summary: 'List the detectors, show one, lint and test rule files of your own.',
    about: [
      'list is the default. check lints rule files (docs/rules.md) and runs their examples with all rules loaded; it ends in 2 where there is a problem.',
    ],
    examples: [
      ['whichlayer rules show pepipost-api-key', 'what it looks for'],
      ['whichlayer rules check acme.yaml', 'before you use it with --rules'],
    ],
  },
  explain: {
    usage: ['whichlayer explain [OPTIONS] PROVIDER|RULE'],
    summary: 'What a leaked key opens, how to check for abuse, how to rotate it.',
    about: [
      'Prints what a key of the provider opens, where to look for abuse, the steps to replace it, and what breaks when the old one is revoked.',
    ],
    examples: [['whichlayer explain pepipost', 'by provider or rule']],
  },
  cache: {
    usage: ['whichlayer cache [OPTIONS] [info]', 'whichlayer cache [OPTIONS] clear'],
    summary: 'Show what is kept of scanned layers, or throw it away.',
    about: [
      'A layer that was scanned before is neither fetched nor scanned again. What is kept holds no secrets (docs/cache.md). info, the default, says where it is and how large; clear throws it away.',
      'It is in whichlayer in the folder for caches of your platform ($XDG_CACHE_HOME or ~/.cache, ~/Library/Caches, %LOCALAPPDATA%), or where WHICHLAYER_CACHE_DIR says. whichlayer scan --no-cache does without.',
    ],
    examples: [
      ['whichlayer cache', 'where it is, how large'],
      ['whichlayer cache clear', 'begin anew'],
    ],
  },
};

/** Every exit status and what it means. */
export const exitStatuses: readonly (readonly [status: string, meaning: string])[] = [
  ['0', 'everything asked for was scanned, and nothing found at or above the gate'],
  ['1', 'findings at or above the gate, whether or not the scan was complete'],
  ['2', 'wrong usage, configuration or rule file: nothing was scanned'],
  ['3', 'an image could not be resolved, reached or authorised'],
  ['4', 'no such finding, but the scan is incomplete: the report says what was not looked at'],
  ['70', 'a defect of whichlayer'],
  ['130, 143', 'interrupted'],
];

const width = 80;
const column = 26;

/** The help on a command, or on the whole; ends in a newline. */
export function help(command?: CommandName): string {
  const sections = command === undefined ? general() : onCommand(command, commandHelp[command]);
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function general(): string[][] {
  return [
    ['whichlayer finds leaked secrets in container images and says which layer', 'leaked each one.'],
    ['Usage: whichlayer COMMAND [OPTIONS] ...'],
    ['Commands:', ...commandNames.flatMap((name) => entry(`  ${name}`, commandHelp[name].summary, 11))],
    [
      'Options of every command:',
      ...entry('  -h, --help', 'Show help: on the whole, or on the command.'),
      ...entry('  -V, --version', 'Show the version.'),
      ...flags.filter(({ commands }) => commands.length === commandNames.length).flatMap(flagLines),
    ],
    ['Examples:', ...commandNames.flatMap((name) => exampleLines(commandHelp[name].examples.slice(0, 1)))],
    exitLines(),
    ['whichlayer COMMAND --help shows the options of a command.'],
  ];
}

function onCommand(command: CommandName, { usage, about, examples }: CommandHelp): string[][] {
  const groups = flagGroups.flatMap((group) => {
    const own = flags.filter((flag) => flag.group === group && flag.commands.includes(command));
    return own.length === 0 ? [] : [[`${group}:`, ...own.flatMap(flagLines)]];
  });
  return [
    usage.map((line, index) => (index === 0 ? `Usage: ${line}` : `       ${line}`)),
    ...about.map((paragraph) => wrap(paragraph, width)),
    ...groups,
    [
      ...wrap(
        'Options with a variable in [brackets] can be set by it; what is typed wins. In a variable, several values are separated by commas.',
        width,
      ),
    ],
    ['Examples:', ...exampleLines(examples)],
    exitLines(),
  ];
}

/** A flag as help and docs/cli.md write it: `-f, --format NAME`. */
export function flagTitle({ name, short, value }: Flag): string {
  const long = value === undefined ? `--${name}` : `--${name} ${value}`;
  return short === undefined ? long : `-${short}, ${long}`;
}

/** A flag's description with its choices, default, and whether it may be repeated. */
export function flagText(flag: Flag): string {
  const extras = [
    ...(flag.choices === undefined ? [] : [`One of ${flag.choices.join(', ')}.`]),
    ...(flag.default === undefined ? [] : [`Default: ${flag.default}.`]),
    ...(flag.repeatable ? ['May be repeated.'] : []),
  ];
  return [flag.description, ...extras].join(' ');
}

function flagLines(flag: Flag): string[] {
  const variable = variableOf(flag);
  const indent = flag.short === undefined ? '      ' : '  ';
  return entry(indent + flagTitle(flag), variable === undefined ? flagText(flag) : `${flagText(flag)} [${variable}]`);
}

function entry(title: string, text: string, at = column): string[] {
  if (title.length + 2 <= at) return hang(title.padEnd(at), text, width);
  return [title, ...hang(' '.repeat(at), text, width)];
}

function exampleLines(examples: CommandHelp['examples']): string[] {
  return examples.flatMap(([command, what]) => entry(`  ${command}`, what, 44));
}

function exitLines(): string[] {
  return ['Exit status:', ...exitStatuses.flatMap(([status, meaning]) => entry(`  ${status}`, meaning, 12))];
}
