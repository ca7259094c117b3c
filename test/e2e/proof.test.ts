/** Proofs are run as they stand in the report, in a shell, and the secret must come out of each. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { after, before, describe, it } from 'mocha';
import type { Finding, ImageReport } from '../../src/scan/finding.ts';
import {
  type ArchiveSpec,
  buildImage,
  type Compression,
  type ImageSpec,
  writeOciLayout,
} from '../support/build-image.ts';
import { tarOf } from '../support/packed-bytes.ts';
import { onlyImage, scanJson } from '../support/plant/cli.ts';
import { startDockerd } from '../support/real/dockerd.ts';
import { startRegistry } from '../support/real/registry.ts';
import { findTool, requireRoot, requireTools, tool } from '../support/real/tool.ts';
import { createWorkspace, removeWorkspace } from '../support/real/workspace.ts';
import { zipOf } from '../support/tar-bytes.ts';

describe('the proof of a finding', function () {
  this.timeout(180_000);
  let folder = '';

  before(function () {
    requireTools(this, 'bsdtar', 'jq', 'curl', 'zstd');
    folder = createWorkspace('proof');
  });
  after(() => {
    if (folder !== '') removeWorkspace(folder);
  });

  /** Runs every proof of an image; what comes out holds the secret, and nothing else happened. */
  function prove(image: ImageReport, options: { env?: Record<string, string>; stdin?: string } = {}): void {
    assert.ok(image.findings.length > 0);
    for (const finding of image.findings) {
      const said = `${where(finding)}: ${finding.proof}`;
      assert.ok(finding.proof !== undefined, `no proof of ${where(finding)}`);
      const cwd = join(folder, 'cwd');
      mkdirSync(cwd, { recursive: true });
      const { stdout, stderr } = spawnSync('sh', ['-c', finding.proof], {
        cwd,
        env: { ...process.env, ...options.env },
        ...(options.stdin === undefined ? {} : { input: readFileSync(options.stdin) }),
      });
      assert.ok(stdout.includes(finding.secret.value!), `${said}\n${stdout.subarray(0, 500)}\n${stderr}`);
      assert.deepEqual(readdirSync(cwd), [], `${said} left something behind`);
    }
  }

  function where({ location, layer }: Finding): string {
    return JSON.stringify([location, layer?.index]);
  }

  function write(spec: ArchiveSpec, name = `${randomBytes(4).toString('hex')}.tar`): string {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, buildImage(spec));
    return path;
  }

  const token = (): string => `dop_v1_${randomBytes(32).toString('hex')}`;
  const line = (): string => `DIGITALOCEAN_TOKEN=${token()}\n`;

  /** An image with something to prove in every kind of place. */
  function everything(compression?: Compression): ImageSpec {
    const [env, label, command] = [token(), token(), token()];
    return {
      ...(compression === undefined ? {} : { compression }),
      layers: [
        { files: { 'app/.env': `# one\n# two\n${line()}`, 'app/minified.js': `${'x'.repeat(5000)}; "${token()}"` } },
        { files: { 'app/.env': line() }, whiteouts: ['app/minified.js'] },
      ],
      config: {
        Env: ['PATH=/bin', `DIGITALOCEAN_TOKEN=${env}`],
        Labels: { 'a."b"$(c)': label },
        Cmd: ['run', command],
      },
      tags: ['app:1'],
    };
  }

  it('gets it out of archives of every layout and compression', async () => {
    const specs: ArchiveSpec[] = [
      { ...everything('none'), layout: 'docker-old' },
      { ...everything('none'), layout: 'podman' },
      { ...everything('gzip'), layout: 'docker-25' },
      { ...everything('zstd'), layout: 'docker-25' },
      { ...everything('none'), layout: 'oci' },
      { ...everything('gzip'), layout: 'oci' },
    ];
    for (const path of specs.map((spec) => write(spec))) prove(onlyImage(await scanJson([path])));
  });

  it('gets it out of an archive of a folder as tar packs it', async () => {
    const [layout, path] = [join(folder, 'packed'), join(folder, 'packed.tar')];
    writeOciLayout(everything('gzip'), layout);
    execFileSync('tar', ['-C', layout, '-cf', path, '.']);
    prove(onlyImage(await scanJson([path])));
  });

  it('gets it out of a compressed archive, and of one whose path is odd', async () => {
    const path = write({ ...everything(), outer: 'gzip' }, `-it's $(date) a\\b/image.tar.gz`);
    prove(onlyImage(await scanJson([path])));
  });

  it('gets it out of an archive on standard input, given once more', async () => {
    const path = write(everything());
    prove(onlyImage(await scanJson(['-'], { stdin: path })), { stdin: path });
  });

  it('gets it out of a layout', async () => {
    const layout = join(folder, 'lay out');
    writeOciLayout({ ...everything('zstd') }, layout);
    prove(onlyImage(await scanJson([layout])));
  });

  it('gets it out of an open registry', async function () {
    requireTools(this, 'docker-registry', 'skopeo');
    const registry = await startRegistry();
    const layout = join(folder, 'pushed');
    writeOciLayout(everything('gzip'), layout);
    const name = `docker://${registry.host}/team/proof:1`;
    execFileSync(tool('skopeo'), ['copy', '--dest-tls-verify=false', `oci:${layout}`, name], { stdio: 'pipe' });
    prove(onlyImage(await scanJson([name])));
  });

  it('asks crane where a registry wants credentials', async function () {
    requireTools(this, 'docker-registry', 'htpasswd', 'skopeo');
    const [username, password] = ['robot', randomBytes(8).toString('hex')];
    const registry = await startRegistry({ htpasswd: { username, password } });
    const layout = join(folder, 'closed');
    writeOciLayout(everything('gzip'), layout);
    const name = `${registry.host}/team/proof:1`;
    const login = ['--dest-tls-verify=false', '--dest-creds', `${username}:${password}`];
    execFileSync(tool('skopeo'), ['copy', ...login, `oci:${layout}`, `docker://${name}`], { stdio: 'pipe' });
    const config = join(folder, 'docker');
    mkdirSync(config);
    const auth = Buffer.from(`${username}:${password}`).toString('base64');
    writeFileSync(join(config, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }));
    const env = { DOCKER_CONFIG: config };
    const image = onlyImage(await scanJson([`docker://${name}`], { env }));
    for (const { proof } of image.findings) {
      assert.match(proof ?? '', new RegExp(`^crane blob ${registry.host}/team/proof@sha256:[0-9a-f]{64} \\| `));
      assert.ok(!proof!.includes(password) && !proof!.includes(auth));
    }
    // No package of Debian's: where it is, it is tried.
    const [program = ''] = image.findings[0]!.proof!.split(' ');
    if (spawnSync(program, ['version']).status === 0) prove(image, { env });
  });

  it('gets it out of a daemon', async function () {
    requireRoot(this);
    requireTools(this, 'dockerd', 'docker');
    const { env } = await startDockerd();
    const path = write(everything());
    execFileSync(tool('docker'), ['load', '-i', path], { env: { ...process.env, ...env }, stdio: 'pipe' });
    prove(onlyImage(await scanJson(['docker-daemon:app:1'], { env })), {
      env: { ...env, PATH: `${dirname(findTool('docker')!)}:${process.env['PATH']}` },
    });
  });

  it('is no way to run anything or to take one file for another', async () => {
    const odd = [
      "it's",
      'a"b',
      'new\nline',
      'end\n',
      '-rf',
      '--to-command=touch pwned',
      '--checkpoint-action=exec=touch pwned',
      '$(touch pwned)',
      '`touch pwned`',
      ';touch pwned;',
      'a\\nb',
      'back\\slash',
      'star*',
      'stars',
      '[x]',
      '*',
      '?',
      'tab\there',
      '\x1b[2J',
      'r\u202etl',
      'no\u00a0break',
      'ümläut',
      '😀',
      "'; touch pwned; '",
      "$'x'",
      '%s%n',
      '~',
      '!x',
      '{a,b}',
      '=ls',
      '@file',
      '^caret',
      'dollar$',
      'a b  c ',
    ];
    const files = Object.fromEntries(odd.map((name) => [name, line()]));
    const below = Object.fromEntries(odd.map((name) => [`app/${name}/x`, line()]));
    const raw = ['./dot', '/absolute', 'x/../y', './-dash', '//two'].map((path) => ({ path, content: line() }));
    const twice = [0, 1, 2].map((copy) => ({ path: 'twice', content: `${'\n'.repeat(copy)}${line()}` }));
    const path = write({ layers: [{ files }, { files: below }, { entries: raw }, { entries: twice }] });
    const image = onlyImage(await scanJson([path]));
    assert.equal(image.findings.length, 2 * odd.length + raw.length + twice.length);
    for (const { proof } of image.findings) assert.ok(!/[^\x20-\x7e\p{L}\p{N}\p{S}]/u.test(proof ?? ''), proof);
    prove(image);
  });

  it('leads into what is nested', async () => {
    const inner = zipOf([{ name: 'db.properties', content: Buffer.from(line()) }]);
    const outer = zipOf([
      { name: 'WEB-INF/lib/x.jar', content: inner, descriptor: 'signed' },
      { name: "-it's [a] $(touch pwned)*.txt", content: Buffer.from(line()) },
    ]);
    const files = {
      'app.war': outer,
      'backup.tar': tarOf({ './etc/app.conf': line() }),
      'backup.tar.zst': execFileSync(tool('zstd'), ['-qc'], { input: tarOf({ 'etc/app.conf': line() }) }),
      'notes.gz': execFileSync('gzip', ['-c'], { input: line() }),
    };
    prove(onlyImage(await scanJson([write({ layers: [{ files }] })])));
  });

  it('decodes what is encoded', async () => {
    const hidden = (): Buffer => Buffer.from(`# settings\n${line()}`);
    const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
    const release = `{"secret":"${base64(hidden())}"}`;
    const files = {
      'secret.yaml': `kind: Secret\ndata:\n  env: ${base64(hidden())}\n`,
      'wrapped.txt': base64(hidden()).replace(/.{64}/g, '$&\n'),
      'url-safe.txt': `x ${Buffer.from(`??>>~~${line()}`).toString('base64url')}\n`,
      'hex.txt': `x=${hidden().toString('hex')}\n`,
      'form.txt': `x=${[...hidden()].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')}\n`,
      'escaped.json': `{"a":"${[...line().trim()].map((unit) => `\\u00${unit.charCodeAt(0).toString(16)}`).join('')}"}\n`,
      'wide.txt': Buffer.from(`\ufeffone\n${line()}`, 'utf16le'),
      'helm.txt': `release: ${base64(Buffer.from(base64(gzipSync(release))))}\n`,
    };
    const image = onlyImage(await scanJson([write({ layers: [{ files }] })]));
    assert.equal(image.findings.length, Object.keys(files).length);
    assert.ok(image.findings.every(({ location }) => location.decoded !== undefined));
    prove(image);
  });

  it('shows names, link targets and attributes, and is silent on the secret itself', async () => {
    const [name, target, attribute, folderName] = [token(), token(), token(), token()];
    const path = write({
      layers: [
        {
          files: { [`backup-${name}.sql`]: 'x', [`${folderName}/a`]: line(), [`${folderName}/b`]: 'x' },
          links: { latest: { symlink: `https://x.example/?token=${target}` } },
          entries: [{ path: 'tagged', content: 'x', pax: { 'SCHILY.xattr.user.token': attribute } }],
        },
        { whiteouts: [folderName] },
      ],
    });
    const shown = onlyImage(await scanJson([path]));
    prove(shown);
    const inHeaders = shown.findings.filter(({ location }) => location.kind === 'path');
    const told = inHeaders.map(({ location, secret, exposure }) => [secret.value, location.name, exposure]);
    assert.deepEqual(new Set(told.map((each) => JSON.stringify(each))).size, 4);
    assert.deepEqual(
      [name, target, attribute, folderName].map((value) => told.find(([secret]) => secret === value)),
      [
        [name, undefined, 'live'],
        [target, 'link target', 'live'],
        [attribute, 'SCHILY.xattr.user.token', 'live'],
        [folderName, undefined, 'deleted'],
      ],
    );
    for (const { proof } of shown.findings) {
      for (const secret of [name, target, attribute, folderName]) assert.ok(!proof!.includes(secret));
    }
  });
});
