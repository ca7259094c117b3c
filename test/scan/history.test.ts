import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { HistoryEntry } from '../../src/oci/image-config.ts';
import { alignHistory } from '../../src/scan/history.ts';

/** Steps; those that begin with a dash made no layer. */
function historyOf(...steps: readonly string[]): HistoryEntry[] {
  return steps.map((step, index) => ({
    index,
    createdBy: step.replace(/^- /, ''),
    emptyLayer: step.startsWith('- '),
  }));
}

const align = (history: HistoryEntry[], count: number, isBuildah = false) => {
  const { layers, diagnostics } = alignHistory(history, count, isBuildah);
  return [layers, diagnostics.map(({ code }) => code)];
};

describe('alignHistory', () => {
  it('gives each layer the step that made it', () => {
    const history = historyOf('ADD file:aa in /', '- CMD ["sh"]', '- ENV A=1', 'RUN make', '- LABEL a=b');
    assert.deepEqual(align(history, 2), [[0, 3], []]);
    assert.deepEqual(align([], 0), [[], []]);
  });

  it('names none where the counts differ', () => {
    assert.deepEqual(align(historyOf('RUN a'), 2), [[undefined, undefined], ['HISTORY_MISMATCH']]);
    assert.deepEqual(align([], 1), [[undefined], ['HISTORY_MISMATCH']]);
  });

  it('names none of the steps that made a layer together', () => {
    const nop = '/bin/sh -c #(nop)';
    const base = ['ADD rootfs /', '- CMD ["bash"]'];
    const one = historyOf(...base, `- ${nop} COPY file:ab in /a `, '- /bin/sh -c make', `${nop} CMD ["x"]`);
    assert.deepEqual(align(one, 2), [[0, undefined], ['HISTORY_MISMATCH']]);
    const command = historyOf(...base, '- /bin/sh -c make', `${nop} CMD ["x"]`);
    assert.deepEqual(align(command, 2), [[0, undefined], ['HISTORY_MISMATCH']]);
    const runs = historyOf(...base, '- /bin/sh -c one', '/bin/sh -c two');
    assert.deepEqual(align(runs, 2, true), [[0, undefined], ['HISTORY_MISMATCH']]);
    // Of classic docker: it changed nothing.
    assert.deepEqual(align(runs, 2), [[0, 3], []]);
  });
});
