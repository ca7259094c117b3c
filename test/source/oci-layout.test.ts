import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'mocha';
import { parseReference } from '../../src/oci/reference.ts';
import type { LocalOptions } from '../../src/source/archive-file.ts';
import { openLocal } from '../../src/source/local.ts';
import { openOciLayout } from '../../src/source/oci-layout.ts';
import {
  type ArchiveSpec,
  assembleImage,
  buildImage,
  type ImageSpec,
  sha256,
  writeOciLayout,
} from '../support/build-image.ts';
import { codesOf, diffIdsOf, type ReadSource, readSource, withFolder } from '../support/read-source.ts';
import { packTar } from '../support/tar-writer.ts';

const app: ImageSpec = { layers: [{ files: { a: 'b' } }, { files: { c: 'd' } }], tags: ['app:1'] };
const other: ImageSpec = {
  layers: [{ files: { a: 'b' } }, { files: { e: 'f' } }],
  tags: ['other:2'],
  platform: 'linux/arm64',
};

function read(
  spec: ArchiveSpec,
  change: (folder: string) => void = () => {},
  options: LocalOptions = {},
): Promise<ReadSource> {
  return withFolder(async (parent) => {
    const folder = join(parent, 'layout');
    writeOciLayout(spec, folder);
    change(folder);
    return readSource(await openOciLayout(folder, options));
  });
}

function pathOf(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

describe('openOciLayout', () => {
  const { layers, configDigest, manifestDigest } = assembleImage(app);
  const last = pathOf(layers[1]!.digest);

  it('reads every image of a folder, shared layers once', async () => {
    const result = await read({ images: [app, other] });
    assert.deepEqual(
      result.images.map((image) => [image.reference, image.source, image.platform]),
      [
        ['app:1', 'oci', 'linux/amd64'],
        ['other:2', 'oci', 'linux/arm64'],
      ],
    );
    assert.equal(result.blobs.length, 3);
    const [image] = result.images;
    assert.deepEqual([image?.manifestDigest, image?.configDigest], [manifestDigest, configDigest]);
    assert.deepEqual(
      diffIdsOf(result, image!),
      layers.map((layer) => layer.diffId),
    );
    for (const { blob, bytes } of result.blobs) assert.equal(blob.digest, sha256(bytes));
    assert.deepEqual(result.diagnostics, []);
  });

  it('reads one image by name, position or platform', async () => {
    for (const options of [{ select: { name: 'other:2' } }, { select: { index: 1 } }, { platform: 'linux/arm64' }]) {
      const result = await read({ images: [app, other] }, undefined, options);
      assert.deepEqual(
        result.images.map((image) => image.reference),
        ['other:2'],
      );
      assert.equal(result.blobs.length, 2);
    }
    await assert.rejects(read(app, undefined, { select: { name: 'gone' } }), { code: 'IMAGE_NOT_FOUND' });
  });

  it('reads indexes inside the index', async () => {
    const result = await read({ nested: true, images: [app, { ...app, platform: 'linux/arm64' }] });
    assert.deepEqual(
      result.images.map((image) => [image.reference, image.platform]),
      [
        ['app:1', 'linux/amd64'],
        ['app:1', 'linux/arm64'],
      ],
    );
  });

  it('puts the names of one manifest together', async () => {
    const { images } = await read({ ...app, tags: ['app:1', 'app:latest'] });
    assert.deepEqual(
      images.map((image) => image.repoTags),
      [['app:1', 'app:latest']],
    );
  });

  it('follows links within the folder and none that lead out', async () => {
    const inside = await read(app, (folder) => {
      renameSync(join(folder, last), join(folder, 'elsewhere'));
      symlinkSync('../../elsewhere', join(folder, last));
    });
    assert.deepEqual(inside.images[0]?.diagnostics, []);
    assert.equal(inside.blobs.length, 2);
    const outside = await read(app, (folder) => {
      renameSync(join(folder, last), join(folder, '..', 'elsewhere'));
      symlinkSync('../../../elsewhere', join(folder, last));
    });
    assert.deepEqual(codesOf(outside.images[0]!.diagnostics, 'incomplete'), ['ARCHIVE_INVALID']);
    assert.equal(outside.blobs.length, 1);
    await assert.rejects(
      read(app, (folder) => {
        renameSync(join(folder, 'index.json'), join(folder, '..', 'index.json'));
        symlinkSync('../index.json', join(folder, 'index.json'));
      }),
      { code: 'ARCHIVE_INVALID' },
    );
  });

  it('does not wait for links in a circle, pipes or folders', async () => {
    const makes: readonly ((path: string) => void)[] = [
      (path) => symlinkSync(path, path),
      (path) => execFileSync('mkfifo', [path]),
      (path) => mkdirSync(path),
    ];
    for (const make of makes) {
      const result = await read(app, (folder) => {
        rmSync(join(folder, last));
        make(join(folder, last));
      });
      assert.equal(codesOf(result.images[0]!.diagnostics, 'incomplete').length, 1);
      assert.equal(result.blobs.length, 1);
    }
  });

  it('says what is missing', async () => {
    const result = await read({ ...app, omit: [last] });
    assert.deepEqual(
      result.images[0]?.diagnostics.map(({ code, subject }) => [code, subject]),
      [['BLOB_MISSING', 'layer 1']],
    );
    for (const digest of [configDigest, manifestDigest]) {
      await assert.rejects(read({ ...app, omit: [pathOf(digest)] }), { code: 'BLOB_MISSING' });
    }
    await assert.rejects(read({ ...app, omit: ['index.json'] }), { code: 'ARCHIVE_INVALID' });
  });

  it('checks digests and sizes', async () => {
    const write = (path: string, content: string) => (folder: string) => writeFileSync(join(folder, path), content);
    const { config } = assembleImage(app);
    await assert.rejects(read(app, write(pathOf(configDigest), '{}')), { code: 'BLOB_SIZE_MISMATCH' });
    const changed = config.toString().replace('amd64', 'amd65');
    await assert.rejects(read(app, write(pathOf(configDigest), changed)), { code: 'BLOB_DIGEST_MISMATCH' });
    const cut = await read(app, (folder) => writeFileSync(join(folder, last), layers[1]!.bytes.subarray(0, 50)));
    assert.deepEqual(codesOf(cut.images[0]!.diagnostics, 'incomplete'), ['BLOB_SIZE_MISMATCH']);
  });

  it('gives layers that no image uses, with a notice', async () => {
    const stray = packTar([{ path: 'secret', content: 's' }]);
    const result = await read(app, (folder) => writeFileSync(join(folder, pathOf(sha256(stray))), stray));
    assert.equal(result.blobs.length, 3);
    assert.deepEqual(
      result.diagnostics.map(({ code, effect }) => [code, effect]),
      [['BLOB_UNREFERENCED', 'notice']],
    );
  });

  it('says that a folder is not there', async () => {
    await assert.rejects(openOciLayout('/nowhere/at/all'), { code: 'SOURCE_UNAVAILABLE' });
  });

  it('reads hard links as the files they are', async () => {
    const result = await read(app, (folder) => linkSync(join(folder, last), join(folder, 'other-name')));
    assert.equal(result.blobs.length, 2);
  });
});

describe('openLocal', () => {
  it('tells a folder from a tar', async () => {
    await withFolder(async (folder) => {
      writeOciLayout(app, join(folder, 'layout'));
      writeFileSync(join(folder, 'image.tar'), buildImage(app));
      for (const [text, kind] of [
        [`${folder}/layout`, 'oci'],
        [`oci:${folder}/layout:app:1`, 'oci'],
        [`${folder}/image.tar`, 'docker-archive'],
        [`docker-archive:${folder}/image.tar:@0`, 'docker-archive'],
      ] as const) {
        const reference = parseReference(text);
        assert.ok(reference.kind === 'path' || reference.kind === 'oci' || reference.kind === 'docker-archive');
        const source = await openLocal(reference);
        assert.equal(source.kind, kind);
        assert.deepEqual(
          (await source.images()).map((image) => image.reference),
          ['app:1'],
        );
        await source.close();
      }
    });
  });

  it('reads standard input, but no terminal', async () => {
    const bytes = buildImage(app);
    const stdin = Readable.from([bytes]);
    const result = await readSource(await openLocal({ kind: 'stdin', text: '-' }, { stdin }));
    assert.deepEqual(
      result.images.map((image) => [image.reference, image.source]),
      [['app:1', 'stdin']],
    );
    await assert.rejects(
      openLocal({ kind: 'stdin', text: '-' }, { stdin: Object.assign(Readable.from([bytes]), { isTTY: true }) }),
      { code: 'USAGE_INVALID' },
    );
  });
});
