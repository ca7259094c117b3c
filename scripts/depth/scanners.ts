/**
 * What other scanners report of an image or a folder, as one text, run with what makes them look at most and without asking anybody
 * whether a credential works. Where they are is found as the bench finds them (scripts/bench/peers.ts).
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPeers } from '../bench/peers.ts';

/** A scanner: its name with the version, and its reports of an image's archive as an image, and of any file or folder as files. */
export interface Scanner {
  readonly title: string;
  readonly image: (archive: string, work: string) => string;
  readonly files: (path: string, work: string) => string;
}

type Arguments = (target: string, report: string) => readonly string[];

const betterleaks: Arguments = (target, report) => [
  ...['filesystem', target, '--max-archive-depth', '20', '--max-decode-depth', '8', '--no-allow-signatures'],
  ...['--no-banner', '--no-color', '--log-level', 'error', '--output', report],
];
const kingfisher = (target: readonly string[], report: string): readonly string[] => [
  ...['scan', ...target, '--no-validate', '--no-limits', '--extraction-depth', '0', '--confidence', 'low'],
  ...['--no-dedup', '--no-update-check', '--quiet', '--format', 'json', '--output', report],
];
const trufflehog = (target: readonly string[]): readonly string[] => [
  ...[...target, '--no-verification', '--results', 'verified,unknown,unverified', '--allow-verification-overlap'],
  ...['--archive-max-depth', '20', '--max-decode-depth', '8', '--no-update', '--json'],
];

/** betterleaks takes images for archives, and has no other way. */
const known: Readonly<Record<string, { readonly image: Arguments; readonly files: Arguments }>> = {
  kingfisher: {
    image: (archive, report) => kingfisher(['docker', '--archive', archive], report),
    files: (path, report) => kingfisher([path], report),
  },
  trufflehog: {
    image: (archive) => trufflehog(['docker', '--image', `file://${archive}`]),
    files: (path) => trufflehog(['filesystem', path]),
  },
  betterleaks: { image: betterleaks, files: betterleaks },
};

/** The scanners on this machine, in the order of the table. */
export function findScanners(folders: string): readonly Scanner[] {
  const peers = findPeers(folders);
  return Object.entries(known).flatMap(([name, { image, files }]) => {
    const peer = peers.find((candidate) => candidate.name === name);
    if (peer === undefined) return [];
    const program = peer.command('', '').command;
    return [
      {
        title: peer.title,
        image: (archive, work) => run(program, image, archive, work),
        files: (path, work) => run(program, files, path, work),
      },
    ];
  });
}

function run(program: string, options: Arguments, target: string, work: string): string {
  mkdirSync(work, { recursive: true });
  const args = options(target, join(work, 'report.json'));
  const { stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { PATH: process.env['PATH'], HOME: work },
  });
  if (error !== undefined) throw error;
  const written = readdirSync(work).filter((name) => name === 'report.json');
  const report = [stdout, ...written.map((name) => readFileSync(join(work, name), 'utf8'))].join('\n');
  // The status says that something was found, in each one's own way.
  if (report.trim() === '') throw new Error(`${program} reported nothing: ${stderr.slice(-500)}`);
  return report;
}
