/** A real dockerd behind TLS that wants a client's certificate: the TLS is a plain proxy's, the daemon the one the other tests share. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { after, before, describe, it } from 'mocha';
import { openDaemonImage } from '../../src/source/docker-daemon.ts';
import { buildImage } from '../support/build-image.ts';
import { readSource } from '../support/read-source.ts';
import { startDockerd } from '../support/real/dockerd.ts';
import { requireRoot, requireTools, tool } from '../support/real/tool.ts';

const signal = new AbortController().signal;

describe('openDaemonImage over TLS', () => {
  let folder: string;
  let server: Server;
  let port: number;

  before(async function () {
    requireTools(this, 'dockerd', 'openssl');
    requireRoot(this);
    this.timeout(60_000);
    const { socket } = await startDockerd();
    folder = mkdtempSync(join(tmpdir(), 'wl-tls-'));
    for (const authority of ['ours', 'theirs']) makeCertificates(join(folder, authority));
    const image = join(folder, 'image.tar');
    writeFileSync(image, buildImage({ layers: [{ files: { a: 'x' } }], tags: ['wl-tls:1'] }));
    const load = ['-X', 'POST', '-H', 'Content-Type: application/x-tar', '--data-binary', `@${image}`];
    execFileSync('curl', ['-sf', '--unix-socket', socket, ...load, 'http://d/images/load'], { stdio: 'pipe' });
    const read = (name: string): Buffer => readFileSync(join(folder, 'ours', name));
    server = createServer(
      { ca: read('ca.pem'), cert: read('server.pem'), key: read('server-key.pem'), requestCert: true },
      (client) => {
        const daemon = connect(socket);
        client.pipe(daemon).pipe(client);
        for (const [one, other] of [
          [client, daemon],
          [daemon, client],
        ] as const) {
          one.on('error', () => other.destroy());
        }
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  after(() => {
    server?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  const open = (env: Readonly<Record<string, string>>) =>
    openDaemonImage({ engine: 'docker', ref: 'wl-tls:1', text: 'wl-tls:1' }, { signal, env, home: '/nonexistent' });

  it('shows the certificate of DOCKER_CERT_PATH and verifies the daemon’s', async () => {
    const env = {
      DOCKER_HOST: `tcp://127.0.0.1:${port}`,
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: join(folder, 'ours'),
    };
    assert.equal((await readSource(await open(env))).blobs.length, 1);
  });

  it('takes the TLS material of a context', async () => {
    const config = join(folder, 'config');
    const id = createHash('sha256').update('far').digest('hex');
    const meta = join(config, 'contexts/meta', id);
    const material = join(config, 'contexts/tls', id, 'docker');
    mkdirSync(meta, { recursive: true });
    mkdirSync(material, { recursive: true });
    const endpoint = { Host: `tcp://127.0.0.1:${port}`, SkipTLSVerify: false };
    writeFileSync(join(meta, 'meta.json'), JSON.stringify({ Name: 'far', Endpoints: { docker: endpoint } }));
    for (const file of ['ca.pem', 'cert.pem', 'key.pem']) cpSync(join(folder, 'ours', file), join(material, file));
    const read = await readSource(await open({ DOCKER_CONTEXT: 'far', DOCKER_CONFIG: config }));
    assert.equal(read.blobs.length, 1);
  });

  it('trusts no daemon of another authority, and is trusted by none without a certificate of its own', async () => {
    const host = { DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_TLS_VERIFY: '1' };
    const unavailable = { name: 'ScanError', code: 'SOURCE_UNAVAILABLE' };
    await assert.rejects(open({ ...host, DOCKER_CERT_PATH: join(folder, 'theirs') }), unavailable);
    const caAlone = join(folder, 'ca-alone');
    mkdirSync(caAlone);
    cpSync(join(folder, 'ours/ca.pem'), join(caAlone, 'ca.pem'));
    await assert.rejects(open({ ...host, DOCKER_CERT_PATH: caAlone }), unavailable);
  });
});

/** An authority, and certificates of its own for a server on the loopback and for a client, named as docker names them. */
function makeCertificates(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const openssl = (...args: readonly string[]): void => {
    execFileSync(tool('openssl'), args, { cwd: folder, stdio: 'pipe' });
  };
  const key = ['-newkey', 'rsa:2048', '-nodes'];
  openssl('req', '-x509', ...key, '-days', '2', '-subj', '/CN=authority', '-keyout', 'ca-key.pem', '-out', 'ca.pem');
  for (const [name, certificate, keyFile] of [
    ['server', 'server.pem', 'server-key.pem'],
    ['client', 'cert.pem', 'key.pem'],
  ] as const) {
    writeFileSync(join(folder, 'ext'), 'subjectAltName=IP:127.0.0.1\n');
    openssl('req', ...key, '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', `${name}.csr`);
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial', '-days', '2', '-extfile', 'ext'];
    openssl('x509', '-req', '-in', `${name}.csr`, ...signing, '-out', certificate);
  }
}
