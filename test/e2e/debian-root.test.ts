/**
 * A Debian root file system with Python and Node packages, as most images are based on one: nothing in it is
 * reported with medium or high confidence unless it is a real key (packages do carry some, for their tests). The
 * mirror is the one the machine itself is set up with.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import type { Finding, ImageReport } from '../../src/scan/finding.ts';
import { onlyImage, scanJson } from '../support/plant/cli.ts';
import { requireRoot, requireTools, tool } from '../support/real/tool.ts';
import { createWorkspace, removeWorkspace } from '../support/real/workspace.ts';

const run = promisify(execFile);
const packages = ['python3', 'python3-pip', 'python3-requests', 'python3-yaml', 'nodejs', 'openssl', 'git'];
const limitMs = 240_000;

describe('a Debian root file system with Python and Node packages', () => {
  let folder = '';
  let report: ImageReport;

  before(async function () {
    requireRoot(this);
    requireTools(this, 'debootstrap');
    this.timeout(limitMs + 60_000);
    folder = createWorkspace('debian');
    await installRoot(join(folder, 'root'));
    const modules = join(folder, 'root/usr/lib/node_modules');
    mkdirSync(modules, { recursive: true });
    await run('cp', ['-a', `${process.cwd()}/node_modules/.`, modules]);
    report = onlyImage(await scanJson([await packImage(folder)], { args: ['--min-confidence', 'medium'] }));
  });
  after(function () {
    this.timeout(60_000);
    if (folder !== '') removeWorkspace(folder);
  });

  it('is scanned as a whole', () => {
    assert.equal(report.coverage.complete, true, JSON.stringify(report.coverage.skipped));
    assert.ok(report.coverage.filesScanned > 5000, `${report.coverage.filesScanned} files`);
  });

  it('has no finding that is not a real key', () => {
    const wrong = report.findings.filter((finding) => finding.confidence !== 'low' && !isRealKey(finding));
    assert.deepEqual(wrong.map(describeFinding), []);
  });
});

function describeFinding({ rule, confidence, location, secret }: Finding): string {
  const where = [location.path, ...(location.nested ?? [])].join(' ');
  return `${rule} (${confidence}) in ${where}:${location.line}: ${secret.value?.slice(0, 80)}`;
}

/** True where the value is a private key: DER of the length it says, or a form with a passphrase or armour of its own. */
function isRealKey({ secret: { value = '' } }: Finding): boolean {
  if (value.startsWith('PuTTY-User-Key-File-')) return true;
  // In code a key is written in lines of strings that are put together.
  const key = value.replace(/\\[rn]/g, '').replace(/['"]\s*\+\s*['"]/g, '');
  const [, label, body] = /^-----BEGIN ([A-Z ]*)PRIVATE KEY(?: BLOCK)?-----\n?([\s\S]*?)-----END /.exec(key) ?? [];
  if (label === undefined || body === undefined) return false;
  if (/^(?:OPENSSH|ENCRYPTED|PGP) /.test(label) || body.includes('Proc-Type: 4,ENCRYPTED')) return true;
  const der = Buffer.from(body, 'base64');
  // A SEQUENCE (X.690, 8.9) that ends where the key does; OpenSSL alone would refuse the GOST keys of GnuTLS.
  const lengthBytes = der[1]! < 0x80 ? 0 : der[1]! & 0x7f;
  const length = lengthBytes === 0 ? der[1]! : der.readUIntBE(2, lengthBytes);
  return der[0] === 0x30 && der.length === 2 + lengthBytes + length;
}

async function installRoot(root: string): Promise<void> {
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

/** The folder's `root` as the only layer of a `docker save` tar. */
async function packImage(folder: string): Promise<string> {
  const layer = join(folder, 'layer.tar');
  await run('tar', ['-C', join(folder, 'root'), '--one-file-system', '-cf', layer, '.']);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(layer, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
  const config = {
    os: 'linux',
    architecture: 'amd64',
    config: {},
    rootfs: { type: 'layers', diff_ids: [`sha256:${hash.digest('hex')}`] },
    history: [{ created_by: 'ADD rootfs.tar / # buildkit' }],
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  const manifest = [{ Config: 'config.json', RepoTags: ['debian-root:1'], Layers: ['layer.tar'] }];
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  const image = join(folder, 'image.tar');
  await run('tar', ['-C', folder, '-cf', image, 'manifest.json', 'config.json', 'layer.tar']);
  return image;
}
