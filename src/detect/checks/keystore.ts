/**
 * Private keys in binary keystores. Each is found where its own bag or entry names its algorithm (a trust store of
 * certificates has none, so it is no finding), and is told by its sealed bytes alone: the same key in a copy of the
 * store is the same secret. Forms: PKCS#12 (RFC 7292), Sun's JKS and JCEKS, Bouncy
 * Castle's BKS. The stores' names and the image's paths say nothing here.
 */

import { decodeBase64 } from './base64.ts';
import type { CheckContext, Reading } from './check.ts';
import { childrenOf, derTag, readDer } from './der.ts';
import { knownJksPassphrase, knownPassphrase, readSealedKey } from './known-passphrase.ts';

/** A key in a keystore in base64, and how to try passphrases on it. */
interface FoundKey {
  readonly kind: string;
  readonly passphrase: () => string | undefined;
}

/** `06 0b` and pkcs-12 10.1.2, pkcs8ShroudedKeyBag. */
const shroudedKeyBag = '\x06\x0b*\x86H\x86\xf7\r\x01\x0c\n\x01\x02';
/** Sun's key protector, 1.3.6.1.4.1.42.2.17.1.1, and its NULL. */
const jksProtector = '\x06\n+\x06\x01\x04\x01*\x02\x11\x01\x01\x05\x00';
const friendlyName = '\x06\t*\x86H\x86\xf7\r\x01\t\x14';

/** True where the bytes of a PKCS#12 bag begin with a sealed key. */
export function isPkcs12Key(secret: string, context: CheckContext): boolean | Reading {
  const sealed = readSealedKey(toBytes(secret));
  if (sealed === undefined) return false;
  const bytes = toBytes(secret.slice(0, sealed.length));
  const alias = aliasAfter(context.window.slice(context.start + sealed.length));
  return { ...readingOf(bytes), details: { keystore: 'PKCS#12', protection: 'passphrase', ...alias } };
}

/** Such a key, where a passphrase that everybody tries first opens it. */
export function isOpenPkcs12Key(secret: string, context: CheckContext): boolean | Reading {
  const reading = isPkcs12Key(secret, context);
  return typeof reading === 'boolean' ? reading : opened(reading, knownPassphrase(toBytes(secret)));
}

/** True where an entry of a JKS keystore holds a sealed key. */
export function isJksKey(secret: string): boolean | Reading {
  const bytes = toBytes(secret);
  const element = readDer(bytes, 0);
  if (element?.tag !== derTag.octets || element.end - element.start < 80) return false;
  return { ...readingOf(bytes.subarray(0, element.end)), details: { keystore: 'JKS', protection: 'passphrase' } };
}

/** Such a key, where a passphrase that everybody tries first opens it. */
export function isOpenJksKey(secret: string): boolean | Reading {
  const reading = isJksKey(secret);
  if (typeof reading === 'boolean') return reading;
  const bytes = toBytes(secret);
  const { start = 0, end = 0 } = readDer(bytes, 0) ?? {};
  return opened(reading, knownJksPassphrase(bytes.subarray(start, end)));
}

/** True where a JCEKS entry goes on as one does: salt and rounds, then the sealed key. */
export function isJceksKey(secret: string): boolean | Reading {
  const bytes = toBytes(secret);
  const parameters = readDer(bytes, 0);
  if (parameters?.tag !== derTag.sequence) return false;
  const [salt, rounds] = childrenOf(bytes, parameters) ?? [];
  const data = readDer(bytes, parameters.end);
  if (salt?.tag !== derTag.octets || rounds?.tag !== derTag.integer || data?.tag !== derTag.octets) return false;
  if (data.end - data.start < 40) return false;
  return { ...readingOf(bytes.subarray(0, data.end)), details: { keystore: 'JCEKS', protection: 'passphrase' } };
}

/** Types of a BKS entry (BouncyCastle's BcKeyStoreSpi): a certificate, a secret or a sealed key of so many bytes. */
const bksCertificate = 1;
const bksSecret = 3;
const bksSealed = 4;

/** True where a BKS keystore, from its version on, holds a sealed key among the entries within reach. */
export function isBksKeystore(secret: string): boolean | Reading {
  const reader = new BigEndianReader(toBytes(secret));
  const isCertificate = (): boolean => reader.text() === 'X.509' && reader.skip(reader.number());
  reader.skip(4 + 4 + 20);
  if (!(reader.number() >= 1)) return false;
  for (;;) {
    const type = reader.byte();
    const alias = reader.text();
    if (alias === undefined || !reader.skip(8)) return false;
    const chain = reader.number();
    if (!(chain >= 0 && chain <= 32)) return false;
    for (let index = 0; index < chain; index++) if (!isCertificate()) return false;
    if (type === bksCertificate) {
      if (!isCertificate()) return false;
    } else {
      const length = reader.number();
      if ((type !== bksSealed && type !== bksSecret) || !(length >= 40) || !reader.skip(length)) return false;
      return { ...readingOf(reader.taken()), details: { keystore: 'BKS', protection: 'passphrase', alias } };
    }
  }
}

/** Java's DataInputStream over bytes that may end anywhere: past their end numbers are NaN and nothing can be skipped. */
class BigEndianReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  skip(length: number): boolean {
    if (!(length >= 0 && this.#at + length <= this.#bytes.length)) return false;
    this.#at += length;
    return true;
  }

  byte(): number {
    return this.skip(1) ? (this.#bytes[this.#at - 1] as number) : Number.NaN;
  }

  number(): number {
    const [a, b, c, d] = [this.byte(), this.byte(), this.byte(), this.byte()];
    return ((a * 256 + b) * 256 + c) * 256 + d;
  }

  text(): string | undefined {
    const length = this.byte() * 256 + this.byte();
    const start = this.#at;
    return length <= 255 && this.skip(length) ? toLatin1(this.#bytes.subarray(start, this.#at)) : undefined;
  }

  taken(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }
}

/** True where base64 holds a PKCS#12 or JKS keystore with a key in it: Kubernetes Secrets and ENV carry them so. */
export function isBase64Keystore(secret: string): boolean | Reading {
  const found = openBase64(secret);
  return found !== undefined && { details: { keystore: found.kind, protection: 'passphrase' } };
}

/** Such a keystore, where a passphrase that everybody tries first opens it. */
export function isOpenBase64Keystore(secret: string): boolean | Reading {
  const found = openBase64(secret);
  const reading = isBase64Keystore(secret);
  return found === undefined || typeof reading === 'boolean' ? false : opened(reading, found.passphrase());
}

function openBase64(secret: string): FoundKey | undefined {
  const body = secret.replace(/\\[rn]|\s/g, '');
  const store = decodeBase64(body.length % 4 === 1 ? body.slice(0, -1) : body);
  if (store === undefined) return undefined;
  const text = toLatin1(store);
  const jks = text.indexOf(jksProtector);
  if (text.startsWith('\xfe\xed\xfe\xed') && jks !== -1) {
    const bytes = store.subarray(jks + jksProtector.length);
    const element = readDer(bytes, 0);
    if (element?.tag !== derTag.octets) return undefined;
    const key = bytes.subarray(element.start, element.end);
    return { kind: 'JKS', passphrase: () => knownJksPassphrase(key) };
  }
  const bag = text.indexOf(shroudedKeyBag);
  const wrapper = bag === -1 ? undefined : readDer(store, bag + shroudedKeyBag.length);
  const sealed = wrapper && readSealedKey(store.subarray(wrapper.start, wrapper.end));
  if (wrapper === undefined || sealed === undefined) return undefined;
  const bytes = store.subarray(wrapper.start, wrapper.start + sealed.length);
  return { kind: 'PKCS#12', passphrase: () => knownPassphrase(bytes) };
}

function opened(reading: Reading, passphrase: string | undefined): false | Reading {
  if (passphrase === undefined) return false;
  const protection = passphrase === '' ? 'empty passphrase' : `well-known passphrase ${JSON.stringify(passphrase)}`;
  return { ...reading, details: { ...reading.details, protection } };
}

/** The friendly name (a BMPString) of a PKCS#12 bag, which follows the key. */
function aliasAfter(text: string): { readonly alias?: string } {
  const at = text.slice(0, 400).indexOf(friendlyName);
  if (at === -1) return {};
  const bytes = toBytes(text.slice(at + friendlyName.length, at + friendlyName.length + 260));
  const set = readDer(bytes, 0);
  const name = set && readDer(bytes, set.start, set.end);
  if (name?.tag !== 0x1e) return {};
  return {
    alias: Buffer.from(bytes.subarray(name.start, name.end & ~1 || name.end))
      .toString('latin1')
      .replaceAll('\0', ''),
  };
}

function readingOf(bytes: Uint8Array): Reading {
  return { length: bytes.length, text: base64Of(bytes) };
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function toBytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

function toLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
