/**
 * Real private keys in the forms people keep them in (RFC 5208, 5915, 8017; OpenSSH's PROTOCOL.key), all from the
 * seed: Node makes RSA keys from its own randomness alone, so their primes are searched for here.
 */

import { checkPrimeSync, createECDH, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { Random } from './random.ts';

/** A private key in PEM, its lines ended by `\n`. */
export function makePrivateKey(random: Random): string {
  const maker = random.pick([ecSec1, ecPkcs8, ed25519Pkcs8, ed25519OpenSsh, rsaPkcs1]);
  return maker(random);
}

/** An RSA key in PKCS #8, as service accounts have it. */
export function makeRsaPkcs8(random: Random): string {
  return pem(rsaKey(random), 'pkcs8');
}

/** The public half of a new EC key, in PEM. */
export function makePublicKey(random: Random): string {
  return createPublicKey(ecKey(random)).export({ type: 'spki', format: 'pem' }).toString();
}

/** A run of base64 from the middle of a PEM key: what a report of it must hold, however its lines were joined. */
export function heartOf(key: string): string {
  const lines = key.split('\n').filter((line) => line !== '' && !line.startsWith('-----'));
  return lines[Math.min(1, lines.length - 1)]!;
}

function ecSec1(random: Random): string {
  return pem(ecKey(random), 'sec1');
}

function ecPkcs8(random: Random): string {
  return pem(ecKey(random), 'pkcs8');
}

function ed25519Pkcs8(random: Random): string {
  return pem(ed25519Key(random.bytes(32)), 'pkcs8');
}

function rsaPkcs1(random: Random): string {
  return pem(rsaKey(random), 'pkcs1');
}

function rsaKey(random: Random): KeyObject {
  const e = 65_537n;
  const p = prime(random, e);
  const q = prime(random, e);
  const d = inverse(e, (p - 1n) * (q - 1n));
  const numbers = { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
  const jwk = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, base64UrlOf(value)]));
  return createPrivateKey({ key: { kty: 'RSA', ...jwk }, format: 'jwk' });
}

/** A prime of 1,024 bits, its two highest set, that is good for the exponent. */
function prime(random: Random, exponent: bigint): bigint {
  let candidate = BigInt(`0x${random.bytes(128).toString('hex')}`) | (3n << 1022n) | 1n;
  while ((candidate - 1n) % exponent === 0n || !checkPrimeSync(candidate)) candidate += 2n;
  return candidate;
}

/** The inverse of `value` modulo `modulus`, by Euclid's extended algorithm. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [remainder, next] = [modulus, value % modulus];
  let [before, factor] = [0n, 1n];
  while (next > 0n) {
    const quotient = remainder / next;
    [remainder, next] = [next, remainder - quotient * next];
    [before, factor] = [factor, before - quotient * factor];
  }
  return ((before % modulus) + modulus) % modulus;
}

function base64UrlOf(value: bigint): string {
  const text = value.toString(16);
  return Buffer.from(text.padStart(text.length + (text.length % 2), '0'), 'hex').toString('base64url');
}

function ecKey(random: Random): KeyObject {
  const curve = createECDH('prime256v1');
  const scalar = random.bytes(32);
  curve.setPrivateKey(scalar);
  const parts = ['30770201010420', scalar.toString('hex'), 'a00a06082a8648ce3d030107a144034200'];
  const der = Buffer.from(parts.join('') + curve.getPublicKey('hex'), 'hex');
  return createPrivateKey({ key: der, format: 'der', type: 'sec1' });
}

function ed25519Key(seed: Buffer): KeyObject {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

function ed25519OpenSsh(random: Random): string {
  const seed = random.bytes(32);
  const spki = createPublicKey(ed25519Key(seed)).export({ format: 'der', type: 'spki' });
  const publicKey = spki.subarray(-32);
  const type = sshString('ssh-ed25519');
  const check = random.bytes(4);
  const secret = Buffer.concat([
    check,
    check,
    type,
    sshString(publicKey),
    sshString(Buffer.concat([seed, publicKey])),
    sshString('deploy@build'),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const body = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    sshString('none'),
    sshString('none'),
    sshString(''),
    Buffer.from([0, 0, 0, 1]),
    sshString(Buffer.concat([type, sshString(publicKey)])),
    sshString(Buffer.concat([secret, padding])),
  ]);
  return armour('OPENSSH PRIVATE KEY', body, 70);
}

function sshString(content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content as Uint8Array);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** The text armour of RFC 7468 around bytes. */
export function armour(label: string, bytes: Buffer, width = 64): string {
  const lines = bytes.toString('base64').match(new RegExp(`.{1,${width}}`, 'g')) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

function pem(key: KeyObject, type: 'pkcs1' | 'pkcs8' | 'sec1'): string {
  return key.export({ format: 'pem', type }).toString();
}
