import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { compileMatcher } from '../../src/detect/compiled-rules.ts';
import { HeldRun } from '../../src/detect/held-run.ts';
import { detect, Matcher } from '../../src/detect/matcher.ts';
import type { Match } from '../../src/detect/rule.ts';
import { detector, randomText, ruleSet } from './rules.ts';

const reach = { before: 300, after: 500 };

/** How many hits of one anchor, at every `step`-th byte of a content that comes in pieces, are looked at. */
function looks(bytes: Uint8Array, step: number, pieceBytes = bytes.length): number {
  const held = new HeldRun(reach.before, reach.after);
  let looked = 0;
  let next = step - 1;
  for (let end = Math.min(pieceBytes, bytes.length); ; end = Math.min(end + pieceBytes, bytes.length)) {
    const low = Math.max(0, next - reach.before - reach.after);
    const view = { bytes: bytes.subarray(low), low: 0, high: end - low };
    for (; next < bytes.length && (end === bytes.length || next + reach.after <= end); next += step) {
      const key = held.keyOf(held, view, next - low, low, 7);
      if (key !== undefined && held.isBarren(key)) continue;
      looked++;
      if (key !== undefined) held.setBarren(key);
    }
    if (end === bytes.length) return looked;
  }
}

describe('a stretch that repeats', () => {
  const most = reach.before + reach.after + 2 * 240;

  for (const text of ['a', '8n', '*:', 'ab\0', 'ghp_', 'five5', '12345678', '\\']) {
    it(`is looked at in few places, however long it is: ${JSON.stringify(text)}`, () => {
      const bytes = Buffer.alloc(200_000, text, 'latin1');
      for (const pieceBytes of [bytes.length, 5000, 4096]) {
        assert.ok(looks(bytes, text.length, pieceBytes) <= most, `${looks(bytes, text.length, pieceBytes)}`);
      }
    });
  }

  it('is looked at everywhere near a byte that is another', () => {
    const bytes = Buffer.alloc(20_000, 'a');
    const untouched = looks(bytes, 1);
    bytes[10_000] = 0x62;
    const around = reach.before + reach.after + 240;
    assert.ok(looks(bytes, 1) >= untouched + around, `${looks(bytes, 1)} and ${untouched}`);
  });

  it('is another in another content', () => {
    const held = new HeldRun(reach.before, reach.after);
    const view = { bytes: Buffer.alloc(20_000, 'a'), low: 0, high: 20_000 };
    const key = held.keyOf('one', view, 9000, 0, 7);
    assert.ok(key !== undefined);
    held.setBarren(key);
    assert.ok(held.isBarren(held.keyOf('one', view, 9240, 0, 7)!));
    assert.ok(!held.isBarren(held.keyOf('other', view, 9240, 0, 7)!));
  });

  it('hides nothing that lies in it or beside it', function () {
    this.timeout(20_000);
    const rules = compileMatcher(
      ruleSet(
        detector({
          id: 'held-token',
          at: 'token',
          anchors: ['aaaa'],
          pattern: 'aaaa[0-9A-Za-z]{20}(?![a])',
          after: 40,
        }),
        detector({ id: 'held-near', at: 'near', anchors: ['8n8'], pattern: '[A-Z0-9]{16}', before: 40, after: 60 }),
      ),
    );
    const secretsOf = (text: string, slabBytes: number): string[] => {
      let found: Match[] = [];
      const matcher = new Matcher(rules, undefined, (_, matches) => (found = matches), { slabBytes });
      matcher.begin(0);
      matcher.write(Buffer.from(text, 'latin1'));
      matcher.end();
      matcher.flush();
      matcher.close();
      return found.map(({ rule, start, end }) => `${rule} ${start} ${end}`);
    };
    const part = fc.oneof(
      fc.tuple(fc.constantFrom('a', '8n', '8n8-', '\\'), fc.integer({ min: 1, max: 3000 })),
      fc.tuple(
        fc.nat(1000).map((seed) => randomText(seed, 20)),
        fc.constant(1),
      ),
      fc.tuple(
        fc.nat(1000).map((seed) => randomText(seed, 16, 'ABCDEFGHJKMNP23456789')),
        fc.constant(1),
      ),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 2, maxLength: 6 }), (parts) => {
        const text = parts.map(([piece, count]) => piece.repeat(count)).join('');
        const whole = secretsOf(text, 1 << 20);
        // Every stretch is shorter than what repeats: there everything is looked at.
        const plain = new Set<string>();
        for (let at = 0; at < text.length; at += 500) {
          const from = Math.max(0, at - 400);
          for (const { rule, start, end } of detect(rules, text.slice(from, at + 900))) {
            if (start + from >= at && start + from < at + 500) plain.add(`${rule} ${start + from} ${end + from}`);
          }
        }
        for (const each of plain) assert.ok(whole.length >= 1000 || whole.includes(each), each);
        assert.deepEqual(secretsOf(text, 70_000), whole);
      }),
      { numRuns: 40 },
    );
  });
});
