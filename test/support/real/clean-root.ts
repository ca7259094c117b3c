/**
 * A root file system as most images are based on one: Debian's minbase with python3 and nodejs, a large node_modules
 * and pip's numpy, pandas, django and boto3, all from their registries. Versions of npm and pip are pinned in
 * fixtures/clean-root; the mirror and suite of Debian are the machine's own.
 */

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { copyFile, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tool } from './tool.ts';

const run = promisify(execFile);
const packages = ['python3', 'python3-pip', 'python3-requests', 'python3-yaml', 'nodejs', 'openssl', 'git'];
const limitMs = 300_000;
const pins = join(process.cwd(), 'fixtures/clean-root');

/** Fills an empty folder with the root file system. */
export async function installCleanRoot(root: string): Promise<void> {
  const node = `${root}.node`;
  const python = `${root}.python`;
  await Promise.all([installDebian(root), installNode(node), installPython(python)]);
  for (const parent of ['srv/app', 'usr/local/lib/python3']) mkdirSync(join(root, parent), { recursive: true });
  await rename(join(node, 'node_modules'), join(root, 'srv/app/node_modules'));
  await rename(python, join(root, 'usr/local/lib/python3/dist-packages'));
  // Packages as they were downloaded, of which everything is installed.
  rmSync(join(root, 'var/cache/apt/archives'), { recursive: true, force: true });
}

/** Turns the root file system into an OCI layout of one layer, file by file: both together would need twice the disk. */
export async function packCleanRoot(root: string, layout: string): Promise<void> {
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
  const layer = await packLayer(root, layout);
  const config = putBlob(layout, 'application/vnd.oci.image.config.v1+json', {
    os: 'linux',
    architecture: 'amd64',
    config: {},
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
    history: [{ created_by: 'ADD rootfs.tar / # buildkit' }],
  });
  const manifest = putBlob(layout, 'application/vnd.oci.image.manifest.v1+json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config,
    layers: [layer],
  });
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  writeFileSync(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

async function packLayer(root: string, layout: string): Promise<Blob> {
  const file = join(layout, 'layer.tar');
  const tar = spawn('tar', ['-C', root, '--one-file-system', '--remove-files', '-cf', '-', '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(tar, 'close');
  const hash = createHash('sha256');
  const out = createWriteStream(file);
  let size = 0;
  for await (const chunk of tar.stdout as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
    if (!out.write(chunk)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
  const [code] = (await closed) as [number];
  // The folder itself is the tar's last entry: it can't be removed while it is the working folder.
  assert.ok(code === 0 || readdirSync(root).length === 0, `tar ended with ${code}`);
  const digest = hash.digest('hex');
  await rename(file, join(layout, 'blobs/sha256', digest));
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: `sha256:${digest}`, size };
}

function putBlob(layout: string, mediaType: string, value: object): Blob {
  const text = JSON.stringify(value);
  const digest = createHash('sha256').update(text).digest('hex');
  writeFileSync(join(layout, 'blobs/sha256', digest), text);
  return { mediaType, digest: `sha256:${digest}`, size: Buffer.byteLength(text) };
}

async function installNode(folder: string): Promise<void> {
  mkdirSync(folder);
  for (const name of ['package.json', 'package-lock.json']) await copyFile(join(pins, name), join(folder, name));
  // Not npm ci: it refuses a lockfile where the registry lacks an optional package of another platform.
  const options = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', ['install', ...options], { cwd: folder, timeout: limitMs, maxBuffer: 2 ** 26 });
}

/** Wheels for Debian's Python, whatever the machine's own is. */
async function installPython(folder: string): Promise<void> {
  const wheels = ['--only-binary=:all:', '--platform=manylinux_2_28_x86_64', '--platform=manylinux_2_27_x86_64'];
  const options = ['--quiet', '--no-deps', '--no-compile', '--python-version=3.11', '--implementation=cp', ...wheels];
  const requirements = join(pins, 'requirements.txt');
  await run(tool('pip3'), ['install', ...options, '--target', folder, '-r', requirements], {
    timeout: limitMs,
    maxBuffer: 2 ** 26,
  });
}

async function installDebian(root: string): Promise<void> {
  const cache = join(tmpdir(), 'whichlayer-debootstrap');
  mkdirSync(cache, { recursive: true });
  const { suite, mirror } = machineDebian();
  const options = ['--variant=minbase', `--cache-dir=${cache}`, `--include=${packages.join(',')}`];
  // Nothing else of our environment: the packages' own scripts run in the new root.
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', ...(await aptProxy()) };
  try {
    await run(tool('debootstrap'), [...options, suite, root, mirror], { env, timeout: limitMs, maxBuffer: 2 ** 26 });
  } catch (error) {
    const log = join(root, 'debootstrap/debootstrap.log');
    const tail = existsSync(log) ? readFileSync(log, 'utf8').slice(-2000) : '';
    throw new Error(`debootstrap failed: ${(error as Error).message}\n${tail}`, { cause: error });
  }
}

/** The Debian this machine runs, and where it takes its packages from (sources.list(5), both formats). */
function machineDebian(): { suite: string; mirror: string } {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const suite = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1];
  assert.ok(suite !== undefined && /^ID=debian$/m.test(release), 'this machine is no Debian');
  const folder = '/etc/apt/sources.list.d';
  const names = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  const files = ['/etc/apt/sources.list', ...names].filter((path) => existsSync(path));
  for (const text of files.map((path) => readFileSync(path, 'utf8'))) {
    for (const line of text.split('\n')) {
      const [, uri, target] = /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+.*\bmain\b/.exec(line) ?? [];
      if (uri !== undefined && target === suite) return { suite, mirror: uri };
    }
    for (const stanza of text.split(/\n\s*\n/)) {
      const field = (name: string): string[] =>
        new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(stanza)?.[1]?.trim().split(/\s+/) ?? [];
      const [uri] = field('URIs');
      if (uri !== undefined && field('Suites').includes(suite)) return { suite, mirror: uri };
    }
  }
  throw new Error(`no mirror for ${suite} in the sources of apt`);
}

/** The proxy apt goes through, which debootstrap takes from the environment. */
async function aptProxy(): Promise<Record<string, string>> {
  const { stdout } = await run('apt-config', ['shell', 'proxy', 'Acquire::http::Proxy']);
  const proxy = /^proxy='(.*)'$/m.exec(stdout)?.[1];
  return proxy === undefined || proxy === '' || proxy === 'DIRECT' ? {} : { http_proxy: proxy };
}
