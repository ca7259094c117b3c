/**
 * Other scanners, where they are installed, with the flags that make them look at as much of an image archive as they can, without
 * asking anybody whether a credential works. Looked for in the folders of `PEERS` (separated by colons), then in `PATH`.
 */

import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Command } from './measure.ts';

/** A scanner that was found. */
export interface Peer {
  /** With its version. */
  readonly title: string;
  readonly name: string;
  readonly command: (archive: string, work: string) => Command;
}

interface KnownPeer {
  readonly version: readonly string[];
  readonly scan: (archive: string, work: string) => readonly string[];
}

const known: Readonly<Record<string, KnownPeer>> = {
  betterleaks: {
    version: ['--version'],
    scan: (archive, work) => [
      'filesystem',
      archive,
      '--no-banner',
      '--log-level=error',
      '-o',
      join(work, 'betterleaks.json'),
    ],
  },
  kingfisher: {
    version: ['--version'],
    // Without --no-limits it drops layers of more than 256 MB and fails.
    scan: (archive, work) => [
      ...['scan', 'docker', '--archive', archive, '--no-validate', '--no-limits', '--no-update-check', '--quiet'],
      ...['--format', 'json', '--output', join(work, 'kingfisher.json')],
    ],
  },
  gitleaks: {
    version: ['version'],
    scan: (archive, work) => [
      ...['dir', archive, '--max-archive-depth', '8', '--no-banner', '--log-level', 'error', '--exit-code', '0'],
      ...['--report-format', 'json', '--report-path', join(work, 'gitleaks.json')],
    ],
  },
  trufflehog: {
    version: ['--version'],
    scan: (archive) => ['docker', '--image', `file://${archive}`, '--no-verification', '--no-update', '--json'],
  },
  trivy: {
    version: ['--version'],
    scan: (archive, work) => [
      ...['image', '--input', archive, '--scanners', 'secret', '--quiet', '--skip-version-check'],
      ...['--cache-dir', join(work, 'trivy'), '--format', 'json', '--output', join(work, 'trivy.json')],
    ],
  },
};

/** Scanners on this machine. */
export function findPeers(folders: string): readonly Peer[] {
  const places = [...folders.split(delimiter), ...(process.env['PATH'] ?? '').split(delimiter)].filter(Boolean);
  return Object.entries(known).flatMap(([name, { version, scan }]) => {
    const file = places.map((folder) => join(folder, name)).find(isProgram);
    const said = file === undefined ? undefined : versionOf(file, version);
    // The one passes as the other: betterleaks answers to gitleaks' name in some packages.
    if (file === undefined || said === undefined || (name === 'gitleaks' && /betterleaks/i.test(said))) return [];
    const title = said.toLowerCase().startsWith(name) ? said : `${name} ${said}`;
    return [
      { name, title, command: (archive, work) => ({ command: file, args: scan(archive, work), env: { HOME: work } }) },
    ];
  });
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function versionOf(file: string, args: readonly string[]): string | undefined {
  try {
    const text = execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 20_000 });
    return text
      .trim()
      .split('\n')[0]
      ?.replace(/^Version:\s*/, '');
  } catch {
    return undefined;
  }
}
