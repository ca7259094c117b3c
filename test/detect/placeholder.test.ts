import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { entropyOf } from '../../src/detect/entropy.ts';
import { isChecksumContext, isPlaceholder, standingOf } from '../../src/detect/placeholder.ts';
import { randomHex, randomText } from './rules.ts';

describe('isPlaceholder', () => {
  const placeholders =
    `\${VAR} \${VAR:-x} $VAR {{x}} {{.Values.key}} <your-key> <YOUR_API_KEY> %VAR% $(cmd) #{key} [key] @TOKEN@ __TOKEN__
    process.env.X os.environ["K"] System.getenv("K") ENV['K'] secrets.TOKEN vault:secret/data op://vault/item changeme change-me ChangeMeChangeMe
    xxxxxxxxxxxx XXXXXXXX-XXXX sk_live_xxxxxxxxxxxxxxxx ******** ........ 00000000000000000000 aaaaaaaaaaaaaaaa abcabcabcabc abcdefghijklmnop
    0123456789abcdef0123456789abcdef 1234567890 qwertyuiop123456 AKIAIOSFODNN7${'EXAMPLE'} your_api_key YOUR_TOKEN_HERE yourToken my-secret-key
    mysecretpassword password secret dummy_token insert-key-here REPLACE_ME todo-key null none test fake_key 00000000-0000-0000-0000-000000000000`.split(
      /\s+/,
    );
  for (const text of placeholders) it(`knows ${text}`, () => assert.ok(isPlaceholder(text)));

  for (const [text, standing] of [
    ['xxxxxxxxxxxxxxxxxxxxxxxx', 'placeholder'],
    ['AKIAXXXXXXXXXXXXXXXX', 'placeholder'],
    ['00000000-0000-0000-0000-000000000000', 'placeholder'],
    ['1111111111-2222222222', 'placeholder'],
    ['12345678', 'placeholder'],
    ['your_api_key_abcd1234efgh5678', 'placeholder'],
    ['key-auth-CCCCCCCCCCCC-DDDDDDDDDDDDDDDDDDDDDDDD', 'held'],
    ['wxyz6789klmn2345pqrs4567cdef3456', 'typed'],
    ['uvwxyz345678uvwxyz345678uvwxyz34', 'typed'],
    ['kR8vLq2zTn1234567890WmXe', 'typed'],
    ['kR8vLq2z1234TnWmXe5Yb7Uc', 'plain'],
  ] as const) {
    it(`takes ${text} for ${standing}`, () => assert.equal(standingOf(text), standing));
  }

  const secrets = [
    'hunter2-Tr0ub4dor',
    'sk_test_4eC39HqLyjWDarjtT1zdp7dc',
    'correct horse battery',
    's3cr3t-Pa55w0rd!',
    'a1b2c3d4e5f60718',
  ];
  for (const text of secrets) it(`lets ${text} through`, () => assert.ok(!isPlaceholder(text)));

  it('lets random tokens through, whatever words they happen to hold', () => {
    let refused = 0;
    for (let seed = 0; seed < 5000; seed++) {
      for (const text of [
        randomHex(seed, 32),
        randomText(seed, 24),
        `${randomText(seed, 20)}test${randomText(seed + 1, 8)}`,
        `123${randomText(seed, 24)}`,
      ]) {
        if (isPlaceholder(text)) refused++;
      }
    }
    assert.equal(refused, 0);
  });

  it('takes any text', function () {
    this.timeout(10_000);
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => typeof isPlaceholder(text) === 'boolean'));
  });
});

describe('isChecksumContext', () => {
  for (const text of ['sha512-', '"integrity": "', 'md5: ', 'SHA256:', 'sha1=', 'checksum = "']) {
    it(`knows ${text}`, () => assert.ok(isChecksumContext(text)));
  }
  for (const text of ['api_key: "', 'key=', 'sha256 of it and key = ']) {
    it(`does not take ${text} for one`, () => assert.ok(!isChecksumContext(text)));
  }
});

describe('entropyOf', () => {
  it('is zero for nothing and for one character', () => assert.deepEqual([entropyOf(''), entropyOf('aaaa')], [0, 0]));
  it('is log2 of the length where all characters differ', () => assert.equal(entropyOf('abcdefgh'), 3));
});
