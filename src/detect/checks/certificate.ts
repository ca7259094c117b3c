/**
 * A private key is told by what it proves: where a certificate of the same key stands beside it, in the same file, its
 * subject and hosts are read for the report. Certificates are parsed by OpenSSL, few and of bounded size.
 */

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Details } from './check.ts';

const block =
  /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s0-9A-Za-z+/=\\]{200,8000}?-----END (?:TRUSTED )?CERTIFICATE-----/g;
const mostCertificates = 4;
const mostHosts = 5;

/** Who the certificate beside a key in PEM names; nothing where there is none of the same key. */
export function certificateDetails(pem: string, beside: string): Details {
  if (!beside.includes('CERTIFICATE-----')) return {};
  const key = keyOf(pem);
  for (const [text] of [...beside.matchAll(block)].slice(0, mostCertificates)) {
    const certificate = parse(unfold(text));
    // Of an encrypted key only the first certificate can be taken for its own: a chain begins with it.
    if (certificate !== undefined && (key === undefined || certificate.checkPrivateKey(key)))
      return naming(certificate);
  }
  return {};
}

function naming(certificate: X509Certificate): Details {
  const hosts = [...(certificate.subjectAltName ?? '').matchAll(/(?:DNS|IP Address):([^,]{1,253})/g)].map(
    ([, host]) => host,
  );
  return {
    certificate: certificate.subject?.replaceAll('\n', ', ') ?? '',
    hosts:
      hosts.length > mostHosts
        ? `${hosts.slice(0, mostHosts).join(', ')} and ${hosts.length - mostHosts} more`
        : hosts.join(', '),
    'certificate expires': new Date(certificate.validTo).toISOString(),
  };
}

function keyOf(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(unfold(pem));
  } catch {
    return undefined;
  }
}

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** PEM as OpenSSL reads it, whether it stands on lines, in one line with `\n`, or indented. */
function unfold(pem: string): string {
  const [, head = '', body = '', tail = ''] =
    /(-----BEGIN [A-Z ]{1,40}-----)([\s\S]*?)(-----END [A-Z ]{1,40}-----)/.exec(pem) ?? [];
  const lines = body
    .replace(/\\{1,4}[rnt]|\s/g, '')
    .replace(/[^0-9A-Za-z+/=]/g, '')
    .match(/.{1,64}/g);
  return `${head}\n${(lines ?? []).join('\n')}\n${tail}\n`;
}
