/** Checks that read what a token says of itself. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'mocha';
import { awsAccount, awsAccountBeside, noAwsAccount } from '../../../src/detect/checks/aws-account.ts';
import { type Check, runChecks } from '../../../src/detect/checks/check.ts';
import { crc32 } from '../../../src/detect/checks/crc32-base62.ts';
import { gitlabRoutable, notGitlabRoutable } from '../../../src/detect/checks/gitlab-routable.ts';
import { jwt, unsignedJwt } from '../../../src/detect/checks/jwt.ts';
import { macaroon, notMacaroon } from '../../../src/detect/checks/macaroon.ts';

const part = (claims: object): string => Buffer.from(JSON.stringify(claims)).toString('base64url');
const token = (header: object, payload: object, signature = 'c2lnbmF0dXJl'): string =>
  `${part(header)}.${part(payload)}.${signature}`;

describe('jwt', () => {
  it('says who issued it, to whom and until when', () => {
    const claims = { iss: 'https://auth.shop7.io', sub: 'svc', aud: ['api', 'web'], exp: 1_800_000_000 };
    assert.deepEqual(jwt(token({ alg: 'RS256' }, claims)), {
      details: {
        algorithm: 'RS256',
        issuer: 'https://auth.shop7.io',
        subject: 'svc',
        audience: 'api, web',
        expires: '2027-01-15T08:00:00.000Z',
      },
    });
  });

  it('says that one without exp never expires, and takes no nonsense for a time', () => {
    const expires = (exp: unknown): string | undefined => {
      const reading = jwt(token({ alg: 'HS256' }, { exp }));
      return typeof reading === 'object' ? reading.details?.['expires'] : undefined;
    };
    assert.equal(expires(undefined), 'never');
    assert.equal(expires(1e15), '1000000000000000');
    assert.equal(expires({}), '');
  });

  it('knows tokens nobody signed', () => {
    assert.ok(unsignedJwt(token({ alg: 'none' }, { sub: 'admin' }, '')));
    assert.equal(unsignedJwt(token({ alg: 'HS256' }, { sub: 'admin' })), false);
    assert.equal(jwt('a.b.c'), false);
  });
});

describe('runChecks', () => {
  const context = { window: '', start: 0, end: 0 };

  it('gives what all checks read, none where one refuses', () => {
    const says =
      (name: string): Check =>
      () => ({ details: { [name]: 'x' } });
    assert.deepEqual(runChecks([says('a'), () => true, says('b')], '', context), { details: { a: 'x', b: 'x' } });
    assert.equal(runChecks([says('a'), () => false], '', context), undefined);
    assert.deepEqual(runChecks([], '', context), {});
  });

  it('bounds what an image can make it say', () => {
    const details = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`n${index}`, 'x'.repeat(5000)]));
    const reading = runChecks([() => ({ details: { ...details, n0: 'a\u001b[31m\nb' } })], '', context);
    assert.equal(Object.keys(reading?.details ?? {}).length, 8);
    assert.equal(reading?.details?.['n0'], 'a [31m b');
    assert.ok((reading?.details?.['n1'] ?? '').length <= 200);
  });
});

describe('awsAccount', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const idOf = (account: bigint, mark = 1n): string => {
    const bits = (mark << 49n) | (account << 9n) | 77n;
    const digits = Array.from({ length: 10 }, (_, at) => alphabet[Number((bits >> BigInt(45 - 5 * at)) & 31n)]);
    return `${'AK'}IA${digits.join('')}QWERTY`;
  };

  it('reads the account out of the id', () => {
    assert.deepEqual(awsAccount(idOf(271_828_182_845n)), { details: { account: '271828182845' } });
    assert.deepEqual(awsAccount(idOf(1n)), { details: { account: '000000000001' } });
  });

  it('reads it for the secret beside it', () => {
    const context = { window: '', start: 0, end: 0 };
    const pair = { ...context, beside: () => idOf(271_828_182_845n) };
    assert.deepEqual(awsAccountBeside('secret', pair), { details: { account: '271828182845' } });
    assert.equal(awsAccountBeside('secret', context), true);
  });

  it('refuses accounts that cannot be, and asks nothing of old ids', () => {
    assert.equal(awsAccount(idOf(1_000_000_000_000n)), false);
    assert.equal(noAwsAccount(idOf(1_000_000_000_000n)), true);
    assert.equal(awsAccount(idOf(1_000_000_000_000n, 0n)), true);
  });
});

describe('gitlabRoutable', () => {
  const routable = (prefix: string, version: string): string => {
    const payload = randomBytes(36).toString('base64url');
    const body = `${prefix}${payload}.${version}${payload.length.toString(36).padStart(2, '0')}`;
    return body + crc32(body).toString(36).padStart(7, '0');
  };

  it('knows its checksum, with and without a version', () => {
    for (const one of [routable('gl' + 'pat-', '01.'), routable('gl' + 'rt-t1_', '01.'), routable('gl' + 'pat-', '')]) {
      assert.equal(gitlabRoutable(one), true);
      const other = one.slice(0, -1) + (one.endsWith('a') ? 'b' : 'a');
      assert.equal(notGitlabRoutable(other), true);
    }
  });

  it('has nothing to check in old tokens', () => {
    assert.equal(gitlabRoutable(`${'gl'}pat-${randomBytes(15).toString('base64url')}`), true);
  });
});

describe('macaroon', () => {
  const field = (tag: number, value: Uint8Array): Buffer => {
    const length = value.length < 128 ? [value.length] : [(value.length & 0x7f) | 0x80, value.length >> 7];
    return Buffer.concat([Buffer.from([tag, ...length]), value]);
  };
  const make = (signature: number): Buffer =>
    Buffer.concat([
      Buffer.from([2]),
      field(1, Buffer.from('pypi.org')),
      field(2, randomBytes(36)),
      Buffer.from([0]),
      field(2, Buffer.from('x'.repeat(150))),
      Buffer.from([0, 0]),
      field(6, randomBytes(signature)),
    ]);

  it('decodes a whole one and says its host', () => {
    const secret = `pypi-${make(32).toString('base64url')}`;
    assert.deepEqual(macaroon(secret), { details: { host: 'pypi.org' } });
    assert.equal(notMacaroon(secret), false);
  });

  it('refuses what is cut, goes on, or has another signature', () => {
    const whole = make(32);
    assert.equal(macaroon(`pypi-${whole.subarray(0, -1).toString('base64url')}`), false);
    assert.equal(macaroon(`pypi-${Buffer.concat([whole, randomBytes(3)]).toString('base64url')}`), false);
    assert.equal(macaroon(`pypi-${make(31).toString('base64url')}`), false);
    assert.equal(macaroon(`pypi-${randomBytes(150).toString('base64url')}`), false);
  });
});
