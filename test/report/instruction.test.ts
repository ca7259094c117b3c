import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { readInstruction, shortenInstruction } from '../../src/report/instruction.ts';
import { displayWidth } from '../../src/report/table.ts';

describe('readInstruction', () => {
  const cases: readonly (readonly [createdBy: string, read: string])[] = [
    ['/bin/sh -c #(nop)  ENV A=b', 'ENV A=b'],
    ['RUN /bin/sh -c make # buildkit', 'RUN make'],
    ['/bin/sh -c apt-get  update', 'RUN apt-get update'],
    ['|1 A=x /bin/sh -c make', 'RUN |1 A=x make'],
    ['RUN |1 A=x /bin/sh -c make # buildkit', 'RUN |1 A=x make'],
    [`/bin/sh -c #(nop) COPY file:${'ab'.repeat(32)} in /app `, 'COPY file:abababababab in /app'],
    ['COPY . /app # buildkit', 'COPY . /app'],
    ['RUN <<EOF\necho a\nEOF', 'RUN <<EOF echo a EOF'],
    ['', ''],
  ];
  for (const [createdBy, read] of cases) {
    it(`reads ${JSON.stringify(createdBy)}`, () => assert.equal(readInstruction(createdBy), read));
  }
});

describe('shortenInstruction', () => {
  it('keeps to the width, and the masked secret whole', () => {
    const words = fc.array(fc.constantFrom('RUN', 'curl', '-H', '中文字', '/opt/app', 'x'.repeat(60), '&&'), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(words, words, fc.integer({ min: 24, max: 160 }), (before, after, width) => {
        const text = [...before, '7c11…813e', ...after].join(' ');
        const short = shortenInstruction(text, '7c11…813e', width);
        assert.ok(displayWidth(short) <= width, short);
        assert.ok(short.includes('7c11…813e'), short);
      }),
    );
  });
});
