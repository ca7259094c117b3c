import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { findValues } from '../../src/detect/assignment.ts';
import { mayAssign } from '../../src/detect/byte-check.ts';

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
