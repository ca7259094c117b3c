import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { ScanError } from '../../src/errors.ts';
import { parseImageName } from '../../src/oci/reference.ts';
import { proxyFor } from '../../src/source/registry/proxy.ts';
import { surroundingsOf } from '../../src/source/registry/surroundings.ts';
import { Transport } from '../../src/source/registry/transport.ts';
import { openRegistryImage } from '../../src/source/registry.ts';
import { createAuthority, createSigned } from '../support/certificates.ts';
import { requireTools } from '../support/real/tool.ts';

const signal = new AbortController().signal;

describe('proxyFor', () => {
  const proxyOf = (url: string, env: Record<string, string>) => proxyFor(new URL(url), env)?.url.host;

  it('takes the proxy of the scheme, upper case first, and ALL_PROXY for what has none', () => {
    const env = { HTTP_PROXY: 'http://plain:1', https_proxy: 'secure:2', ALL_PROXY: 'http://all:3' };
    assert.equal(proxyOf('http://r.corp/', env), 'plain:1');
    assert.equal(proxyOf('https://r.corp/', env), 'secure:2');
    assert.equal(proxyOf('https://r.corp/', { ...env, HTTPS_PROXY: 'https://upper:4' }), 'upper:4');
    assert.equal(proxyOf('https://r.corp/', { ALL_PROXY: 'http://all:3' }), 'all:3');
    assert.equal(proxyOf('https://r.corp/', { HTTP_PROXY: 'http://plain:1' }), undefined);
    assert.equal(proxyOf('https://r.corp/', { HTTPS_PROXY: ' ' }), undefined);
  });

  it('does not believe HTTP_PROXY in a CGI program', () => {
    const env = { HTTP_PROXY: 'http://evil:1', REQUEST_METHOD: 'GET' };
    assert.equal(proxyOf('http://r.corp/', env), undefined);
    assert.equal(proxyOf('http://r.corp/', { ...env, http_proxy: 'http://good:2' }), 'good:2');
  });

  it('goes straight to the loopback', () => {
    const env = { HTTP_PROXY: 'http://p:1', HTTPS_PROXY: 'http://p:1' };
    for (const host of ['localhost', 'localhost:5000', '127.0.0.1', '127.8.8.8', '[::1]']) {
      assert.equal(proxyOf(`http://${host}/`, env), undefined, host);
    }
  });

  it("reads NO_PROXY as Go's httpproxy does", () => {
    const isDirect = (list: string, url: string): boolean =>
      proxyOf(url, { HTTPS_PROXY: 'http://p:1', NO_PROXY: list }) === undefined;
    const direct: Record<string, string[]> = {
      '*': ['https://anything/'],
      'corp.example': ['https://corp.example/', 'https://r.corp.example:5000/', 'https://CORP.example/'],
      '.corp.example': ['https://r.corp.example/'],
      '*.corp.example': ['https://r.corp.example/'],
      ' a.example , corp.example:5000': ['https://r.corp.example:5000/', 'https://a.example/'],
      'corp.example:443': ['https://corp.example/'],
      '10.0.0.0/8': ['https://10.1.2.3/', 'https://10.1.2.3:5000/'],
      '192.0.2.7': ['https://192.0.2.7/'],
      '192.0.2.7:5000': ['https://192.0.2.7:5000/'],
      '2001:db8::/32': ['https://[2001:db8::1]/'],
      '2001:db8::1': ['https://[2001:db8:0:0::1]/'],
      '[2001:db8::1]:5000': ['https://[2001:db8::1]:5000/'],
    };
    const proxied: Record<string, string[]> = {
      '': ['https://corp.example/'],
      ',': ['https://corp.example/'],
      'corp.example': ['https://xcorp.example/', 'https://corp.example.evil.example/'],
      '.corp.example': ['https://corp.example/'],
      'corp.example:5000': ['https://corp.example/', 'https://corp.example:50000/'],
      '10.0.0.0/8': ['https://11.0.0.1/', 'https://10.corp.example/'],
      '10.0.0.0/99': ['https://10.0.0.1/'],
      '192.0.2.7': ['https://192.0.2.70/', 'https://x192.0.2.7.example/'],
      '2001:db8::/32': ['https://[2001:db9::1]/', 'https://32.1.13.184/'],
    };
    for (const [list, urls] of Object.entries(direct))
      for (const url of urls) assert.ok(isDirect(list, url), `${list} ${url}`);
    for (const [list, urls] of Object.entries(proxied))
      for (const url of urls) assert.ok(!isDirect(list, url), `${list} ${url}`);
  });

  it('takes user and password out of the address', () => {
    const proxy = proxyFor(new URL('http://r.corp/'), { HTTP_PROXY: 'http://me:p%40ss@p:1' });
    assert.equal(proxy?.url.href, 'http://p:1/');
    assert.equal(proxy.authorization, `Basic ${btoa('me:p@ss')}`);
  });

  it('says which variable names what is no proxy we can use, without its password', () => {
    for (const text of ['socks5://me:secret-word@p:1', 'http://me:secret-word@', 'ftp://me:secret-word@p']) {
      assert.throws(
        () => proxyFor(new URL('http://r.corp/'), { HTTP_PROXY: text }),
        ({ code, message, hint }: ScanError) => {
          assert.equal(code, 'CONFIG_INVALID');
          assert.match(message, /HTTP_PROXY/);
          assert.doesNotMatch(`${message} ${hint}`, /secret-word/);
          return true;
        },
      );
    }
  });
});

describe('A proxy', () => {
  const login = `Basic ${btoa('me:proxy-password')}`;
  const registryPassword = randomBytes(9).toString('hex');
  let folder: string;
  let caFile: string;
  let proxy: Server;
  let registry: TlsServer;
  let plain: Server;
  const atProxy: { what: string; headers: object }[] = [];
  const atRegistry: object[] = [];

  before(async function () {
    requireTools(this, 'openssl');
    folder = mkdtempSync(join(tmpdir(), 'wl-proxy-'));
    const authority = createAuthority(folder);
    caFile = authority.certFile;
    const { cert, key } = createSigned(authority, folder, 'server', 'registry.test');
    registry = createTlsServer({ cert, key }, (request, response) => {
      atRegistry.push(request.headers);
      response.writeHead(request.headers.authorization === undefined ? 401 : 404, {
        'www-authenticate': 'Basic realm="r"',
        'content-length': 0,
      });
      response.end();
    });
    plain = createServer((request, response) => {
      atRegistry.push(request.headers);
      response.end('plain');
    });
    proxy = createServer((request, response) => {
      atProxy.push({ what: `${request.method} ${request.url}`, headers: request.headers });
      if (request.headers['proxy-authorization'] !== login) return response.writeHead(407).end();
      const { 'proxy-authorization': _, ...headers } = request.headers;
      // The name is the test's own: every plain registry is ours.
      const onward = httpRequest({ host: '127.0.0.1', port: portOf(plain), path: request.url, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.pipe(response);
      });
      return onward.end();
    });
    proxy.on('connect', (request, socket) => {
      atProxy.push({ what: `CONNECT ${request.url}`, headers: request.headers });
      if (request.headers['proxy-authorization'] !== login) {
        return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      }
      const server = request.url === 'registry.test:443' ? registry : plain;
      const onward = connect(portOf(server), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      onward.on('error', () => socket.destroy());
      return socket.on('error', () => onward.destroy());
    });
    for (const server of [proxy, registry, plain]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    }
  });
  after(() => {
    for (const server of [proxy, registry, plain]) {
      server?.closeAllConnections();
      server?.close();
    }
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    atProxy.length = 0;
    atRegistry.length = 0;
  });

  const portOf = (server: Server | TlsServer): number => (server.address() as AddressInfo).port;
  const variables = (user = 'me:proxy-password@') => ({
    HTTPS_PROXY: `http://${user}127.0.0.1:${portOf(proxy)}`,
    HTTP_PROXY: `http://${user}127.0.0.1:${portOf(proxy)}`,
  });

  function open(env: Record<string, string>, insecureRegistries: string[] = [], host = 'registry.test') {
    const text = `${host}/team/app:1`;
    return openRegistryImage(
      { name: parseImageName(text), text },
      {
        signal,
        env,
        home: '/nonexistent',
        etc: '/nonexistent',
        retryDelayMs: 1,
        caFiles: [caFile],
        insecureRegistries,
        credentials: { username: 'me', password: registryPassword },
      },
    );
  }

  it('carries TLS to a registry, and neither sees what is meant for the other', async () => {
    // The registry has no such image; that it says so is enough.
    await assert.rejects(open(variables()), { code: 'IMAGE_NOT_FOUND' });
    assert.deepEqual([...new Set(atProxy.map(({ what }) => what))], ['CONNECT registry.test:443']);
    assert.doesNotMatch(JSON.stringify(atProxy), new RegExp(`${registryPassword}|${btoa(`me:${registryPassword}`)}`));
    assert.ok(atRegistry.length >= 2);
    assert.doesNotMatch(JSON.stringify(atRegistry), /proxy-/i);
  });

  it('is kept for several requests', async () => {
    await assert.rejects(open(variables()), { code: 'IMAGE_NOT_FOUND' });
    assert.equal(atProxy.length, 1);
  });

  it('that wants a password is told apart from the registry', async () => {
    await assert.rejects(open(variables('')), ({ code, message, hint }: ScanError) => {
      assert.equal(code, 'SOURCE_UNAVAILABLE');
      assert.match(message, /proxy 127\.0\.0\.1:\d+ answered 407/);
      assert.match(hint ?? '', /user:password@/);
      return true;
    });
    assert.equal(atRegistry.length, 0);
  });

  it('that is not there is named without its password', async () => {
    const env = { HTTPS_PROXY: 'http://me:proxy-password@127.0.0.1:9' };
    await assert.rejects(open(env), ({ message, hint, stack }: ScanError) => {
      assert.match(message, /proxy 127\.0\.0\.1:9/);
      assert.doesNotMatch(`${message}${hint}${stack}`, /proxy-password/);
      return true;
    });
  });

  it('is passed by where NO_PROXY says so', async () => {
    const env = { ...variables(), NO_PROXY: 'registry.test' };
    await assert.rejects(open(env), { code: 'SOURCE_UNAVAILABLE' });
    assert.equal(atProxy.length, 0);
  });

  it('leads to an insecure registry, which is asked by TLS first', async () => {
    const host = 'registry.test:5000';
    const asked = () => [...new Set(atProxy.map(({ what }) => what.replace(/manifests.*/, '…')))];
    for (const list of [[], ['registry.test:5001'], ['other.test']]) {
      await assert.rejects(open(variables(), list, host), { code: 'SOURCE_UNAVAILABLE' });
      assert.deepEqual(asked(), ['CONNECT registry.test:5000']);
    }
    for (const list of [[host], ['registry.test']]) {
      // What answers there is no registry.
      await assert.rejects(open(variables(), list, host), { code: 'MANIFEST_INVALID' });
      assert.deepEqual(asked(), ['CONNECT registry.test:5000', `GET http://${host}/v2/team/app/…`]);
    }
  });

  it('carries plain HTTP, and its password goes no further', async () => {
    const around = surroundingsOf({ env: variables(), home: '/nonexistent', etc: '/nonexistent' });
    const transport = new Transport('http://registry.test:5000', { timeoutMs: 2000, around });
    const url = new URL('http://registry.test:5000/v2/?a=b');
    const { status, body } = await transport.send({ url, headers: {}, signal });
    body.resume();
    assert.equal(status, 200);
    assert.equal(atProxy[0]?.what, 'GET http://registry.test:5000/v2/?a=b');
    assert.deepEqual((atRegistry[0] as { host: string }).host, 'registry.test:5000');
    // What is named by an address is refused before a proxy is asked for it.
    for (const host of ['169.254.169.254', 'localhost', '10.0.0.1']) {
      await assert.rejects(transport.send({ url: new URL(`http://${host}/`), headers: {}, signal }), {
        code: 'SOURCE_UNAVAILABLE',
      });
    }
    assert.equal(atProxy.length, 1);
    transport.close();
  });
});
