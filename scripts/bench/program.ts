/**
 * whichlayer as the bench runs it: the program this file is built with, as a process of its own, without a configuration file, and
 * with a home folder that is the run's own: empty for a cold scan, kept with its cache for a warm one.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ImageReport, Report } from '../../src/scan/finding.ts';
import type { Command } from './measure.ts';
import type { Series } from './series.ts';

const extension = extname(import.meta.url);
const program: string = fileURLToPath(new URL(`../../src/cli/main${extension}`, import.meta.url));
const stageProgram: string = fileURLToPath(new URL(`../bench-stage${extension}`, import.meta.url));

/** How a scan is run. */
export interface ScanOptions {
  readonly jobs?: number;
  /** The home folder, where its cache is kept. */
  readonly home: string;
  readonly args?: readonly string[];
}

/** The command that scans images. */
export function scanCommand(images: readonly string[], { jobs, home, args = [] }: ScanOptions): Command {
  const common = [
    'scan',
    '--no-config',
    '--format',
    'json',
    '--quiet',
    ...(jobs === undefined ? [] : ['--jobs', String(jobs)]),
  ];
  return { ...whichlayerCommand([...common, ...args, ...images]), env: { HOME: home, NO_COLOR: '1' } };
}

/** The command for anything else. */
export function whichlayerCommand(args: readonly string[]): Command {
  return { command: process.execPath, args: [program, ...args] };
}

/** The command that runs one stage over layers. */
export function stageCommand(stage: string, layers: readonly string[], limit = 0): Command {
  return { command: process.execPath, args: [stageProgram, stage, String(limit), ...layers] };
}

/** A new home folder, without a cache. */
export function emptyHome(work: string): string {
  return mkdtempSync(join(work, 'home-'));
}

/** True where this build keeps what it knows of layers. */
export function hasLayerCache(): boolean {
  const { command, args } = whichlayerCommand(['scan', '--help']);
  return spawnSync(command, args, { encoding: 'utf8' }).stdout.includes('--no-cache');
}

/** What a scan reported of its only image. @throws Error where it failed */
export function imageReportOf({ name, status, stdout, stderr }: Series): ImageReport {
  const [image] = stdout.startsWith('{') ? (JSON.parse(stdout) as Report).images : [];
  if (image !== undefined && !('error' in image)) return image;
  throw new Error(`${name} ended with ${status}: ${image === undefined ? stderr : JSON.stringify(image.error)}`);
}
