/** One function a command: what was typed becomes what it means, the run is made, the report written. */

import { open, writeFile } from 'node:fs/promises';
import { loadAutomaton, loadPlan, loadRules } from '../detect/load-rules.ts';
import { overridableIds, overrideRules, type RuleOverride } from '../detect/override-rules.ts';
import type { RuleSet } from '../detect/rule.ts';
import { messageOf, ScanError } from '../errors.ts';
import type { Dockerfile } from '../oci/provenance.ts';
import { printable } from '../report/printable.ts';
import type { ReporterOptions } from '../report/reporter.ts';
import { cachePlaces } from '../scan/cache/cache-folder.ts';
import type { EnvReport, Report } from '../scan/finding.ts';
import { type RunOptions, runEnv, runScan, type Target } from '../scan/run.ts';
import { complaints } from './complaints.ts';
import type { Config } from './config.ts';
import { envExitCodeOf, exitCodeOf, type Gate } from './exit-code.ts';
import type { LowArgs } from './flags.ts';
import { type CommandIo, colorOf } from './io.ts';
import { didYouMean } from './near-name.ts';
import type { Invocation } from './parse-arguments.ts';
import { drawProgress, type ProgressLine } from './progress.ts';
import { targetsOf } from './targets.ts';

/** What every command is run in. */
export interface CommandContext {
  readonly io: CommandIo;
  readonly signal: AbortSignal;
  readonly version: string;
}

type Run = Extract<Invocation, { kind: 'run' }>;

/** Runs a command and returns its exit status. @throws ScanError */
export async function runCommand(run: Run, context: CommandContext): Promise<number> {
  const { command, options, operands } = run;
  if (run.config !== undefined && !options.quiet) {
    context.io.stderr.write(`whichlayer: options from ${printable(run.config.file)}\n`);
  }
  // The cache is not asked about by rule.
  if (command === 'cache') return (await import('./cache.ts')).cache(operands, options, context.io);
  const loaded = await loadRules(options.rules);
  const ruleSet = overrideRules(loaded, checkOverrides(run.config, loaded));
  switch (command) {
    case 'scan':
      return overImages(scan, run, ruleSet, context);
    case 'env':
      return overImages(env, run, ruleSet, context);
    case 'explain':
      // A rule that is switched off is still one to ask about.
      return (await import('./explain.ts')).explain(operands[0]!, loaded, options, context.io);
    case 'rules':
      return (await import('./rules.ts')).rules(operands, ruleSet, options, context.io);
  }
}

/** A command over images: how it is run, written and judged. */
interface ImageCommand<R extends Report | EnvReport> {
  readonly run: (targets: readonly Target[], options: RunOptions) => Promise<R>;
  /** Loaded when there is something to report: until then it would be memory beside the scan. */
  readonly formats: () => Promise<Formats<R>>;
  readonly exitCode: (report: R, gate: Gate) => number;
}

type Formats<R> = Readonly<Record<string, (report: R, options: ReporterOptions) => string>>;

const scan: ImageCommand<Report> = {
  run: runScan,
  formats: async () => (await import('../report/index.ts')).reporters,
  exitCode: exitCodeOf,
};
const env: ImageCommand<EnvReport> = {
  run: runEnv,
  formats: async () => (await import('../report/index.ts')).envReporters,
  exitCode: envExitCodeOf,
};

async function overImages<R extends Report | EnvReport>(
  command: ImageCommand<R>,
  { operands, options, config }: Run,
  ruleSet: RuleSet,
  context: CommandContext,
): Promise<number> {
  const { images, bases } = await targetsOf(operands, options);
  const dockerfile = options.dockerfile === undefined ? undefined : await readDockerfile(options.dockerfile);
  await checkOutputs(options);
  const progress = progressOf(options, context.io);
  try {
    const made = await runOptions(options, ruleSet, context, progress);
    const report = await command.run(images, {
      ...made,
      bases,
      ...(dockerfile === undefined ? {} : { dockerfile }),
      ...(config === undefined ? {} : { config: config.file }),
    });
    progress.close();
    await write(await command.formats(), report, options, context.io);
    complain(report, options, context.io);
    return command.exitCode(report, options);
  } finally {
    progress.close();
  }
}

/** Longer ones are not written by hand. */
const mostDockerfileBytes = 4 * 1024 * 1024;

/** @throws ScanError USAGE_INVALID */
async function readDockerfile(path: string): Promise<Dockerfile> {
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      if (size > mostDockerfileBytes) throw new Error('it is too large');
      return { path, text: await file.readFile('utf8') };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new ScanError('USAGE_INVALID', `The Dockerfile ${path} can't be read: ${messageOf(error)}.`, {
      subject: '--dockerfile',
      cause: error,
    });
  }
}

function progressOf(options: LowArgs, { stderr }: CommandIo): ProgressLine {
  return drawProgress({
    write: stderr.write,
    isTTY: stderr.isTTY,
    columns: () => stderr.columns,
    verbose: options.verbose,
    quiet: options.quiet,
  });
}

async function runOptions(
  options: LowArgs,
  ruleSet: RuleSet,
  { signal, version }: CommandContext,
  progress: ProgressLine,
): Promise<RunOptions> {
  const { timeoutSeconds } = options;
  const timeout = timeoutSeconds === undefined ? [] : [timeLimit(timeoutSeconds)];
  return {
    version,
    ruleSet,
    plan: await loadPlan(ruleSet),
    automaton: loadAutomaton(),
    filter: {
      minConfidence: options.minConfidence,
      minSeverity: options.severity,
      only: namedRules(options.only, ruleSet),
      skip: namedRules(options.skip, ruleSet),
      allowInline: options.allowInline,
      showPublished: options.showPublished,
      skipBase: options.skipBase,
    },
    showSecrets: options.showSecrets,
    fingerprintKey: process.env['WHICHLAYER_FINGERPRINT_KEY'],
    jobs: options.jobs,
    ...(options.noCache ? {} : { cachePlaces: cachePlaces() }),
    checkPublic: options.checkPublic,
    walk: { limits: { depth: options.maxDepth } },
    signal: AbortSignal.any([signal, ...timeout]),
    progress: progress.onEvent,
  };
}

/** Ids of rules and providers for what was named; a category stands for its providers. @throws ScanError USAGE_INVALID */
function namedRules(names: readonly string[], ruleSet: RuleSet): string[] {
  if (names.length === 0) return [];
  const ids = overridableIds(ruleSet);
  for (const id of ruleSet.disabled ?? []) ids.add(id);
  const categories = new Set(ruleSet.providers.flatMap((provider) => provider.categories));
  return names.flatMap((name) => {
    if (ids.has(name)) return [name];
    if (categories.has(name)) {
      return ruleSet.providers.filter((provider) => provider.categories.includes(name)).map(({ id }) => id);
    }
    const hint = didYouMean(name, [...ids, ...categories]) ?? 'whichlayer rules list shows them all.';
    throw new ScanError('USAGE_INVALID', `There is no rule, provider or category ${name}.`, { subject: name, hint });
  });
}

/** Whatever is set for a rule must be set for one there is: a misspelt name would silently do nothing. @throws ScanError CONFIG_INVALID */
function checkOverrides(config: Config | undefined, ruleSet: RuleSet): readonly RuleOverride[] {
  if (config === undefined || config.overrides.length === 0) return [];
  const ids = overridableIds(ruleSet);
  for (const { id, line } of config.overrides) {
    if (ids.has(id)) continue;
    const hint = didYouMean(id, ids) ?? 'whichlayer rules list shows them all.';
    throw new ScanError(
      'CONFIG_INVALID',
      `${config.file}:${line}: there is no rule or provider ${JSON.stringify(id)}.`,
      {
        subject: config.file,
        hint,
      },
    );
  }
  return config.overrides.map(({ line: _, ...override }) => override);
}

/** A file that can't be written is told before the scan: a pipeline must not lose a report after an hour. @throws ScanError USAGE_INVALID */
async function checkOutputs({ output }: LowArgs): Promise<void> {
  for (const { file } of output) {
    try {
      await (await open(file, 'a')).close();
    } catch (error) {
      throw new ScanError('USAGE_INVALID', `The report can't be written to ${file}: ${messageOf(error)}.`, {
        subject: file,
        cause: error,
      });
    }
  }
}

/** Writes the report to standard output, then to every `--output`. */
async function write<R>(formats: Formats<R>, report: R, options: LowArgs, { stdout }: CommandIo): Promise<void> {
  const { showSecrets, verbose } = options;
  stdout.write(
    formats[options.format]!(report, { width: stdout.columns, color: colorOf(stdout, options), showSecrets, verbose }),
  );
  for (const { format, file } of options.output) {
    await writeFile(file, formats[format]!(report, { width: 120, color: false, showSecrets, verbose }));
  }
}

function complain(report: Report | EnvReport, options: LowArgs, { stdout, stderr }: CommandIo): void {
  if (options.format === 'table' && stdout.isTTY && stderr.isTTY) return;
  for (const line of complaints(report)) stderr.write(`${line}\n`);
}

/** A signal that aborts when the whole run has taken too long. */
function timeLimit(seconds: number): AbortSignal {
  const limit = new AbortController();
  const reason = new ScanError('ABORTED', `The run was given up after ${seconds} seconds (--timeout).`, {
    hint: 'Nothing is reported of a run that was given up; give it more time, or fewer images.',
  });
  setTimeout(() => limit.abort(reason), seconds * 1000).unref();
  return limit.signal;
}
