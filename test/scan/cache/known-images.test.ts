/** Images that the cache has seen whole, as the bases of others: told, never hidden by, and the same whatever the order. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'mocha';
import type { HistoryEntry } from '../../../src/oci/image-config.ts';
import {
  findBelow,
  imageLayout,
  type KnownImage,
  knownImage,
  mostImages,
  rememberImages,
} from '../../../src/scan/cache/known-images.ts';
import type { BaseImage } from '../../../src/scan/finding.ts';
import { detector, ruleSet } from '../../detect/rules.ts';
import { buildImage, type ImageSpec, sha256 } from '../../support/build-image.ts';
import { imageOf, type ScanChanges, scanWith, TestCache } from './cached-scan.ts';

describe('an image that the cache knows below another', function () {
  this.timeout(60_000);
  const rules = ruleSet(detector({ id: 'token', at: 'token', anchors: ['tok_'], pattern: 'tok_[a-z0-9]{24}' }));
  const secret = `tok_${randomBytes(12).toString('hex')}`;
  let cache: TestCache;

  before(() => {
    cache = new TestCache();
  });
  after(() => cache.remove());

  const rootfs = {
    files: { 'etc/debian_version': '12\n', 'etc/leak': `${secret}\n` },
    createdBy: 'ADD rootfs / # buildkit',
  };
  const debianHistory: readonly Step[] = [
    { created_by: 'ADD rootfs / # buildkit' },
    { created_by: 'CMD ["bash"]', empty_layer: true },
  ];
  const node = { files: { 'usr/bin/node': 'n' }, createdBy: 'RUN install # buildkit' };
  const code = { files: { 'app/main.js': '1' }, createdBy: 'COPY . /app # buildkit' };
  type Step = Readonly<Record<string, unknown>>;
  const stepsOf = (...texts: string[]): Step[] => texts.map((created_by) => ({ created_by }));
  const nodeHistory = [...debianHistory, ...stepsOf('RUN install # buildkit')];
  const debian: ImageSpec = { layers: [rootfs], history: debianHistory, tags: ['debian:12'] };
  const nodeImage: ImageSpec = {
    layers: [rootfs, node],
    history: nodeHistory,
    tags: ['node:20'],
  };
  const app: ImageSpec = {
    layers: [rootfs, node, code],
    history: [...nodeHistory, ...stepsOf('COPY . /app # buildkit')],
    tags: ['app:2'],
  };

  function archive(spec: ImageSpec, name = spec.tags?.[0]?.replace(':', '-') ?? 'unnamed'): string {
    const path = join(cache.folder, `${name.replaceAll('/', '-')}.tar`);
    writeFileSync(path, buildImage({ ...spec, layout: 'oci' }));
    return path;
  }

  const scan = (spec: ImageSpec, changes?: ScanChanges, own: TestCache | undefined = cache) =>
    scanWith(archive(spec), rules, own, changes);
  const baseOf = async (spec: ImageSpec, changes?: ScanChanges): Promise<BaseImage | undefined> =>
    imageOf(await scan(spec, changes)).base;

  it('is its base from the run after it was scanned, the nearest of several; every layer of it is labelled', async () => {
    assert.equal(await baseOf(app), undefined);
    await scan(debian);
    const first = await baseOf(app);
    assert.deepEqual([first?.name, first?.layers, first?.from, first?.verified], ['debian:12', 1, 'cache', true]);
    assert.match(first?.digest ?? '', /^sha256:/);
    await scan(nodeImage);
    const image = imageOf(await scan(app));
    assert.equal(image.base?.name, 'node:20');
    assert.deepEqual(
      image.layers.map(({ base, baseImage }) => [base, baseImage]),
      [
        [true, 'node:20'],
        [true, 'node:20'],
        [false, undefined],
      ],
    );
    assert.deepEqual(
      image.findings.map(({ layer }) => layer?.baseImage),
      ['node:20'],
    );
    // It is its own former scan, and no base of itself.
    assert.deepEqual(imageOf(await scan(app)), image);
    assert.equal((await baseOf(nodeImage))?.name, 'debian:12');
  });

  it('hides nothing, and says which option would', async () => {
    const filter = { minConfidence: 'low', only: [], skip: [], skipBase: true } as const;
    const image = imageOf(await scan(app, { filter }));
    assert.equal(image.findings.length, 1);
    const [said] = image.coverage.skipped.filter(({ subject }) => subject === 'base image');
    assert.match(said?.message ?? '', /--base node:20/);
  });

  it('is nothing to a scan without the cache', async () => {
    assert.equal(imageOf(await scanWith(archive(app), rules, undefined)).base, undefined);
  });

  it('is none where it is a former build of the same: by its name, or by how its history goes on', async () => {
    const next = { files: { 'app/more.js': '2' }, createdBy: 'COPY more /app # buildkit' };
    const layers = [...app.layers, next];
    const goesOn = [...app.history!, ...stepsOf('COPY more /app # buildkit')];
    assert.equal((await baseOf({ layers, history: goesOn, tags: ['app:3'] }))?.name, 'node:20');
    assert.equal((await baseOf({ layers, history: goesOn, tags: ['docker.io/library/app:3'] }))?.name, 'node:20');
    assert.equal((await baseOf({ layers, history: goesOn, tags: ['other:1'] }))?.name, 'app:2');
    const own = { layers: [rootfs, code], tags: ['tool:1'] };
    const command = { created_by: 'CMD ["run"]', empty_layer: true };
    const built = (texts: string[]) => [...debianHistory, ...stepsOf(...texts), command];
    await scan({ ...own, history: built(['COPY . /app # buildkit']) });
    const rebuilt = { layers: [rootfs, code, next], tags: ['fork:1'] };
    const history = built(['COPY . /app # buildkit', 'COPY more /app # buildkit']);
    assert.equal((await baseOf({ ...rebuilt, history }))?.name, 'debian:12');
    assert.equal((await baseOf({ ...rebuilt, history: null }))?.name, 'tool:1');
  });

  it('is told beside what the image claims', async () => {
    const Labels = { 'org.opencontainers.image.base.name': 'evil:1' };
    const base = await baseOf({ ...app, config: { Labels }, tags: ['labelled:1'] });
    assert.deepEqual(
      [base?.name, base?.from, base?.claim],
      ['node:20', 'cache', { name: 'evil:1', from: 'annotation' }],
    );
  });

  it('is not kept where a layer is damaged, nor told where a layer’s bytes are others', async () => {
    const broken = { tar: Buffer.alloc(3000, 'x') };
    const lies = [sha256('a'), sha256('b')];
    await scan({ layers: [code, broken], tags: ['broken:1'], extra: { rootfs: { type: 'layers', diff_ids: lies } } });
    assert.equal(await baseOf({ layers: [code, broken, node], tags: ['x:1'] }), undefined);
    // Who claims the diff IDs of a known image has to have its contents.
    const diffIds = debian.layers.map(() => sha256('whatever'));
    assert.equal(
      await baseOf({
        layers: [node, code],
        tags: ['liar:1'],
        extra: { rootfs: { type: 'layers', diff_ids: [...diffIds, sha256('z')] } },
      }),
      undefined,
    );
  });

  it('has no secret, and is gone when the cache is cleared', async () => {
    const leaky = { ...debian, tags: [`registry.example/${secret}:1`] };
    await scan(leaky);
    assert.equal(cache.bytes().includes(secret), false);
    const { LayerStore } = await import('../../../src/scan/cache/layer-store.ts');
    const store = await LayerStore.open({ folder: cache.places.folder, limitBytes: 1e8, onTrouble: assert.fail });
    store.clear();
    assert.equal(await baseOf(app), undefined);
  });
});

describe('the table of known images', () => {
  const entry = (createdBy: string, index: number): HistoryEntry => ({ createdBy, index, emptyLayer: false });
  const stack = (...names: string[]) => ({ diffIds: names.map(sha256), history: names.map(entry) });
  const known = (reference: string, ...names: string[]): KnownImage =>
    knownImage({ reference, platform: 'linux/amd64' }, stack(...names))!;

  function open(): DatabaseSync {
    const db = new DatabaseSync(':memory:');
    db.exec(imageLayout);
    return db;
  }

  it('finds whole lists in their order alone', () => {
    const db = open();
    rememberImages(db, [known('b', 'x', 'y'), known('a', 'x', 'y'), known('c', 'y'), known('d', 'x')]);
    const below = (...names: string[]): string[] => findBelow(db, stack(...names)).map(({ reference }) => reference);
    assert.deepEqual(below('x', 'y', 'z'), ['a', 'b', 'd']);
    assert.deepEqual(below('x', 'y'), ['d']);
    assert.deepEqual([below('y', 'x'), below('z', 'x'), below('x'), below()], [['c'], [], [], []]);
  });

  it('is bounded', () => {
    const db = open();
    for (let round = 0; round < 11; round++) {
      rememberImages(
        db,
        Array.from({ length: 1000 }, (_, index) => known(`r${round}-${index}`, `${round}-${index}`)),
      );
    }
    const { count } = db.prepare('SELECT count(*) AS count FROM image').get() as { count: number };
    assert.equal(count, mostImages);
    assert.equal(knownImage({ reference: 'x'.repeat(600), platform: 'p' }, stack('a')), undefined);
    assert.equal(knownImage({ reference: 'x', platform: 'p' }, stack()), undefined);
  });

  it('writes nothing where nothing is new', () => {
    const db = open();
    const images = [known('a', 'x')];
    rememberImages(db, images);
    const changes = (): unknown => db.prepare('SELECT total_changes() AS n').get();
    const before = changes();
    rememberImages(db, images);
    assert.deepEqual(changes(), before);
  });
});
