import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { ScanError } from '../../src/errors.ts';
import { parseImageName } from '../../src/oci/reference.ts';
import { backoffOf } from '../../src/source/registry/failure.ts';
import type { RegistryOptions } from '../../src/source/registry/options.ts';
import { describeRateLimit, isNearlyUsedUp, parseRateLimit } from '../../src/source/registry/rate-limit.ts';
import { openRegistryImage } from '../../src/source/registry.ts';
import type { ImageSource } from '../../src/source/source.ts';
import { assembleImage } from '../support/build-image.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { startWitness, type Witness } from '../support/witness.ts';

const signal = new AbortController().signal;
const image = assembleImage({ layers: [{ files: { a: randomBytes(50_000) } }], tags: ['app:1'] });
const blob = image.layers[0]!;

let registry: FakeRegistry;
beforeEach(async () => {
  registry = await startFakeRegistry();
});
afterEach(() => registry.close());

async function withImage<T>(options: RegistryOptions, use: (source: ImageSource) => Promise<T>): Promise<T> {
  const text = `${registry.host}/team/app:1`;
  const fixed = { signal, env: {}, home: '/nonexistent', etc: '/nonexistent', retryDelayMs: 1, referrers: false };
  const source = await openRegistryImage({ name: parseImageName(text), text }, { ...fixed, ...options });
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}

describe('The rate limit of a registry', () => {
  const headers = { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '7;w=21600' };

  it('is read from the headers of Docker Hub', () => {
    const limit = { limit: 100, remaining: 7, windowSeconds: 21600 };
    assert.deepEqual(parseRateLimit(headers), limit);
    assert.equal(parseRateLimit({ ...headers, 'docker-ratelimit-source': '192.0.2.1' })?.byAddress, true);
    assert.equal(parseRateLimit({ ...headers, 'docker-ratelimit-source': '2001:db8::1' })?.byAddress, true);
    const account = '6d1b2a8e-0000-4000-8000-000000000000';
    assert.equal(parseRateLimit({ ...headers, 'docker-ratelimit-source': account })?.byAddress, false);
    assert.equal(describeRateLimit({ ...limit, byAddress: true }), '7 of 100 pulls in 6 h are left for this address.');
    assert.equal(isNearlyUsedUp(limit), true);
    assert.equal(isNearlyUsedUp({ ...limit, remaining: 11 }), false);
    for (const value of ['', 'many', '-1', '9'.repeat(30)]) {
      assert.equal(parseRateLimit({ ...headers, 'ratelimit-limit': value }), undefined, value);
    }
    assert.equal(parseRateLimit({}), undefined);
  });

  it('is told when little is left, and when nothing is', async () => {
    registry.putImage(image, '1');
    let remaining = 50;
    registry.intercept = (request, response) => {
      if (!request.url?.includes('/manifests/')) return false;
      response.setHeader('ratelimit-limit', '100;w=21600').setHeader('ratelimit-remaining', `${remaining};w=21600`);
      if (remaining > 0) return false;
      response.writeHead(429, { 'retry-after': '3600' }).end();
      return true;
    };
    const codes = () => withImage({}, async (source) => source.diagnostics().map(({ code, effect }) => [code, effect]));
    assert.deepEqual(await codes(), []);
    remaining = 7;
    assert.deepEqual(await codes(), [['RATE_LIMITED', 'notice']]);
    remaining = 0;
    await assert.rejects(codes(), ({ code, message, hint }: ScanError) => {
      assert.equal(code, 'RATE_LIMITED');
      assert.match(message, /0 of 100 pulls in 6 h/);
      assert.match(hint ?? '', /3600 s/);
      return true;
    });
  });
});

describe('backoffOf', () => {
  it('doubles, and is spread', () => {
    for (const [tried, base] of [
      [1, 100],
      [2, 200],
      [4, 800],
    ] as const) {
      const waits = Array.from({ length: 200 }, () => backoffOf(100, tried));
      assert.ok(Math.min(...waits) >= base / 2 && Math.max(...waits) <= base * 1.5);
      assert.ok(new Set(waits).size > 100);
    }
  });
});

describe('A layer that a registry leaves out', () => {
  let holder: Witness | undefined;
  afterEach(() => holder?.close());

  const type = 'application/vnd.oci.image.layer.nondistributable.v1.tar';

  function putForeign(urls: readonly string[]): void {
    registry.putBlob(image.config);
    const manifest = JSON.parse(Buffer.from(image.manifest).toString());
    manifest.layers = manifest.layers.map((layer: object) => ({ ...layer, mediaType: type, urls }));
    registry.putManifest('application/vnd.oci.image.manifest.v1+json', JSON.stringify(manifest), '1');
  }

  const read = (options: RegistryOptions): Promise<Buffer> =>
    withImage(options, async (source) => {
      const chunks: Uint8Array[] = [];
      for await (const { open } of source.blobs(signal)) {
        for await (const chunk of await open(signal)) chunks.push(Buffer.from(chunk));
      }
      return Buffer.concat(chunks);
    });

  it('is fetched from where its descriptor says, as nobody, if the user wants it', async () => {
    holder = await startWitness(({ path }, response) =>
      path === '/layer' ? response.end(blob.bytes) : response.writeHead(404).end(),
    );
    putForeign([`ftp://${holder.host}/layer`, `http://${holder.host}/gone`, `http://me:pw@${holder.host}/layer`]);
    registry.intercept = (request, response) => {
      if (request.headers.authorization !== undefined) return false;
      response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
      return true;
    };
    const credentials = { username: 'me', password: 'registry-password' };
    await assert.rejects(read({ credentials }), ({ code, message }: ScanError) => {
      assert.equal(code, 'BLOB_MISSING');
      assert.match(message, /--foreign-layers/);
      return true;
    });
    assert.equal(holder.seen.length, 0);
    assert.deepEqual(await read({ credentials, foreignLayers: true }), blob.bytes);
    assert.deepEqual(
      holder.seen.map(({ path, headers }) => [path, headers.authorization]),
      [
        ['/gone', undefined],
        ['/layer', undefined],
      ],
    );
  });

  it('is not looked for where a registry must not send us', async () => {
    putForeign(['http://169.254.169.254/layer', 'nonsense']);
    await assert.rejects(read({ foreignLayers: true }), { code: 'SOURCE_UNAVAILABLE' });
    putForeign(['file:///etc/passwd']);
    await assert.rejects(read({ foreignLayers: true }), { code: 'BLOB_MISSING' });
  });

  it('is taken from the registry where it has it', async () => {
    putForeign([`http://127.0.0.1:9/layer`]);
    registry.putBlob(blob.bytes);
    assert.deepEqual(await read({}), blob.bytes);
  });
});

describe('checkPublic', () => {
  const check = (options: RegistryOptions = {}) =>
    withImage(options, async (source) => {
      const [record] = await source.images();
      const before = registry.requests.length;
      const told = await source.checkPublic?.(record!.manifestDigest!, signal);
      return { told, asked: registry.requests.slice(before) };
    });

  it('asks once, by HEAD, as nobody', async () => {
    registry.putImage(image, '1');
    const methods: (string | undefined)[] = [];
    registry.intercept = (request) => {
      methods.push(request.method);
      return false;
    };
    const { told, asked } = await check({ credentials: { username: 'me', password: 'p' } });
    assert.equal(told?.public, 'yes');
    assert.equal(told.registry, registry.host);
    assert.equal(asked.length, 1);
    assert.equal(asked[0]?.headers.authorization, undefined);
    assert.equal(methods.at(-1), 'HEAD');
  });

  it('tells what is refused to nobody, and does not know what fails', async () => {
    registry.putImage(image, '1');
    for (const [status, expected] of [
      [401, 'no'],
      [403, 'no'],
      [404, 'no'],
      [405, 'unknown'],
      [500, 'unknown'],
    ] as const) {
      registry.intercept = (request, response) => {
        if (request.method !== 'HEAD') return false;
        response.writeHead(status).end();
        return true;
      };
      assert.equal((await check()).told?.public, expected, String(status));
    }
  });
});
