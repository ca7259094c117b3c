/** Escapes are written out, and each byte of what comes out knows where it stood. */

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { toEscaped, writeOut } from '../../../src/detect/decode/write-out.ts';

/** Characters as they are and as they are written; none beside a sign that stands in a value. */
const written = fc.oneof(
  fc.stringMatching(/^[a-z=:;,() ]{0,40}$/).map((text) => [...text].map((char) => [char, char] as const)),
  fc.integer({ min: 0, max: 0x7f }).map((code) => [[char(code), `\\x${hex(code, 2)}`] as const]),
  fc.integer({ min: 0x80, max: 0xd7ff }).map((code) => [[char(code), `\\u${hex(code, 4)}`] as const]),
  fc.constantFrom([['', '\\\n'] as const], [['=', '\\='] as const], [['\\d', '\\d'] as const]),
);

const char = (code: number): string =>
  `'"\`$\\`.includes(String.fromCharCode(code)) ? '=' : String.fromCharCode(code);
const hex = (code: number, digits: number): string => char(code).charCodeAt(0).toString(16).padStart(digits, '0');

describe('writeOut', () => {
  it('writes what stands between escapes as it is, and says where each byte stood', () => {
    fc.assert(
      fc.property(fc.array(written, { maxLength: 20 }), fc.nat(20), (parts, before) => {
        const bytes = Buffer.from(`${'x'.repeat(before)}${parts.flatMap((part) => part.map(([, to]) => to)).join('')}`);
        const unescaped = writeOut('backslash', bytes, before, bytes.length);
        const places: number[] = [];
        let expected = '';
        let start = before;
        for (const [plain, escaped] of parts.flat()) {
          const isPlain = plain === escaped;
          for (let at = 0; at < Buffer.byteLength(plain); at++) places.push(start + (isPlain ? at : 0));
          expected += plain;
          start += escaped.length;
        }
        // Blanks behind a line's end that followed a blank are an indent.
        fc.pre(!/[ \t]\\\n[ \t]/.test(bytes.toString('latin1')));
        assert.equal(Buffer.from(unescaped.bytes).toString(), expected);
        assert.deepEqual(
          places.map((_, at) => toEscaped(unescaped, at, before)),
          places,
        );
      }),
      { numRuns: 500 },
    );
  });
});
