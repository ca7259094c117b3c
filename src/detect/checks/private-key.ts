/**
 * Is this PEM block a private key, or only the words? Source code, documentation and truncated samples are full of
 * "-----BEGIN PRIVATE KEY-----"; a real key's body decodes to DER of the length it says (RFC 5208, 5915, 8017), or
 * to OpenSSH's own form (PROTOCOL.key). Keys come in one line with `\n` in JSON and ENV, and in quoted pieces in code.
 */

import { decodeBase64, latin1 } from './base64.ts';
import { certificateDetails } from './certificate.ts';
import type { CheckContext, Reading } from './check.ts';

const block = /-----BEGIN ([A-Z0-9 ]{0,20})PRIVATE KEY( BLOCK)?-----([\s\S]*?)-----END \1PRIVATE KEY\2-----/;
/** What wraps base64: white space, or its escapes in JSON and ENV. */
const wraps = /\s|\\[nr]/g;
const opensshMagic = 'openssh-key-v1\0';

interface Pem {
  readonly label: string;
  /** Whether it says that it is encrypted (RFC 1421 headers). */
  readonly procType: boolean;
  readonly body: Uint8Array;
}

/** Such a key, and whom the certificate of the same key beside it names. */
export function pemPrivateKey(secret: string, context: CheckContext): boolean | Reading {
  return isPemPrivateKey(secret) && { details: certificateDetails(secret, besideOf(context)) };
}

/** An encrypted one, likewise. */
export function encryptedPemPrivateKey(secret: string, context: CheckContext): boolean | Reading {
  return isEncryptedPemPrivateKey(secret) && { details: certificateDetails(secret, besideOf(context)) };
}

function besideOf({ window, start, end, before }: CheckContext): string {
  return `${before?.() ?? ''}${window.slice(0, start)}\n${window.slice(end)}`;
}

/** True where a PEM private key that opens without a passphrase really decodes to one. */
export function isPemPrivateKey(secret: string): boolean {
  const pem = parsePem(secret);
  if (pem === undefined || pem.procType || pem.label === 'ENCRYPTED ') return false;
  if (pem.label === 'OPENSSH ') return opensshKdf(pem.body) === 'none';
  return isDerKey(pem.body);
}

/** True where a PEM private key is one, but under a passphrase. */
export function isEncryptedPemPrivateKey(secret: string): boolean {
  const pem = parsePem(secret);
  if (pem === undefined) return false;
  if (pem.label === 'OPENSSH ') return opensshKdf(pem.body) === 'bcrypt';
  // The body of an RFC 1421 key is ciphertext whose length is all that can be checked: whole cipher blocks.
  if (pem.procType) return pem.body.length >= 40 && pem.body.length % 8 === 0;
  return pem.label === 'ENCRYPTED ' && isDerKey(pem.body);
}

/** Passes where base64, on one line or wrapped, holds a PEM private key; it ends where the key's last quantum does. */
export function isBase64PemPrivateKey(secret: string): boolean | Reading {
  const compact = secret.replace(wraps, '');
  const whole = /^[0-9A-Za-z+/]*/.exec(compact)?.[0] ?? '';
  const text = atob(whole.slice(0, whole.length - (whole.length % 4 === 1 ? 1 : 0)));
  const end = /-----END [A-Z0-9 ]{0,20}PRIVATE KEY-----\r?\n?/g;
  // What stands first may be parameters or certificates: the key is what counts.
  const found = end.exec(text);
  if (found === null) return false;
  const pem = text.slice(0, end.lastIndex);
  const isEncrypted = isEncryptedPemPrivateKey(pem);
  if (!isEncrypted && !isPemPrivateKey(pem)) return false;
  const length = lengthOfCompact(secret, Math.ceil(end.lastIndex / 3) * 4);
  return { length, details: { protection: isEncrypted ? 'passphrase' : 'none', ...certificateDetails(pem, text) } };
}

/** Where `count` characters of base64 end in text that is wrapped. */
function lengthOfCompact(text: string, count: number): number {
  let at = 0;
  for (let left = count; left > 0 && at < text.length; ) {
    const wrap = /^(?:\s|\\[nr])/.exec(text.slice(at, at + 2))?.[0].length ?? 0;
    if (wrap === 0) left--;
    at += Math.max(1, wrap);
  }
  return at;
}

/** True where an OpenPGP private key block begins with a secret-key packet (RFC 9580, 4.2). */
export function isPgpPrivateKey(secret: string): boolean {
  const inner = block.exec(secret)?.[3];
  if (inner === undefined) return false;
  const lines = unescapeLines(inner)
    .split('\n')
    .map((line) => line.trim());
  const body = lines.filter((line) => !/^[A-Z][A-Za-z-]*: /.test(line) && !/^=[0-9A-Za-z+/]{4}$/.test(line)).join('');
  const first = decodeBase64(body)?.[0];
  // Tag 5 is a secret key, 7 a secret subkey; bit 6 tells the new packet form from the old.
  if (first === undefined || (first & 0x80) === 0 || body.length < 200) return false;
  const tag = (first & 0x40) === 0 ? (first >> 2) & 0x0f : first & 0x3f;
  return tag === 5 || tag === 7;
}

function parsePem(secret: string): Pem | undefined {
  const found = block.exec(secret);
  if (found === null || found[2] !== undefined) return undefined;
  const inner = unescapeLines(found[3] ?? '');
  const body = decodeBase64(
    inner
      .replace(/Proc-Type\s*:\s*4,\s*ENCRYPTED|DEK-Info\s*:\s*[A-Z0-9-]{4,20},[0-9A-Fa-f]{16,32}/g, '')
      .replace(/^\s*(?:Proc-Type|DEK-Info|Comment|Subject|Key-Info)\s*:[^\n]*$/gim, '')
      .replace(/[\s\\]/g, ''),
  );
  if (body === undefined) return undefined;
  return { label: found[1] ?? '', procType: /Proc-Type\s*:\s*4\s*,\s*ENCRYPTED/i.test(inner), body };
}

/** Undoes what source code and JSON do to lines: escapes, quotes around each, signs that join them. */
function unescapeLines(text: string): string {
  return text
    .replace(/\\{1,4}r/g, '')
    .replace(/\\{1,4}n/g, '\n')
    .replace(/\\{1,4}t/g, ' ')
    .replace(/\\{1,4}\//g, '/')
    .replace(/["'`][ \t]*[+.,&]?[ \t]*\\?$/gm, '')
    .replace(/^[ \t]*[+.]?[ \t]*["'`]/gm, '')
    .replace(/^[ \t]*(?:#|\/\/|\*|>|\|)[ \t]?/gm, '');
}

/** A DER SEQUENCE that ends where the bytes do, gives a version or an algorithm first, and is as long as a key at least. */
function isDerKey(body: Uint8Array): boolean {
  if (body.length < 44 || body[0] !== 0x30) return false;
  const first = body[1] ?? 0;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 2) return false;
  let length = lengthBytes === 0 ? first : 0;
  for (let at = 0; at < lengthBytes; at++) length = length * 256 + (body[2 + at] ?? 0);
  const start = 2 + lengthBytes;
  const inside = body[start];
  return start + length === body.length && (inside === 0x02 || inside === 0x30);
}

/** The name of the key derivation of an OpenSSH key: `none` where it has no passphrase. */
function opensshKdf(body: Uint8Array): string | undefined {
  if (latin1(body.subarray(0, opensshMagic.length)) !== opensshMagic) return undefined;
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  let at = opensshMagic.length;
  const read = (): string | undefined => {
    if (at + 4 > body.length) return undefined;
    const length = view.getUint32(at);
    if (length > 64 || at + 4 + length > body.length) return undefined;
    const text = latin1(body.subarray(at + 4, at + 4 + length));
    at += 4 + length;
    return text;
  };
  if (read() === undefined || body.length < 120) return undefined;
  return read();
}
