import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import dns from 'node:dns';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { parseImageName } from '../../src/oci/reference.ts';
import type { RegistryOptions } from '../../src/source/registry/options.ts';
import { openRegistryImage } from '../../src/source/registry.ts';
import { assembleImage } from '../support/build-image.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { startWitness, type Witness } from '../support/witness.ts';

const signal = new AbortController().signal;
const image = assembleImage({ layers: [{ files: { a: randomBytes(200_000) } }], tags: ['app:1'] });
const blob = image.layers[0]!;

/** What must not be seen where it does not belong: each secret is one of a kind. */
const canary = (name: string): string => `canary-${name}-${randomBytes(12).toString('hex')}`;
const password = canary('password');
const tokenGiven = canary('bearer');
const refresh = canary('refresh');
const foreign = canary('foreign');
const all = [password, tokenGiven, refresh, foreign];

let registry: FakeRegistry;
let elsewhere: Witness;
let witnesses: Witness[];
let home: string;

/** Closed after the test, however it ends. */
async function witness(answer: Parameters<typeof startWitness>[0]): Promise<Witness> {
  const started = await startWitness(answer);
  witnesses.push(started);
  return started;
}

beforeEach(async () => {
  witnesses = [];
  registry = await startFakeRegistry();
  registry.putImage(image, '1');
  elsewhere = await witness((_, response) => response.end(blob.bytes));
  home = mkdtempSync(join(tmpdir(), 'wl-canary-'));
  mkdirSync(join(home, '.docker'));
});
afterEach(async () => {
  await Promise.all([registry, ...witnesses].map((server) => server.close()));
  rmSync(home, { recursive: true });
});

/** Credentials for the registry, and others for everybody else, as in a config.json with many logins. */
function login(entry: object): void {
  const auth = (secret: string) => ({ auth: Buffer.from(`me:${secret}`).toString('base64') });
  const auths = {
    [registry.host]: entry,
    [elsewhere.host]: auth(foreign),
    [`${registry.host}/other`]: auth(foreign),
    '127.0.0.1': auth(foreign),
    'docker.io': auth(foreign),
  };
  writeFileSync(join(home, '.docker/config.json'), JSON.stringify({ auths }));
}

const withPassword = { username: 'me', password };

function open(options: RegistryOptions = {}, ref = 'team/app:1') {
  const text = `${registry.host}/${ref}`;
  return openRegistryImage(
    { name: parseImageName(text), text },
    { signal, env: {}, home, etc: '/nonexistent', retryDelayMs: 1, referrers: false, ...options },
  );
}

async function readAll(options: RegistryOptions = {}): Promise<Buffer[]> {
  const source = await open(options);
  const contents: Buffer[] = [];
  try {
    for await (const { open } of source.blobs(signal)) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of await open(signal)) chunks.push(Buffer.from(chunk));
      contents.push(Buffer.concat(chunks));
    }
  } finally {
    await source.close();
  }
  return contents;
}

/** Makes the registry want what `challenge` says until it gets an Authorization that `accepts` takes. */
function demand(challenge: string, accepts: (authorization: string) => boolean, redirect?: string): void {
  registry.intercept = (request, response) => {
    if (!accepts(request.headers.authorization ?? '')) {
      response.writeHead(401, { 'www-authenticate': challenge }).end();
      return true;
    }
    if (redirect === undefined || !request.url?.endsWith(blob.digest)) return false;
    response.writeHead(307, { location: redirect }).end();
    return true;
  };
}

const isBasic = (authorization: string): boolean => authorization.startsWith('Basic ');
const isToken = (authorization: string): boolean => authorization === `Bearer ${tokenGiven}`;

function sees(text: string, ...expected: readonly string[]): void {
  assert.deepEqual(
    all.filter((secret) => text.includes(secret)),
    expected,
  );
}

const textOf = ({ requests }: FakeRegistry): string =>
  requests
    .map((request) => {
      const given = (request.headers.authorization ?? '').replace(/^\w+ /, '');
      return JSON.stringify(request) + Buffer.from(given, 'base64').toString();
    })
    .join('\n');

describe('Credentials of a registry', () => {
  it('do not go to where a layer is redirected, and those of that host do not either', async () => {
    login(withPassword);
    demand('Basic realm="r"', isBasic, `http://${elsewhere.host}/blob?sig=1`);
    assert.deepEqual(await readAll(), [blob.bytes]);
    sees(textOf(registry), password);
    assert.equal(elsewhere.seen.length, 1);
    assert.equal(elsewhere.seen[0]?.path, '/blob?sig=1');
    sees(elsewhere.text());
  });

  it('are sent to the token server the registry names, and the token to the registry alone', async () => {
    const tokens = await witness((_, response) => response.end(JSON.stringify({ token: tokenGiven })));
    login(withPassword);
    demand(`Bearer realm="http://${tokens.host}/t?x=1",service="s"`, isToken, `http://${elsewhere.host}/blob`);
    assert.deepEqual(await readAll(), [blob.bytes]);
    sees(textOf(registry), tokenGiven);
    sees(tokens.text(), password);
    sees(elsewhere.text());
    assert.doesNotMatch(tokens.seen.map(({ path }) => path).join(), new RegExp(password));
  });

  it('ask for a right to pull, whatever the registry would have us ask for', async () => {
    const tokens = await witness((_, response) => response.end(JSON.stringify({ token: tokenGiven })));
    login(withPassword);
    const scope = 'repository:team/app:pull,push,delete repository:other:5000/x:* registry:catalog:*';
    demand(`Bearer realm="http://${tokens.host}/t",scope="${scope}"`, isToken);
    await (await open()).close();
    const asked = new URL(tokens.seen[0]?.path ?? '', 'http://x').searchParams.get('scope');
    assert.equal(asked, 'repository:team/app:pull repository:other:5000/x:pull registry:catalog:*');
  });

  it('that are a refresh token go into the body of a POST, which is not redirected', async () => {
    const tokens = await witness(({ path }, response) =>
      path === '/away'
        ? response.writeHead(307, { location: `http://${elsewhere.host}/steal` }).end()
        : response.end(JSON.stringify({ access_token: tokenGiven })),
    );
    login({ identitytoken: refresh });
    demand(`Bearer realm="http://${tokens.host}/t",service="s"`, isToken);
    await readAll();
    const [asked] = tokens.seen;
    assert.equal(asked?.method, 'POST');
    assert.equal(new URLSearchParams(asked.body).get('refresh_token'), refresh);
    assert.doesNotMatch(asked.path, /refresh/);
    demand(`Bearer realm="http://${tokens.host}/away",service="s"`, isToken);
    await assert.rejects(open());
    sees(elsewhere.text());
    assert.equal(elsewhere.seen.length, 0);
  });

  it('do not follow a token server that redirects', async () => {
    const tokens = await witness((_, response) =>
      response.writeHead(302, { location: `http://${elsewhere.host}/steal` }).end(),
    );
    login(withPassword);
    demand(`Bearer realm="http://${tokens.host}/t"`, isToken);
    await assert.rejects(open(), { code: 'AUTH_DENIED' });
    sees(elsewhere.text());
  });

  it('that are a bearer token go to the registry as they are, whatever realm it names', async () => {
    login({ registrytoken: tokenGiven });
    demand(`Bearer realm="http://${elsewhere.host}/t"`, isToken);
    await readAll();
    sees(textOf(registry), tokenGiven);
    assert.equal(elsewhere.seen.length, 0);
  });

  it('are not asked for by a host the registry redirects to', async () => {
    const asking = await witness((_, response) =>
      response
        .writeHead(401, { 'www-authenticate': `Bearer realm="http://${elsewhere.host}/t", Basic realm="x"` })
        .end(),
    );
    login(withPassword);
    demand('Basic realm="r"', isBasic, `http://${asking.host}/blob`);
    await assert.rejects(readAll(), { code: 'AUTH_DENIED' });
    sees(asking.text());
    assert.equal(asking.seen.length, 1);
    assert.equal(elsewhere.seen.length, 0);
  });

  it('are not sent before the registry asks, nor where it does not', async () => {
    login(withPassword);
    await readAll();
    sees(textOf(registry));
  });

  it('are those of the longest path that holds the repository', async () => {
    login(withPassword);
    demand('Basic realm="r"', isBasic);
    await (await open()).close();
    sees(textOf(registry), password);
    await assert.rejects(open({}, 'other/app:2'), { code: 'IMAGE_NOT_FOUND' });
    sees(textOf(registry), password, foreign);
  });

  it('of the command line do not go to a mirror, and the mirror gets its own', async () => {
    demand('Basic realm="r"', isBasic);
    const mirror = await witness((_, response) =>
      response.writeHead(401, { 'www-authenticate': 'Basic realm="m"' }).end(),
    );
    const conf = `[[registry]]\nlocation = "${registry.host}"\n[[registry.mirror]]\nlocation = "${mirror.host}/m"\n`;
    mkdirSync(join(home, '.config/containers'), { recursive: true });
    writeFileSync(join(home, '.config/containers/registries.conf'), conf);
    await readAll({ credentials: withPassword });
    assert.ok(mirror.seen.length > 0);
    sees(mirror.text());
    const auths = { [mirror.host]: { username: 'me', password: foreign } };
    writeFileSync(join(home, '.docker/config.json'), JSON.stringify({ auths }));
    await readAll({ credentials: withPassword });
    sees(mirror.text(), foreign);
    sees(textOf(registry), password);
  });

  it('are in no error, whoever repeats them', async () => {
    login(withPassword);
    for (const status of [400, 401, 403, 404, 429, 500]) {
      registry.intercept = (request, response) => {
        const { authorization } = request.headers;
        const echo = Buffer.from((authorization ?? '').replace(/^\w+ /, ''), 'base64').toString() || 'NONE';
        const errors = [{ code: echo.toUpperCase(), message: echo }];
        response.writeHead(authorization === undefined ? 401 : status, echo, {
          'www-authenticate': `Basic realm="${echo}"`,
          'retry-after': '9999',
        });
        return response.end(JSON.stringify({ errors })) !== undefined;
      };
      await assert.rejects(open(), (error: Error & { hint?: string }) => {
        sees(`${error.stack} ${JSON.stringify(error)} ${error.hint}`.toLowerCase());
        return true;
      });
    }
  });
});

describe('A registry', () => {
  const near = ['169.254.169.254', 'metadata.test', '[fe80::1]', '[fd00:ec2::254]', '0xa9fea9fe'];

  /** Names of the test's own, as somebody's DNS may have them. */
  async function withNames(names: Record<string, string>, run: () => Promise<void>): Promise<void> {
    const { lookup } = dns;
    const fake = (name: string, options: object, done: (...result: unknown[]) => void) => {
      const address = names[name];
      if (address === undefined) return lookup(name, options, done as never);
      return done(null, [{ address, family: 4 }]);
    };
    dns.lookup = fake as never;
    syncBuiltinESMExports();
    try {
      await run();
    } finally {
      dns.lookup = lookup;
      syncBuiltinESMExports();
    }
  }

  it('on this machine does not send us to the metadata service of a cloud, by realm or redirect', async () => {
    await withNames({ 'metadata.test': '169.254.169.254' }, async () => {
      for (const host of near) {
        login(withPassword);
        demand(`Bearer realm="http://${host}/latest",service="s"`, isToken);
        await assert.rejects(open(), { code: 'SOURCE_UNAVAILABLE' }, host);
        demand('Basic realm="r"', isBasic, `http://${host}/latest`);
        await assert.rejects(readAll(), { code: 'SOURCE_UNAVAILABLE' }, host);
      }
    });
  });

  it('may send us to a name that is as near as itself', async () => {
    login(withPassword);
    await withNames({ 'blobs.test': '127.0.0.1' }, async () => {
      demand('Basic realm="r"', isBasic, `http://blobs.test:${elsewhere.host.split(':')[1]}/blob`);
      assert.deepEqual(await readAll(), [blob.bytes]);
    });
    sees(elsewhere.text());
  });

  it('gets a new token in the middle of a layer, and is asked for the rest alone', async () => {
    let valid = 0;
    const tokens = await witness((_, response) => response.end(JSON.stringify({ token: `t${++valid}` })));
    const ranges: (string | undefined)[] = [];
    registry.intercept = (request, response) => {
      if (request.headers.authorization !== `Bearer t${valid}` || valid === 0) {
        response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${tokens.host}/t"` }).end();
        return true;
      }
      if (!request.url?.endsWith(blob.digest)) return false;
      ranges.push(request.headers.range);
      if (ranges.length > 1) return false;
      // Half of it comes, then the connection ends; what we have as a token is no good any more.
      response.writeHead(200, { 'content-length': blob.bytes.length });
      response.write(blob.bytes.subarray(0, 100_000), () => {
        valid++;
        setImmediate(() => response.destroy());
      });
      return true;
    };
    assert.deepEqual(await readAll(), [blob.bytes]);
    assert.equal(ranges.length, 2);
    assert.match(ranges[1] ?? '', /^bytes=[1-9]\d*-$/);
    assert.equal(tokens.seen.length, 2);
  });
});
