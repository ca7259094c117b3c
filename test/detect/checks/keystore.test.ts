import assert from 'node:assert/strict';
import { createCipheriv, createHash, generateKeyPairSync, pbkdf2Sync, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { CheckContext, Reading } from '../../../src/detect/checks/check.ts';
import { isDerPrivateKey } from '../../../src/detect/checks/der-key.ts';
import {
  isBase64Keystore,
  isBksKeystore,
  isJceksKey,
  isJksKey,
  isOpenBase64Keystore,
  isOpenJksKey,
  isOpenPkcs12Key,
  isPkcs12Key,
} from '../../../src/detect/checks/keystore.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const plainKey = privateKey.export({ type: 'pkcs8', format: 'der' });

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length < 0x80 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const integer = (value: number): Buffer => {
  const hex = value.toString(16);
  return der(0x02, Buffer.from(hex.length % 2 === 0 ? `00${hex}` : `0${hex}`, 'hex'));
};

/** An EncryptedPrivateKeyInfo under PBES2, as openssl and keytool write it. */
function sealed(passphrase: string, rounds = 2048, claimed = rounds): Buffer {
  const salt = randomBytes(8);
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', pbkdf2Sync(passphrase, salt, rounds, 32, 'sha256'), iv);
  const prf = der(0x30, oid('2a864886f70d0209'), Buffer.from([5, 0]));
  const kdf = der(0x30, oid('2a864886f70d01050c'), der(0x30, der(0x04, salt), integer(claimed), prf));
  const scheme = der(0x30, oid('60864801650304012a'), der(0x04, iv));
  const algorithm = der(0x30, oid('2a864886f70d01050d'), der(0x30, kdf, scheme));
  return der(0x30, algorithm, der(0x04, cipher.update(plainKey), cipher.final()));
}

/** A key in Sun's JKS form. */
function sunSealed(passphrase: string): Buffer {
  const password = Buffer.from(passphrase, 'utf16le').swap16();
  const sha1 = (...parts: Uint8Array[]): Buffer => createHash('sha1').update(Buffer.concat(parts)).digest();
  const salt = randomBytes(20);
  let digest: Buffer = salt;
  const body = Buffer.from(plainKey);
  for (let at = 0; at < body.length; at++) {
    if (at % 20 === 0) digest = sha1(password, digest);
    body[at] = (body[at] as number) ^ (digest[at % 20] as number);
  }
  return der(0x04, salt, body, sha1(password, plainKey));
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const context = (secret: string, after = ''): CheckContext => ({
  window: secret + after,
  start: 0,
  end: secret.length,
});
const details = (result: boolean | Reading): Reading['details'] => (typeof result === 'object' ? result.details : {});

describe('keystore checks', () => {
  it('tell where a PKCS#12 key ends, whatever follows', () => {
    const key = sealed('Xw93kfQpLm2');
    const secret = latin1(Buffer.concat([key, randomBytes(300)]));
    const reading = isPkcs12Key(secret, context(secret));
    assert.ok(typeof reading === 'object');
    assert.equal(reading.length, key.length);
    assert.equal(reading.text, key.toString('base64'));
    assert.equal(isPkcs12Key(latin1(key.subarray(0, -1)), context('')), false, 'cut');
  });

  it('read the name that follows a PKCS#12 key', () => {
    const name = Buffer.from('shop', 'utf16le').swap16();
    const attribute = der(0x31, der(0x30, oid('2a864886f70d010914'), der(0x31, der(0x1e, name))));
    const secret = latin1(sealed('Xw93kfQpLm2'));
    assert.equal(details(isPkcs12Key(secret, context(secret, latin1(attribute))))?.['alias'], 'shop');
  });

  it('open what everybody opens, and nothing else', () => {
    for (const passphrase of ['changeit', '', 'password']) {
      const secret = latin1(sealed(passphrase));
      assert.match(details(isOpenPkcs12Key(secret, context(secret)))?.['protection'] ?? '', /passphrase/);
      const jks = latin1(sunSealed(passphrase));
      assert.match(details(isOpenJksKey(jks))?.['protection'] ?? '', /passphrase/);
    }
    const secret = latin1(sealed('Xw93kfQpLm2'));
    assert.equal(isOpenPkcs12Key(secret, context(secret)), false);
    assert.equal(isOpenJksKey(latin1(sunSealed('Xw93kfQpLm2'))), false);
    assert.equal(details(isJksKey(latin1(sunSealed('Xw93kfQpLm2'))))?.['protection'], 'passphrase');
  });

  it('do not try passphrases where the key asks for much work', () => {
    const secret = latin1(sealed('changeit', 2048, 2_000_000_000));
    const start = performance.now();
    assert.equal(isOpenPkcs12Key(secret, context(secret)), false);
    assert.ok(performance.now() - start < 1000);
    assert.ok(isPkcs12Key(secret, context(secret)), 'it is a key all the same');
  });

  it('know JCEKS and BKS entries that hold a key', () => {
    const parameters = der(0x30, der(0x04, randomBytes(8)), integer(200_000));
    assert.equal(
      details(isJceksKey(latin1(Buffer.concat([parameters, der(0x04, randomBytes(160))]))))?.['keystore'],
      'JCEKS',
    );
    assert.equal(isJceksKey(latin1(Buffer.concat([parameters, der(0x30, randomBytes(160))]))), false);

    const u32 = (value: number): Buffer => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]);
    const utf = (text: string): Buffer => Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text)]);
    const certificate = Buffer.concat([utf('X.509'), u32(70), randomBytes(70)]);
    const head = Buffer.concat([u32(2), u32(20), randomBytes(20), u32(1411)]);
    const trusted = Buffer.concat([Buffer.from([1]), utf('ca'), Buffer.alloc(8), u32(0), certificate]);
    const key = Buffer.concat([
      Buffer.from([4]),
      utf('shop'),
      Buffer.alloc(8),
      u32(1),
      certificate,
      u32(96),
      randomBytes(96),
    ]);
    const end = Buffer.concat([Buffer.from([0]), randomBytes(20)]);
    const store = Buffer.concat([head, trusted, key, end]);
    const reading = isBksKeystore(latin1(store));
    assert.equal(details(reading)?.['alias'], 'shop');
    assert.equal(typeof reading === 'object' && reading.length, store.length - end.length);
    assert.equal(isBksKeystore(latin1(Buffer.concat([head, trusted, end]))), false, 'certificates alone');
  });

  it('look into base64', () => {
    const bag = Buffer.concat([oid('2a864886f70d010c0a0102'), der(0xa0, sealed('changeit'))]);
    const store = der(0x30, Buffer.from([2, 1, 3]), der(0x30, bag)).toString('base64');
    assert.equal(details(isBase64Keystore(store))?.['keystore'], 'PKCS#12');
    assert.match(details(isOpenBase64Keystore(store))?.['protection'] ?? '', /changeit/);
    assert.equal(isBase64Keystore(randomBytes(600).toString('base64')), false);
  });

  it('never throw, whatever the bytes', () => {
    const checks = [isPkcs12Key, isOpenPkcs12Key, isJksKey, isOpenJksKey, isJceksKey, isBksKeystore, isDerPrivateKey];
    const key = sealed('changeit');
    const cut = fc.tuple(fc.nat(key.length - 1), fc.nat(255)).map(([at, byte]) => {
      const altered = Buffer.from(key);
      altered[at] = byte;
      return altered;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), cut), (bytes) => {
        for (const check of checks) check(latin1(bytes), context(latin1(bytes)));
        isOpenBase64Keystore(Buffer.from(bytes).toString('base64'));
      }),
      { numRuns: 150 },
    );
  });
});

describe('isDerPrivateKey', () => {
  it('demands a key that parses, and says its kind', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    const keys = [
      [plainKey, 'ec prime256v1'],
      [privateKey.export({ type: 'sec1', format: 'der' }), 'ec prime256v1'],
      [rsa.export({ type: 'pkcs8', format: 'der' }), 'rsa 1024'],
      [generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'der' }), 'ed25519'],
    ] as const;
    for (const [key, kind] of keys) {
      const reading = isDerPrivateKey(latin1(Buffer.concat([key, randomBytes(9)])));
      assert.deepEqual(reading, { length: key.length, text: key.toString('base64'), details: { key: kind } });
      assert.equal(isDerPrivateKey(latin1(key.subarray(0, -4))), false, 'cut');
    }
    assert.equal(isDerPrivateKey(latin1(sealed('changeit'))), false, 'encrypted');
  });
});
