import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { ScanError } from '../../src/errors.ts';
import { maxJsonBytes, parseJson } from '../../src/oci/json.ts';
import { isAttestation, isImage, parseManifest } from '../../src/oci/manifest.ts';

const digest = `sha256:${'0a'.repeat(32)}`;
const descriptor = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: 2 };
const layer = { mediaType: 'application/vnd.docker.image.rootfs.diff.tar.zstd', digest, size: 3 };

function parse(document: unknown, mediaType?: string) {
  return parseManifest(Buffer.from(JSON.stringify(document)), 'it', mediaType);
}

describe('parseManifest', () => {
  it('reads an image manifest, with nulls where nothing is', () => {
    const manifest = parse({ schemaVersion: 2, config: { ...descriptor, annotations: null }, layers: null });
    assert.equal(manifest.kind, 'image');
    assert.ok(manifest.kind === 'image' && manifest.layers.length === 0 && manifest.config.digest === digest);
  });

  it('reads an index and its platforms', () => {
    const platform = { os: 'linux', architecture: 'arm64', variant: 'v8' };
    const index = parse({
      manifests: [
        { ...descriptor, platform },
        { ...descriptor, platform: { os: 1 } },
      ],
    });
    assert.ok(index.kind === 'index');
    assert.deepEqual(
      index.manifests.map((item) => item.platform),
      [platform, undefined],
    );
  });

  const refused: readonly (readonly [string, unknown, string])[] = [
    ['what is no object', [], 'MANIFEST_INVALID'],
    ['what is neither kind', {}, 'MANIFEST_INVALID'],
    ['what is both kinds', { config: descriptor, layers: [], manifests: [] }, 'MANIFEST_INVALID'],
    ['a field twice in other letters', { config: descriptor, layers: [], Layers: [layer] }, 'MANIFEST_INVALID'],
    [
      'another kind than it says',
      { mediaType: 'application/vnd.oci.image.index.v1+json', config: descriptor },
      'MANIFEST_INVALID',
    ],
    ['layers that are no list', { config: descriptor, layers: { 0: layer } }, 'MANIFEST_INVALID'],
    ['a digest that is none', { config: { ...descriptor, digest: 'sha256:../../etc' } }, 'MANIFEST_INVALID'],
    ['a digest nobody can check', { config: { ...descriptor, digest: `md5:${'0'.repeat(32)}` } }, 'MANIFEST_INVALID'],
    ['a size below nothing', { config: { ...descriptor, size: -1 } }, 'MANIFEST_INVALID'],
    ['schema 1', { schemaVersion: 1, fsLayers: [] }, 'MEDIA_TYPE_UNSUPPORTED'],
  ];
  for (const [what, document, code] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(() => parse(document), { code });
    });
  }

  it('knows images, artifacts and attestations', () => {
    const image = (document: unknown): boolean => {
      const manifest = parse(document);
      return manifest.kind === 'image' && isImage(manifest);
    };
    assert.ok(image({ config: descriptor, layers: [] }));
    assert.ok(image({ config: { ...descriptor, mediaType: 'application/x' }, layers: [layer] }));
    assert.ok(
      !image({
        config: { ...descriptor, mediaType: 'application/vnd.cncf.helm.config.v1+json' },
        layers: [{ ...layer, mediaType: 'a/b' }],
      }),
    );
    assert.ok(isAttestation({ ...descriptor, platform: { os: 'unknown', architecture: 'unknown' } }));
    assert.ok(isAttestation({ ...descriptor, annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } }));
    assert.ok(!isAttestation({ ...descriptor, platform: { os: 'linux', architecture: 'unknown' } }));
  });

  it('gives a manifest or one of three errors for any JSON', () => {
    const key = fc.constantFrom(
      'config',
      'layers',
      'manifests',
      'digest',
      'size',
      'mediaType',
      'platform',
      '__proto__',
      'annotations',
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, digest, 5, -1, '', 'linux'),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(key, tie('tree')),
      ),
    }));
    fc.assert(
      fc.property(tree, (document) => {
        try {
          parse(document);
        } catch (error) {
          assert.ok(error instanceof ScanError, String(error));
        }
      }),
    );
  });
});

describe('parseJson', () => {
  it('refuses what is too large, too deep or of too many values before it is parsed', () => {
    for (const text of [' '.repeat(maxJsonBytes + 1), '['.repeat(1000), '[],'.repeat(600_000)]) {
      assert.throws(() => parseJson(Buffer.from(text), 'it'), { code: 'LIMIT_EXCEEDED' });
    }
  });

  it('does not count what stands in a string', () => {
    const value = `${'['.repeat(1000)}\\"`;
    assert.deepEqual(parseJson(Buffer.from(JSON.stringify([value])), 'it'), [value]);
  });

  it('does not quote the document where it is invalid', () => {
    assert.throws(
      () => parseJson(Buffer.from('{"a": hunter2}'), 'it'),
      (error: unknown) =>
        error instanceof ScanError && error.code === 'MANIFEST_INVALID' && !error.message.includes('hunter'),
    );
  });

  it('reads past a byte order mark', () => {
    assert.deepEqual(parseJson(Buffer.from('\ufeff{}'), 'it'), {});
  });
});
