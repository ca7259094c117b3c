/** Layouts and layers that no tool of Debian's writes: eStargz, images of Windows, saves of containerd's image store. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { parseReference } from '../../src/oci/reference.ts';
import type { ImageReport } from '../../src/scan/finding.ts';
import { openDaemonImage } from '../../src/source/docker-daemon.ts';
import { openImage } from '../../src/source/open.ts';
import type { ImageRecord } from '../../src/source/source.ts';
import { attestation, ContentStore, indexType, type Pointer, provenance } from '../support/artifacts.ts';
import { assembleImage, type BuiltImage } from '../support/build-image.ts';
import { estargz } from '../support/estargz.ts';
import { scanJson } from '../support/plant/cli.ts';
import { hex, Random } from '../support/plant/random.ts';
import { codesOf, type ReadSource, readSource } from '../support/read-source.ts';
import { packTar } from '../support/tar-writer.ts';

const signal = new AbortController().signal;
const random = new Random(31);
const key = random.text(hex, 32);
const env = `PEPIPOST_API_KEY=${key}\n`;

function read(reference: string, platform?: string): Promise<ReadSource> {
  const options = { signal, ...(platform === undefined ? {} : { platform }) };
  return openImage(parseReference(reference), options).then(readSource);
}

describe('layouts that others write', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'wl-layouts-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('tells paths of Windows as in the container, and reads eStargz as the gzip it is', async () => {
    const windows = assembleImage({
      platform: 'windows/amd64',
      layers: [{ files: { 'Files/app/.env': env, 'Hives/System_Delta': 'regf' } }, { whiteouts: ['Files/app/.env'] }],
    });
    const files = { 'app/.env': env, 'lib/a.txt': 'a'.repeat(5000), 'lib/key.pem': 'no key' };
    const bytes = estargz(files);
    const plain = assembleImage({ layers: [{ files }] });
    const lazy = new ContentStore();
    const manifest = JSON.parse(plain.manifest.toString()) as { layers: object[] };
    lazy.image(plain);
    lazy.manifest(
      'application/vnd.oci.image.manifest.v1+json',
      { ...manifest, layers: [lazy.blob('application/vnd.oci.image.layer.v1.tar+gzip', bytes)] },
      ['1'],
    );
    lazy.folder(join(folder, 'lazy'));
    const store = new ContentStore();
    store.image(windows, ['windows']);
    store.image(plain, ['plain']);
    store.folder(join(folder, 'both'));
    const references = ['both:windows', 'both:plain', 'lazy:1'].map((name) => `oci:${folder}/${name}`);
    const { images } = await scanJson(references);
    const [ofWindows, ofPlain, ofLazy] = images as readonly ImageReport[];
    const [found, ...others] = ofWindows!.findings;
    assert.equal(others.length, 0);
    assert.deepEqual([found?.location.path, found?.exposure, found?.removedBy?.layer], ['app/.env', 'deleted', 1]);
    const placesOf = (image: ImageReport): unknown =>
      image.findings.map(({ rule, location: { path, line } }) => ({ rule, path, line }));
    assert.deepEqual(placesOf(ofLazy!), placesOf(ofPlain!));
    assert.equal(ofLazy!.findings.length, 1);
    assert.equal(ofLazy!.coverage.complete, true);
  }).timeout(60_000);

  describe('of containerd’s image store', () => {
    // Docker ≥ 25: compressed blobs, an index of all platforms and attestations, and content of those that were pulled.
    const platforms = ['linux/amd64', 'linux/arm64', 'linux/s390x'];
    const builds = platforms.map((platform) => assembleImage({ platform, layers: [{ files: { platform } }] }));
    const [amd64, arm64] = builds as [BuiltImage, BuiltImage];

    /** A save without the contents named, which lists three platforms. */
    function save(without: (digest: string) => boolean): Buffer {
      const store = new ContentStore();
      const pointers = builds.map((build) => store.image(build));
      const about = pointers.map((pointer: Pointer) =>
        attestation(store, pointer, provenance('v1', { dockerfile: 'FROM scratch\n', layers: [] })),
      );
      store.manifest(indexType, { manifests: [...pointers, ...about] }, ['latest']);
      const entries = store.entries().filter(({ path }) => !without(`sha256:${path.split('/').at(-1)}`));
      const manifest = [
        {
          Config: `blobs/sha256/${amd64.configDigest.slice(7)}`,
          RepoTags: ['app:latest'],
          Layers: amd64.layers.map(({ digest }) => `blobs/sha256/${digest.slice(7)}`),
        },
      ];
      return packTar([...entries, { path: 'manifest.json', content: JSON.stringify(manifest) }]);
    }

    const contentsOf = (build: BuiltImage): string[] => [
      build.configDigest,
      ...build.layers.map(({ digest }) => digest),
    ];
    const cases: readonly [string, (digest: string) => boolean][] = [
      [
        'manifests',
        (digest) => builds.slice(1).some((build) => [build.manifestDigest, ...contentsOf(build)].includes(digest)),
      ],
      ['contents', (digest) => builds.slice(1).some((build) => contentsOf(build).includes(digest))],
      ['layers', (digest) => builds.slice(1).some((build) => build.layers.some((layer) => layer.digest === digest))],
    ];
    for (const [what, without] of cases) {
      it(`are whole without other platforms’ ${what}, which is said`, async () => {
        const file = join(folder, `${what}.tar`);
        writeFileSync(file, save(without));
        const result = await read(file);
        assert.deepEqual(
          result.images.map(({ platform }) => platform),
          ['linux/amd64'],
        );
        const all = [...result.diagnostics, ...result.images.flatMap(({ diagnostics }) => diagnostics)];
        assert.deepEqual(codesOf(all, 'incomplete'), []);
        assert.deepEqual(codesOf(all, 'notice'), ['BLOB_MISSING']);
        assert.deepEqual(result.images[0]?.repoTags, ['app:latest']);
      });
    }

    it('are what a daemon over it exports by the index’s digest', async () => {
      const id = `sha256:${'1'.repeat(64)}`;
      const server = createServer((request, response) => {
        if (request.url?.endsWith('/get') === true) {
          assert.ok(decodeURIComponent(request.url).includes(id));
          response.end(save((digest) => builds.slice(1).some((build) => contentsOf(build).includes(digest))));
          return;
        }
        const RootFS = { Type: 'layers', Layers: amd64.layers.map(({ diffId }) => diffId) };
        const Descriptor = { mediaType: indexType, digest: id, size: 1 };
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ Id: id, RepoTags: ['app:latest'], Os: 'linux', RootFS, Descriptor }));
      });
      await new Promise<void>((resolve) => server.listen(join(folder, 'd.sock'), resolve));
      try {
        const env = { DOCKER_HOST: `unix://${folder}/d.sock` };
        const reference = { engine: 'docker', ref: 'app', text: 'app' } as const;
        const result = await readSource(await openDaemonImage(reference, { signal, env }));
        const [image, ...others] = result.images;
        assert.equal(others.length, 0);
        assert.deepEqual([image?.platform, image?.configDigest], ['linux/amd64', amd64.configDigest]);
        const all = [...result.diagnostics, ...(image?.diagnostics ?? [])];
        assert.deepEqual(codesOf(all, 'incomplete'), []);
      } finally {
        server.close();
        server.closeAllConnections();
      }
    });

    it('have a hole where a layer of a platform that is there is not', async () => {
      const file = join(folder, 'hole.tar');
      const missing = amd64.layers[0]!.digest;
      writeFileSync(
        file,
        save((digest) => digest === missing),
      );
      const result = await read(file);
      const image = result.images.find(({ platform }: ImageRecord) => platform === 'linux/amd64');
      const all = [...result.diagnostics, ...(image?.diagnostics ?? [])];
      assert.ok(image === undefined || codesOf(all, 'incomplete').includes('BLOB_MISSING'));
    });

    it('are asked for by the digests of an image and of its index', async () => {
      const file = join(folder, 'all.tar');
      writeFileSync(
        file,
        save(() => false),
      );
      const one = await read(`docker-archive:${file}@${arm64.manifestDigest}`);
      assert.deepEqual(
        one.images.map(({ platform }) => platform),
        ['linux/arm64'],
      );
      assert.equal(one.images[0]?.attachments?.length, 2);
      const store = new ContentStore();
      const index = store.manifest(indexType, { manifests: builds.map((build) => store.image(build)) }, ['v1', 'v2']);
      store.image(amd64, ['alone']);
      store.folder(join(folder, 'digests'));
      const all = await read(`oci:${folder}/digests@${index.digest}`);
      assert.equal(all.images.length, 3);
      const narrowed = await read(`oci:${folder}/digests:v1@${index.digest}`, 'linux/arm64');
      assert.equal(narrowed.images.length, 1);
      const nobody = `sha256:${'0'.repeat(64)}`;
      await assert.rejects(read(`oci:${folder}/digests@${nobody}`), { code: 'IMAGE_NOT_FOUND' });
    });
  });
});
