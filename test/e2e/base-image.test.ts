/** What an image is built upon, which line put a secret there, and what other tags have, from the command line. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { ImageReport, Report } from '../../src/scan/finding.ts';
import { buildImage, type ImageSpec, type LayerSpec } from '../support/build-image.ts';
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
