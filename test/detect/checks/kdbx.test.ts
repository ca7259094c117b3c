/** KeePass databases made by hand from the format's description, with the plain form of each key derivation. */

import assert from 'node:assert/strict';
import * as crypto from 'node:crypto';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { Reading } from '../../../src/detect/checks/check.ts';
import { isKdbx, isOpenKdbx } from '../../../src/detect/checks/kdbx.ts';

const hash = (algorithm: string, ...parts: readonly Uint8Array[]): Buffer => {
  const digest = crypto.createHash(algorithm);
  for (const part of parts) digest.update(part);
  return digest.digest();
};
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const hex = (text: string): Buffer => Buffer.from(text, 'hex');

interface Options {
  readonly rounds?: number;
  /** What the header says instead. */
  readonly claimedRounds?: number;
  readonly argon?: { readonly kibibytes: number; readonly passes: number; readonly derives?: boolean };
  readonly minor?: number;
}

/** A database's first bytes, from its version's second byte on. */
function kdbx(
  major: 3 | 4,
  passphrase: string,
  { rounds = 50, claimedRounds, argon, minor = 1 }: Options = {},
): string {
  const composite = hash('sha256', hash('sha256', Buffer.from(passphrase)));
  const [seed, salt, iv, start] = [32, 32, 16, 32].map((length) => crypto.randomBytes(length)) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  const aesKey = (): Buffer => {
    let key = composite;
    for (let round = 0; round < rounds; round++) {
      key = crypto.createCipheriv('aes-256-ecb', salt, null).setAutoPadding(false).update(key);
    }
    return hash('sha256', key);
  };
  const argonKey = (memory: number, passes: number): Buffer =>
    crypto.argon2Sync('argon2d', { message: composite, nonce: salt, parallelism: 1, tagLength: 32, memory, passes });
  const key = argon === undefined ? aesKey() : argon.derives === false ? seed : argonKey(argon.kibibytes, argon.passes);
  const field = (id: number, value: Uint8Array): Buffer =>
    Buffer.concat([Buffer.of(id), major === 4 ? u32(value.length) : u32(value.length).subarray(0, 2), value]);
  const entry = (type: number, name: string, value: Uint8Array): Buffer =>
    Buffer.concat([Buffer.of(type), u32(name.length), Buffer.from(name), u32(value.length), value]);
  const dictionary =
    argon === undefined
      ? [entry(0x42, '$UUID', hex('c9d9f39a628a4460bf740d08c18a4fea')), entry(5, 'R', u64(claimedRounds ?? rounds))]
      : [
          entry(0x42, '$UUID', hex('ef636ddf8c29444b91f7a9a403e30a0c')),
          entry(5, 'M', u64(argon.kibibytes * 1024)),
          entry(5, 'I', u64(argon.passes)),
          entry(4, 'P', u32(1)),
          entry(4, 'V', u32(0x13)),
        ];
  const fields = [
    field(2, hex('31c1f2e6bf714350be5805216afc5aff')),
    field(3, u32(1)),
    field(4, seed),
    ...(major === 4
      ? [field(7, iv), field(11, Buffer.concat([hex('0001'), ...dictionary, entry(0x42, 'S', salt), Buffer.of(0)]))]
      : [field(5, salt), field(6, u64(claimedRounds ?? rounds)), field(7, iv), field(9, start), field(10, u32(2))]),
    field(0, Buffer.from('\r\n\r\n')),
  ];
  const header = Buffer.concat([hex('03d9a29a67fb4bb5'), Buffer.of(minor, 0, major, 0), ...fields]);
  const blockKey = hash('sha512', Buffer.alloc(8, 0xff), hash('sha512', seed, key, Buffer.of(1)));
  const cipher = crypto.createCipheriv('aes-256-cbc', hash('sha256', seed, key), iv);
  const rest =
    major === 4
      ? [hash('sha256', header), crypto.createHmac('sha256', blockKey).update(header).digest()]
      : [cipher.update(start), cipher.update(crypto.randomBytes(64))];
  headerBytes = header.length - 9;
  return Buffer.concat([header, ...rest, crypto.randomBytes(80)]).toString('latin1', 9);
}

/** Of the database made last. */
let headerBytes = 0;

const detail = (reading: boolean | Reading, name: string): string =>
  (typeof reading === 'object' ? reading.details?.[name] : undefined) ?? '';

describe('isKdbx', () => {
  it('reads derivation and cipher of both versions, and where the header ends', () => {
    for (const major of [3, 4] as const) {
      const reading = isKdbx(kdbx(major, 'Xw93kfQpLm2'));
      assert.ok(typeof reading === 'object');
      assert.equal(reading.length, headerBytes);
      assert.deepEqual(reading.details, {
        keystore: major === 4 ? 'KeePass (KDBX 4)' : 'KeePass (KDBX 3.1)',
        protection: 'passphrase',
        derivation: 'AES, 50 rounds',
        cipher: 'AES-256',
      });
    }
  });

  it('says where no passphrase was tried', () => {
    const dear = kdbx(4, 'changeit', { argon: { kibibytes: 65_536, passes: 10, derives: false } });
    assert.match(detail(isKdbx(dear), 'protection'), /none was tried/);
    assert.equal(detail(isKdbx(dear), 'derivation'), 'Argon2d, 65536 KiB, 10 passes');
    assert.equal(isOpenKdbx(dear), false);
  });

  it('refuses what is no whole header', () => {
    const whole = kdbx(4, 'x');
    assert.equal(isKdbx(whole.slice(0, headerBytes - 1)), false, 'cut');
    assert.equal(isKdbx(`\0\x04\0\x02\x10\0\0\0${'x'.repeat(400)}`), false);
  });
});

describe('isOpenKdbx', () => {
  it('opens what everybody opens, and nothing else', () => {
    for (const major of [3, 4] as const) {
      for (const passphrase of ['changeit', '', 'password']) {
        assert.match(detail(isOpenKdbx(kdbx(major, passphrase)), 'protection'), /(?:empty|well-known) passphrase/);
      }
      // More than one round of zeros.
      assert.ok(isOpenKdbx(kdbx(major, 'changeit', { rounds: 2048 * 2, minor: 0 })));
      assert.ok(isOpenKdbx(kdbx(major, 'changeit', { rounds: 2049 })));
      assert.equal(isOpenKdbx(kdbx(major, 'Xw93kfQpLm2')), false);
    }
  });

  it('opens Argon2 of little work, where Node.js has it', function () {
    if (crypto.argon2Sync === undefined) this.skip();
    const open = kdbx(4, 'changeit', { argon: { kibibytes: 64, passes: 2 } });
    assert.match(detail(isOpenKdbx(open), 'protection'), /changeit/);
  });

  it('spends little, whatever a header asks for', () => {
    for (const claimedRounds of [100_000, 100_001, 2 ** 52]) {
      for (const major of [3, 4] as const) {
        const header = kdbx(major, 'changeit', { claimedRounds });
        const start = performance.now();
        assert.equal(isOpenKdbx(header), false);
        assert.ok(performance.now() - start < 1000);
        assert.ok(isKdbx(header), 'it is a database all the same');
      }
    }
  });

  it('never throws, whatever the bytes', () => {
    const whole = [kdbx(3, 'x'), kdbx(4, 'x')];
    const altered = fc
      .tuple(fc.constantFrom(...whole), fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 }), fc.nat(500))
      .map(([text, changes, length]) => {
        const bytes = Buffer.from(text, 'latin1');
        for (const [at, byte] of changes) bytes[at] = byte;
        return bytes.toString('latin1', 0, length);
      });
    fc.assert(
      fc.property(altered, (text) => {
        isKdbx(text);
        isOpenKdbx(text);
      }),
      { numRuns: 300 },
    );
  });
});
