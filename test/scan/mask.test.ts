import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Masker } from '../../src/scan/mask.ts';
import { mask } from '../../src/scan/mask-text.ts';

describe('mask', () => {
  it('shows nothing of a short secret, not even its length', () => {
    for (const secret of ['x', 'hunter2', 'k7Wd0pZr5Tq2Xb9']) assert.equal(mask(secret), '********');
  });
  it('shows the first and last four characters of a longer one', () => {
    assert.equal(mask('k7Wd0pZr5Tq2Xb9M'), 'k7Wd…Xb9M');
    assert.equal(mask('🔑'.repeat(16)), '🔑🔑🔑🔑…🔑🔑🔑🔑');
  });
  it('shows the body of a PEM block, which tells keys apart', () => {
    const body = 'MIIEpAIBAAKCAQEA\nq8Zr2Lx0Vb7Nw4Kt';
    const [begin, end] = ['BEGIN', 'END'].map((word) => `-----${word} RSA PRIVATE KEY-----`);
    assert.equal(mask(`${begin}\n${body}\n${end}`), 'MIIE…w4Kt');
    assert.equal(mask(`${begin}\\n${body.replace('\n', '\\n')}\\n${end}\\n`), 'MIIE…w4Kt');
  });
});

describe('Masker', () => {
  it('masks every secret wherever it stands, the longest first', () => {
    const long = 'q8Zr2Lx0Vb7Nw4Kt';
    const masker = new Masker([long.slice(0, 8), long, '']);
    assert.equal(masker.apply(`a ${long} b ${long.slice(0, 8)}$& c`), 'a q8Zr…w4Kt b ********$& c');
  });

  it('leaves plain words in names alone', () => {
    const token = 'q8Zr2Lx0Vb7Nw4Kt';
    const masker = new Masker(['PASSWORD', token]);
    assert.equal(masker.applyToName(`DB_PASSWORD_FILE/${token}`), 'DB_PASSWORD_FILE/q8Zr…w4Kt');
    assert.equal(masker.apply('X=PASSWORD'), 'X=********');
  });
});
