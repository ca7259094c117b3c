import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { type DaemonOptions, openDaemonImage } from '../../src/source/docker-daemon.ts';
import { buildImage } from '../support/build-image.ts';
import { readSource } from '../support/read-source.ts';
import { startDockerd } from '../support/real/dockerd.ts';
import { startPodman } from '../support/real/podman.ts';
import { type Sshd, startSshd } from '../support/real/sshd.ts';
import { requireRoot, requireTools } from '../support/real/tool.ts';

const signal = new AbortController().signal;
const tag = 'wl-ssh:1';

describe('SshAgent with a real sshd and real daemons', () => {
  let sshd: Sshd;
  let dockerSocket: string;
  let podmanSocket: string;

  before(async function () {
    requireTools(this, 'sshd', 'ssh', 'ssh-keygen', 'docker', 'dockerd', 'podman');
    requireRoot(this);
    this.timeout(60_000);
    const [dockerd, podman] = await Promise.all([startDockerd(), startPodman()]);
    dockerSocket = dockerd.socket;
    podmanSocket = podman.socket;
    sshd = await startSshd({ DOCKER_HOST: `unix://${dockerSocket}` });
    const folder = mkdtempSync(join(tmpdir(), 'wl-ssh-'));
    const file = join(folder, 'image.tar');
    writeFileSync(file, buildImage({ layers: [{ files: { a: 'x'.repeat(3_000_000) } }], tags: [tag] }));
    const load = ['-X', 'POST', '-H', 'Content-Type: application/x-tar', '--data-binary', `@${file}`];
    for (const socket of [dockerSocket, podmanSocket]) {
      execFileSync('curl', ['-sf', '--unix-socket', socket, ...load, 'http://d/images/load'], { stdio: 'pipe' });
    }
    rmSync(folder, { recursive: true });
  });
  after(() => sshd?.stop());

  function open(
    env: Readonly<Record<string, string>>,
    options: Partial<DaemonOptions> = {},
    engine = 'docker' as const,
  ) {
    return openDaemonImage({ engine, ref: tag, text: tag }, { signal, env, ...options });
  }
  const url = (path = ''): string => `ssh://${sshd.user}@127.0.0.1:${sshd.port}${path}`;

  it('reads an image of the daemon over there', async () => {
    const read = await readSource(await open({ DOCKER_HOST: url(), PATH: sshd.path(true) }));
    assert.equal(read.images.length, 1);
    assert.equal(read.blobs.length, 1);
    assert.ok(read.blobs[0]!.bytes.length > 3_000_000);
  }).timeout(20_000);

  it('reads an image of the daemon at a socket over there', async () => {
    const read = await readSource(await open({ DOCKER_HOST: url(dockerSocket), PATH: sshd.path(true) }));
    assert.equal(read.blobs.length, 1);
  }).timeout(20_000);

  it('reads an image of a podman over there', async () => {
    const env = { CONTAINER_HOST: url(podmanSocket), PATH: sshd.path(true) };
    const reference = { engine: 'podman', ref: `localhost/${tag}`, text: tag } as const;
    const read = await readSource(await openDaemonImage(reference, { signal, env }));
    assert.equal(read.blobs.length, 1);
  }).timeout(20_000);

  it('accepts no host whose key is not known', async () => {
    await assert.rejects(open({ DOCKER_HOST: url(), PATH: sshd.path(false) }), (error: Error) => {
      assert.equal((error as { code?: string }).code, 'SOURCE_UNAVAILABLE');
      assert.match(error.message, /Host key verification failed/);
      return true;
    });
  }).timeout(20_000);

  it('says where the daemon over there does not answer, and where there is no ssh', async () => {
    const unavailable = { name: 'ScanError', code: 'SOURCE_UNAVAILABLE' };
    await assert.rejects(open({ DOCKER_HOST: url('/nowhere/docker.sock'), PATH: sshd.path(true) }), unavailable);
    await assert.rejects(open({ DOCKER_HOST: url(), PATH: '/nonexistent' }), unavailable);
  }).timeout(20_000);

  it('leaves no ssh behind where the image is not there, and where it is given up', async () => {
    const env = { DOCKER_HOST: url(), PATH: sshd.path(true) };
    const missing = { engine: 'docker', ref: 'wl-none:1', text: 'wl-none:1' } as const;
    await assert.rejects(openDaemonImage(missing, { signal, env }), { code: 'IMAGE_NOT_FOUND' });
    const given = new AbortController();
    const source = await open(env, { signal: given.signal });
    const reading = (async () => {
      for await (const blob of source.blobs(given.signal)) {
        given.abort(new Error('given up'));
        for await (const _ of await blob.open(given.signal));
      }
    })();
    await assert.rejects(reading);
    await source.close();
    const children = (): string =>
      execFileSync('ps', ['--ppid', String(process.pid), '-o', 'args='], { encoding: 'utf8' });
    // They end a moment after they were told to.
    for (let tries = 0; tries < 50 && /dial-stdio/.test(children()); tries++) execFileSync('sleep', ['0.1']);
    assert.doesNotMatch(children(), /dial-stdio/);
  }).timeout(20_000);
});
