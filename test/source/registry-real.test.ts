import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { after, before, describe, it } from 'mocha';
import type { ScanError } from '../../src/errors.ts';
import { parseImageName } from '../../src/oci/reference.ts';
import type { RegistryOptions } from '../../src/source/registry/options.ts';
import { openRegistryImage } from '../../src/source/registry.ts';
import { assembleImage, sha256, writeOciLayout } from '../support/build-image.ts';
import { type RegistryServer, startRegistry } from '../support/real/registry.ts';
import { requireTools, tool } from '../support/real/tool.ts';

const signal = new AbortController().signal;
const credentials = { username: 'robot', password: randomBytes(9).toString('hex') };
const images = [
  { layers: [{ files: { a: 'one' } }, { files: { b: randomBytes(100_000) }, compression: 'zstd' as const }] },
  { layers: [{ files: { a: 'one' } }], platform: 'linux/arm64' },
];

describe('openRegistryImage on a real registry', () => {
  let open: RegistryServer;
  let closed: RegistryServer;
  let secure: RegistryServer;
  let folder: string;

  before(async function () {
    requireTools(this, 'docker-registry', 'htpasswd', 'skopeo', 'openssl');
    this.timeout(60_000);
    folder = mkdtempSync(join(tmpdir(), 'wl-layout-'));
    writeOciLayout({ images, nested: true }, folder);
    [open, closed, secure] = await Promise.all([
      startRegistry(),
      startRegistry({ htpasswd: credentials }),
      startRegistry({ tls: true }),
    ]);
    for (const { host } of [open, closed, secure]) {
      const login = host === closed.host ? ['--dest-creds', `${credentials.username}:${credentials.password}`] : [];
      const copy = ['copy', '--all', '--preserve-digests', '--dest-tls-verify=false', ...login];
      execFileSync(tool('skopeo'), [...copy, `oci:${folder}`, `docker://${host}/team/app:1`], { stdio: 'pipe' });
    }
  });
  after(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  async function openImage(text: string, options: RegistryOptions & { platform?: string } = {}) {
    return openRegistryImage(
      { name: parseImageName(text), text },
      { signal, env: {}, home: '/nonexistent', etc: '/nonexistent', ...options },
    );
  }

  it('gives the platforms of a tag, their configurations and every layer', async () => {
    const source = await openImage(`${open.host}/team/app:1`);
    try {
      const records = await source.images();
      const built = images.map(assembleImage);
      assert.deepEqual(
        records.map(({ configDigest }) => configDigest),
        built.map(({ configDigest }) => configDigest),
      );
      assert.deepEqual(
        records.map(({ platform }) => platform),
        ['linux/amd64', 'linux/arm64'],
      );
      const digests = new Set<string>();
      for await (const blob of source.blobs(signal)) {
        const chunks: Uint8Array[] = [];
        for await (const chunk of await blob.open(signal)) chunks.push(Buffer.from(chunk));
        const bytes = Buffer.concat(chunks);
        assert.equal(sha256(bytes), blob.digest);
        assert.equal(bytes.length, blob.sizeBytes);
        digests.add(blob.key);
      }
      assert.deepEqual(digests, new Set(built.flatMap(({ layers }) => layers.map(({ digest }) => digest))));
    } finally {
      await source.close();
    }
  });

  it('gives one image by digest', async () => {
    const { manifestDigest } = assembleImage(images[1]!);
    const source = await openImage(`${open.host}/team/app@${manifestDigest}`);
    assert.deepEqual(
      (await source.images()).map(({ platform }) => platform),
      ['linux/arm64'],
    );
    await source.close();
  });

  it('says that a tag or a repository is not there', async () => {
    await assert.rejects(openImage(`${open.host}/team/app:2`), { code: 'IMAGE_NOT_FOUND' });
    await assert.rejects(openImage(`${open.host}/team/none`), { code: 'IMAGE_NOT_FOUND' });
  });

  it('logs in where it must', async () => {
    const text = `${closed.host}/team/app:1`;
    await assert.rejects(openImage(text), { code: 'AUTH_DENIED' });
    await assert.rejects(openImage(text, { credentials: { ...credentials, password: 'x' } }), { code: 'AUTH_DENIED' });
    const source = await openImage(text, { credentials, platform: 'linux/amd64' });
    assert.equal((await source.images()).length, 1);
    await source.close();
  });

  it('speaks TLS to a registry that wants it, once its certificate is trusted', async () => {
    const text = `localhost:${secure.host.split(':')[1]}/team/app:1`;
    await assert.rejects(openImage(text, { retryDelayMs: 1 }), (error: ScanError) => {
      assert.equal(error.code, 'SOURCE_UNAVAILABLE');
      assert.match(error.hint ?? '', /NODE_EXTRA_CA_CERTS/);
      return true;
    });
    const before = getCACertificates('default');
    setDefaultCACertificates([...before, readFileSync(secure.caFile!, 'utf8')]);
    try {
      const source = await openImage(text);
      assert.equal((await source.images()).length, 2);
      await source.close();
    } finally {
      setDefaultCACertificates(before);
    }
  });
});
