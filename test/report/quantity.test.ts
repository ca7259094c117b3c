import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { formatBytes, formatDuration, formatNumber } from '../../src/report/quantity.ts';

describe('formatBytes', () => {
  const cases: readonly (readonly [bytes: number, text: string])[] = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [9949, '9.9 kB'],
    [9950, '10 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [2_004_000_000, '2.0 GB'],
  ];
  for (const [bytes, text] of cases) it(`writes ${bytes} as ${text}`, () => assert.equal(formatBytes(bytes), text));
});

describe('formatDuration', () => {
  const cases: readonly (readonly [ms: number, text: string])[] = [
    [0, '0 ms'],
    [999.6, '1.0 s'],
    [4123, '4.1 s'],
    [59_960, '1 min 0 s'],
    [185_000, '3 min 5 s'],
  ];
  for (const [ms, text] of cases) it(`writes ${ms} ms as ${text}`, () => assert.equal(formatDuration(ms), text));
});

describe('formatNumber', () => {
  it('knows one from many', () => {
    assert.equal(formatNumber(1, 'layer'), '1 layer');
    assert.equal(formatNumber(0, 'layer'), '0 layers');
    assert.equal(formatNumber(1234, 'entry', 'entries'), '1,234 entries');
  });
});
