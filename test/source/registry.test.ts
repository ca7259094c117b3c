import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { ErrorCode } from '../../src/errors.ts';
import { parseImageName } from '../../src/oci/reference.ts';
import { type RegistryOptions, registryLimits } from '../../src/source/registry/options.ts';
import { openRegistryImage } from '../../src/source/registry.ts';
import type { Blob, ImageSource } from '../../src/source/source.ts';
import { assembleImage, type BuiltImage, sha256 } from '../support/build-image.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';

const indexType = 'application/vnd.oci.image.index.v1+json';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const signal = new AbortController().signal;

const amd64 = assembleImage({ layers: [{ files: { a: 'one' } }, { files: { b: 'two' } }], tags: ['app:1'] });
const arm64 = assembleImage({ layers: [{ files: { a: 'one' } }, { files: { c: 'arm' } }], platform: 'linux/arm64' });

let registry: FakeRegistry;
let opened: ImageSource[];

beforeEach(async () => {
  registry = await startFakeRegistry();
  opened = [];
});
afterEach(async () => {
  for (const source of opened) await source.close();
  await registry.close();
});

async function open(ref: string, options: RegistryOptions & { platform?: string } = {}): Promise<ImageSource> {
  const text = `${registry.host}/${ref}`;
  const source = await openRegistryImage(
    { name: parseImageName(text), text },
    { signal, env: {}, home: '/nonexistent', etc: '/nonexistent', retryDelayMs: 1, ...options },
  );
  opened.push(source);
  return source;
}

async function blobsOf(source: ImageSource): Promise<readonly Blob[]> {
  const blobs: Blob[] = [];
  for await (const blob of source.blobs(signal)) blobs.push(blob);
  return blobs;
}

async function read(blob: Blob): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await blob.open(signal)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function rejects(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  return assert.rejects(promise, { name: 'ScanError', code });
}

function putIndex(
  images: readonly { image: BuiltImage; platform?: object | null; annotations?: object }[],
  tag: string,
): string {
  const manifests = images.map(({ image, platform = image.platform, annotations }) => ({
    mediaType: manifestType,
    digest: registry.putImage(image),
    size: image.manifest.length,
    ...(platform === null ? {} : { platform }),
    annotations,
  }));
  return registry.putManifest(indexType, JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests }), tag);
}

describe('openRegistryImage', () => {
  it('gives an image by tag with its layers, largest first and readable twice', async () => {
    const digest = registry.putImage(amd64, '1');
    const source = await open('app:1');
    const [image, ...others] = await source.images();
    assert.equal(others.length, 0);
    assert.equal(image?.manifestDigest, digest);
    assert.equal(image.configDigest, amd64.configDigest);
    assert.equal(image.platform, 'linux/amd64');
    assert.equal(image.reference, `${registry.host}/app:1`);
    assert.deepEqual(image.repoTags, [`${registry.host}/app:1`]);
    assert.deepEqual(
      image.layers.map((layer) => layer.digest),
      amd64.layers.map((layer) => layer.digest),
    );
    assert.deepEqual(source.diagnostics(), []);
    const blobs = await blobsOf(source);
    assert.deepEqual(
      blobs.map((blob) => blob.sizeBytes),
      blobs.map((blob) => blob.sizeBytes).toSorted((a, b) => b! - a!),
    );
    for (const blob of [...blobs, ...blobs]) assert.equal(sha256(await read(blob)), blob.digest);
  });

  it('gives an image by digest', async () => {
    const digest = registry.putImage(amd64);
    const [image] = await (await open(`app@${digest}`)).images();
    assert.equal(image?.manifestDigest, digest);
  });

  it('gives every platform of an index, and shared layers once', async () => {
    putIndex([{ image: amd64 }, { image: arm64 }], '1');
    const source = await open('app:1');
    assert.deepEqual(
      (await source.images()).map(({ platform }) => platform),
      ['linux/amd64', 'linux/arm64'],
    );
    assert.equal((await blobsOf(source)).length, 3);
    assert.deepEqual(source.diagnostics(), []);
  });

  it('takes an image that calls itself an attestation and says of what for an image', async () => {
    const attestation = { 'vnd.docker.reference.type': 'attestation-manifest' };
    const unknown = { os: 'unknown', architecture: 'unknown' };
    const other = assembleImage({ layers: [{ files: { d: 'hidden' } }] });
    putIndex([{ image: amd64 }, { image: other, platform: unknown, annotations: attestation }], '1');
    const source = await open('app:1');
    assert.equal((await source.images()).length, 2);
    assert.ok((await blobsOf(source)).some(({ digest }) => digest === other.layers[0]!.digest));
  });

  it('narrows an index to a platform, also where the configuration alone names it', async () => {
    putIndex([{ image: amd64 }, { image: arm64, platform: null }], '1');
    const [image, ...others] = await (await open('app:1', { platform: 'linux/arm64' })).images();
    assert.equal(image?.platform, 'linux/arm64');
    assert.equal(others.length, 0);
    await rejects(open('app:1', { platform: 'linux/s390x' }), 'PLATFORM_NOT_FOUND');
  });

  it('finds a platform whose manifest the index has for another platform too, and gives it once', async () => {
    putIndex([{ image: amd64 }, { image: amd64, platform: { os: 'linux', architecture: 'arm64' } }], '1');
    const [image] = await (await open('app:1', { platform: 'linux/arm64' })).images();
    assert.equal(image?.platform, 'linux/arm64');
    assert.equal((await (await open('app:1')).images()).length, 1);
  });

  it('stops at an index of more manifests than an image has', async () => {
    const entry = { mediaType: manifestType, digest: registry.putImage(amd64), size: amd64.manifest.length };
    const manifests = Array.from({ length: 513 }, () => entry);
    registry.putManifest(indexType, JSON.stringify({ schemaVersion: 2, manifests }), '1');
    await rejects(open('app:1'), 'LIMIT_EXCEEDED');
  });

  it('reads an index whose only platform is not ours', async () => {
    putIndex([{ image: arm64 }], '1');
    assert.equal((await (await open('app:1')).images())[0]?.platform, 'linux/arm64');
  });

  it('scans what an index has when one of its manifests is gone, and says so', async () => {
    const gone = {
      mediaType: manifestType,
      digest: sha256('gone'),
      size: 4,
      platform: { os: 'linux', architecture: 's390x' },
    };
    const manifests = [
      gone,
      { mediaType: manifestType, digest: registry.putImage(amd64), size: amd64.manifest.length },
    ];
    registry.putManifest(indexType, JSON.stringify({ schemaVersion: 2, manifests }), '1');
    const source = await open('app:1');
    assert.equal((await source.images()).length, 1);
    assert.deepEqual(
      source.diagnostics().map(({ code, effect }) => [code, effect]),
      [['IMAGE_NOT_FOUND', 'incomplete']],
    );
  });

  it('follows nested indexes, and an index that names itself is no loop', async () => {
    const inner = putIndex([{ image: amd64 }, { image: arm64 }], 'inner');
    const nested = { mediaType: indexType, digest: inner, size: 1 };
    registry.putManifest(indexType, JSON.stringify({ schemaVersion: 2, manifests: [nested, nested] }), '1');
    assert.equal((await (await open('app:1')).images()).length, 2);
  });

  it('names a schema 1 manifest, and an artifact that is no image', async () => {
    registry.putManifest(
      'application/vnd.docker.distribution.manifest.v1+prettyjws',
      JSON.stringify({ schemaVersion: 1, fsLayers: [] }),
      'old',
    );
    const chart = {
      mediaType: 'application/vnd.cncf.helm.config.v1+json',
      digest: registry.putBlob(Buffer.from('{}')),
      size: 2,
    };
    registry.putManifest(manifestType, JSON.stringify({ schemaVersion: 2, config: chart, layers: [] }), 'chart');
    await rejects(open('app:old'), 'MEDIA_TYPE_UNSUPPORTED');
    const [artifact] = await (await open('app:chart')).images();
    assert.equal(artifact?.artifactType, chart.mediaType);
  });

  it('says what is not there: a tag, a registry', async () => {
    await rejects(open('app:none'), 'IMAGE_NOT_FOUND');
    const name = parseImageName('127.0.0.1:1/app');
    await rejects(openRegistryImage({ name, text: 'x' }, { signal, retryDelayMs: 1 }), 'SOURCE_UNAVAILABLE');
  });

  it('is not talked into an answer that is no manifest', async () => {
    registry.putManifest('text/html', '<html>welcome</html>', 'html');
    await rejects(open('app:html'), 'MANIFEST_INVALID');
  });
});

describe('openRegistryImage, where bytes are not what was asked for', () => {
  it('refuses a manifest with another digest than asked for, or than the header says', async () => {
    const digest = registry.putImage(amd64, '1');
    registry.intercept = (request, response) => {
      if (!request.url?.includes('/manifests/')) return false;
      response.writeHead(200, { 'content-type': manifestType, 'docker-content-digest': digest });
      response.end(arm64.manifest);
      return true;
    };
    await rejects(open(`app@${digest}`), 'BLOB_DIGEST_MISMATCH');
    await rejects(open('app:1'), 'BLOB_DIGEST_MISMATCH');
  });

  it('refuses a configuration with another digest', async () => {
    registry.putImage(amd64, '1');
    registry.intercept = (request, response) => {
      if (!request.url?.endsWith(amd64.configDigest)) return false;
      response.end(arm64.config);
      return true;
    };
    await rejects(open('app:1'), 'BLOB_DIGEST_MISMATCH');
  });

  it('stops reading a manifest that has no end', async () => {
    registry.intercept = (_, response) => {
      const more = () => {
        while (response.writable && response.write(Buffer.alloc(65536, ' ')));
      };
      response.on('drain', more);
      more();
      return true;
    };
    await rejects(open('app:1'), 'LIMIT_EXCEEDED');
  });

  it('stops a blob that is longer than declared', async () => {
    registry.putImage(amd64, '1');
    const source = await open('app:1');
    registry.intercept = (_, response) => response.end(Buffer.alloc(1 << 20)) !== undefined;
    const [blob] = await blobsOf(source);
    await rejects(read(blob!), 'BLOB_SIZE_MISMATCH');
  });
});

describe('openRegistryImage, where the connection is bad', () => {
  const big = assembleImage({ layers: [{ files: { big: randomBytes(300_000) } }] });

  async function bigBlob(options: RegistryOptions = {}): Promise<Blob> {
    registry.putImage(big, '1');
    const [blob] = await blobsOf(await open('app:1', options));
    return blob!;
  }

  it('goes on by Range where a blob was cut', async () => {
    const blob = await bigBlob();
    let cuts = 0;
    registry.intercept = (request, response) => {
      if (cuts === 2) return false;
      cuts++;
      const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const bytes = big.layers[0]!.bytes.subarray(start);
      const range =
        start === 0 ? {} : { 'content-range': `bytes ${start}-${start + bytes.length - 1}/${start + bytes.length}` };
      response.writeHead(start === 0 ? 200 : 206, { 'content-length': bytes.length, ...range });
      response.write(bytes.subarray(0, 100_000), () => setImmediate(() => response.destroy()));
      return true;
    };
    assert.equal(sha256(await read(blob)), blob.digest);
    const ranges = registry.requests.map(({ headers }) => headers.range).filter((range) => range !== undefined);
    assert.equal(ranges.length, 2);
  });

  it('goes on where a server ignores Range, and refuses another range than asked for', async () => {
    const blob = await bigBlob();
    const { bytes } = big.layers[0]!;
    let answers: (() => { status: number; headers?: Record<string, string> })[] = [];
    registry.intercept = (_, response) => {
      const { status, headers = {} } = answers.shift()!();
      response.writeHead(status, { 'content-length': bytes.length, ...headers });
      if (answers.length === 0) response.end(bytes);
      else response.write(bytes.subarray(0, 100_000), () => setImmediate(() => response.destroy()));
      return true;
    };
    answers = [() => ({ status: 200 }), () => ({ status: 200 })];
    assert.equal(sha256(await read(blob)), blob.digest);
    answers = [
      () => ({ status: 200 }),
      () => ({ status: 206, headers: { 'content-range': `bytes 0-${bytes.length - 1}/${bytes.length}` } }),
    ];
    await rejects(read(blob), 'BLOB_TRUNCATED');
  });

  it('gives up on a blob that is cut again and again', async () => {
    const blob = await bigBlob();
    const before = registry.requests.length;
    registry.intercept = (_, response) => {
      response.writeHead(200, { 'content-length': 300_000 });
      response.write('x', () => setImmediate(() => response.destroy()));
      return true;
    };
    await rejects(read(blob), 'BLOB_TRUNCATED');
    assert.equal(registry.requests.length - before, registryLimits.tries);
  });

  it('tries again after a 503, and tells of one that stays', async () => {
    registry.putImage(amd64, '1');
    let left = 2;
    registry.intercept = (_, response) => {
      if (left-- <= 0) return false;
      response.writeHead(503).end();
      return true;
    };
    assert.equal((await (await open('app:1')).images()).length, 1);
    left = Number.POSITIVE_INFINITY;
    await rejects(open('app:1'), 'SOURCE_UNAVAILABLE');
  });

  it('waits for a short Retry-After and reports a long one', async () => {
    registry.putImage(amd64, '1');
    let retryAfter = ['0'];
    registry.intercept = (_, response) => {
      const value = retryAfter.shift();
      if (value === undefined) return false;
      response.writeHead(429, { 'retry-after': value }).end();
      return true;
    };
    assert.equal((await (await open('app:1')).images()).length, 1);
    retryAfter = ['3600'];
    await assert.rejects(open('app:1'), (error: Error & { code: string; hint: string }) => {
      assert.equal(error.code, 'RATE_LIMITED');
      assert.match(error.hint, /3600 s/);
      return true;
    });
  });

  it('does not wait for a server that never answers, goes silent or trickles', async () => {
    const blob = await bigBlob({ idleTimeoutMs: 60 });
    registry.intercept = () => true;
    await rejects(read(blob), 'SOURCE_TIMEOUT');
    registry.intercept = (_, response) => response.writeHead(200).write('x');
    await rejects(read(blob), 'BLOB_TRUNCATED');
    registry.intercept = (_, response) => {
      const drip = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(drip));
      return true;
    };
    await rejects(open('app:1', { idleTimeoutMs: 60 }), 'SOURCE_TIMEOUT');
  });

  it('does not take a reader that is slow for a silent server', async () => {
    const blob = await bigBlob({ idleTimeoutMs: 40 });
    let size = 0;
    for await (const chunk of await blob.open(signal)) {
      if (size === 0) await new Promise((resolve) => setTimeout(resolve, 100));
      size += chunk.length;
    }
    assert.equal(size, blob.sizeBytes);
  });

  it('ends when the scan is aborted', async () => {
    const abort = new AbortController();
    const blob = await bigBlob();
    registry.intercept = (_, response) => {
      response.writeHead(200, { 'content-length': 300_000 });
      response.write('x', () => abort.abort());
      return true;
    };
    const drain = async () => {
      for await (const _ of await blob.open(abort.signal));
    };
    await assert.rejects(drain(), { name: 'AbortError' });
  });
});

describe('openRegistryImage, where it is sent elsewhere', () => {
  let elsewhere: Server;
  let seen: Record<string, unknown>[];
  let origin: string;

  beforeEach(async () => {
    seen = [];
    elsewhere = createServer((request, response) => {
      seen.push(request.headers);
      response.end(amd64.layers.find(({ digest }) => request.url?.endsWith(digest))?.bytes);
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    elsewhere.closeAllConnections();
    elsewhere.close();
  });

  it('follows a redirect of a blob without Authorization', async () => {
    registry.putImage(amd64, '1');
    const credentials = { username: 'u', password: randomBytes(8).toString('hex') };
    registry.intercept = (request, response) => {
      if (request.headers.authorization === undefined)
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' });
      else if (amd64.layers.some(({ digest }) => request.url?.endsWith(digest)))
        response.writeHead(307, { location: `${origin}${request.url}` });
      else return false;
      response.end();
      return true;
    };
    const [blob] = await blobsOf(await open('app:1', { credentials }));
    assert.equal(sha256(await read(blob!)), blob!.digest);
    assert.equal(seen.length, 1);
    assert.equal(seen[0]?.['authorization'], undefined);
  });

  it('ends a chain of redirects', async () => {
    registry.intercept = (request, response) => {
      response.writeHead(302, { location: `${request.url}x` }).end();
      return true;
    };
    await rejects(open('app:1'), 'SOURCE_UNAVAILABLE');
    assert.equal(registry.requests.length, 6);
  });

  it('does not follow to another protocol', async () => {
    registry.intercept = (_, response) => {
      response.writeHead(302, { location: 'file:///etc/passwd' }).end();
      return true;
    };
    await rejects(open('app:1'), 'SOURCE_UNAVAILABLE');
  });
});

describe('openRegistryImage, where the registry wants to know who asks', () => {
  const credentials = { username: 'robot', password: randomBytes(8).toString('hex') };
  const basic = `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;

  function demand(challenge: string, accepts: (authorization: string) => boolean): void {
    registry.intercept = (request, response) => {
      if (request.url?.startsWith('/token')) return false;
      if (accepts(request.headers.authorization ?? '')) return false;
      response.writeHead(401, { 'www-authenticate': challenge }).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
      return true;
    };
  }

  it('sends a name and password once they are asked for, and never in a message', async () => {
    registry.putImage(amd64, '1');
    demand('Basic realm="r"', (authorization) => authorization === basic);
    assert.equal((await (await open('app:1', { credentials })).images()).length, 1);
    assert.equal(registry.requests[0]?.headers.authorization, undefined);
    await rejects(open('app:1'), 'AUTH_DENIED');
    await assert.rejects(
      open('app:1', { credentials: { ...credentials, password: 'wrong-password' } }),
      (error: Error) => {
        assert.doesNotMatch(JSON.stringify({ ...error, message: error.message }), /wrong-password|d3Jvbmct/);
        return true;
      },
    );
  });

  it('fetches a token, with and without a password, and a new one when it has run out', async () => {
    registry.putImage(amd64, '1');
    let issued = 0;
    const asked: (string | undefined)[] = [];
    demand(
      `Bearer realm="http://${registry.host}/token",service="s",scope="repository:app:pull"`,
      (authorization) => authorization === `Bearer t${issued}` && issued > 0,
    );
    const guard = registry.intercept!;
    registry.intercept = (request, response) => {
      if (!request.url?.startsWith('/token')) return guard(request, response);
      assert.equal(new URL(request.url, 'http://x').searchParams.get('scope'), 'repository:app:pull');
      asked.push(request.headers.authorization);
      issued++;
      return response.end(JSON.stringify({ [issued % 2 ? 'token' : 'access_token']: `t${issued}` })) !== undefined;
    };
    const source = await open('app:1');
    assert.deepEqual(asked, [undefined]);
    issued++;
    for (const blob of await blobsOf(source)) assert.equal(sha256(await read(blob)), blob.digest);
    assert.equal(asked.length, 2);
    await open('app:1', { credentials });
    assert.equal(asked.at(-1), basic);
  });

  it('says that it was refused where a token does not help', async () => {
    demand(`Bearer realm="http://${registry.host}/token"`, () => false);
    const guard = registry.intercept!;
    registry.intercept = (request, response) =>
      request.url?.startsWith('/token') ? response.end('{"token":"t"}') !== undefined : guard(request, response);
    await rejects(open('app:1'), 'AUTH_DENIED');
  });

  it('asks no token of a server that is no web address, and takes none that is no token', async () => {
    for (const realm of ['file:///etc/passwd', 'nonsense', '']) {
      demand(`Bearer realm="${realm}"`, () => false);
      await rejects(open('app:1'), 'AUTH_DENIED');
    }
    demand(`Bearer realm="http://${registry.host}/token"`, () => false);
    const guard = registry.intercept!;
    registry.intercept = (request, response) =>
      request.url?.startsWith('/token')
        ? response.end('{"token":"a b\\r\\nX: y"}') !== undefined
        : guard(request, response);
    await rejects(open('app:1'), 'AUTH_DENIED');
  });
});
