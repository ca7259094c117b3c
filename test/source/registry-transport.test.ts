import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { after, before, describe, it } from 'mocha';
import { surroundingsOf } from '../../src/source/registry/surroundings.ts';
import { fetchToken } from '../../src/source/registry/token.ts';
import { Transport } from '../../src/source/registry/transport.ts';
import { createAuthority, createSigned } from '../support/certificates.ts';
import { requireTools, tool } from '../support/real/tool.ts';

const signal = new AbortController().signal;
const settings = { timeoutMs: 2000, around: surroundingsOf({ env: {}, home: '/nonexistent', etc: '/nonexistent' }) };

function portOf(server: Server | TlsServer): number {
  return (server.address() as AddressInfo).port;
}

describe('Transport', () => {
  let plain: Server;
  let asked = 0;

  before(async () => {
    plain = createServer((_, response) => {
      asked++;
      response.end('{"token":"t"}');
    });
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  });
  after(() => {
    plain.closeAllConnections();
    plain.close();
  });

  it('does not go to this machine where a registry on the internet names it, by address or by name', async () => {
    for (const host of ['127.0.0.1', 'localhost', '0x7f.1', '[::ffff:127.0.0.1]', '169.254.169.254']) {
      const transport = new Transport('https://registry.example', settings);
      const url = new URL(`http://${host}:${portOf(plain)}/`);
      await assert.rejects(transport.send({ url, headers: {}, signal }), { code: 'SOURCE_UNAVAILABLE' }, host);
      transport.close();
    }
    assert.equal(asked, 0);
  });

  it('does not go to a private network for one on the internet, unless the user names the host', async () => {
    const url = new URL('http://10.255.255.1/');
    const transport = new Transport('https://registry.example', settings);
    await assert.rejects(transport.send({ url, headers: {}, signal }), { code: 'SOURCE_UNAVAILABLE' });
    transport.close();
    const allowing = new Transport('https://registry.example', { ...settings, allowHosts: ['127.0.0.1'] });
    const near = new URL(`http://127.0.0.1:${portOf(plain)}/`);
    const answer = await allowing.send({ url: near, headers: {}, signal });
    answer.body.resume();
    assert.equal(answer.status, 200);
    const other = new URL(`http://localhost:${portOf(plain)}/`);
    await assert.rejects(allowing.send({ url: other, headers: {}, signal }), { code: 'SOURCE_UNAVAILABLE' });
    allowing.close();
  });

  it('goes there where the registry itself is there', async () => {
    const transport = new Transport(`http://localhost:${portOf(plain)}`, settings);
    for (const host of ['localhost', '127.0.0.1']) {
      const { body, status } = await transport.send({
        url: new URL(`http://${host}:${portOf(plain)}/`),
        headers: {},
        signal,
      });
      body.resume();
      assert.equal(status, 200);
    }
    transport.close();
  });
});

describe('Transport over TLS', () => {
  let secure: TlsServer;
  let plain: Server;
  let trusted: readonly string[];
  const sentInPlain: unknown[] = [];

  before(async function () {
    requireTools(this, 'openssl');
    const folder = mkdtempSync(join(tmpdir(), 'wl-cert-'));
    const files = ['-keyout', join(folder, 'key'), '-out', join(folder, 'cert')];
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    execFileSync(tool('openssl'), [...request, ...names, ...files], { stdio: 'ignore' });
    const [key, cert] = ['key', 'cert'].map((name) => readFileSync(join(folder, name), 'utf8')) as [string, string];
    rmSync(folder, { recursive: true });
    plain = createServer((request, response) => {
      sentInPlain.push(request.url);
      response.end('{"token":"t"}');
    });
    secure = createTlsServer({ key, cert }, (request, response) => {
      if (request.url !== '/away') return response.end('ok');
      return response.writeHead(307, { location: `http://localhost:${portOf(plain)}/` }).end();
    });
    for (const server of [plain, secure]) await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    trusted = getCACertificates('default');
    setDefaultCACertificates([...trusted, cert]);
  });
  after(() => {
    if (trusted !== undefined) setDefaultCACertificates(trusted);
    for (const server of [plain, secure]) {
      server?.closeAllConnections();
      server?.close();
    }
  });

  it('is not led from https to http, by a redirect or a token realm', async () => {
    const origin = `https://localhost:${portOf(secure)}`;
    const transport = new Transport(origin, settings);
    const answer = await transport.send({ url: new URL(origin), headers: {}, signal });
    answer.body.resume();
    assert.equal(answer.status, 200);
    await assert.rejects(transport.send({ url: new URL('/away', origin), headers: {}, signal }), {
      code: 'SOURCE_UNAVAILABLE',
    });
    const challenge = { scheme: 'bearer', params: { realm: `http://localhost:${portOf(plain)}/` } };
    const asked = { subject: 'app:1', notFound: 'IMAGE_NOT_FOUND', host: 'r', authenticated: false } as const;
    const wanted = {
      challenge,
      registryOrigin: origin,
      scope: 's',
      credentials: undefined,
      asked,
      timeoutMs: 2000,
      signal,
    };
    await assert.rejects(fetchToken(transport, wanted), { code: 'AUTH_DENIED' });
    assert.deepEqual(sentInPlain, []);
    transport.close();
  });

  it('does not talk to a server whose certificate is for another name', async () => {
    const transport = new Transport(`https://127.0.0.1:${portOf(secure)}`, settings);
    const url = new URL(`https://127.0.0.1:${portOf(secure)}/`);
    await assert.rejects(transport.send({ url, headers: {}, signal }));
    transport.close();
  });
});

describe("A client's certificate", () => {
  let folder: string;
  let server: TlsServer;
  const shown: (string | undefined)[] = [];

  before(async function () {
    requireTools(this, 'openssl');
    folder = mkdtempSync(join(tmpdir(), 'wl-client-'));
    const authority = createAuthority(folder);
    const { cert, key } = createSigned(authority, folder, 'server');
    const client = createSigned(authority, folder, 'us');
    const ask = { requestCert: true, rejectUnauthorized: false, ca: authority.cert };
    server = createTlsServer({ cert, key, ...ask }, (request, response) => {
      shown.push((request.socket as TLSSocket).getPeerCertificate().subject?.CN as string | undefined);
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    // We have one for either name.
    for (const host of ['localhost', '127.0.0.1']) {
      const own = join(folder, 'docker/certs.d', `${host}:${portOf(server)}`);
      mkdirSync(own, { recursive: true });
      copyFileSync(authority.certFile, join(own, 'ca.crt'));
      copyFileSync(client.certFile, join(own, 'us.cert'));
      copyFileSync(client.keyFile, join(own, 'us.key'));
    }
  });
  after(() => {
    server?.closeAllConnections();
    server?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  it('is shown to the registry, and to nobody it sends us to, nor where we come as nobody', async () => {
    const around = surroundingsOf({ env: {}, home: '/nonexistent', etc: folder });
    const origin = `https://127.0.0.1:${portOf(server)}`;
    for (const identify of [true, false]) {
      const transport = new Transport(origin, { timeoutMs: 2000, around, identify });
      for (const url of [origin, `https://localhost:${portOf(server)}`]) {
        (await transport.send({ url: new URL(url), headers: {}, signal })).body.resume();
      }
      transport.close();
    }
    assert.deepEqual(shown, ['us', undefined, undefined, undefined]);
  });
});
