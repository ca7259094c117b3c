/**
 * KeePass databases (KDBX 3.1 and 4): a header in the clear says how the rest is sealed, and holds enough to tell whether
 * a passphrase fits. Those that everybody tries first are tried where the header's own key derivation makes that
 * cheap; its rounds, memory and lengths are an image's word. https://keepass.info/help/kb/kdbx.html
 */

import * as crypto from 'node:crypto';
import type { Reading } from './check.ts';
import { passphrases } from './known-passphrase.ts';

/** What stands before the version's minor byte: the signatures of KeePass 2. */
const signatures = Buffer.from('03d9a29a67fb4bb5', 'hex');

/** Fields of the outer header, by their number. */
const field = { end: 0, cipher: 2, masterSeed: 4, transformSeed: 5, rounds: 6, iv: 7, startBytes: 9, kdf: 11 } as const;

const ciphers: Readonly<Record<string, string>> = {
  '31c1f2e6bf714350be5805216afc5aff': 'AES-256',
  d6038a2b8b6f4cb5a524339a31dbb59a: 'ChaCha20',
  ad68f29f576f4bb9a36ad47af965346c: 'Twofish',
};

const argon2d = 'ef636ddf8c29444b91f7a9a403e30a0c';
const argon2id = '9e298b1956db4773b23dfc3ec6f0a1e6';
/** AES-KDF, as KDBX 3.1 and 4 write it. */
const aesKdfs: ReadonlySet<string> = new Set(['c9d9f39a628a4460bf740d08c18a4fea', '7c02bb8279a74ac0927d114a00648238']);

/** Rounds of AES-KDF that are worth trying: KeePass used to set 60,000, KeePassXC 100,000; all passphrases take some 30 ms. */
const mostRounds = 100_000;

/** KiB times passes of Argon2 that are worth trying, for the same reason. */
const mostArgonWork = 4 * 1024;

/** A header taken apart. */
interface Kdbx {
  readonly major: number;
  /** The header with its signatures, to its last byte. */
  readonly header: Buffer;
  /** What follows: hash and HMAC of the header in version 4, else what is sealed. */
  readonly rest: Buffer;
  readonly fields: ReadonlyMap<number, Buffer>;
  readonly kdf: Kdf;
}

/** How a passphrase becomes a key; no `derive` where that is dear, or unknown. */
interface Kdf {
  readonly name: string;
  readonly derive?: (composite: Buffer) => Buffer;
}

/** True for the header of a KeePass database, from the second byte of its version on. */
export function isKdbx(secret: string): boolean | Reading {
  const kdbx = readKdbx(secret);
  if (kdbx === undefined) return false;
  const tried = canTry(kdbx) ? 'passphrase' : 'passphrase (none was tried: deriving its key is too dear)';
  return readingOf(kdbx, tried);
}

/** Such a header, where a passphrase that everybody tries first opens the database. */
export function isOpenKdbx(secret: string): boolean | Reading {
  const kdbx = readKdbx(secret);
  const { derive } = kdbx?.kdf ?? {};
  if (kdbx === undefined || derive === undefined || !canTry(kdbx)) return false;
  const passphrase = passphrases.find((each) => fits(kdbx, derive(sha256(sha256(Buffer.from(each))))));
  if (passphrase === undefined) return false;
  const protection = passphrase === '' ? 'empty passphrase' : `well-known passphrase ${JSON.stringify(passphrase)}`;
  return readingOf(kdbx, protection);
}

function readingOf({ major, header, fields, kdf }: Kdbx, protection: string): Reading {
  const cipher = ciphers[fields.get(field.cipher)?.toString('hex') ?? ''] ?? 'unknown';
  const keystore = `KeePass (KDBX ${major === 4 ? '4' : '3.1'})`;
  const body = header.subarray(signatures.length + 1);
  return {
    length: body.length,
    text: body.toString('base64'),
    details: { keystore, protection, derivation: kdf.name, cipher },
  };
}

/** The pattern has seen that the signatures and a minor version stand before; which one does not matter here, both are tried. */
function readKdbx(secret: string): Kdbx | undefined {
  const bytes = Buffer.from(secret, 'latin1');
  const major = bytes[1] ?? 0;
  const fields = new Map<number, Buffer>();
  const lengthBytes = major === 4 ? 4 : 2;
  for (let at = 3; at + 1 + lengthBytes <= bytes.length; ) {
    const id = bytes[at] as number;
    const length = bytes.readUIntLE(at + 1, lengthBytes);
    const start = at + 1 + lengthBytes;
    at = start + length;
    if (at > bytes.length || id > 12 || fields.has(id)) return undefined;
    fields.set(id, bytes.subarray(start, at));
    if (id !== field.end) continue;
    const isWhole = fields.get(field.cipher)?.length === 16 && fields.get(field.masterSeed)?.length === 32;
    const kdf =
      major === 4 ? kdfOf(fields.get(field.kdf)) : aesKdf(fields.get(field.transformSeed), fields.get(field.rounds));
    if (!isWhole || kdf === undefined) return undefined;
    const header = Buffer.concat([signatures, minorPlace, bytes.subarray(0, at)]);
    return { major, header, rest: bytes.subarray(at, at + 64), fields, kdf };
  }
  return undefined;
}

/** Stands for the version's minor byte. */
const minorPlace = Buffer.alloc(1);

function canTry({ major, rest, fields, kdf }: Kdbx): boolean {
  if (kdf.derive === undefined || rest.length < 64) return false;
  if (major === 4) return true;
  const isAes = ciphers[fields.get(field.cipher)?.toString('hex') ?? ''] === 'AES-256';
  return isAes && fields.get(field.iv)?.length === 16 && fields.get(field.startBytes)?.length === 32;
}

function fits({ major, header, rest, fields }: Kdbx, key: Buffer): boolean {
  const seed = fields.get(field.masterSeed) as Buffer;
  if (major === 4) {
    const base = sha512(Buffer.concat([seed, key, Buffer.of(1)]));
    const headerKey = sha512(Buffer.concat([Buffer.alloc(8, 0xff), base]));
    return [0, 1].some((minor) => {
      const hmac = crypto.createHmac('sha256', headerKey).update(header.subarray(0, signatures.length));
      hmac.update(Buffer.of(minor)).update(header.subarray(signatures.length + 1));
      return hmac.digest().equals(rest.subarray(32, 64));
    });
  }
  const iv = fields.get(field.iv) as Buffer;
  const decipher = crypto.createDecipheriv('aes-256-cbc', sha256(Buffer.concat([seed, key])), iv).setAutoPadding(false);
  return decipher.update(rest.subarray(0, 32)).equals(fields.get(field.startBytes) as Buffer);
}

/** The derivation that version 4 says in a dictionary of typed values (VariantDictionary). */
function kdfOf(dictionary: Buffer | undefined): Kdf | undefined {
  const values = dictionary && readDictionary(dictionary);
  const id = values?.get('$UUID')?.toString('hex');
  if (values === undefined || id === undefined) return undefined;
  if (aesKdfs.has(id)) return aesKdf(values.get('S'), values.get('R'));
  if (id !== argon2d && id !== argon2id) return { name: 'unknown' };
  const [nonce, memory, passes, lanes] = [
    values.get('S'),
    numberOf(values.get('M')),
    numberOf(values.get('I')),
    numberOf(values.get('P')),
  ];
  const kibibytes = memory / 1024;
  const algorithm = id === argon2d ? 'argon2d' : 'argon2id';
  const name = `${id === argon2d ? 'Argon2d' : 'Argon2id'}, ${Math.round(kibibytes)} KiB, ${passes} passes`;
  const isCheap =
    lanes >= 1 && lanes <= 16 && kibibytes >= 8 * lanes && passes >= 1 && kibibytes * passes <= mostArgonWork;
  // Node.js 22 has no Argon2.
  const argon2: typeof crypto.argon2Sync | undefined = crypto.argon2Sync;
  if (!isCheap || nonce === undefined || nonce.length < 8 || numberOf(values.get('V')) !== 0x13 || argon2 === undefined)
    return { name };
  return {
    name,
    derive: (message) =>
      argon2(algorithm, { message, nonce, parallelism: lanes, tagLength: 32, memory: Math.trunc(kibibytes), passes }),
  };
}

const zeros = Buffer.alloc(32 * 1024);

/** Each block is enciphered over and over, which is what CBC does to zeros, at the speed of the processor. */
function aesKdf(seed: Buffer | undefined, rounds: Buffer | undefined): Kdf | undefined {
  if (seed?.length !== 32 || rounds?.length !== 8) return undefined;
  const count = numberOf(rounds);
  const name = `AES, ${count} rounds`;
  if (count < 1 || count > mostRounds) return { name };
  return {
    name,
    derive: (composite) => {
      const halves = [composite.subarray(0, 16), composite.subarray(16)].map((half) => {
        const cipher = crypto.createCipheriv('aes-256-cbc', seed, half);
        for (let left = count * 16; left > zeros.length; left -= zeros.length) cipher.update(zeros);
        return cipher.update(zeros.subarray(0, (count * 16) % zeros.length || zeros.length)).subarray(-16);
      });
      return sha256(Buffer.concat(halves));
    },
  };
}

function readDictionary(bytes: Buffer): Map<string, Buffer> | undefined {
  const values = new Map<string, Buffer>();
  for (let at = 2; at < bytes.length && bytes[at] !== 0; ) {
    if (at + 5 > bytes.length) return undefined;
    const nameEnd = at + 5 + bytes.readUInt32LE(at + 1);
    if (nameEnd + 4 > bytes.length || values.size >= 32) return undefined;
    const end = nameEnd + 4 + bytes.readUInt32LE(nameEnd);
    if (end > bytes.length) return undefined;
    values.set(bytes.toString('latin1', at + 5, nameEnd), bytes.subarray(nameEnd + 4, end));
    at = end;
  }
  return values;
}

/** A number of four or eight bytes, little-endian; NaN for anything else. */
function numberOf(bytes: Buffer | undefined): number {
  if (bytes?.length === 4) return bytes.readUInt32LE(0);
  return bytes?.length === 8 ? Number(bytes.readBigUInt64LE(0)) : Number.NaN;
}

function sha256(bytes: Uint8Array): Buffer {
  return crypto.createHash('sha256').update(bytes).digest();
}

function sha512(bytes: Uint8Array): Buffer {
  return crypto.createHash('sha512').update(bytes).digest();
}
