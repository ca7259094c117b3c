import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { ImageReport, Report } from '../../src/scan/finding.ts';
import { writeOciLayout } from '../support/build-image.ts';
import { type Outcome, whichlayer } from '../support/plant/cli.ts';
import { type RegistryServer, startRegistry } from '../support/real/registry.ts';
import { requireTools, tool } from '../support/real/tool.ts';

const username = 'robot';
const password = `pass-${randomBytes(12).toString('hex')}`;

describe('a registry with TLS and a password', function () {
  this.timeout(120_000);
  let folder: string;
  let registry: RegistryServer;
  let image: string;
  let trust: string[];

  before(async function () {
    requireTools(this, 'docker-registry', 'htpasswd', 'skopeo', 'openssl');
    folder = mkdtempSync(join(tmpdir(), 'wl-e2e-registry-'));
    registry = await startRegistry({ tls: true, htpasswd: { username, password } });
    image = `docker://localhost:${registry.host.split(':')[1]}/team/app:1`;
    trust = ['--ca-file', registry.caFile!];
    const layout = join(folder, 'image');
    mkdirSync(layout);
    const env = `DIGITALOCEAN_TOKEN=dop_v1_${randomBytes(32).toString('hex')}\n`;
    writeOciLayout({ images: [{ layers: [{ files: { 'app/.env': env } }] }] }, layout);
    const login = ['--dest-tls-verify=false', '--dest-creds', `${username}:${password}`];
    execFileSync(tool('skopeo'), ['copy', ...login, `oci:${layout}`, image], { stdio: 'pipe' });
    writeFileSync(join(folder, 'password'), `${password}\n`);
    writeFileSync(join(folder, 'wrong'), 'wrong\n');
  });
  after(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  /** Runs with a home of the test's own; what it prints never holds the password. */
  async function run(args: readonly string[], given: { stdin?: string; env?: Record<string, string> } = {}) {
    const env = { HOME: folder, DOCKER_CONFIG: join(folder, 'docker'), XDG_RUNTIME_DIR: folder, ...given.env };
    const outcome = await whichlayer(['scan', '--format', 'json', ...args, image], {
      env,
      ...(given.stdin === undefined ? {} : { stdin: join(folder, given.stdin) }),
    });
    assert.ok(!`${outcome.stdout}${outcome.stderr}`.includes(password));
    return outcome;
  }

  function imageOf({ stdout }: Outcome): ImageReport {
    const [report] = (JSON.parse(stdout) as Report).images;
    assert.ok(report !== undefined && !('error' in report), stdout);
    return report;
  }

  it('is scanned with a password from standard input, and said to be for few', async () => {
    const signIn = ['--username', username, '--password-stdin'];
    const outcome = await run([...trust, ...signIn, '--check-public'], { stdin: 'password' });
    assert.equal(outcome.code, 1);
    const { findings, reach } = imageOf(outcome);
    assert.equal(findings.length, 1);
    assert.equal(reach?.public, 'no');
    const refused = await run([...trust, ...signIn], { stdin: 'wrong' });
    assert.equal(refused.code, 3);
    assert.match(refused.stdout, /"AUTH_DENIED"/);
  });

  it('is scanned with what a helper, a file and a variable hold', async () => {
    const host = new URL(image.replace('docker:', 'https:')).host;
    const config = join(folder, 'docker');
    const auths = JSON.stringify({ auths: { [host]: { username, password } } });
    assert.equal((await run(trust, { env: { DOCKER_AUTH_CONFIG: auths } })).code, 1);
    mkdirSync(config);
    writeFileSync(join(config, 'config.json'), auths);
    assert.equal((await run(trust)).code, 1);
    writeFileSync(join(config, 'config.json'), JSON.stringify({ credHelpers: { [host]: 'e2e' } }));
    const helper = join(folder, 'docker-credential-e2e');
    writeFileSync(helper, `#!/bin/sh\necho '${JSON.stringify({ Username: username, Secret: password })}'\n`);
    chmodSync(helper, 0o755);
    const without = await run(trust);
    assert.equal(without.code, 3);
    assert.match(without.stdout, /docker-credential-e2e: it is not in PATH/);
    assert.equal((await run(trust, { env: { PATH: `${folder}:${process.env['PATH']}` } })).code, 1);
  });

  it('is not believed without its authority, and no certificate file is guessed', async () => {
    const stranger = await run([]);
    assert.equal(stranger.code, 3);
    assert.match(stranger.stdout, /--ca-file/);
    assert.equal((await run(['--ca-file', join(folder, 'none.pem')])).code, 2);
    assert.equal((await run(['--ca-file', join(folder, 'password')])).code, 2);
  });

  it('takes credentials for itself alone, and whole ones', async () => {
    for (const args of [
      ['--username', username],
      ['--username', username, '--password-stdin', 'docker://other.example/app'],
      ['--registry-token', 't', 'docker://other.example/app'],
      ['--registry-token', 't', '--username', username, '--password-stdin'],
      ['--registry-token', 'a b'],
    ]) {
      assert.equal((await run([...trust, ...args], { stdin: 'password' })).code, 2, args.join(' '));
    }
  });
});
