/** Threads that help: they change who looks at a content, never what is found. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, type Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { after, describe, it } from 'mocha';
import { compileMatcher } from '../../src/detect/compiled-rules.ts';
import { planMatches } from '../../src/detect/match-plan.ts';
import { encodePlan } from '../../src/detect/plan-bytes.ts';
import { help } from '../../src/scan/help.ts';
import { batchBytes, Helpers } from '../../src/scan/helpers.ts';
import type { LayerScan } from '../../src/scan/layer-scan.ts';
import { isWorthHelp } from '../../src/scan/lending.ts';
import { ScanPool } from '../../src/scan/pool.ts';
import { scanBlob } from '../../src/scan/scan-blob.ts';
import { detector, randomText, ruleSet } from '../detect/rules.ts';
import { inChunks } from '../layer/record-layer.ts';
import { tarOf } from '../support/packed-bytes.ts';

const ruleset = ruleSet(
  detector({ id: 'acme-key', anchors: ['acme_'], at: 'token', pattern: '(acme_[A-Za-z0-9]{24})' }),
);
const rules = compileMatcher(ruleset);
const kit = { rules, automaton: undefined, seed: 1 };
const secret = `acme_${randomText(7, 24)}`;

/** A helper on a port of its own, that counts what it was sent. */
function helper(helpers: Helpers): { batches: number } {
  const { port1, port2 } = new MessageChannel();
  const seen = { batches: 0 };
  port1.on('message', () => seen.batches++);
  help(port1, rules, undefined);
  helpers.add(port2);
  return seen;
}

async function scanWith(files: Readonly<Record<string, Uint8Array>>, helpers: Helpers): Promise<LayerScan> {
  try {
    return await scanBlob(inChunks(tarOf(files)), kit, {}, helpers);
  } finally {
    helpers.close();
  }
}

describe('threads that help', () => {
  it('find what is found without them, whatever the sizes of contents', async () => {
    const size = fc.oneof(
      fc.constantFrom(0, 29, batchBytes - 1, batchBytes, batchBytes + 1),
      fc.integer({ min: 0, max: 3000 }),
      fc.integer({ min: 0, max: 5 * batchBytes }),
    );
    const file = fc.record({ size, at: fc.double({ min: 0, max: 1, noNaN: true }), isPacked: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(file, { maxLength: 12 }), fc.integer({ min: 1, max: 3 }), async (shapes, count) => {
        const files = Object.fromEntries(
          shapes.map(({ size, at, isPacked }, index) => {
            const content = Buffer.alloc(size, 'filler of no meaning\n');
            content.write(secret, Math.floor(at * size));
            return isPacked ? [`f${index}.gz`, gzipSync(content)] : [`f${index}`, content];
          }),
        );
        const helpers = new Helpers();
        for (let added = 0; added < count; added++) helper(helpers);
        assert.deepEqual(await scanWith(files, helpers), await scanWith(files, new Helpers()));
      }),
      { numRuns: 25 },
    );
  });

  it('find what the end of a batch cuts', async () => {
    for (const before of [0, 1, 11, 28, 29, 30]) {
      const content = Buffer.alloc(3 * batchBytes, 'filler of no meaning\n');
      for (const edge of [1, 2]) content.write(`\n${secret}\n`, edge * batchBytes - before - 1);
      const helpers = new Helpers();
      const seen = helper(helpers);
      const { contents } = await scanWith({ a: Buffer.from('x'), content }, helpers);
      const starts = contents.flatMap(({ matches }) => matches.map(({ start }) => start));
      assert.deepEqual(starts, [batchBytes - before, 2 * batchBytes - before]);
      assert.ok(seen.batches > 2);
    }
  });

  it('change nothing of what is said of contents with more matches than are listed', async () => {
    const many = (seed: number): string =>
      Array.from({ length: 1100 }, (_, index) => `acme_${randomText(seed + index, 24)}`).join('\n');
    const files = {
      small: Buffer.from(many(1)),
      large: Buffer.from(`${many(2000)}\n${'filler of no meaning\n'.repeat(150_000)}`),
      last: Buffer.from(many(4000)),
    };
    const helpers = new Helpers();
    helper(helpers);
    const scanned = await scanWith(files, helpers);
    assert.deepEqual(scanned, await scanWith(files, new Helpers()));
    assert.deepEqual(
      scanned.diagnostics.map(({ subject }) => subject),
      ['large', 'last', 'small'],
    );
  });

  it('are given more contents than may wait', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 9000 }, (_, index) => [
        `f${index}`,
        Buffer.from(index % 1000 === 7 ? secret : `file ${index}`),
      ]),
    );
    const helpers = new Helpers();
    const seen = helper(helpers);
    const { contents } = await scanWith(files, helpers);
    assert.deepEqual(
      contents.map(({ path }) => path),
      [7, 1007, 2007, 3007, 4007, 5007, 6007, 7007, 8007].map((index) => `f${index}`),
    );
    assert.ok(seen.batches > 1);
  });

  it('fail the scan where they end before they have answered', async () => {
    const { port1, port2 } = new MessageChannel();
    const helpers = new Helpers();
    helpers.add(port2);
    port1.once('message', () => port1.close());
    await assert.rejects(scanWith({ a: Buffer.from(secret) }, helpers), /has ended/);
  });

  it('fail the scan where they ended before they were sent anything', async () => {
    const { port1, port2 } = new MessageChannel();
    const helpers = new Helpers();
    helpers.add(port2);
    const batch = helpers.batch();
    assert.ok(batch);
    batch.contents.push({ id: 1, path: 'a', end: 0, goesOn: false });
    port1.close();
    await new Promise((resolve) => port2.once('close', resolve));
    helpers.send(batch, 'files', () => assert.fail('nobody has matched it'));
    await assert.rejects(helpers.settled(), /has ended/);
    assert.equal(helpers.batch(), undefined);
  });

  it('fail the scan where they can’t match', async () => {
    const helpers = new Helpers();
    const { port1, port2 } = new MessageChannel();
    help(port1, { ...rules, anchorsOf: () => assert.fail('no anchors') }, undefined);
    helpers.add(port2);
    await assert.rejects(scanWith({ a: Buffer.from(secret) }, helpers), /no anchors/);
  });

  it('are worth it while enough of a blob is left', () => {
    const mebi = 1 << 20;
    assert.equal(isWorthHelp({ sizeBytes: 20 * mebi, usedBytes: 12 * mebi }), true);
    assert.equal(isWorthHelp({ sizeBytes: 20 * mebi, usedBytes: 12 * mebi + 1 }), false);
    assert.equal(isWorthHelp({ sizeBytes: undefined, usedBytes: 8 * mebi }), true);
    assert.equal(isWorthHelp({ sizeBytes: undefined, usedBytes: 8 * mebi - 1 }), false);
  });
});

describe('the pool, given one large blob', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'whichlayer-test-'));
  after(() => rmSync(folder, { recursive: true }));

  for (const [jobs, expected] of [
    [1, 1],
    [2, 2],
    [3, 3],
    [5, 3],
  ] as const) {
    it(`scans it with ${expected} of ${jobs} workers`, async () => {
      const files = Object.fromEntries(
        Array.from({ length: 600 }, (_, index) => [
          `f${index}`,
          Buffer.from(`${`line of file ${index}\n`.repeat(2000)}${index % 100 === 0 ? secret : ''}`),
        ]),
      );
      const path = join(folder, `${jobs}.tar`);
      const tar = tarOf(files);
      writeFileSync(path, tar);
      const plan = encodePlan(planMatches(ruleset));
      let workers = 0;
      const count = (_: Worker): void => {
        workers++;
      };
      process.on('worker', count);
      const pool = new ScanPool({ jobs, plan, automaton: undefined, seed: 1 });
      try {
        const blob = {
          key: 'blob',
          file: { path, start: 0, end: tar.length },
          open: () => assert.fail('is read there'),
        };
        const { contents } = await pool.scan(blob, {}, new AbortController().signal, () => {}).scan;
        assert.deepEqual(
          contents.map(({ path }) => path),
          [0, 100, 200, 300, 400, 500].map((index) => `f${index}`),
        );
        assert.equal(workers, expected);
      } finally {
        process.off('worker', count);
        await pool.close();
      }
    });
  }
});
