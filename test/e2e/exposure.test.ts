/** How exposed a secret is, from the command line: each way a file goes, what only a build stage had, and what other tags still have. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { Finding, ImageReport } from '../../src/scan/finding.ts';
import { attestation, ContentStore, provenance } from '../support/artifacts.ts';
import { type ArchiveSpec, assembleImage, buildImage, type ImageSpec, type LayerSpec } from '../support/build-image.ts';
import { startFakeRegistry } from '../support/fake-registry.ts';
import { onlyImage, scanJson, whichlayer } from '../support/plant/cli.ts';
import { createWorkspace, removeWorkspace } from '../support/real/workspace.ts';

const token = (): string => `dop_v1_${randomBytes(32).toString('hex')}`;

describe('how exposed a secret is', function () {
  this.timeout(120_000);
  let folder = '';
  before(() => {
    folder = createWorkspace('exposure');
  });
  after(() => removeWorkspace(folder));

  function write(spec: ArchiveSpec): string {
    const path = join(folder, `${randomBytes(4).toString('hex')}.tar`);
    writeFileSync(path, buildImage(spec));
    return path;
  }

  /** What the table says at the end of a place's line. */
  async function wordsOf(path: string): Promise<string> {
    const { stdout } = await whichlayer(['scan', '--no-color', path], { env: { COLUMNS: '200' } });
    return stdout.replace(/\s+/g, ' ');
  }

  it('is told for each way that a file goes', async () => {
    const names = ['live', 'linked', 'replaced', 'removed', 'folder/removed', 'opaque/x', 'opaque/deep/x', 'file/x'];
    const secrets = new Map(names.map((name) => [name, token()]));
    const layers: LayerSpec[] = [
      {
        files: Object.fromEntries(names.map((name) => [`app/${name}`, `t=${secrets.get(name)}\n`])),
        links: { 'app/link': { hardlink: 'app/linked' } },
      },
      { files: { 'app/replaced': 'x' }, whiteouts: ['app/removed', 'app/folder', 'app/linked'] },
      { opaque: ['app/opaque'], files: { 'app/opaque/new': 'x' } },
      { files: { 'app/file': 'x' } },
    ];
    const path = write({ layers, tags: ['app:1'] });
    const { findings } = onlyImage(await scanJson([path]));
    const told = (name: string): unknown => {
      const { exposure, removedBy } = findings.find(({ secret }) => secret.value === secrets.get(name))!;
      return removedBy === undefined ? exposure : [exposure, removedBy.layer, removedBy.how];
    };
    assert.deepEqual(Object.fromEntries(names.map((name) => [name, told(name)])), {
      live: 'live',
      linked: 'live',
      replaced: ['overwritten', 1, 'replaced'],
      removed: ['deleted', 1, 'whiteout'],
      'folder/removed': ['deleted', 1, 'whiteout'],
      'opaque/x': ['deleted', 2, 'opaque'],
      'opaque/deep/x': ['deleted', 2, 'opaque'],
      'file/x': ['deleted', 3, 'folder-replaced'],
    });
    const words = await wordsOf(path);
    for (const each of ['overwritten in layer 1', 'deleted in layer 1', 'hidden by an opaque folder in layer 2'])
      assert.ok(words.includes(each), `${each}: ${words}`);
  });

  it('is metadata where a build stage alone had it: in its provenance, with the stage', async () => {
    const [ofStage, copied] = [token(), token()];
    const dockerfile = [
      'FROM debian AS build',
      'ARG NPM_SECRET',
      `RUN make --token ${ofStage}`,
      'FROM debian',
      `ENV COPIED=${copied}`,
      'COPY --from=build /x /x',
    ].join('\n');
    const image = assembleImage({
      layers: [{ files: { x: 'x' } }],
      history: [{ created_by: `ENV COPIED=${copied}`, empty_layer: true }, { created_by: 'COPY /x /x # buildkit' }],
      config: { Env: [`COPIED=${copied}`] },
    });
    const store = new ContentStore();
    const pointer = store.image(image);
    const layers = [{ digest: image.layers[0]!.digest, line: 6 }];
    const secret = token();
    const record = { dockerfile, args: { NPM_SECRET: secret }, layers };
    const attested = attestation(store, pointer, provenance('v1', record));
    store.manifest('application/vnd.oci.image.index.v1+json', { manifests: [pointer, attested] }, ['app:1']);
    const path = join(folder, 'attested.tar');
    writeFileSync(path, store.tar());
    const { findings } = onlyImage(await scanJson([path]));
    const of = (value: string): Finding[] => findings.filter((finding) => finding.secret.value === value);
    assert.deepEqual(
      of(secret).map(({ exposure, instruction }) => [exposure, instruction?.dockerfile]),
      [['attestation', { path: 'Dockerfile', line: 2, stage: 'build' }]],
    );
    assert.deepEqual(new Set(of(ofStage).map(({ exposure }) => exposure)), new Set(['attestation']));
    assert.ok(
      of(copied).some(({ exposure, instruction }) => exposure === 'metadata' && instruction?.dockerfile?.line === 5),
    );
    assert.match(await wordsOf(path), /only in metadata of build stage build/);
  });

  describe('among the tags of a repository', () => {
    const [everywhere, once, never] = [token(), token(), token()];
    const shared: LayerSpec = {
      files: { all: `t=${everywhere}\n`, once: `t=${once}\n`, never: `t=${never}\n` },
    };
    const images: Readonly<Record<string, ImageSpec>> = {
      '1.0': { layers: [shared, { whiteouts: ['never'] }] },
      '1.1': { layers: [shared, { whiteouts: ['never', 'once'] }] },
      '1.2': { layers: [shared, { whiteouts: ['never', 'once', 'all'] }], config: { Env: [`ALL=${everywhere}`] } },
    };
    const liveIn = (image: ImageReport, value: string): unknown =>
      image.findings
        .filter(({ secret, location }) => secret.value === value && location.kind === 'file')
        .map((finding) => finding.liveIn?.map((name) => name.replace(/^.*:/, '')));

    it('says in which it is live still, or that it is in none', async () => {
      const registry = await startFakeRegistry((request, response) => {
        if (!/\/tags\/list/.test(request.url ?? '')) return false;
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ name: 'app', tags: Object.keys(images) }));
        return true;
      });
      try {
        for (const [tag, spec] of Object.entries(images)) registry.putImage(assembleImage(spec), tag);
        const args = ['--all-tags', '--insecure-registry', registry.host];
        const report = await scanJson([`docker://${registry.host}/app`], { args });
        const [first, second, third] = report.images as readonly ImageReport[];
        assert.equal(report.images.length, 3);
        assert.deepEqual(
          [liveIn(first!, everywhere), liveIn(first!, once), liveIn(first!, never)],
          [[undefined], [undefined], [[]]],
        );
        assert.deepEqual([liveIn(second!, once), liveIn(second!, never)], [[['1.0']], [[]]]);
        // It is in a variable of its own.
        assert.deepEqual([liveIn(third!, everywhere), liveIn(third!, once)], [[undefined], [['1.0']]]);
      } finally {
        await registry.close();
      }
    });

    it('does not say that it is in none where that is not known', async () => {
      const own: LayerSpec = { files: { never: `x ${never}\n` } };
      const gone = write({ layers: [own, { whiteouts: ['never'] }], tags: ['gone:1'] });
      const goneIn = async (other: string, args: readonly string[] = []): Promise<unknown> => {
        const [image] = (await scanJson([gone, other], { args })).images as readonly ImageReport[];
        return liveIn(image!, never);
      };
      const clean = write({ layers: [{ files: { x: 'x' } }], tags: ['clean:1'] });
      assert.deepEqual(await goneIn(clean), [[]]);
      const damaged = write({ layers: [{ tar: Buffer.alloc(3000, 'x') }], tags: ['damaged:1'] });
      assert.deepEqual(await goneIn(damaged), [undefined]);
      // It is live there, in what the user does not want to see.
      const base = write({ layers: [shared], tags: ['base:1'] });
      const app = write({ layers: [shared, { files: { x: 'x' } }], tags: ['app:1'] });
      assert.deepEqual(await goneIn(app), [['1']]);
      assert.deepEqual(await goneIn(app, ['--base', base, '--skip-base']), [undefined]);
    });
  });
});
