/** What an image is built upon, which line put a secret there, and what other tags have, from the command line. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { ImageReport, Report } from '../../src/scan/finding.ts';
import { assembleImage, buildImage, type ImageSpec, type LayerSpec, writeOciLayout } from '../support/build-image.ts';
import { startFakeRegistry } from '../support/fake-registry.ts';
import { onlyImage, scanJson, whichlayer } from '../support/plant/cli.ts';
import { createWorkspace, removeWorkspace } from '../support/real/workspace.ts';

describe('an image and the one it is built upon', function () {
  this.timeout(120_000);
  let folder = '';
  let [app, base, old] = ['', '', ''];
  const token = (): string => `dop_v1_${randomBytes(32).toString('hex')}`;
  const [inBase, inBaseEnv, own, removed] = [token(), token(), token(), token()];

  before(() => {
    folder = createWorkspace('base');
    const baseLayers: LayerSpec[] = [
      { files: { 'etc/base.conf': `t=${inBase}\n` }, createdBy: 'ADD rootfs / # buildkit' },
    ];
    const baseHistory = [
      { created_by: 'ADD rootfs / # buildkit' },
      { created_by: `ENV BASE=${inBaseEnv}`, empty_layer: true },
    ];
    const Env = [`BASE=${inBaseEnv}`];
    const own1: LayerSpec = { files: { 'app/.env': `t=${own}\n`, 'app/key': `${removed}\n` } };
    const own2: LayerSpec = { whiteouts: ['app/key'] };
    base = write('base.tar', { layers: baseLayers, history: baseHistory, config: { Env }, tags: ['base:1'] });
    app = write('app.tar', {
      layers: [...baseLayers, own1, own2],
      history: [
        ...baseHistory,
        { created_by: 'COPY . /app # buildkit' },
        { created_by: 'RUN /bin/sh -c rm /app/key # buildkit' },
      ],
      config: { Env },
      tags: ['app:2'],
    });
    old = write('old.tar', { layers: [...baseLayers, own1], config: {}, tags: ['app:1'] });
  });
  after(() => removeWorkspace(folder));

  function write(name: string, spec: ImageSpec): string {
    const path = join(folder, name);
    writeFileSync(path, buildImage(spec));
    return path;
  }

  const secretsOf = ({ findings }: ImageReport): Set<string | undefined> =>
    new Set(findings.map(({ secret }) => secret.value));

  const reasonOf = ({ coverage }: ImageReport): string =>
    coverage.skipped.find(({ subject }) => subject === 'base image')?.message ?? '';

  it('has its layers marked where --base names it', async () => {
    const image = onlyImage(await scanJson([app], { args: ['--base', base] }));
    assert.deepEqual(image.base, { name: base, layers: 1, from: 'option', verified: true });
    assert.deepEqual(
      image.layers.map((layer) => [layer.base, layer.baseImage]),
      [
        [true, base],
        [false, undefined],
        [false, undefined],
      ],
    );
    assert.deepEqual(secretsOf(image), new Set([inBase, inBaseEnv, own, removed]));
  });

  it('keeps what is in it out with --skip-base, and says so', async () => {
    const report = await scanJson([app], { args: ['--base', base, '--skip-base'] });
    assert.deepEqual(secretsOf(onlyImage(report)), new Set([own, removed]));
    assert.deepEqual(report.summary.suppressed, { base: 2 });
    const { stdout } = await whichlayer(['scan', '--base', base, '--skip-base', app]);
    assert.match(stdout, /2 findings suppressed because they are in the base image/);
  });

  it('hides nothing on the word of an image', async () => {
    const report = await scanJson([app], { args: ['--base', old, '--skip-base'] });
    const image = onlyImage(report);
    assert.deepEqual(secretsOf(image), new Set([inBaseEnv]));
    assert.deepEqual(
      secretsOf(onlyImage(await scanJson([base], { args: ['--base', app, '--skip-base'] }))),
      new Set([inBase, inBaseEnv]),
    );
  });

  it('is compared by platform where --base names an index, in a registry or a layout', async () => {
    const platforms = ['linux/amd64', 'linux/arm64'] as const;
    const secrets = platforms.map(() => token());
    const below = platforms.map(
      (platform, at): ImageSpec => ({
        platform,
        layers: [{ files: { 'etc/base.conf': `t=${secrets[at]}\n`, arch: platform } }],
      }),
    );
    const above = platforms.map(
      (platform, at): ImageSpec => ({
        platform,
        layers: [...below[at]!.layers, { files: { 'app/.env': `t=${own}\n` } }],
      }),
    );
    const layout = join(folder, 'base-layout');
    writeOciLayout({ images: below, nested: true }, layout);
    const apps = join(folder, 'apps.tar');
    writeFileSync(apps, buildImage({ images: above, nested: true, layout: 'oci' }));
    const registry = await startFakeRegistry();
    try {
      const manifests = below.map((spec) => {
        const image = assembleImage(spec);
        const digest = registry.putImage(image);
        return { mediaType: image.manifestMediaType, digest, size: image.manifest.length, platform: image.platform };
      });
      const type = 'application/vnd.oci.image.index.v1+json';
      registry.putManifest(type, JSON.stringify({ schemaVersion: 2, mediaType: type, manifests }), '1');
      const named = `docker://${registry.host}/base:1`;
      for (const name of [layout, named]) {
        const args = ['--base', name, '--skip-base', '--insecure-registry', registry.host];
        const report = await scanJson([apps], { args });
        const images = report.images as readonly ImageReport[];
        assert.deepEqual(
          images.map((image) => [image.platform, image.base?.layers, image.base?.verified, [...secretsOf(image)]]),
          platforms.map((platform) => [platform, 1, true, [own]]),
        );
        assert.deepEqual(
          images.map(({ base: found }) => found?.digest),
          manifests.map(({ digest }) => digest),
        );
        assert.deepEqual(report.summary.suppressed, { base: 2 });
      }
      // Without its own platform there is nothing to compare.
      const [only] = manifests;
      registry.putManifest(type, JSON.stringify({ schemaVersion: 2, mediaType: type, manifests: [only] }), '2');
      const args = ['--base', `docker://${registry.host}/base:2`, '--skip-base', '--insecure-registry', registry.host];
      const [amd, arm] = (await scanJson([apps], { args })).images as readonly ImageReport[];
      assert.deepEqual([amd?.base?.layers, arm?.base], [1, undefined]);
      assert.deepEqual(secretsOf(arm!), new Set([secrets[1], own]));
      assert.match(reasonOf(arm!), /no image for linux\/arm64, but for linux\/amd64/);
    } finally {
      await registry.close();
    }
  });

  it('is not found in one that was squashed, nor by what that says of itself; either is said', async () => {
    const key = 'org.opencontainers.image.base';
    const digest = `sha256:${'a'.repeat(64)}`;
    const squashed = write('squashed.tar', {
      layers: [{ files: { 'etc/base.conf': `t=${inBase}\n`, 'app/.env': `t=${own}\n` } }],
      config: { Labels: { [`${key}.name`]: 'base:1', [`${key}.digest`]: digest } },
      tags: ['squashed:1'],
    });
    const image = onlyImage(await scanJson([squashed], { args: ['--base', base, '--skip-base'] }));
    assert.deepEqual(secretsOf(image), new Set([inBase, own]));
    assert.deepEqual(image.base, { name: 'base:1', digest, from: 'annotation', verified: false });
    assert.match(reasonOf(image), /none of the layers of .*squashed/);
    const claimed = onlyImage(await scanJson([squashed], { args: ['--skip-base'] }));
    assert.deepEqual(secretsOf(claimed), new Set([inBase, own]));
    assert.match(reasonOf(claimed), /--base base:1/);
  });

  it('ends with status 3 where the base can not be had', async () => {
    const { code, stdout } = await whichlayer(['scan', '--base', join(folder, 'gone.tar'), app]);
    assert.deepEqual([code, stdout], [3, '']);
  });

  it('is told by a Dockerfile, with the line of each finding', async () => {
    const dockerfile = join(folder, 'Dockerfile');
    writeFileSync(
      dockerfile,
      '# syntax=docker/dockerfile:1\nFROM base:1\nCOPY --chown=1 \\\n  . /app\nRUN rm /app/key\n',
    );
    const image = onlyImage(await scanJson([app], { args: ['--dockerfile', dockerfile] }));
    assert.deepEqual(image.base, { name: 'base:1', layers: 1, from: 'dockerfile', verified: false });
    const lines = image.findings.map(({ secret, instruction }) => [secret.value, instruction?.dockerfile?.line]);
    assert.deepEqual(
      new Map(lines as [string, number | undefined][]),
      new Map([
        [inBase, undefined],
        [inBaseEnv, undefined],
        [own, 3],
        [removed, 3],
      ]),
    );
    const gone = await whichlayer(['scan', '--dockerfile', join(folder, 'none'), app]);
    assert.equal(gone.code, 2);
  });

  it('is told of what other tags have', async () => {
    const report: Report = await scanJson([app, old]);
    const [first, second] = report.images as readonly ImageReport[];
    const found = first!.findings.find(({ secret }) => secret.value === removed);
    assert.deepEqual([found?.exposure, found?.removedBy?.how, found?.liveIn], ['deleted', 'whiteout', ['app:1']]);
    assert.ok(second!.findings.every(({ liveIn }) => liveIn === undefined));
    const alone = onlyImage(await scanJson([app]));
    assert.ok(alone.findings.every(({ liveIn }) => liveIn === undefined));
  });
});
