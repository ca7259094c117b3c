/** From arguments to an exit status: parse, run the command, say what went wrong. The only place that ends the process. */

import { readFileSync } from 'node:fs';
import { messageOf, ScanError } from '../errors.ts';
import { printable } from '../report/printable.ts';
import { loadConfig } from './config-file.ts';
import { exitCodes } from './exit-code.ts';
import { processIo } from './io.ts';
import { configChoice, type Invocation, parseArguments } from './parse-arguments.ts';

/** Runs whichlayer with the process's arguments, environment and streams. */
export async function main(): Promise<void> {
  const stop = new AbortController();
  const io = processIo();
  let debug = process.argv.includes('--debug');
  // A reader that has seen enough (`| head`) is no error; there is nobody to write to any more.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  process.stderr.on('error', () => {});
  for (const fatal of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(fatal, (error: unknown) => {
      process.stderr.write(defect(error, debug));
      process.exit(exitCodes.defect);
    });
  }
  const interrupted = new Map<NodeJS.Signals, number>([
    ['SIGINT', exitCodes.interrupted],
    ['SIGTERM', exitCodes.terminated],
  ]);
  for (const [signal, code] of interrupted) {
    process.once(signal, () => {
      stop.abort(new Interruption(code));
      // Whoever asks twice does not want to wait for sockets to close.
      process.once(signal, () => process.exit(code));
    });
  }
  try {
    const argv = process.argv.slice(2);
    const config = await loadConfig(configChoice(argv, process.env));
    const invocation = parseArguments(argv, process.env, config);
    if (invocation.kind === 'run') debug = invocation.options.debug;
    process.exitCode = await dispatch(invocation, io, stop.signal);
  } catch (error) {
    process.exitCode = fail(error, debug);
  }
}

/** An interruption by a signal: the reason of the run's abort. */
class Interruption extends Error {
  readonly code: number;

  constructor(code: number) {
    super('interrupted');
    this.code = code;
  }
}

async function dispatch(
  invocation: Invocation,
  io: ReturnType<typeof processIo>,
  signal: AbortSignal,
): Promise<number> {
  if (invocation.kind === 'help') {
    const { help } = await import('./help.ts');
    io.stdout.write(help(invocation.command));
    return exitCodes.clean;
  }
  if (invocation.kind === 'version') {
    io.stdout.write(`whichlayer ${version()}\n`);
    return exitCodes.clean;
  }
  // Only now: what scanning takes is not loaded for a question that the table of flags answers.
  const { runCommand } = await import('./commands.ts');
  return runCommand(invocation, { io, signal, version: version() });
}

function fail(error: unknown, debug: boolean): number {
  if (error instanceof Interruption) {
    process.stderr.write('whichlayer: interrupted\n');
    return error.code;
  }
  if (!(error instanceof ScanError) || error.code === 'INTERNAL') {
    process.stderr.write(defect(error, debug));
    return exitCodes.defect;
  }
  const hint = error.hint === undefined ? '' : `\n  ${error.hint}`;
  process.stderr.write(`${printableLines(`whichlayer: ${error.message}${hint}`)}\n`);
  if (debug && error.stack !== undefined) process.stderr.write(`${error.stack}\n`);
  if (error.code === 'ABORTED') return exitCodes.incomplete;
  return usageCodes.has(error.code) ? exitCodes.usage : exitCodes.unreachable;
}

/** Errors after which nothing was scanned because of what the user wrote. */
const usageCodes: ReadonlySet<string> = new Set([
  'REFERENCE_INVALID',
  'USAGE_INVALID',
  'CONFIG_INVALID',
  'RULE_INVALID',
]);

function defect(error: unknown, debug: boolean): string {
  const stack =
    error instanceof Error
      ? `${error.stack ?? error.message}${error.cause === undefined ? '' : `\ncaused by ${String(error.cause)}`}`
      : String(error);
  const detail = debug ? stack : `${printableLines(messageOf(error))}\n  Run it again with --debug for the details.`;
  return `whichlayer: this is a defect of whichlayer, please report it (INTERNAL)\n  ${detail}\n`;
}

function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

function version(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const parsed = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as {
        name?: string;
        version: string;
      };
      if (parsed.name === 'whichlayer') return parsed.version;
    } catch {
      // Built and unbuilt, the package file is one folder apart.
    }
  }
  throw new ScanError('INTERNAL', 'the package file of whichlayer was not found');
}
