/**
 * The programs the tests against real parts need. One that is missing skips those tests, with its name,
 * on a person's machine; in CI (`CI=true`) it is a failure, so that nothing is skipped for ever unseen.
 */

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian packages by the program each is wanted for. */
export const toolPackages = {
  dockerd: 'docker.io',
  docker: 'docker.io',
  podman: 'podman',
  crun: 'crun',
  skopeo: 'skopeo',
  buildah: 'buildah',
  'docker-registry': 'docker-registry',
  htpasswd: 'apache2-utils',
  openssl: 'openssl',
  zstd: 'zstd',
  xz: 'xz-utils',
  git: 'git',
  bzip2: 'bzip2',
  lz4: 'lz4',
  bsdtar: 'libarchive-tools',
  unzip: 'unzip',
  sqlite3: 'sqlite3',
  jq: 'jq',
  curl: 'curl',
  busybox: 'busybox-static',
  gcc: 'build-essential',
  debootstrap: 'debootstrap',
  sshd: 'openssh-server',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  pip3: 'python3-pip',
} as const;

/** A program that tests run. */
export type Tool = keyof typeof toolPackages;

/** Debian's own folders come first: another `docker`, without BuildKit, may lead in PATH. */
const folders = ['/usr/bin', '/usr/sbin', ...(process.env['PATH'] ?? '').split(delimiter)];

/** Where a program is, or undefined. */
export function findTool(tool: Tool): string | undefined {
  for (const folder of folders) {
    const path = join(folder, tool);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not there: the next folder may have it.
    }
  }
  return undefined;
}

/** The path of a program that has to be there; throws with what to install. */
export function tool(name: Tool): string {
  const path = findTool(name);
  if (path === undefined) throw new Error(`${name} is not installed (Debian: apt-get install ${toolPackages[name]})`);
  return path;
}

/** Skips the test or suite of a mocha hook where a program is missing; in CI fails it instead. */
export function requireTools(context: { skip(): never }, ...names: readonly Tool[]): void {
  const missing = names.filter((name) => findTool(name) === undefined);
  if (missing.length === 0) return;
  if (process.env['CI'] === 'true') for (const name of missing) tool(name);
  console.warn(`    skipped: ${missing.join(', ')} not installed (scripts/test-setup.sh says how)`);
  context.skip();
}

/** Skips where we are not root: the daemons of the tests mount file systems. */
export function requireRoot(context: { skip(): never }): void {
  if (process.getuid?.() === 0) return;
  console.warn('    skipped: needs root');
  context.skip();
}
