import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';
import { describe, it } from 'mocha';
import { envTable } from '../../src/report/env-table.ts';
import { displayWidth } from '../../src/report/table.ts';
import { assertGolden } from './golden.ts';
import { envReport } from './samples.ts';

const plain = { width: 80, color: false, showSecrets: false };

describe('envTable', () => {
  for (const width of [80, 160]) {
    it(`is the text a person reads at ${width} columns`, () => {
      assertGolden(`env-${width}.txt`, envTable(envReport, { ...plain, width }));
    });
  }

  it('fits every width', () => {
    for (let width = 60; width <= 200; width += 3) {
      for (const line of envTable(envReport, { ...plain, width }).split('\n')) {
        assert.ok(displayWidth(line) <= width, `${displayWidth(line)} columns of ${width}: ${line}`);
      }
    }
  });

  it('is the same text with colours, codes apart', () => {
    assert.equal(stripVTControlCharacters(envTable(envReport, { ...plain, color: true })), envTable(envReport, plain));
  });

  it('lets nothing from an image move the terminal', () => {
    const [image] = envReport.images;
    assert.ok(image !== undefined && 'entries' in image);
    const nasty = 'a\u001b[2J\u202e\n\u009b31mb';
    const entries = [
      { kind: 'label' as const, name: nasty, value: nasty, verdict: 'suspicious' as const, reason: nasty },
      { ...image.entries[5]!, title: nasty, provider: nasty, name: nasty, value: nasty },
    ];
    const text = envTable({ ...envReport, images: [{ ...image, reference: nasty, entries }] }, plain);
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
  });
});
