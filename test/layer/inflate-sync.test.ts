import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { describe, it } from 'mocha';
import { hasZlibSync, type InflateEngine, Inflater, stepBytes } from '../../src/layer/inflate-sync.ts';

const engines: readonly InflateEngine[] = ['node', ...(hasZlibSync() ? (['zlib-sync'] as const) : [])];

for (const engine of engines) {
  describe(`Inflater with ${engine}`, () => {
    const inflate = (input: Uint8Array, ratio = 1000): { state: string; output: Buffer } => {
      const outputs: Buffer[] = [];
      const inflater = new Inflater(engine, ratio, (bytes) => outputs.push(Buffer.from(bytes)) > 0);
      inflater.push(input);
      const state = inflater.settle();
      inflater.close();
      return { state, output: Buffer.concat(outputs) };
    };

    it('inflates streams that end anywhere in a step', () => {
      // Stored blocks have five bytes of header each, so that lengths around a step's are hit exactly.
      for (let length = stepBytes - 12; length < stepBytes + 12; length++) {
        const content = randomBytes(length);
        const { state, output } = inflate(deflateRawSync(content));
        assert.equal(state, 'ended', `${length}`);
        assert.ok(output.equals(content));
      }
    });

    it('is open until the end mark, whatever came out', () => {
      const content = Buffer.alloc(50_000, 'text that repeats ');
      const packed = deflateRawSync(content);
      for (let cut = 1; cut < packed.length; cut += 7) assert.equal(inflate(packed.subarray(0, cut)).state, 'open');
      assert.equal(inflate(Buffer.alloc(0)).state, 'open');
    });

    it('gives all of a step that makes five hundred times as much', () => {
      const content = Buffer.alloc(10_000_000);
      const { state, output } = inflate(deflateRawSync(content), 10_000);
      assert.deepEqual([state, output.length], ['ended', content.length]);
      assert.ok(output.equals(content));
    });

    it('tells damage, and what came before it', () => {
      const packed = deflateRawSync(randomBytes(20_000), { level: 0 });
      const broken = Buffer.concat([packed.subarray(0, 16_000), Buffer.alloc(20_000, 0xff)]);
      const ended = deflateRawSync(randomBytes(9000), { level: 0 });
      ended[0] = 0;
      assert.equal(inflate(Buffer.concat([ended, Buffer.alloc(100, 0xff)])).state, 'corrupt');
      assert.ok(inflate(broken).output.length > 12_000);
      assert.equal(inflate(Buffer.from([0xff, 0xff])).state, 'corrupt');
    });

    it('stops where it is told to, and takes nothing behind the end', () => {
      const stopping = new Inflater(engine, 1000, () => false);
      stopping.push(deflateRawSync(randomBytes(50_000)));
      assert.equal(stopping.state, 'stopped');
      stopping.close();
      const done = new Inflater(engine, 1000, () => true);
      done.push(deflateRawSync(Buffer.from('x')));
      assert.equal(done.settle(), 'ended');
      assert.equal(done.push(Buffer.from('more')), 0);
      done.close();
    });

    it('opens thousands of streams in bounded memory', function () {
      this.timeout(20_000);
      const content = Buffer.alloc(40_000, 'member ');
      const packed = deflateRawSync(content);
      inflate(packed);
      const before = process.memoryUsage().rss;
      for (let index = 0; index < 3000; index++) assert.equal(inflate(packed).output.length, content.length);
      // zlib-sync alone would have taken 170 MB for good.
      assert.ok(process.memoryUsage().rss - before < 100_000_000);
    });
  });
}
