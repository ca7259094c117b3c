import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { complaints } from '../../src/cli/complaints.ts';
import { incomplete, notice } from '../../src/errors.ts';
import type { EnvReport } from '../../src/scan/finding.ts';

const image = { reference: 'app:1', source: 'registry', platform: 'linux/amd64', repoTags: [], entries: [] } as const;

function report(images: EnvReport['images'], diagnostics: EnvReport['diagnostics'] = []): EnvReport {
  const tool = { name: 'whichlayer', version: '0', ruleSet: { digest: '', rules: 0, providers: 0 } } as const;
  const summary = { images: images.length, entries: 0, byVerdict: {} };
  return { schemaVersion: 1, tool, startedAt: '', durationMs: 0, images, diagnostics, summary };
}

describe('complaints', () => {
  it('has none about what was scanned whole', () => {
    assert.deepEqual(complaints(report([{ ...image, diagnostics: [notice('TRAILING_DATA', 'layer 0', 'more')] }])), []);
  });

  it('names the image, the code and what to do', () => {
    const error = { code: 'IMAGE_NOT_FOUND', message: 'It is not there.', hint: 'Look elsewhere.' };
    assert.deepEqual(complaints(report([{ reference: 'gone:1', error }])), [
      'whichlayer: gone:1: It is not there. (IMAGE_NOT_FOUND)',
      '  Look elsewhere.',
    ]);
  });

  it('says what was not looked at, the first of it in full, on one line each', () => {
    const missed = ['a\u001b[31m', 'b', 'c', 'd', 'e'].map((subject) =>
      incomplete('LIMIT_EXCEEDED', subject, 'too\nmuch'),
    );
    const lines = complaints(report([{ ...image, diagnostics: missed }], [incomplete('BLOB_TRUNCATED', 'tar', 'cut')]));
    assert.equal(lines.length, 5);
    for (const line of lines) assert.ok(!line.includes('\n') && !line.includes('\u001b'), JSON.stringify(line));
    assert.match(lines[3]!, /2 more/);
    assert.match(lines[4]!, /BLOB_TRUNCATED/);
  });
});
