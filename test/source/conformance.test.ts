/**
 * One image through every source: whatever the place and the layout, the findings are the same. The image has no
 * HEALTHCHECK and no ONBUILD, which tools drop when they write a configuration in OCI's form.
 */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Finding, ImageReport } from '../../src/scan/finding.ts';
import { buildPlanted } from '../support/plant/builder.ts';
import { onlyImage, scanJson } from '../support/plant/cli.ts';
import { plantImage } from '../support/plant/image.ts';
import { everyPlace, type Place } from '../support/plant/image-source.ts';
import { requireRoot, requireTools } from '../support/real/tool.ts';
import { createWorkspace, removeWorkspace } from '../support/real/workspace.ts';

const seed = 1001;
const placeNames = [
  'docker-archive',
  'stdin',
  'path',
  'oci',
  'oci with its name',
  'oci-archive',
  'oci-archive on stdin',
  'oci zstd',
  'oci zstd:chunked',
  'docker 25',
  'docker 25 on stdin',
  'docker-daemon',
  'bare name',
  'podman',
  'podman as DOCKER_HOST',
  'registry',
  'registry OCI',
  'registry zstd',
  'registry zstd:chunked',
  'registry with a password',
  'docker-archive of buildah',
  'oci-archive of buildah',
  'registry index of two platforms',
];

describe('every source', () => {
  const places = new Map<string, Place>();
  let folder = '';
  let standard: ImageReport;

  before(async function () {
    requireRoot(this);
    requireTools(
      this,
      'busybox',
      'skopeo',
      'buildah',
      'docker',
      'dockerd',
      'podman',
      'crun',
      'docker-registry',
      'htpasswd',
    );
    this.timeout(180_000);
    folder = createWorkspace('conform');
    const archive = await buildPlanted(plantImage(seed, { ociOnly: true }), 'docker-buildkit', folder);
    for (const place of await everyPlace(archive, folder)) places.set(place.name, place);
    standard = onlyImage(await scanJson([archive.path]));
    assert.ok(standard.findings.length >= 28, `${standard.findings.length} findings`);
  });
  after(function () {
    this.timeout(60_000);
    if (folder !== '') removeWorkspace(folder);
  });

  for (const name of placeNames) {
    it(`gives the same findings from ${name}`, async function () {
      this.timeout(60_000);
      const place = places.get(name);
      assert.ok(place !== undefined);
      const report = onlyImage(await scanJson([place.reference], place));
      assert.deepEqual(report.findings.map(withoutPlace), standard.findings.map(withoutPlace));
      assert.deepEqual(shapeOf(report), shapeOf(standard));
    });
  }

  it('is looked at by no fewer sources than there are', () => {
    assert.deepEqual([...places.keys()].sort(), [...placeNames].sort());
  });
});

// A layer's own digest depends on how the place compresses it, its diff ID does not; a proof names the place.
function withoutPlace({ proof: _, ...finding }: Finding): unknown {
  if (finding.layer === undefined) return finding;
  const { digest: __, ...layer } = finding.layer;
  return { ...finding, layer };
}

/** What else every source must agree on. */
function shapeOf(report: ImageReport): unknown {
  const { complete, layersScanned, layersTotal, filesScanned } = report.coverage;
  return {
    platform: report.platform,
    coverage: { complete, layersScanned, layersTotal, filesScanned },
    layers: report.layers.map(({ index, diffId, historyIndex, createdBy, entries }) => ({
      ...{ index, diffId, historyIndex, createdBy, entries },
    })),
  };
}
