import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { ScanError } from '../../src/errors.ts';
import { parseReference } from '../../src/oci/reference.ts';
import { type OpenOptions, openImage } from '../../src/source/open.ts';
import type { ImageSource } from '../../src/source/source.ts';
import { assembleImage, buildImage, sha256 } from '../support/build-image.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';

const spec = { layers: [{ files: { a: 'one' } }], tags: ['app:1'] };
const built = assembleImage(spec);

describe('openImage', () => {
  let folder: string;
  let registry: FakeRegistry;
  const daemons: Server[] = [];
  const opened: ImageSource[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'wl-open-'));
    registry = await startFakeRegistry();
    registry.putImage(built, '1');
  });
  afterEach(async () => {
    for (const source of opened.splice(0)) await source.close();
    for (const daemon of daemons.splice(0)) {
      daemon.closeAllConnections();
      daemon.close();
    }
    await registry.close();
    rmSync(folder, { recursive: true });
  });

  /** A daemon at `<folder>/<name>`, which has the image or not. */
  async function startDaemon(name: string, hasImage: boolean): Promise<void> {
    const server = createServer((_, response) => {
      response.writeHead(hasImage ? 200 : 404);
      response.end(hasImage ? JSON.stringify({ Id: sha256('id') }) : '{"message":"no such image"}');
    });
    await new Promise<void>((resolve) => server.listen(join(folder, name), resolve));
    daemons.push(server);
  }

  async function open(text: string, options: Partial<OpenOptions> = {}): Promise<ImageSource> {
    const source = await openImage(parseReference(text), {
      signal: new AbortController().signal,
      env: { DOCKER_HOST: `unix://${folder}/docker`, CONTAINER_HOST: `unix://${folder}/podman`, DOCKER_CONFIG: folder },
      home: folder,
      retryDelayMs: 1,
      ...options,
    });
    opened.push(source);
    return source;
  }

  const name = () => `${registry.host}/app:1`;

  it('asks docker before podman before the registry', async () => {
    assert.equal((await open(name())).kind, 'registry');
    await startDaemon('podman', true);
    assert.equal((await open(name())).kind, 'podman');
    await startDaemon('docker', false);
    assert.equal((await open(name())).kind, 'podman');
    await new Promise((resolve) => daemons[1]?.close(resolve));
    await startDaemon('docker', true);
    assert.equal((await open(name())).kind, 'docker-daemon');
  });

  it('asks only where it is told to', async () => {
    await startDaemon('docker', true);
    assert.equal((await open(name(), { source: 'remote' })).kind, 'registry');
    assert.equal((await open(`docker://${name()}`)).kind, 'registry');
    assert.equal((await open(name(), { source: 'local' })).kind, 'docker-daemon');
    assert.equal((await open('docker-daemon:app:1')).kind, 'docker-daemon');
    const before = registry.requests.length;
    await assert.rejects(open('podman:app:1'), { code: 'SOURCE_UNAVAILABLE' });
    await startDaemon('podman', false);
    await assert.rejects(open('podman:app:1'), { code: 'IMAGE_NOT_FOUND' });
    assert.equal(registry.requests.length, before);
  });

  it('tells of every attempt when nobody has it', async () => {
    await startDaemon('docker', false);
    await assert.rejects(open(`${registry.host}/app:2`), (error: ScanError) => {
      assert.equal(error.code, 'IMAGE_NOT_FOUND');
      assert.match(error.message, /docker: .*podman: .*registry: /);
      return true;
    });
    await assert.rejects(open('app:2', { source: 'local' }), { code: 'IMAGE_NOT_FOUND' });
    await assert.rejects(open(sha256('id')), { code: 'IMAGE_NOT_FOUND' });
  });

  it('says in the report that a daemon which was named did not answer', async () => {
    const named = await open(name());
    assert.deepEqual(
      named.diagnostics().map(({ code, effect }) => [code, effect]),
      [
        ['SOURCE_UNAVAILABLE', 'notice'],
        ['SOURCE_UNAVAILABLE', 'notice'],
      ],
    );
    const ssh = await open(name(), { env: { DOCKER_HOST: 'ssh://host', CONTAINER_HOST: `unix://${folder}/podman` } });
    assert.equal(ssh.diagnostics().length, 2);
    await startDaemon('docker', false);
    await startDaemon('podman', false);
    assert.deepEqual((await open(name())).diagnostics(), []);
  });

  it('looks in the registry for a platform that the daemon has not', async () => {
    await startDaemon('docker', true);
    await startDaemon('podman', false);
    const arm64 = assembleImage({ ...spec, platform: 'linux/arm64' });
    registry.putImage(arm64, '1');
    const source = await open(name(), { platform: 'linux/arm64' });
    assert.equal(source.kind, 'registry');
    assert.deepEqual(
      source.diagnostics().map(({ code }) => code),
      ['PLATFORM_NOT_FOUND'],
    );
  });

  it('opens archives and standard input', async () => {
    const tar = buildImage({ ...spec, layout: 'docker-old' });
    writeFileSync(join(folder, 'app.tar'), tar);
    assert.equal((await open(join(folder, 'app.tar'))).kind, 'docker-archive');
    assert.equal((await open(`docker-archive:${folder}/app.tar:app:1`)).kind, 'docker-archive');
    assert.equal((await open('-', { stdin: Readable.from([tar]) })).kind, 'stdin');
    await assert.rejects(open('./nothing.tar'), { code: 'SOURCE_UNAVAILABLE' });
  });

  it('ends where it is aborted, and asks nobody else', async () => {
    await startDaemon('docker', false);
    await assert.rejects(open(name(), { signal: AbortSignal.abort() }), { name: 'AbortError' });
    assert.equal(registry.requests.length, 0);
  });
});
