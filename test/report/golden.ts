/** Compares text with a file under test/report/golden; UPDATE_SNAPSHOTS=1 writes the file, for a person to read in the diff. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

// Sources and build lie at different depths; the golden texts do not move.
const folder = new URL('golden/', import.meta.url.replace('/dist/test/', '/test/'));

/** Fails where the text is not the file's. */
export function assertGolden(name: string, text: string): void {
  const file = new URL(name, folder);
  if (process.env['UPDATE_SNAPSHOTS'] === '1') {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, text);
  }
  assert.ok(existsSync(file), `${name} is missing: look at the text, then run with UPDATE_SNAPSHOTS=1`);
  assert.equal(text, readFileSync(file, 'utf8'));
}
