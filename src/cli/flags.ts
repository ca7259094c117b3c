/**
 * Every option there is, in one table: arguments are parsed from it, environment variables, help and
 * docs/cli.md come from it. Nothing below the command line sees a flag; `LowArgs` is what was typed or
 * set, checked one by one, and what it all means together is decided by the commands.
 */

import { type Confidence, confidences, type Severity, severities } from '../detect/rule.ts';
import { defaultLimits } from '../layer/limits.ts';
import { envFormats, scanFormats } from '../report/formats.ts';

/** The commands, in the order help shows them. */
export const commandNames = ['scan', 'env', 'rules', 'explain', 'cache'] as const;
export type CommandName = (typeof commandNames)[number];

/** Where a bare reference is looked for. */
export const sourceChoices = ['auto', 'local', 'remote'] as const;

/** The headings help puts options under. */
export const flagGroups = ['Images', 'What is shown', 'Output', 'Registries', 'Running'] as const;

/** One option. */
export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** What the value is called in help; a flag without is a switch. */
  readonly value?: string;
  readonly repeatable?: true;
  readonly choices?: readonly string[];
  /** The number a value must be at least; such a value is a whole number. */
  readonly least?: number;
  /** What holds where neither flag nor variable says otherwise. */
  readonly default?: string;
  readonly group: (typeof flagGroups)[number];
  readonly commands: readonly CommandName[];
  /** False where no environment variable may set it. */
  readonly env: boolean;
  /** False where no configuration file may set it: whom we trust and who we are is not for a checkout to say. */
  readonly file?: false;
  /** One or two sentences for help, without the default. */
  readonly description: string;
}

const images = ['scan', 'env'] as const;
const detecting = ['scan', 'env', 'rules', 'explain'] as const;

/** The table. */
export const flags: readonly Flag[] = [
  {
    name: 'source',
    value: 'WHERE',
    choices: sourceChoices,
    default: 'auto',
    group: 'Images',
    commands: images,
    env: true,
    description:
      'Where a bare reference is looked for: local is the daemon, remote the registry, auto the first that has it.',
  },
  {
    name: 'platform',
    value: 'OS/ARCH',
    group: 'Images',
    commands: images,
    env: true,
    description: 'Only this platform (os/arch[/variant]) of an image that has several.',
  },
  {
    name: 'images-from',
    value: 'FILE',
    group: 'Images',
    commands: images,
    env: true,
    description: 'Read image references from a file, one a line; - is standard input.',
  },
  {
    name: 'all-tags',
    group: 'Images',
    commands: images,
    env: true,
    description:
      'Every tag of the repositories named; docker://host/name:1.* means some, docker://host/* all of a registry.',
  },
  {
    name: 'base',
    value: 'REF',
    repeatable: true,
    group: 'Images',
    commands: ['scan'],
    env: true,
    description:
      'The image that was built upon, from anywhere: layers that are the same as its own are marked, after their content was compared.',
  },
  {
    name: 'dockerfile',
    value: 'FILE',
    group: 'Images',
    commands: ['scan'],
    env: true,
    description: 'The Dockerfile the image was built with: findings tell the line that put them there.',
  },
  {
    name: 'no-referrers',
    group: 'Images',
    commands: images,
    env: true,
    description:
      'Do not ask a registry for attestations, SBOMs and signatures kept beside an image; those in its index are read anyway.',
  },
  {
    name: 'min-confidence',
    value: 'LEVEL',
    choices: confidences,
    default: 'medium',
    group: 'What is shown',
    commands: images,
    env: true,
    description: 'Show findings at least this sure. Weaker ones are counted, not shown.',
  },
  {
    name: 'severity',
    value: 'LEVEL',
    choices: severities,
    default: 'low',
    group: 'What is shown',
    commands: images,
    env: true,
    description: 'Show findings at least this severe.',
  },
  {
    name: 'only',
    value: 'NAME',
    repeatable: true,
    group: 'What is shown',
    commands: images,
    env: true,
    description: 'Only these rules and providers.',
  },
  {
    name: 'skip',
    value: 'NAME',
    repeatable: true,
    group: 'What is shown',
    commands: images,
    env: true,
    description: 'Not these rules and providers.',
  },
  {
    name: 'rules',
    value: 'FILE',
    repeatable: true,
    group: 'What is shown',
    commands: detecting,
    env: true,
    description: 'Detectors of your own besides the built-in ones: rule files (docs/rules.md) or a gitleaks.toml.',
  },
  {
    name: 'allow-inline',
    group: 'What is shown',
    commands: images,
    env: true,
    description:
      'Believe marks in the image: a secret with whichlayer:allow or gitleaks:allow in its line is counted, not shown.',
  },
  {
    name: 'show-published',
    group: 'What is shown',
    commands: ['scan'],
    env: true,
    description:
      'Show secrets that public packages publish, such as test keys and samples, which are otherwise counted, not shown.',
  },
  {
    name: 'skip-base',
    group: 'What is shown',
    commands: ['scan'],
    env: true,
    description: 'Count what is in layers of a --base image instead of showing it.',
  },
  {
    name: 'config',
    value: 'FILE',
    group: 'Running',
    commands: commandNames,
    env: true,
    description:
      'Read options and what is set for single rules from this file (docs/config.md); without it, from .whichlayer.yaml in the current folder, if there is one.',
  },
  {
    name: 'no-config',
    group: 'Running',
    commands: commandNames,
    env: true,
    description: 'Read no configuration file.',
  },
  {
    name: 'show-secrets',
    group: 'What is shown',
    commands: images,
    env: false,
    description: 'Show secrets unmasked, in every output of this run.',
  },
  {
    name: 'fail-on',
    value: 'LEVEL',
    choices: severities,
    group: 'What is shown',
    commands: images,
    env: true,
    description: 'Exit with 1 only for findings at least this severe; without it, for any that is shown.',
  },
  {
    name: 'exit-zero',
    group: 'What is shown',
    commands: images,
    env: false,
    description: 'Exit with 0 instead of 1 when there are findings; other exit statuses stay.',
  },
  {
    name: 'format',
    short: 'f',
    value: 'NAME',
    choices: [...new Set([...scanFormats, ...envFormats])],
    default: 'table',
    group: 'Output',
    commands: ['scan', 'env', 'rules', 'cache'],
    env: true,
    description: 'How the report on standard output is written.',
  },
  {
    name: 'output',
    short: 'o',
    value: 'NAME=FILE',
    repeatable: true,
    group: 'Output',
    commands: images,
    env: true,
    description: 'Also write the report in this format to a file.',
  },
  {
    name: 'no-color',
    group: 'Output',
    commands: commandNames,
    env: true,
    description: 'No colours. NO_COLOR in the environment means the same.',
  },
  {
    name: 'quiet',
    short: 'q',
    group: 'Output',
    commands: images,
    env: true,
    description: 'Nothing on standard error but errors.',
  },
  {
    name: 'verbose',
    short: 'v',
    group: 'Output',
    commands: images,
    env: true,
    description:
      'Say on standard error what is done, a line a layer; the table shows for each place the command that proves it.',
  },
  {
    name: 'debug',
    group: 'Output',
    commands: commandNames,
    env: true,
    description: 'Print the stack of an error.',
  },
  {
    name: 'username',
    short: 'u',
    value: 'NAME',
    group: 'Registries',
    commands: images,
    env: true,
    file: false,
    description: 'Sign in to the registry as this user; the password comes with --password-stdin.',
  },
  {
    name: 'password-stdin',
    group: 'Registries',
    commands: images,
    env: true,
    file: false,
    description: 'Read the registry password from standard input.',
  },
  {
    name: 'registry-token',
    value: 'TOKEN',
    group: 'Registries',
    commands: images,
    env: true,
    file: false,
    description:
      'Send this bearer token to the registry as it is, instead of a password. Better set by its variable: arguments are seen by others on the machine.',
  },
  {
    name: 'instance-credentials',
    group: 'Registries',
    commands: images,
    env: true,
    file: false,
    description:
      "Ask the cloud machine's metadata service for credentials to that cloud's registry, where nothing else has some (docs/credentials.md).",
  },
  {
    name: 'check-public',
    group: 'Registries',
    commands: ['scan'],
    env: true,
    description:
      'Tell of a registry image with findings whether anyone can pull it without credentials right now: one request, as nobody.',
  },
  {
    name: 'ca-file',
    value: 'FILE',
    repeatable: true,
    group: 'Registries',
    commands: images,
    env: true,
    file: false,
    description:
      "Trust the certificate authorities in this PEM file besides the system's; certs.d of docker and podman is read as well.",
  },
  {
    name: 'insecure-registry',
    value: 'HOST',
    repeatable: true,
    group: 'Registries',
    commands: images,
    env: true,
    file: false,
    description: 'Allow plain HTTP and unverified certificates with this registry (host[:port]).',
  },
  {
    name: 'allow-host',
    value: 'HOST',
    repeatable: true,
    group: 'Registries',
    commands: images,
    env: true,
    file: false,
    description:
      'Let a registry send us to this host (a token server, a blob store) although it is on a private network and the registry is not.',
  },
  {
    name: 'foreign-layers',
    group: 'Registries',
    commands: ['scan'],
    env: true,
    description:
      "Fetch layers that a registry does not hold (Windows' base layers) from the addresses the image names for them.",
  },
  {
    name: 'jobs',
    short: 'j',
    value: 'N',
    least: 1,
    group: 'Running',
    commands: ['scan'],
    env: true,
    description:
      'Threads that scan, each a layer or some files of a large one; without it, as many as there are processors.',
  },
  {
    name: 'no-cache',
    group: 'Running',
    commands: ['scan'],
    env: true,
    description: 'Scan every layer, and keep nothing of it for the next scan (docs/cache.md).',
  },
  {
    name: 'max-depth',
    value: 'N',
    least: 1,
    default: String(defaultLimits.depth),
    group: 'Running',
    commands: ['scan'],
    env: true,
    description:
      'Archives inside archives that are opened; compression and packages around one count with it. What is deeper makes the scan incomplete.',
  },
  {
    name: 'timeout',
    value: 'SECONDS',
    least: 1,
    group: 'Running',
    commands: images,
    env: true,
    description: 'Give up after this long; without it, never.',
  },
];

/** What was asked for with options and variables, each value checked by itself. */
export interface LowArgs {
  readonly source: (typeof sourceChoices)[number];
  readonly platform?: string;
  readonly imagesFrom?: string;
  readonly allTags: boolean;
  readonly base: readonly string[];
  readonly dockerfile?: string;
  readonly skipBase: boolean;
  readonly noReferrers: boolean;
  readonly minConfidence: Confidence;
  readonly severity: Severity;
  readonly only: readonly string[];
  readonly skip: readonly string[];
  readonly rules: readonly string[];
  readonly allowInline: boolean;
  readonly showPublished: boolean;
  readonly showSecrets: boolean;
  readonly failOn?: Severity;
  readonly exitZero: boolean;
  readonly format: string;
  readonly output: readonly OutputFile[];
  readonly noColor: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly debug: boolean;
  readonly username?: string;
  readonly passwordStdin: boolean;
  readonly registryToken?: string;
  readonly instanceCredentials: boolean;
  readonly checkPublic: boolean;
  readonly caFile: readonly string[];
  readonly insecureRegistry: readonly string[];
  readonly allowHost: readonly string[];
  readonly foreignLayers: boolean;
  readonly jobs?: number;
  readonly noCache: boolean;
  readonly maxDepth: number;
  readonly timeoutSeconds?: number;
}

/** A report that is written to a file: `--output json=report.json`. */
export interface OutputFile {
  readonly format: string;
  readonly file: string;
}

/** The environment variable of a flag; undefined where it has none. */
export function variableOf(flag: Flag): string | undefined {
  return flag.env ? `WHICHLAYER_${flag.name.toUpperCase().replaceAll('-', '_')}` : undefined;
}
