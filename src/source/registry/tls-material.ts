/**
 * Whom we trust over TLS and as whom we come: the system's authorities and Node's, the user's `--ca-file`, and
 * for single hosts what `certs.d` holds for docker and for podman's family (containers-certs.d(5)): `*.crt`
 * are authorities, `NAME.cert` with `NAME.key` is a client's certificate. Each host gets its own and no other's.
 */

import { createHash, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { messageOf, ScanError } from '../../errors.ts';
import { isListed } from './endpoint.ts';
import type { Surroundings } from './surroundings.ts';

/** What a connection to one host is made with. */
export interface TlsMaterial {
  readonly secureContext: SecureContext;
  /** False for an insecure registry alone. */
  readonly rejectUnauthorized: boolean;
}

/** Where material comes from. */
export interface TlsOptions {
  readonly caFiles?: readonly string[];
  readonly insecureRegistries?: readonly string[];
  readonly around: Surroundings;
  /** False: come as nobody, without a client's certificate. */
  readonly identify?: boolean;
}

/** The material for a URL's host and port. @throws ScanError CONFIG_INVALID */
export function tlsMaterial(url: URL, options: TlsOptions): TlsMaterial {
  const { caFiles = [], insecureRegistries = [], around, identify = true } = options;
  const own = hostFiles(url, around);
  const extra = [...caFiles, ...own.authorities].flatMap((path) => readAuthorities(path, around));
  return {
    secureContext: contextOf(extra, identify ? own.clients : []),
    rejectUnauthorized: !isListed(url.host, insecureRegistries),
  };
}

/** Made once for equal material: reading some hundred authorities takes longer than a handshake. */
const contexts = new WeakMap<readonly string[], Map<string, SecureContext>>();

function contextOf(extra: readonly string[], clients: HostFiles['clients']): SecureContext {
  // 'default' holds Node's own list and NODE_EXTRA_CA_CERTS; companies install theirs in the system.
  const base = getCACertificates('default');
  const made = contexts.get(base) ?? new Map<string, SecureContext>();
  contexts.set(base, made);
  const key = createHash('sha256')
    .update(JSON.stringify([extra, clients]))
    .digest('hex');
  const context =
    made.get(key) ??
    createSecureContext({
      ca: [...new Set([...base, ...getCACertificates('system'), ...extra])],
      ...(clients.length === 0 ? {} : { cert: clients.map(({ cert }) => cert), key: clients.map(({ key }) => key) }),
    });
  made.set(key, context);
  return context;
}

/** The folders that hold one for each host, most particular first. */
function certificateFolders({ env, home, etc }: Surroundings): readonly string[] {
  const config = env['XDG_CONFIG_HOME'] || join(home, '.config');
  return [
    join(config, 'containers/certs.d'),
    join(etc, 'containers/certs.d'),
    join(config, 'docker/certs.d'),
    join(home, '.docker/certs.d'),
    join(etc, 'docker/certs.d'),
  ];
}

interface HostFiles {
  readonly authorities: readonly string[];
  readonly clients: readonly { readonly cert: string; readonly key: string }[];
}

function hostFiles(url: URL, around: Surroundings): HostFiles {
  const hub = url.host === 'registry-1.docker.io' ? ['docker.io'] : [];
  // A default port may have been written or not.
  const names = [url.host, ...(url.port === '' ? [`${url.host}:443`] : []), ...hub];
  for (const folder of certificateFolders(around)) {
    for (const name of names) {
      const path = join(folder, name);
      const files = around.listFolder(path);
      // The first folder there is holds all of a host's, as the tools have it.
      if (files.length > 0) return readFolder(path, files, around);
    }
  }
  return { authorities: [], clients: [] };
}

function readFolder(folder: string, files: readonly string[], around: Surroundings): HostFiles {
  const clients = files
    .filter((file) => file.endsWith('.cert'))
    .flatMap((file) => {
      const keyFile = file.replace(/\.cert$/, '.key');
      if (!files.includes(keyFile)) throw invalid(join(folder, file), `has no ${keyFile} beside it`);
      try {
        const [cert, key] = [file, keyFile].map((name) => around.readFile(join(folder, name)));
        return cert === undefined || key === undefined ? [] : [{ cert, key }];
      } catch {
        // Keys of the daemon are root's: without it the registry says itself that it wants one.
        return [];
      }
    });
  return { authorities: files.filter((file) => file.endsWith('.crt')).map((file) => join(folder, file)), clients };
}

/** The certificates in a PEM file. @throws ScanError CONFIG_INVALID */
export function readAuthorities(path: string, { readFile }: Pick<Surroundings, 'readFile'>): readonly string[] {
  let text: string | undefined;
  try {
    text = readFile(path);
  } catch (error) {
    throw invalid(path, `can't be read: ${messageOf(error)}`);
  }
  if (text === undefined) throw invalid(path, 'is not there');
  const blocks = text.match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED )?CERTIFICATE-----/g);
  try {
    // Node ignores what it can't read, and the handshake would fail without saying why.
    for (const block of blocks ?? []) new X509Certificate(block);
  } catch (error) {
    throw invalid(path, `holds a certificate that can't be read: ${messageOf(error)}`);
  }
  if (blocks === null) throw invalid(path, 'holds no certificate in PEM form');
  return blocks;
}

function invalid(path: string, problem: string): ScanError {
  return new ScanError('CONFIG_INVALID', `The certificate file ${path} ${problem}.`, {
    subject: path,
    hint: 'Name a readable PEM file (-----BEGIN CERTIFICATE-----), or take it away.',
  });
}
