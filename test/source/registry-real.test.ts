import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import type { ScanError } from '../../src/errors.ts';
import { parseImageName } from '../../src/oci/reference.ts';
import type { RegistryOptions } from '../../src/source/registry/options.ts';
import { openRegistryImage } from '../../src/source/registry.ts';
import { assembleImage, sha256, writeOciLayout } from '../support/build-image.ts';
import { createAuthority, createSigned } from '../support/certificates.ts';
import { type RegistryServer, startRegistry } from '../support/real/registry.ts';
import { requireTools, tool } from '../support/real/tool.ts';
import { startTokenServer, type TokenServer, tokenNames } from '../support/token-server.ts';

/** The token server answers from this process: it must not be blocked. */
const execFileAsync = promisify(execFile);

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
      assert.match(error.hint ?? '', /--ca-file/);
      return true;
    });
    await opens(text, { caFiles: [secure.caFile!] });
    await opens(text, { insecureRegistries: [secure.host, 'localhost'] });
    await assert.rejects(openImage(text, { retryDelayMs: 1, insecureRegistries: ['other'] }), {
      code: 'SOURCE_UNAVAILABLE',
    });
    await assert.rejects(openImage(text, { caFiles: [join(folder, 'oci-layout')] }), { code: 'CONFIG_INVALID' });
  });

  async function opens(text: string, options: RegistryOptions): Promise<void> {
    const source = await openImage(text, options);
    assert.equal((await source.images()).length, 2);
    await source.close();
  }

  it("finds a registry's authority and our certificate in certs.d", async () => {
    const certificates = mkdtempSync(join(tmpdir(), 'wl-certs-'));
    try {
      const authority = createAuthority(certificates);
      const client = createSigned(authority, certificates, 'client');
      const mutual = await startRegistry({ tls: true, clientCaFile: authority.certFile });
      const host = `localhost:${mutual.host.split(':')[1]}`;
      const text = `${host}/team/app:1`;
      const own = join(certificates, 'docker/certs.d', host);
      mkdirSync(own, { recursive: true });
      copyFileSync(mutual.caFile!, join(own, 'ca.crt'));
      const options = { etc: certificates, retryDelayMs: 1 };
      await assert.rejects(openImage(text, options), { code: 'SOURCE_UNAVAILABLE' });
      copyFileSync(client.certFile, join(own, 'us.cert'));
      await assert.rejects(openImage(text, options), { code: 'CONFIG_INVALID' });
      copyFileSync(client.keyFile, join(own, 'us.key'));
      // It is empty: that it says so is enough.
      await assert.rejects(openImage(text, options), { code: 'IMAGE_NOT_FOUND' });
      const copy = ['copy', '--all', '--preserve-digests', '--dest-cert-dir', own];
      execFileSync(tool('skopeo'), [...copy, `oci:${folder}`, `docker://${text}`], { stdio: 'pipe' });
      const source = await openImage(text, options);
      const [image] = await source.images();
      // Whoever asks as nobody has no certificate, and is not answered at all.
      assert.equal((await source.checkPublic?.(image!.manifestDigest!, signal))?.public, 'unknown');
      await source.close();
      const other = join(certificates, 'docker/certs.d', 'localhost');
      renameSync(own, other);
      await assert.rejects(openImage(text, { ...options, caFiles: [mutual.caFile!] }), { code: 'SOURCE_UNAVAILABLE' });
      // The user's own folder wins, and podman's name for it is known.
      renameSync(join(certificates, 'docker'), join(certificates, 'containers'));
      renameSync(join(certificates, 'containers/certs.d/localhost'), join(certificates, 'containers/certs.d', host));
      const config = { XDG_CONFIG_HOME: certificates };
      await opens(text, { ...options, etc: '/nonexistent', env: config });
      mutual.stop();
    } finally {
      rmSync(certificates, { recursive: true });
    }
  });

  describe('with tokens', () => {
    const secrets = { password: randomBytes(9).toString('hex'), refreshToken: randomBytes(9).toString('hex') };
    let certificates: string;
    let tokens: TokenServer;
    let registry: RegistryServer;
    let text: string;

    before(async () => {
      certificates = mkdtempSync(join(tmpdir(), 'wl-signer-'));
      const signer = createAuthority(certificates);
      tokens = await startTokenServer(signer, { anybody: true });
      registry = await startRegistry({ token: { ...tokenNames, realm: tokens.realm, certFile: signer.certFile } });
      text = `${registry.host}/team/app:1`;
      const copy = ['copy', '--all', '--preserve-digests', '--dest-tls-verify=false'];
      await execFileAsync(tool('skopeo'), [...copy, `oci:${folder}`, `docker://${text}`]);
    });
    after(async () => {
      registry?.stop();
      await tokens?.close();
      if (certificates !== undefined) rmSync(certificates, { recursive: true });
    });

    it('gets one as nobody, with a password, and with a refresh token', async () => {
      tokens.users = { anybody: true };
      await opens(text, {});
      tokens.users = secrets;
      await assert.rejects(openImage(text), { code: 'AUTH_DENIED' });
      await opens(text, { credentials: { username: 'me', password: secrets.password } });
      await opens(text, { credentials: { identityToken: secrets.refreshToken } });
      await assert.rejects(openImage(text, { credentials: { identityToken: 'x' } }), { code: 'AUTH_DENIED' });
      const { method, form } = tokens.requests.at(-1)!;
      assert.equal(method, 'POST');
      assert.equal(form.get('service'), tokenNames.service);
      assert.equal(form.get('scope'), 'repository:team/app:pull');
    });

    it('asks for a right to pull and no other', async () => {
      tokens.users = { anybody: true };
      const before = tokens.requests.length;
      await opens(text, {});
      const scopes = tokens.requests.slice(before).map(({ query }) => query.get('scope'));
      assert.deepEqual([...new Set(scopes)], ['repository:team/app:pull']);
    });

    it('says so where the registry does not take what its token server gives', async () => {
      tokens.users = { anybody: true };
      // The registry allows 60 s of leeway for clocks.
      tokens.lifeSeconds = -65;
      await assert.rejects(openImage(text), { code: 'AUTH_DENIED' });
      tokens.lifeSeconds = 300;
      await opens(text, {});
    });

    it('tells whether anybody may pull', async () => {
      const credentials = { username: 'me', password: secrets.password };
      for (const [users, expected] of [
        [secrets, 'no'],
        [{ ...secrets, anybody: true }, 'yes'],
      ] as const) {
        tokens.users = users;
        const source = await openImage(text, { credentials });
        const [image] = await source.images();
        assert.equal((await source.checkPublic?.(image!.manifestDigest!, signal))?.public, expected);
        await source.close();
      }
    });
  });

  it('tells that a registry behind basic authentication is not public, and an open one is', async () => {
    const expected = { [open.host]: 'yes', [closed.host]: 'no' };
    for (const [host, reach] of Object.entries(expected)) {
      const source = await openImage(`${host}/team/app:1`, { credentials });
      const [image] = await source.images();
      const told = await source.checkPublic?.(image!.manifestDigest!, signal);
      assert.equal(told?.public, reach);
      assert.equal(told.registry, host);
      await source.close();
    }
  });
});
