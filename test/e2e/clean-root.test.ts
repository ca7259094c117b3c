/**
 * A clean root file system of over a gigabyte, whose every file comes from public packages: hardly anything in it is
 * reported, at any confidence, and what is stands in docs/clean-root.md with the reason. What the packages publish
 * (test keys, samples) is counted as suppressed.
 */

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { Finding, ImageReport } from '../../src/scan/finding.ts';
import { onlyImage, scanJson } from '../support/plant/cli.ts';
import { installCleanRoot, packCleanRoot } from '../support/real/clean-root.ts';
import { requireRoot, requireTools } from '../support/real/tool.ts';
import { createWorkspace, removeWorkspace } from '../support/real/workspace.ts';

const mostSure = 5;
const mostOfAny = 25;

describe('a clean root file system with Python and Node packages', () => {
  let folder = '';
  let report: ImageReport;

  before(async function () {
    requireRoot(this);
    requireTools(this, 'debootstrap', 'pip3');
    this.timeout(600_000);
    folder = createWorkspace('clean');
    const root = join(folder, 'root');
    await installCleanRoot(root);
    await packCleanRoot(root, join(folder, 'layout'));
    rmSync(root, { recursive: true, force: true });
    const whole = await scanJson([`oci:${join(folder, 'layout')}`]);
    report = onlyImage(whole);
    const { filesScanned, bytesScanned } = report.coverage;
    const suppressed = JSON.stringify(whole.summary.suppressed ?? {});
    console.log(`    ${filesScanned} files, ${bytesScanned} bytes, ${whole.durationMs} ms, suppressed: ${suppressed}`);
    for (const finding of report.findings) console.log(`    ${describeFinding(finding)}`);
  });
  after(function () {
    this.timeout(60_000);
    if (folder !== '') removeWorkspace(folder);
  });

  it('is scanned as a whole', () => {
    assert.equal(report.coverage.complete, true, JSON.stringify(report.coverage.skipped));
    assert.ok(report.coverage.filesScanned > 40_000, `${report.coverage.filesScanned} files`);
    assert.ok(report.coverage.bytesScanned > 1e9, `${report.coverage.bytesScanned} bytes`);
  });

  it(`has at most ${mostSure} findings of medium or high confidence`, () => {
    const sure = report.findings.filter(({ confidence }) => confidence !== 'low');
    assert.ok(sure.length <= mostSure, sure.map(describeFinding).join('\n'));
  });

  it(`has at most ${mostOfAny} findings of any confidence`, () => {
    assert.ok(report.findings.length <= mostOfAny, report.findings.map(describeFinding).join('\n'));
  });
});

/** Masked: what is found may be somebody's. */
function describeFinding({ rule, confidence, location, secret }: Finding): string {
  const where = [location.path, ...(location.nested ?? [])].join(' ');
  return `${rule} (${confidence}) in ${where}:${location.line}: ${secret.masked}`;
}
