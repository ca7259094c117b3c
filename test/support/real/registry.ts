/** A real docker-registry on the loopback: open or behind basic authentication, plain or with TLS. */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, isListening, startService, statusOf } from './service.ts';
import { tool } from './tool.ts';
import { createWorkspace } from './workspace.ts';

/** A running registry. */
export interface RegistryServer {
  readonly url: string;
  /** `127.0.0.1:PORT`, as references name it. */
  readonly host: string;
  /** With TLS: the certificate to trust, for NODE_EXTRA_CA_CERTS or a client's `--cert-dir`. */
  readonly caFile?: string;
  stop(): void;
}

/** How to start one; with `htpasswd` it wants this user and password. */
export interface RegistryServerOptions {
  readonly htpasswd?: { readonly username: string; readonly password: string };
  /** A certificate of its own for localhost and 127.0.0.1. */
  readonly tls?: boolean;
  /** With TLS: the file of an authority that must have signed a client's certificate. */
  readonly clientCaFile?: string;
  /** Wants tokens of a server of the test's own. */
  readonly token?: TokenAuthentication;
}

/** Where tokens are from, and the file with the certificate they are signed by. */
export interface TokenAuthentication {
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  readonly certFile: string;
}

const shared = new Map<string, Promise<RegistryServer>>();

/** The registry of this process for these options, started at the first call and stopped when the process ends. */
export function startRegistry(options: RegistryServerOptions = {}): Promise<RegistryServer> {
  const key = JSON.stringify(options);
  const server = shared.get(key) ?? launch(options);
  shared.set(key, server);
  return server;
}

async function launch({ htpasswd, tls = false, clientCaFile, token }: RegistryServerOptions): Promise<RegistryServer> {
  const command = tool('docker-registry');
  const workspace = createWorkspace('registry');
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const config: Record<string, unknown> = {
    version: '0.1',
    log: { level: 'warn' },
    storage: { filesystem: { rootdirectory: join(workspace, 'data') }, delete: { enabled: true } },
    http: { addr: host, ...(tls ? { tls: { ...createCertificate(workspace), ...clientCas(clientCaFile) } } : {}) },
  };
  if (htpasswd !== undefined) {
    const path = join(workspace, 'htpasswd');
    // The registry reads bcrypt alone (-B).
    writeFileSync(path, execFileSync(tool('htpasswd'), ['-Bbn', htpasswd.username, htpasswd.password]));
    config['auth'] = { htpasswd: { realm: 'test', path } };
  }
  if (token !== undefined) {
    const { certFile: rootcertbundle, ...names } = token;
    config['auth'] = { token: { ...names, rootcertbundle } };
  }
  const file = join(workspace, 'config.yml');
  writeFileSync(file, JSON.stringify(config));
  const expected = htpasswd === undefined && token === undefined ? 200 : 401;
  const service = await startService({
    name: 'registry',
    command,
    args: ['serve', file],
    workspace,
    ready: async () => {
      // Who comes without a certificate is not answered at all.
      if (clientCaFile !== undefined) return isListening(port);
      return (await statusOf({ port, path: '/v2/', tls })) === expected;
    },
  });
  return {
    url: `${tls ? 'https' : 'http'}://${host}`,
    host,
    ...(tls ? { caFile: join(workspace, 'cert.pem') } : {}),
    stop: service.stop,
  };
}

function clientCas(file: string | undefined): { clientcas?: readonly string[] } {
  return file === undefined ? {} : { clientcas: [file] };
}

/** Makes a self-signed certificate for the loopback. */
function createCertificate(folder: string): { certificate: string; key: string } {
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const kind = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync(tool('openssl'), [...kind, ...names, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  return { certificate, key };
}
