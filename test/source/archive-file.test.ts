import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { type LocalOptions, openArchiveFile } from '../../src/source/archive-file.ts';
import { assembleImage, buildImage, type ImageSpec, type Layout, sha256 } from '../support/build-image.ts';
import { codesOf, diffIdsOf, type ReadSource, readSource, withFolder } from '../support/read-source.ts';
import { packTar } from '../support/tar-writer.ts';

const layouts: readonly Layout[] = ['docker-old', 'docker-25', 'podman', 'oci'];
const base = { files: { 'etc/os-release': 'ID=test\n', [`long/${'n'.repeat(200)}`]: 'x'.repeat(3000) } };
const app: ImageSpec = {
  layers: [base, { files: { 'app/a.txt': 'one' } }, { whiteouts: ['app/a.txt'] }],
  config: { Env: ['A=b'] },
  tags: ['app:1'],
};
const tool: ImageSpec = { layers: [base, { files: { 'tool/b.txt': 'two' } }], tags: ['tool:2', 'tool:latest'] };

function read(archive: Uint8Array, options: LocalOptions = {}): Promise<ReadSource> {
  return withFolder(async (folder) => {
    const path = join(folder, 'image.tar');
    writeFileSync(path, archive);
    return readSource(await openArchiveFile(path, options));
  });
}

function config(json: unknown): { path: string; content: string } {
  const content = JSON.stringify(json);
  return { path: `${sha256(content).slice(7)}.json`, content };
}

describe('openArchiveFile', () => {
  for (const layout of layouts) {
    for (const outer of ['none', 'gzip', 'zstd'] as const) {
      it(`reads a ${layout} tar, compression ${outer}`, async () => {
        const result = await read(buildImage({ ...app, layout, outer }));
        const [image] = result.images;
        const built = assembleImage(app);
        assert.equal(result.images.length, 1);
        assert.equal(image?.reference, 'app:1');
        assert.equal(image.source, layout === 'oci' ? 'oci-archive' : 'docker-archive');
        assert.equal(image.platform, 'linux/amd64');
        assert.deepEqual(image.repoTags, ['app:1']);
        assert.deepEqual(image.config.env, ['A=b']);
        assert.equal(image.configDigest, built.configDigest);
        assert.equal(image.manifestDigest === undefined, layout === 'docker-old' || layout === 'podman');
        assert.deepEqual(
          diffIdsOf(result, image),
          built.layers.map((layer) => layer.diffId),
        );
        assert.deepEqual([result.diagnostics, image.diagnostics], [[], []]);
        for (const { blob, bytes } of result.blobs) {
          assert.equal(blob.sizeBytes, bytes.length);
          assert.ok(blob.digest === undefined || blob.digest === sha256(bytes));
          assert.equal(blob.file === undefined, outer !== 'none');
        }
      });
    }

    it(`gives the layers that several images of a ${layout} tar share once`, async () => {
      const result = await read(buildImage({ layout, images: [app, tool] }));
      assert.deepEqual(
        result.images.map((image) => image.repoTags),
        [['app:1'], ['tool:2', 'tool:latest']],
      );
      assert.equal(result.blobs.length, 4);
      assert.equal(result.images[0]?.layers[0]?.blob, result.images[1]?.layers[0]?.blob);
      assert.deepEqual(result.diagnostics, []);
    });

    it(`reads one image alone of a ${layout} tar`, async () => {
      const archive = buildImage({ layout, images: [app, tool] });
      const compressed = buildImage({ layout, images: [app, tool], outer: 'gzip' });
      for (const [bytes, select] of [
        [archive, { name: 'docker.io/library/tool' }],
        [archive, { name: 'tool:2' }],
        [archive, { index: 1 }],
        [compressed, { index: 1 }],
      ] as const) {
        const result = await read(bytes, { select });
        assert.deepEqual(
          result.images.map((image) => image.reference),
          ['tool:2'],
        );
        assert.equal(result.blobs.length, 2);
        assert.deepEqual(result.diagnostics, []);
      }
      await assert.rejects(read(archive, { select: { name: 'gone:1' } }), { code: 'IMAGE_NOT_FOUND' });
      await assert.rejects(read(archive, { select: { index: 7 } }), { code: 'IMAGE_NOT_FOUND' });
    });

    it(`never takes a ${layout} tar that was cut for a whole one`, async function () {
      this.timeout(20_000);
      const archive = buildImage({ ...app, layout });
      const whole = await read(archive);
      const end = archive.length - 1024;
      for (let cut = 0; cut < end; cut += 512) {
        for (const bytes of [archive.subarray(0, cut), archive.subarray(0, cut + 100)]) {
          const result = await read(bytes).catch((error: { code?: string }) => error.code);
          if (typeof result === 'string' || result === undefined)
            assert.match(result ?? '', /^(BLOB_|ARCHIVE_INVALID)/);
          else {
            const said = [...result.diagnostics, ...result.images.flatMap((image) => image.diagnostics)];
            // Cut in its last document that nobody needs, it still has all.
            const isWhole =
              result.images.length === 1 && result.images[0]!.layers.every((layer) => layer.blob !== undefined);
            assert.ok(
              codesOf(said, 'incomplete').length > 0 || (isWhole && result.blobs.length === whole.blobs.length),
            );
          }
        }
      }
    });
  }

  it('gives the largest blob first', async () => {
    const { blobs } = await read(
      buildImage({
        layers: [{ files: { a: 'x' } }, { files: { a: 'x'.repeat(9000) } }, { files: { a: 'x'.repeat(5000) } }],
      }),
    );
    const sizes = blobs.map(({ bytes }) => bytes.length);
    assert.deepEqual(
      sizes,
      sizes.toSorted((left, right) => right - left),
    );
  });

  it('reads all platforms of an index, or the one asked for', async () => {
    const images = ['linux/amd64', 'linux/arm64/v8'].map((platform) => ({ ...app, platform }));
    const archive = buildImage({ layout: 'oci', nested: true, images });
    assert.deepEqual(
      (await read(archive)).images.map((image) => image.platform),
      ['linux/amd64', 'linux/arm64/v8'],
    );
    const narrowed = await read(archive, { platform: 'linux/arm64' });
    assert.deepEqual(
      narrowed.images.map((image) => image.platform),
      ['linux/arm64/v8'],
    );
    assert.deepEqual(narrowed.diagnostics, []);
    await assert.rejects(read(archive, { platform: 'windows/amd64' }), { code: 'PLATFORM_NOT_FOUND' });
  });

  it('says which platforms of an index the archive was saved without', async () => {
    const images = ['linux/amd64', 'linux/arm64'].map((platform) => ({ ...app, platform }));
    const missing = assembleImage(images[1]!);
    const omit = [`blobs/${missing.manifestDigest.replace(':', '/')}`];
    const result = await read(buildImage({ layout: 'oci', nested: true, images, omit }));
    assert.deepEqual(
      result.images.map((image) => image.platform),
      ['linux/amd64'],
    );
    assert.deepEqual(codesOf(result.diagnostics, 'notice'), ['BLOB_MISSING']);
  });

  it('takes an image that calls its platform unknown for one: an attestation says what it is about', async () => {
    const hidden = { ...app, platform: 'unknown/unknown', tags: [] };
    const result = await read(buildImage({ layout: 'oci', images: [app, hidden] }));
    assert.equal(result.images.length, 2);
    assert.deepEqual(result.diagnostics, []);
  });

  it('follows links between layers, soft and hard', async () => {
    const { path, content } = config({ rootfs: {} });
    const tar = packTar([{ path: 'x', content: 'y' }]);
    const manifest = JSON.stringify([{ Config: path, Layers: ['1/layer.tar', '2/layer.tar', '3/layer.tar'] }]);
    const result = await read(
      packTar([
        { path: '3/layer.tar', type: 'symlink', linkTarget: '../2/layer.tar' },
        { path: '2/layer.tar', type: 'hardlink', linkTarget: './1/layer.tar' },
        { path: './1/layer.tar', content: tar },
        { path, content },
        { path: './manifest.json', content: manifest },
      ]),
    );
    assert.deepEqual(
      result.images[0]?.layers.map((layer) => layer.blob),
      Array(3).fill('1/layer.tar'),
    );
    assert.equal(result.blobs.length, 1);
  });

  it('ends where links lead in a circle or out of the archive', async () => {
    const { path, content } = config({});
    const manifest = JSON.stringify([{ Config: path, Layers: ['a', 'b', 'c', '../../../../etc/passwd'] }]);
    const result = await read(
      packTar([
        { path: 'a', type: 'symlink', linkTarget: 'b' },
        { path: 'b', type: 'hardlink', linkTarget: 'a' },
        { path: 'c', type: 'symlink', linkTarget: '/etc/passwd' },
        { path, content },
        { path: 'manifest.json', content: manifest },
      ]),
    );
    assert.deepEqual(
      result.images[0]?.layers.map((layer) => layer.blob),
      [undefined, undefined, undefined, undefined],
    );
    assert.deepEqual(codesOf(result.images[0]!.diagnostics, 'incomplete'), ['ARCHIVE_INVALID', 'BLOB_MISSING']);
    assert.equal(result.blobs.length, 0);
  });

  it('takes hostile names for names', async () => {
    const entries = [
      '../../up',
      '/abs',
      '__proto__',
      'constructor',
      'a'.repeat(20_000),
      '\u001b[2J',
      'a//../b',
      '',
    ].map((path) => ({ path, content: '?' }));
    const result = await read(buildImage({ ...app, entries }));
    assert.equal(result.images.length, 1);
    assert.deepEqual(codesOf(result.diagnostics), ['BLOB_UNREFERENCED']);
    assert.ok(result.diagnostics.every((diagnostic) => diagnostic.subject.length < 5000));
  });

  it('takes the last of two entries with one name, and scans the first as well', async () => {
    const { path, content } = config({});
    const [first, second] = ['one', 'two'].map((text) => packTar([{ path: 'f', content: text }]));
    const result = await read(
      packTar([
        { path: 'layer.tar', content: first! },
        { path: 'layer.tar', content: second! },
        { path, content },
        { path: 'manifest.json', content: JSON.stringify([{ Config: path, Layers: ['layer.tar'] }]) },
      ]),
    );
    const given = result.blobs.find(({ blob }) => blob.key === result.images[0]?.layers[0]?.blob);
    assert.deepEqual(given?.bytes, second);
    assert.equal(result.blobs.length, 2);
    assert.deepEqual(codesOf(result.diagnostics), ['BLOB_UNREFERENCED']);
  });

  it('gives layers that no image uses, with a notice', async () => {
    const stray = packTar([{ path: 'secret', content: 's' }]);
    const result = await read(buildImage({ ...app, entries: [{ path: 'stray.tar', content: stray }] }));
    assert.ok(result.blobs.some(({ blob }) => blob.key === 'stray.tar'));
    assert.deepEqual(codesOf(result.diagnostics), ['BLOB_UNREFERENCED']);
    assert.deepEqual(codesOf(result.diagnostics, 'incomplete'), []);
  });

  for (const layout of ['docker-25', 'oci'] as const) {
    it(`says which layer of a ${layout} tar is missing`, async () => {
      const layers = assembleImage({ compression: layout === 'oci' ? 'gzip' : 'none', ...app }).layers;
      const omit = [`blobs/${layers[1]!.digest.replace(':', '/')}`];
      const result = await read(buildImage({ ...app, layout, omit }));
      assert.deepEqual(
        result.images[0]?.diagnostics.map(({ code, subject, effect }) => [code, subject, effect]),
        [['BLOB_MISSING', 'layer 1', 'incomplete']],
      );
      assert.equal(result.blobs.length, 2);
    });
  }

  it('fails an image without its configuration, and no other', async () => {
    const omit = [`${assembleImage(app).configDigest.slice(7)}.json`];
    await assert.rejects(read(buildImage({ ...app, omit })), { code: 'BLOB_MISSING' });
    const result = await read(buildImage({ images: [app, tool], omit }));
    assert.deepEqual(
      result.images.map((image) => image.reference),
      ['tool:2'],
    );
    assert.deepEqual(codesOf(result.diagnostics, 'incomplete'), ['BLOB_MISSING']);
    assert.equal(result.blobs.length, 4);
  });

  it('does not use a configuration or manifest whose digest is wrong', async () => {
    const { config: bytes, configDigest } = assembleImage(app);
    const content = bytes.toString().replace('A=b', 'A=c');
    for (const [layout, path] of [
      ['docker-old', `${configDigest.slice(7)}.json`],
      ['docker-25', `blobs/${configDigest.replace(':', '/')}`],
    ] as const) {
      const archive = buildImage({ ...app, layout, entries: [{ path, content }] });
      await assert.rejects(read(archive), { code: 'BLOB_DIGEST_MISMATCH' });
    }
    const { manifest, manifestDigest } = assembleImage({ ...app, compression: 'gzip' });
    const changed = manifest.toString().replace('"schemaVersion":2', '"schemaVersion":3');
    const entries = [{ path: `blobs/${manifestDigest.replace(':', '/')}`, content: changed }];
    await assert.rejects(read(buildImage({ ...app, layout: 'oci', entries })), { code: 'BLOB_DIGEST_MISMATCH' });
  });

  it('says where a layer is no layer', async () => {
    const { path, content } = config({});
    for (const layer of ['text', '{"json": true}', Buffer.from('fd377a585a00', 'hex')]) {
      const result = await read(
        packTar([
          { path: 'layer.tar', content: layer },
          { path, content },
          { path: 'manifest.json', content: JSON.stringify([{ Config: path, Layers: ['layer.tar'] }]) },
        ]),
      );
      assert.deepEqual(codesOf(result.images[0]!.diagnostics, 'incomplete'), ['LAYER_CORRUPT']);
    }
  });

  const bombs: readonly (readonly [string, string, string])[] = [
    ['deep', '['.repeat(100_000), 'LIMIT_EXCEEDED'],
    ['large', `[${' '.repeat(9 * 1024 * 1024)}]`, 'LIMIT_EXCEEDED'],
    ['many', `[${'[],'.repeat(600_000)}[]]`, 'LIMIT_EXCEEDED'],
    ['not JSON', '[{]', 'MANIFEST_INVALID'],
    ['no list', '{}', 'MANIFEST_INVALID'],
    ['nameless', '[{}]', 'MANIFEST_INVALID'],
    ['empty', '[]', 'IMAGE_NOT_FOUND'],
  ];
  for (const [name, content, code] of bombs) {
    it(`refuses a list of images that is ${name}`, async () => {
      await assert.rejects(read(packTar([{ path: 'manifest.json', content }])), { code });
    });
  }

  it('ends with an index that lists itself, or indexes upon indexes', async () => {
    const type = 'application/vnd.oci.image.index.v1+json';
    const entries = [];
    let child = Buffer.from(JSON.stringify({ manifests: [] }));
    for (let level = 0; level < 12; level++) {
      entries.push({ path: `blobs/${sha256(child).replace(':', '/')}`, content: child });
      const item = { mediaType: type, digest: sha256(child), size: child.length };
      child = Buffer.from(
        JSON.stringify({
          manifests: Array.from({ length: 20 }, (_, index) => ({
            ...item,
            annotations: { 'org.opencontainers.image.ref.name': `${index}` },
          })),
        }),
      );
    }
    await assert.rejects(read(packTar([...entries, { path: 'index.json', content: child }])), {
      code: 'LIMIT_EXCEEDED',
    });
  });

  const strangers: readonly (readonly [string, Uint8Array, string])[] = [
    ['an empty file', Buffer.alloc(0), 'ARCHIVE_INVALID'],
    ['text', Buffer.from('hello\n'.repeat(500)), 'ARCHIVE_INVALID'],
    ['JSON', Buffer.from('{}'), 'ARCHIVE_INVALID'],
    ['an empty tar', packTar([]), 'ARCHIVE_INVALID'],
    [
      'a root file system',
      packTar([
        { path: 'bin/sh', content: 'x' },
        { path: 'etc/passwd', content: 'x' },
      ]),
      'ARCHIVE_INVALID',
    ],
    ['a docker save of before 1.10', packTar([{ path: 'repositories', content: '{}' }]), 'ARCHIVE_INVALID'],
  ];
  for (const [name, bytes, code] of strangers) {
    it(`refuses ${name}`, async () => {
      await assert.rejects(read(bytes), { code });
    });
  }

  it('keeps what came before damage', async () => {
    const archive = buildImage(app);
    const result = await read(
      Buffer.concat([archive.subarray(0, archive.length - 1024), Buffer.from('garbage '.repeat(200))]),
    );
    assert.equal(result.images.length, 1);
    assert.deepEqual(codesOf(result.diagnostics, 'incomplete'), ['ARCHIVE_INVALID']);
  });

  it('says that a path is not there', async () => {
    await assert.rejects(openArchiveFile('/nowhere/at/all.tar'), { code: 'SOURCE_UNAVAILABLE' });
  });

  it('reads a named pipe once', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'pipe');
      execFileSync('mkfifo', [path]);
      createWriteStream(path).end(buildImage(app));
      const result = await readSource(await openArchiveFile(path));
      assert.deepEqual(
        result.images.map((image) => image.reference),
        ['app:1'],
      );
    });
  });
});
