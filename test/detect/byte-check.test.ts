import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { findValues } from '../../src/detect/assignment.ts';
import { holdsStrongRun, mayAssign, mayBeStrong } from '../../src/detect/byte-check.ts';
import { charSet } from '../../src/detect/char-set.ts';

const anchor = 'token';

function values(after: string): number {
  const text = ` ${anchor}${after}`;
  const span = { start: 1, end: 1 + anchor.length };
  return findValues(text, { anchor: span, region: { start: 0, end: text.length }, mayMatch: () => true }).length;
}

describe('mayAssign', () => {
  it('never refuses what has a value', () => {
    const piece = fc.constantFrom(
      ...' \t\n;,.$-=:()[]{}<>|?!+&"\'`\\_aZ0/'.split(''),
      ...['value=', 'default: ', 'content', 'is ', ' or ', 'String', '&str', '->', '</a><b>', 'Key', 'x7Qm2Lr9'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const after = pieces.join('');
        if (values(after) === 0) return;
        assert.ok(mayAssign(new TextEncoder().encode(after), 0, after.length), after);
      }),
      { numRuns: 20_000 },
    );
  });

  it('refuses words of prose and code', () => {
    for (const after of ['; return x', '.\nNext', '/x', '*y', '%', '\0name', '', 's) {']) {
      assert.equal(
        mayAssign(new TextEncoder().encode(after), 0, after.length),
        after === 's) {',
        JSON.stringify(after),
      );
    }
  });
});

describe('holdsStrongRun', () => {
  it('is true where a value that is long and may be strong begins in its window', () => {
    const set = charSet('09AZaz', '._');
    const long = (text: string): boolean => [...text].every((letter) => set[letter.charCodeAt(0)] === 1);
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', 'C', '.', '7', ' ', '='), maxLength: 40 }),
        fc.nat(8),
        fc.nat(40),
        fc.integer({ min: 1, max: 6 }),
        (text, start, size, length) => {
          const end = Math.min(text.length, start + size);
          const bytes = new TextEncoder().encode(text);
          const starts = Array.from({ length: Math.max(0, end - length - start + 1) }, (_, index) => start + index);
          const expected = starts.some(
            (at) => long(text.slice(at, at + length)) && mayBeStrong(bytes, at, text.length, set),
          );
          assert.equal(holdsStrongRun(bytes, start, end, text.length, { length, set }), expected);
        },
      ),
      { numRuns: 5000 },
    );
  });
});
