import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, beforeEach, describe, it } from 'mocha';
import type { ErrorCode } from '../../src/errors.ts';
import { type DaemonOptions, openDaemonImage } from '../../src/source/docker-daemon.ts';
import type { DaemonEngine } from '../../src/source/docker-host.ts';
import type { ImageSource } from '../../src/source/source.ts';
import { assembleImage, buildImage, sha256 } from '../support/build-image.ts';
import { startDockerd } from '../support/real/dockerd.ts';
import { startPodman } from '../support/real/podman.ts';
import { requireRoot, requireTools } from '../support/real/tool.ts';

const signal = new AbortController().signal;
const spec = {
  layers: [{ files: { a: 'one' } }, { files: { empty: '' } }],
  config: { Env: ['A=b c', 'URL=http://h/?a=1&b=2'], Labels: { l: 'v' }, Cmd: ['sh'] },
};
const built = assembleImage(spec);

function rejects(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  return assert.rejects(promise, { name: 'ScanError', code });
}

/** The digests of all blobs, read to their ends in their order. */
async function drain(source: ImageSource, until: AbortSignal = signal): Promise<readonly string[]> {
  const digests: string[] = [];
  for await (const blob of source.blobs(until)) {
    const chunks: Buffer[] = [];
    for await (const chunk of await blob.open(until)) chunks.push(Buffer.from(chunk));
    digests.push(sha256(Buffer.concat(chunks)));
  }
  return digests;
}

const engines = [
  { engine: 'docker', kind: 'docker-daemon', start: startDockerd, variable: 'DOCKER_HOST', tag: 'wl-test:1' },
  { engine: 'podman', kind: 'podman', start: startPodman, variable: 'CONTAINER_HOST', tag: 'localhost/wl-test:1' },
] as const;

for (const { engine, kind, start, variable, tag } of engines) {
  describe(`openDaemonImage on a real ${engine}`, () => {
    let env: Record<string, string>;

    before(async function () {
      requireTools(this, engine === 'docker' ? 'dockerd' : 'podman');
      requireRoot(this);
      this.timeout(60_000);
      const { socket } = await start();
      env = { [variable]: `unix://${socket}` };
      const folder = mkdtempSync(join(tmpdir(), 'wl-load-'));
      const file = join(folder, 'image.tar');
      writeFileSync(file, buildImage({ ...spec, layout: 'docker-old', tags: ['wl-test:1'] }));
      const load = ['-X', 'POST', '-H', 'Content-Type: application/x-tar', '--data-binary', `@${file}`];
      execFileSync('curl', ['-sf', '--unix-socket', socket, ...load, 'http://d/images/load']);
      rmSync(folder, { recursive: true });
    });

    const open = (ref: string, options: Partial<DaemonOptions> = {}) =>
      openDaemonImage({ engine, ref, text: `asked:${ref}` }, { signal, env, home: '/nonexistent', ...options });

    it('exports an image once and knows afterwards what its layers are', async () => {
      const source = await open('wl-test:1');
      assert.equal(source.kind, kind);
      assert.equal(source.title, `${kind} wl-test:1 (${built.configDigest.slice(0, 19)})`);
      const digests = await drain(source);
      assert.deepEqual(new Set(digests), new Set(built.layers.map(({ diffId }) => diffId)));
      const [image, ...others] = await source.images();
      assert.equal(others.length, 0);
      assert.equal(image?.reference, 'asked:wl-test:1');
      assert.equal(image.source, kind);
      assert.equal(image.configDigest, built.configDigest);
      assert.deepEqual(image.repoTags, [tag]);
      assert.deepEqual(
        image.config.diffIds,
        built.layers.map(({ diffId }) => diffId),
      );
      assert.deepEqual(image.diagnostics, []);
      assert.deepEqual(source.diagnostics(), []);
      await source.close();
    });

    it('takes a container for its image', async () => {
      const body = JSON.stringify({ Image: 'wl-test:1', Cmd: ['sh'] });
      const socket = env[variable]!.replace('unix://', '');
      const create = ['-X', 'POST', '-H', 'Content-Type: application/json', '-d', body];
      const url = 'http://d/v1.40/containers/create?name=wl-box';
      execFileSync('curl', ['-sf', '--unix-socket', socket, ...create, url], { stdio: 'pipe' });
      const reference = { engine, ref: 'wl-box', text: 'container:wl-box', isContainer: true };
      const source = await openDaemonImage(reference, { signal, env, home: '/nonexistent' });
      assert.equal(source.title, `${kind} container wl-box (${built.configDigest.slice(0, 19)})`);
      const [image] = await source.metadata(signal);
      await source.close();
      assert.deepEqual([image?.configDigest, image?.reference], [built.configDigest, 'container:wl-box']);
      const unknown = { ...reference, ref: 'wl-nobody' };
      await rejects(openDaemonImage(unknown, { signal, env, home: '/nonexistent' }), 'IMAGE_NOT_FOUND');
    });

    it('takes an id, its beginning and the digest', async () => {
      const hex = built.configDigest.slice(7);
      for (const ref of [built.configDigest, hex, hex.slice(0, 12), `sha256:${hex.slice(0, 12)}`]) {
        const source = await open(ref);
        assert.equal((await source.metadata(signal))[0]?.configDigest, built.configDigest, ref);
        await source.close();
      }
    });

    it('gives the same metadata without an export as the export has', async () => {
      const quick = await open('wl-test:1');
      const [metadata] = await quick.metadata(signal);
      await quick.close();
      const whole = await open('wl-test:1');
      await drain(whole);
      const [image] = await whole.images();
      await whole.close();
      const { raw: _, created: __, history, ...config } = image!.config;
      const { raw: ___, created: ____, history: quickHistory, comment: _____, ...quickConfig } = metadata!.config;
      assert.deepEqual(quickConfig, config);
      const steps = (entries: typeof history) =>
        entries?.map(({ createdBy, emptyLayer }) => ({ createdBy, emptyLayer }));
      assert.deepEqual(steps(quickHistory), steps(history));
      assert.deepEqual(metadata?.diagnostics, []);
      assert.equal(metadata?.platform, image?.platform);
    });

    it('says what is not there: an image, a platform', async () => {
      await rejects(open('wl-test:2'), 'IMAGE_NOT_FOUND');
      await rejects(open('sha256:'.padEnd(71, '0')), 'IMAGE_NOT_FOUND');
      await rejects(open('wl-test:1', { platform: 'linux/s390x' }), 'PLATFORM_NOT_FOUND');
      await (await open('wl-test:1', { platform: 'linux/amd64' })).close();
    });
  });
}

describe('openDaemonImage where the daemon is no help', () => {
  let folder: string;
  let server: Server;
  let answer: RequestListener;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'wl-sock-'));
    server = createServer((request, response) => answer(request, response));
    await new Promise<void>((resolve) => server.listen(join(folder, 'd.sock'), resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (host: string, options: Partial<DaemonOptions> = {}, engine: DaemonEngine = 'docker') =>
    openDaemonImage(
      { engine, ref: 'app:1', text: 'app:1' },
      { signal, env: { DOCKER_HOST: host }, home: folder, ...options },
    );
  const fake = (options: Partial<DaemonOptions> = {}) => open(`unix://${folder}/d.sock`, options);

  /** Inspect works, and `get` is what the test says. */
  function exporting(get: RequestListener): void {
    answer = (request, response) => {
      if (request.url?.endsWith('/get')) return get(request, response);
      return response.end(JSON.stringify({ Id: built.configDigest, RootFS: { Layers: [] } }));
    };
  }

  it('says where it looked', async () => {
    await rejects(open(`unix://${folder}/none.sock`), 'SOURCE_UNAVAILABLE');
    await rejects(open('tcp://127.0.0.1:1'), 'SOURCE_UNAVAILABLE');
    // Whether a daemon is at the default socket of this machine or not, it is named.
    await assert.rejects(open('', { home: folder }), /\/var\/run\/docker\.sock/);
  });

  it('takes DOCKER_HOST from its argument alone, whatever the process has', async () => {
    answer = (_, response) => response.writeHead(404).end('{"message":"no such image"}');
    const before = process.env['DOCKER_HOST'];
    process.env['DOCKER_HOST'] = 'tcp://127.0.0.1:1';
    try {
      await rejects(fake(), 'IMAGE_NOT_FOUND');
    } finally {
      if (before === undefined) delete process.env['DOCKER_HOST'];
      else process.env['DOCKER_HOST'] = before;
    }
  });

  it('takes no other server for a daemon', async () => {
    answer = (_, response) => response.end('hello');
    await rejects(fake(), 'SOURCE_UNAVAILABLE');
    answer = (_, response) => response.writeHead(500).end('{"message":"broken"}');
    await rejects(fake(), 'SOURCE_UNAVAILABLE');
  });

  it('does not wait for ever, for an answer or an export', async () => {
    answer = () => {};
    await rejects(fake({ answerTimeoutMs: 30 }), 'SOURCE_TIMEOUT');
    exporting(() => {});
    await rejects(drain(await fake({ exportTimeoutMs: 30 })), 'SOURCE_TIMEOUT');
  });

  it('does not take a broken export for an image', async () => {
    exporting((_, response) => response.writeHead(500).end('{"message":"no space left"}'));
    await rejects(drain(await fake()), 'SOURCE_UNAVAILABLE');
    const tar = buildImage({ ...spec, layout: 'docker-old' });
    exporting((_, response) => {
      response.writeHead(200);
      response.write(tar.subarray(0, 700), () => setImmediate(() => response.destroy()));
    });
    const source = await fake();
    await assert.rejects(async () => {
      await drain(source);
      await source.images();
    });
  });

  it('ends when the scan is aborted', async () => {
    const abort = new AbortController();
    exporting(() => abort.abort());
    await assert.rejects(drain(await fake(), abort.signal), { name: 'AbortError' });
    const abortInspect = new AbortController();
    answer = () => abortInspect.abort();
    await assert.rejects(fake({ signal: abortInspect.signal }), { name: 'AbortError' });
  });
});
