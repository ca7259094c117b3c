/**
 * One image with a secret at every place that issue 6 names, scanned as a user does: each is found, with its provider, chain, layer,
 * instruction and exposure, and nothing else is. docs/depth.md counts what other scanners find of the same.
 */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { Report } from '../../src/scan/finding.ts';
import { buildImage, type Layout } from '../support/build-image.ts';
import { depthProblems } from '../support/depth/expectation.ts';
import { type DepthImage, depthImage } from '../support/depth/image.ts';
import { unopenedFiles } from '../support/depth/unopened.ts';
import { onlyImage, scanJson, whichlayer } from '../support/plant/cli.ts';
import { requireTools } from '../support/real/tool.ts';
import { createWorkspace, removeWorkspace } from '../support/real/workspace.ts';

describe('the depth image', function () {
  this.timeout(120_000);
  let folder = '';
  let image: DepthImage;

  before(function () {
    requireTools(this, 'xz', 'bzip2', 'lz4', 'git', 'openssl');
    folder = createWorkspace('depth');
    image = depthImage(6, folder);
  });
  after(() => {
    if (folder !== '') removeWorkspace(folder);
  });

  for (const layout of ['docker-25', 'docker-old'] satisfies Layout[]) {
    it(`gives up every secret, saved as ${layout} has it`, async () => {
      const path = join(folder, `${layout}.tar`);
      writeFileSync(path, buildImage({ ...image.spec, layout }));
      const { findings, coverage } = onlyImage(await scanJson([path]));
      // The old layout has no manifest to annotate.
      const plants = image.plants.filter(({ where }) => layout !== 'docker-old' || where.kind !== 'annotation');
      assert.ok(plants.length > 120);
      assert.deepEqual(depthProblems(plants, findings), []);
      // A zip without its directory may have lost members: that is said, whatever was found in it.
      const incomplete = coverage.skipped.filter(({ effect }) => effect === 'incomplete');
      assert.deepEqual(
        incomplete.map(({ code, subject }) => [code, subject]),
        [['NOT_UNPACKED', 'layer 1: srv/zip/cut.zip']],
      );
    });
  }

  it('has file systems that are not looked into named', async () => {
    const path = join(folder, 'unopened.tar');
    const files = unopenedFiles();
    writeFileSync(path, buildImage({ layers: [{ files, createdBy: 'COPY disks /disks' }], tags: ['disks:1'] }));
    const { code, stdout } = await whichlayer(['scan', '--format', 'json', path]);
    const [report] = (JSON.parse(stdout) as Report).images;
    assert.ok(report !== undefined && 'coverage' in report);
    const { complete, skipped } = report.coverage;
    const told = skipped.map(({ code, subject }) => `${code} ${subject}`).sort();
    const expected = Object.keys(files).map((file) => `NOT_UNPACKED layer 0: ${file}`);
    assert.deepEqual(told, expected.sort());
    assert.equal(code, complete ? 0 : 4);
  });
});
