/**
 * A key under a passphrase that everybody tries first is a key in the clear. The handful of passphrases manuals and
 * tools set (`changeit` is Java's) are tried offline, only where the key's own work factor makes that cheap: an image
 * can ask for any number of rounds.
 */

import { createHash, createPrivateKey } from 'node:crypto';
import { childrenOf, type DerElement, derTag, hexOf, integerOf, readDer } from './der.ts';

/** What manuals and tools set. */
export const passphrases: readonly string[] = ['changeit', '', 'password', 'changeme', 'secret', '123456'];

/** PBKDF2 and PKCS#12 rounds that are worth trying: keytool's 10,000 are within. */
const mostRounds = 20_000;

const pbes2 = '2a864886f70d01050d';
const pbkdf2 = '2a864886f70d01050c';
/** The schemes of PKCS#12 (RFC 7292, appendix C): 3DES and RC2 under SHA-1. */
const pkcs12Schemes = '2a864886f70d010c01';

/** An EncryptedPrivateKeyInfo (RFC 5208) taken apart. */
export interface SealedKey {
  /** Bytes of it. */
  readonly length: number;
  /** The scheme's object identifier, in hex. */
  readonly scheme: string;
  /** Rounds of its key derivation; infinite where they can't be told. */
  readonly rounds: number;
}

/** Reads the EncryptedPrivateKeyInfo that the bytes begin with. */
export function readSealedKey(bytes: Uint8Array): SealedKey | undefined {
  const outer = readDer(bytes, 0);
  const [algorithm, data, ...more] = (outer?.tag === derTag.sequence && childrenOf(bytes, outer)) || [];
  if (outer === undefined || algorithm?.tag !== derTag.sequence || data?.tag !== derTag.octets) return undefined;
  if (more.length > 0 || data.end - data.start < 40) return undefined;
  const [scheme, parameters] = childrenOf(bytes, algorithm) ?? [];
  if (scheme?.tag !== derTag.oid) return undefined;
  const name = hexOf(bytes, scheme);
  return { length: outer.end, scheme: name, rounds: roundsOf(bytes, name, parameters) };
}

/** The well-known passphrase that opens an EncryptedPrivateKeyInfo; undefined where none does, or trying is dear. */
export function knownPassphrase(bytes: Uint8Array): string | undefined {
  const sealed = readSealedKey(bytes);
  if (sealed === undefined || sealed.rounds > mostRounds) return undefined;
  const key = Buffer.from(bytes.subarray(0, sealed.length));
  return passphrases.find((passphrase) => {
    try {
      createPrivateKey({ key, format: 'der', type: 'pkcs8', passphrase });
      return true;
    } catch {
      return false;
    }
  });
}

/** The well-known passphrase of a key in Sun's JKS form: 20 bytes of salt, the key XORed with chained SHA-1, 20 bytes of check. */
export function knownJksPassphrase(sealed: Uint8Array): string | undefined {
  const salt = sealed.subarray(0, 20);
  const body = sealed.subarray(20, -20);
  const expected = Buffer.from(sealed.subarray(-20));
  if (body.length < 40 || body.length > 16_384) return undefined;
  return passphrases.find((passphrase) => {
    const password = Buffer.from(passphrase, 'utf16le').swap16();
    const plain = Buffer.alloc(body.length);
    let digest: Uint8Array = salt;
    for (let at = 0; at < body.length; at++) {
      if (at % 20 === 0) digest = createHash('sha1').update(password).update(digest).digest();
      plain[at] = (body[at] as number) ^ (digest[at % 20] as number);
    }
    return createHash('sha1').update(password).update(plain).digest().equals(expected);
  });
}

function roundsOf(bytes: Uint8Array, scheme: string, parameters: DerElement | undefined): number {
  let source = parameters;
  if (scheme === pbes2 && parameters !== undefined) {
    const derivation = childrenOf(bytes, parameters)?.[0];
    const [name, inner] = (derivation && childrenOf(bytes, derivation)) ?? [];
    if (name === undefined || hexOf(bytes, name) !== pbkdf2) return Number.POSITIVE_INFINITY;
    source = inner;
  } else if (!scheme.startsWith(pkcs12Schemes)) {
    return Number.POSITIVE_INFINITY;
  }
  const rounds = source && childrenOf(bytes, source)?.[1];
  return rounds?.tag === derTag.integer ? integerOf(bytes, rounds) : Number.POSITIVE_INFINITY;
}
