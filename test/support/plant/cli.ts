/** Runs the command line as a user does: a process of its own, from the sources or the build that this file is part of. */

import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ImageError, ImageReport, Report } from '../../../src/scan/finding.ts';

/** The program's file. */
export const program: string = fileURLToPath(
  new URL(`../../../src/cli/main${extname(import.meta.url)}`, import.meta.url),
);

/** What a run left behind. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a run is given besides its arguments. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A file for standard input; nothing without it. */
  readonly stdin?: string;
  readonly cwd?: string;
}

/** Runs whichlayer and waits for it. */
export function whichlayer(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...cleanEnvironment(), ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...output }));
    // A program that ends without reading its input closes the pipe: no error of the test.
    child.stdin.on('error', () => {});
    if (options.stdin === undefined) child.stdin.end();
    else createReadStream(options.stdin).once('error', reject).pipe(child.stdin);
  });
}

/** Scans images with secrets shown and every confidence, and gives the JSON report. */
export async function scanJson(
  images: readonly string[],
  options: RunOptions & { args?: readonly string[] } = {},
): Promise<Report> {
  const args = ['scan', '--format', 'json', '--show-secrets', '--min-confidence', 'low', ...(options.args ?? [])];
  const outcome = await whichlayer([...args, ...images], options);
  try {
    return JSON.parse(outcome.stdout) as Report;
  } catch {
    throw new Error(
      `exit ${outcome.code}, no JSON on standard output: ${outcome.stdout.slice(0, 300)}\n${outcome.stderr}`,
    );
  }
}

/** The only image of a report; throws what the report says where it could not be scanned. */
export function onlyImage(report: Report): ImageReport {
  const [image, ...others] = report.images as readonly (ImageReport | ImageError)[];
  if (image === undefined || others.length > 0) throw new Error(`${report.images.length} images in the report`);
  if ('error' in image) throw new Error(`${image.reference}: ${image.error.code} ${image.error.message}`);
  return image;
}

// The machine's own docker, proxies and settings are none of the tests', and what one test has scanned none of another's.
function cleanEnvironment(): Record<string, string> {
  const foreign = /^(?:WHICHLAYER_|DOCKER_|CONTAINER_|(?:HTTPS?|NO|ALL)_PROXY$)/i;
  const entries = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return { ...Object.fromEntries(entries), WHICHLAYER_NO_CACHE: 'true' } as Record<string, string>;
}
