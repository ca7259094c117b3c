import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { planMatches } from '../../src/detect/match-plan.ts';
import { decodePlan, digestOfPlan, encodePlan } from '../../src/detect/plan-bytes.ts';
import type { Records } from '../../src/detect/records.ts';
import { detector, ruleSet } from './rules.ts';

const plan = planMatches({
  ...ruleSet(
    detector({
      id: 'acme-key',
      anchors: ['acme_', 'acme token', '{ab}cme'],
      title: 'Schlüssel',
      at: 'token',
      pattern: 'acme_[0-9]{9}',
    }),
    detector({ id: 'any-key', anchors: ['acme_'], generic: true, at: 'name', pattern: '[0-9]{9}' }),
  ),
  digest: `sha256:${'0'.repeat(64)}`,
});

describe('a match plan as bytes', () => {
  it('is what it was', () => {
    const packed = decodePlan(encodePlan(plan));
    const all = <T>(records: Records<T>): T[] =>
      Array.from({ length: records.length }, (_, index) => records.read(index));
    const { detectors, anchors, outputs, ...rest } = packed;
    assert.deepEqual(
      {
        ...rest,
        detectors: all(detectors),
        anchors: all(anchors),
        outputs: all(outputs),
      },
      plan,
    );
  });

  it('is shared by threads, and so is its table', () => {
    const bytes = encodePlan(plan);
    assert.ok(bytes.buffer instanceof SharedArrayBuffer);
    assert.equal(decodePlan(bytes).table.rows.buffer, bytes.buffer);
  });

  it('tells whose rules it is of', () => {
    assert.equal(digestOfPlan(encodePlan(plan)), plan.digest);
  });

  it('is not taken for other bytes', () => {
    assert.equal(digestOfPlan(new Uint8Array(200)), undefined);
    assert.throws(() => decodePlan(new Uint8Array(200)), SyntaxError);
    assert.throws(() => decodePlan(encodePlan(plan)).detectors.read(2), RangeError);
  });
});
