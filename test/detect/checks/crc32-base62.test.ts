import assert from 'node:assert/strict';
import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { crc32, hasCrc32Base62, lacksCrc32Base62 } from '../../../src/detect/checks/crc32-base62.ts';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const body = fc.string({ unit: fc.constantFrom(...digits), minLength: 30, maxLength: 30 });

function checksum(text: string): string {
  let rest = zlibCrc32(text);
  let out = '';
  for (let place = 0; place < 6; place++) {
    out = digits.charAt(rest % 62) + out;
    rest = Math.floor(rest / 62);
  }
  return out;
}

describe('crc32-base62', () => {
  it('agrees with zlib', () => {
    fc.assert(fc.property(body, (text) => crc32(text) === zlibCrc32(text)));
  });

  it('knows a right checksum from a wrong one', () => {
    fc.assert(
      fc.property(body, (text) => {
        const token = `abc_${text}${checksum(text)}`;
        const altered = token.slice(0, -1) + (token.endsWith('0') ? '1' : '0');
        assert.deepEqual([hasCrc32Base62(token), lacksCrc32Base62(token)], [true, false]);
        assert.deepEqual([hasCrc32Base62(altered), lacksCrc32Base62(altered)], [false, true]);
      }),
    );
  });
});
