import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { before, describe, it } from 'mocha';
import {
  isBase64PemPrivateKey,
  isEncryptedPemPrivateKey,
  isPemPrivateKey,
  isPgpPrivateKey,
  pemPrivateKey,
} from '../../../src/detect/checks/private-key.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
const plain = [
  privateKey.export({ type: 'pkcs8', format: 'pem' }),
  privateKey.export({ type: 'sec1', format: 'pem' }),
  rsa.export({ type: 'pkcs1', format: 'pem' }),
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
].map(String);
const sealed = { cipher: 'aes-256-cbc', passphrase: 'p', format: 'pem' } as const;
const encrypted = [privateKey.export({ ...sealed, type: 'pkcs8' }), rsa.export({ ...sealed, type: 'pkcs1' })].map(
  String,
);

/** An OpenSSH key block of the right frame around bytes that are no key. */
function openssh(kdf: string): string {
  const field = (text: string): Buffer => Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text)]);
  const body = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    field(kdf === 'none' ? 'none' : 'aes256-ctr'),
    field(kdf),
    Buffer.alloc(160, 7),
  ]);
  return block('OPENSSH ', body.toString('base64'));
}

function block(label: string, body: string): string {
  return `-----BEGIN ${label}PRIVATE KEY-----\n${body}\n-----END ${label}PRIVATE KEY-----`;
}

describe('isPemPrivateKey', () => {
  it('knows keys of every kind, on lines, in one line and in quoted pieces', () => {
    for (const pem of plain) {
      assert.equal(isPemPrivateKey(pem), true);
      assert.equal(isPemPrivateKey(pem.replaceAll('\n', '\\n')), true);
      assert.equal(isPemPrivateKey(pem.replaceAll('\n', '\\\\n')), true);
      assert.equal(isPemPrivateKey(pem.replaceAll('\n', '\r\n')), true);
      assert.equal(isPemPrivateKey(pem.trim().replaceAll('\n', '\\n" +\n    "')), true);
      assert.equal(isPemPrivateKey(pem.replaceAll('\n', '\n    ')), true);
    }
    assert.equal(isPemPrivateKey(openssh('none')), true);
  });

  it('refuses encrypted, cut and altered keys, and the words alone', () => {
    for (const pem of encrypted) assert.equal(isPemPrivateKey(pem), false);
    assert.equal(isPemPrivateKey(openssh('bcrypt')), false);
    for (const pem of plain) {
      const body = pem.split('\n').slice(1, -2).join('');
      assert.equal(isPemPrivateKey(block('', body.slice(0, -24))), false);
      assert.equal(isPemPrivateKey(block('', `${body.slice(0, 40)}...`)), false);
      assert.equal(isPemPrivateKey(block('', `A${body.slice(1)}`)), false);
    }
    assert.equal(isPemPrivateKey(block('', '" + body + "')), false);
  });
});

describe('isEncryptedPemPrivateKey', () => {
  it('knows keys under a passphrase, and those alone', () => {
    for (const pem of encrypted) assert.equal(isEncryptedPemPrivateKey(pem), true);
    assert.equal(isEncryptedPemPrivateKey(openssh('bcrypt')), true);
    for (const pem of [...plain, openssh('none')]) assert.equal(isEncryptedPemPrivateKey(pem), false);
  });
});

describe('isBase64PemPrivateKey', () => {
  it('looks into base64, on one line or wrapped, and says where it ends', () => {
    for (const pem of [...plain, ...encrypted]) {
      const base64 = Buffer.from(pem).toString('base64');
      const wrapped = base64.replace(/.{76}(?!$)/g, '$&\n    ');
      const protection = plain.includes(pem) ? 'none' : 'passphrase';
      for (const text of [base64, wrapped, base64.replace(/.{76}(?!$)/g, '$&\\n')]) {
        const reading = isBase64PemPrivateKey(text);
        assert.deepEqual(reading, { length: text.length, details: { protection } });
        assert.deepEqual(isBase64PemPrivateKey(`${text}\n  name`), reading, 'what follows is not of it');
      }
      assert.equal(isBase64PemPrivateKey(base64.slice(0, 120)), false);
    }
  });
});

describe('pemPrivateKey', () => {
  let certificate = '';
  before(() => {
    const folder = mkdtempSync(path.join(tmpdir(), 'whichlayer-'));
    try {
      const key = path.join(folder, 'key.pem');
      writeFileSync(key, plain[0]!);
      const subject = ['-subj', '/CN=shop7.io', '-addext', 'subjectAltName=DNS:www.shop7.io'];
      certificate = execFileSync('openssl', ['req', '-x509', '-key', key, '-days', '9', ...subject], {
        encoding: 'utf8',
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  const named = (pem: string, before: string, after: string): string | undefined => {
    const reading = pemPrivateKey(pem, { window: pem + after, start: 0, end: pem.length, before: () => before });
    return typeof reading === 'object' ? reading.details?.['certificate'] : undefined;
  };

  it('names the certificate of the same key, before it or after it', () => {
    assert.equal(named(plain[0]!, certificate, ''), 'CN=shop7.io');
    assert.equal(named(plain[0]!, '', certificate), 'CN=shop7.io');
    assert.equal(named(plain[0]!.replaceAll('\n', '\\n'), '', certificate.replaceAll('\n', '\\n')), 'CN=shop7.io');
    assert.equal(named(plain[0]!, '', certificate.slice(0, 300)), undefined);
    assert.equal(named(plain[2]!, '', certificate), undefined, 'a certificate of another key');
  });
});

describe('isPgpPrivateKey', () => {
  it('demands a secret-key packet', () => {
    const pgp = (tag: number): string => {
      const body = Buffer.concat([Buffer.from([tag, 0x58]), Buffer.alloc(160, 9)]).toString('base64');
      return `-----BEGIN PGP PRIVATE KEY BLOCK-----\nComment: x\n\n${body}\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----`;
    };
    assert.equal(isPgpPrivateKey(pgp(0x94)), true, 'old packet form, tag 5');
    assert.equal(isPgpPrivateKey(pgp(0xc5)), true, 'new packet form, tag 5');
    assert.equal(isPgpPrivateKey(pgp(0x99)), false, 'a public key');
  });
});
