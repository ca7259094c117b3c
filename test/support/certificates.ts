/** Certificates for tests, made at run time: an authority, what it signs for servers and clients, and the keys. */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tool } from './real/tool.ts';

/** A certificate and its key, as files and as text. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Makes a certificate authority in a folder. */
export function createAuthority(folder: string, name = 'ca'): Certificate {
  const [certFile, keyFile] = [join(folder, `${name}.pem`), join(folder, `${name}-key.pem`)];
  openssl('req', '-x509', ...newKey, '-days', '2', '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', certFile);
  return read(certFile, keyFile);
}

/** Makes a certificate that an authority signed: for a host and 127.0.0.1 as a server's, for a name as a client's. */
export function createSigned(authority: Certificate, folder: string, name: string, host = 'localhost'): Certificate {
  const [certFile, keyFile, request] = ['.pem', '-key.pem', '.csr'].map((end) => join(folder, name + end)) as [
    string,
    string,
    string,
  ];
  const extensions = join(folder, `${name}.ext`);
  writeFileSync(extensions, `subjectAltName=DNS:${host},IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n`);
  openssl('req', ...newKey, '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', request);
  const signer = ['-CA', authority.certFile, '-CAkey', authority.keyFile, '-CAcreateserial', '-days', '2'];
  openssl('x509', '-req', '-in', request, ...signer, '-extfile', extensions, '-out', certFile);
  return read(certFile, keyFile);
}

function openssl(...args: readonly string[]): void {
  execFileSync(tool('openssl'), args, { stdio: 'ignore' });
}

function read(certFile: string, keyFile: string): Certificate {
  return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}
