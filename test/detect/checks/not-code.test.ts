import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { notCode } from '../../../src/detect/checks/not-code.ts';

/** What the check says of the text between `«` and `»`. */
function check(marked: string): boolean {
  const start = marked.indexOf('«');
  const end = marked.indexOf('»') - 1;
  const window = marked.replace(/[«»]/g, '');
  return notCode(window.slice(start, end), { window, start, end });
}

const code = [
  'KdcAdminPassword: «XmlStringMaxLen256»;',
  'apiKey: «SensitiveString2048»;',
  'const secretKey = «reader.int32»();',
  'apiKey:e.options.«appId.apiKey»,appId:e',
  'pki.privateKeyToAsn1 = «pki.privateKeyToRSAPrivateKey» = function(key) {',
  '"must have a length of "+n.constants.PRIVATE_KEY_LENGTH: \'«+l.constants.SEED_BYTE_LENGTH+»" or',
  '["getToken","«getActionEncryptionKey2»","x"]',
  'auth/password_form.html,«sha256=44zs7GemkINgUYdTG-OJOtoedFCfJOM1QJE79HCg5BA»,2534',
  'man/ru/passwd.1, «man/ru/passwd.5», man/ru/su.1',
  "password = join(pwd, '«./data/pcg64-testset-1.csv»')",
  '"secret" : "[«A-Za-z0-9/_+=.@-]+»"',
  '"pattern": "arn:aws:secret:«[a-z]{2}-\\d{12}»"',
  '"PasswordLastUsed": "«2016-09-08T21:47:36Z»"',
  '"PasswordLastUsed": "«x7Qm2Lr9»"',
  '"NextToken": "«U2FsdGVkX18vvPlOqb7RDrWRWVFBJI46»"',
  '"TR31_K0_KEY": "«TR31_K1_KEY_BLOCK_PROTECTION_KEY»"',
  'authenticate with the password "«SCRAM-SHA-512»"',
  'new upstream signing key «19882D92DDA4C400C22C0D56CC2AF4472167BE03»\n',
  'passwd («1:4.13+dfsg1-1+deb12u2»)',
  'secret: "«v8::Private::ForApi2»"',
  '"password": "«P\xc5\x99ejd\xc4\x9bte»"',
];

const values = [
  'PASSWORD=«Sommer2024x»\n',
  'export DB_PASSWORD=«Sommer2024x»',
  'password: «Sommer2024x»\r\n',
  '  - password: «Sommer2024x»\n',
  'password = «Sommer2024x»\n',
  'run --password «Sommer2024x» --user jo',
  'ENV A=b TOKEN=«Sommer2024x» C=d',
  '{"password":"«Sommer2024x»"}',
  'setPassword("admin", "«k9Tz4hWq2Vt6»")',
  'const token = «k9Tz4hWq2Vt6rN0bXw8Lm»;',
  'a?token=«k9Tz4hWq2Vt6rN0b»&b=c',
  'Server=db;Password=«Sommer-regen»;Database=x',
  'client_secret=«7f3a9c1e5b2d80467f3a9c1e5b2d8046»',
  'api_key: «T4Xq-91Lm-Zr02-Bv7K»\n',
  'secret: "«Ab1+/cdEf2Gh3/IjKl4MnOp5Qr6StUv7Wx8Yz9+=»"',
];

describe('notCode', () => {
  for (const text of code) it(`refuses ${text.trim()}`, () => assert.equal(check(text), false));
  for (const text of values) it(`takes ${text.trim()}`, () => assert.equal(check(text), true));

  it('takes no longer for a long value', () => {
    const long = `${'a_'.repeat(150)}!`;
    const started = performance.now();
    for (const text of [long, 'A1'.repeat(150), 'a/'.repeat(150), '0-9'.repeat(100), 'a::'.repeat(100)]) {
      check(`token: «${text}» x`);
    }
    assert.ok(performance.now() - started < 100);
  });
});
