/** Proofs are run as they stand in the report, in a shell, and the secret must come out of each. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { after, before, describe, it } from 'mocha';
import type { Finding, ImageReport } from '../../src/scan/finding.ts';
import {
  type ArchiveSpec,
  buildImage,
  type Compression,
  type ImageSpec,
  writeOciLayout,
} from '../support/build-image.ts';
import { arOf, asarOf, cpioOf, debOf, rpmOf, tarOf } from '../support/packed-bytes.ts';
import { onlyImage, scanJson } from '../support/plant/cli.ts';
import { startDockerd } from '../support/real/dockerd.ts';
import { GitRepository } from '../support/real/git-repository.ts';
import { startPodman } from '../support/real/podman.ts';
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

  it('gets it out of podman', async function () {
    requireRoot(this);
    requireTools(this, 'podman');
    const { env } = await startPodman();
    execFileSync(tool('podman'), ['load', '-q', '-i', write(everything())], {
      env: { ...process.env, ...env },
      stdio: 'pipe',
    });
    const image = onlyImage(await scanJson(['podman:app:1'], { env }));
    // What the tag means by now is another matter.
    execFileSync(tool('podman'), ['tag', 'app:1', 'kept:1'], { env: { ...process.env, ...env }, stdio: 'pipe' });
    execFileSync(tool('podman'), ['untag', 'app:1'], { env: { ...process.env, ...env }, stdio: 'pipe' });
    prove(image, { env });
  });

  it('shows every field of a configuration', async () => {
    const t = Object.fromEntries(
      'arg author cmd comment entry env health history label onbuild other run step user volume workdir'
        .split(' ')
        .map((name) => [name, token()]),
    );
    const step = (created_by: string, more: object = {}) => ({ created_by, empty_layer: true, ...more });
    const path = write({
      layers: [{ files: { a: 'a' } }],
      config: {
        Env: [`it's "$(x)"=${t['env']}`],
        Labels: { '': t['label']!, [`a'b"$(c)\n`]: token() },
        Cmd: ['a b', t['cmd']],
        Entrypoint: ['/bin/x', `--token=${t['entry']}`],
        Healthcheck: { Test: ['CMD-SHELL', `curl -H "Token: ${t['health']}" x`] },
        OnBuild: [`RUN echo ${t['onbuild']}`],
        User: t['user'],
        WorkingDir: `/srv/${t['workdir']}`,
        Volumes: { [`/data/${t['volume']}`]: {} },
      },
      history: [
        { created_by: 'COPY a / # buildkit' },
        step(`ARG TOKEN=${t['arg']}`),
        step(`RUN |1 OTHER=${t['run']} /bin/sh -c make # buildkit`),
        step(`RUN /bin/sh -c deploy --token ${t['history']} # buildkit`),
        step('CMD x', { author: `me ${t['author']}`, comment: `see ${t['comment']}` }),
        step(`ENV EARLIER=${t['step']}`),
      ],
      extra: { container_config: { Odd: [`x=${t['other']}`] } },
    });
    const image = onlyImage(await scanJson([path]));
    const found = new Set(image.findings.map(({ secret }) => secret.value));
    assert.deepEqual(
      Object.entries(t).flatMap(([name, value]) => (found.has(value) ? [] : [name])),
      [],
    );
    prove(image);
  });

  describe('of an annotation', () => {
    const annotations = (): Record<string, string> => ({
      [`it's "a".b$(touch pwned)`]: token(),
      plain: `t=${token()}`,
    });
    const spec = (): ArchiveSpec => ({
      images: ['linux/amd64', 'linux/arm64'].map((platform) => ({
        ...everything('gzip'),
        platform,
        annotations: annotations(),
      })),
      nested: true,
      layout: 'oci',
    });
    /** Puts annotations into the index as well. */
    function annotate(layout: string): void {
      const path = join(layout, 'index.json');
      const index = JSON.parse(readFileSync(path, 'utf8'));
      index.annotations = { 'of.index': token() };
      index.manifests[0].annotations = { ...index.manifests[0].annotations, 'of.entry': token() };
      writeFileSync(path, JSON.stringify(index));
    }
    const names = ({ findings }: ImageReport): Set<string | undefined> =>
      new Set(findings.filter(({ location }) => location.kind === 'annotation').map(({ location }) => location.name));

    it('names the manifest or index that has it, in a layout and an archive', async () => {
      const layout = join(folder, 'annotated');
      writeOciLayout(spec(), layout);
      annotate(layout);
      const tar = join(folder, 'annotated.tar');
      execFileSync('tar', ['-C', layout, '-cf', tar, '.']);
      for (const place of [layout, tar]) {
        const { images } = await scanJson([place]);
        assert.equal(images.length, 2);
        for (const image of images as ImageReport[]) {
          assert.deepEqual(names(image), new Set([...Object.keys(annotations()), 'of.index', 'of.entry']));
          prove({ ...image, findings: image.findings.filter(({ location }) => location.kind === 'annotation') });
        }
      }
    });

    it('asks the registry for that document', async function () {
      requireTools(this, 'docker-registry', 'skopeo');
      const registry = await startRegistry();
      const layout = join(folder, 'annotated-pushed');
      const [first] = spec().images!;
      writeOciLayout({ images: [first!], nested: true }, layout);
      const name = `docker://${registry.host}/team/annotated:1`;
      execFileSync(tool('skopeo'), ['copy', '--all', '--dest-tls-verify=false', `oci:${layout}`, name], {
        stdio: 'pipe',
      });
      const image = onlyImage(await scanJson([name]));
      assert.deepEqual(names(image), new Set(Object.keys(annotations())));
      prove(image);
    });
  });

  it('leads into packages, databases and repositories, and is silent where no tool does', async function () {
    requireTools(this, 'sqlite3', 'unzip', 'git', 'xz', 'bzip2', 'lz4');
    const tar = (): Buffer => tarOf({ 'etc/app.conf': line() });
    const pack = (name: 'xz' | 'bzip2' | 'lz4', input: Uint8Array): Buffer =>
      execFileSync(tool(name), ['-c'], { input, stdio: ['pipe', 'pipe', 'ignore'] });
    const control = pack('xz', tarOf({ './control': 'Package: x\n' }));
    const repository = new GitRepository(join(folder, 'repository'));
    repository.commit({ 'old.env': line(), 'kept.env': line() });
    repository.commit({ 'old.env': undefined }, `remove ${token()}`);
    repository.run('gc', '-q');
    const bundled = repository.bytes('bundle', 'create', '-q', '-', '--all');
    repository.commit({ 'loose.env': line() });
    const files = {
      'app.rpm': rpmOf(zstdCompressSync(cpioOf({ './etc/app.conf': line() }))),
      'named-otherwise': rpmOf(gzipSync(cpioOf({ './etc/app.conf': line() }))),
      'app.deb': debOf('control.tar.xz', control, 'data.tar.xz', pack('xz', tar())),
      'app.a': arOf({ 'a-name-of-more-than-16-characters.conf': line() }),
      'initrd.cpio.gz': gzipSync(cpioOf({ 'etc/app.conf': line() })),
      'a.tar.bz2': pack('bzip2', tar()),
      'a.tar.lz4': pack('lz4', tar()),
      'a.tar.xz': pack('xz', tar()),
      'deep.jar': zipOf([
        {
          name: 'in.tgz',
          content: gzipSync(tarOf({ 'x.war': zipOf([{ name: 'x.properties', content: Buffer.from(line()) }]) })),
        },
      ]),
      'run.sh': Buffer.concat([
        Buffer.from('#!/bin/sh\nexec java -jar "$0"\n'),
        zipOf([{ name: 'BOOT-INF/x y.properties', content: Buffer.from(line()) }]),
      ]),
      'Login Data': database(),
      'db.tar': tarOf({ 'x.sqlite': database() }),
      'app.asar': asarOf({ 'main.js': line() }),
      'app.bundle': bundled,
      ...Object.fromEntries(Object.entries(repository.files()).map(([name, content]) => [`src/${name}`, content])),
    };
    const image = onlyImage(await scanJson([write({ layers: [{ files }] })]));
    const told = new Set(image.findings.map(({ location }) => location.path?.replace(/(\.git)\/.*/, '$1')));
    assert.deepEqual(told, new Set(Object.keys(files).map((name) => name.replace(/(\.git)\/.*/, '$1'))));
    const silent = image.findings.filter(({ proof }) => proof === undefined);
    assert.deepEqual(
      silent.map(({ location }) => location.path),
      ['app.asar'],
    );
    prove({ ...image, findings: image.findings.filter(({ proof }) => proof !== undefined) });

    function database(): Buffer {
      const path = join(folder, `${randomBytes(4).toString('hex')}.sqlite`);
      const db = new DatabaseSync(path);
      db.exec(`CREATE TABLE "it's ""a"" $(touch pwned)" (id INTEGER PRIMARY KEY, name TEXT, value TEXT)`);
      const insert = db.prepare(`INSERT INTO "it's ""a"" $(touch pwned)" (name, value) VALUES (?, ?)`);
      for (let row = 0; row < 30; row++) insert.run(`row ${row}`, 'x'.repeat(500));
      insert.run('settings', `${'y\n'.repeat(3000)}${line()}`);
      db.close();
      return readFileSync(path);
    }
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
