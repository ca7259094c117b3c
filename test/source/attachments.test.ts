import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { after, before, describe, it } from 'mocha';
import type { Finding, ImageReport } from '../../src/scan/finding.ts';
import {
  attestation,
  buildCache,
  ContentStore,
  envelope,
  helmChart,
  indexType,
  manifestType,
  type Pointer,
  provenance,
  referrer,
} from '../support/artifacts.ts';
import { assembleImage } from '../support/build-image.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { scanJson } from '../support/plant/cli.ts';
import { hex, Random } from '../support/plant/random.ts';
import { packTar } from '../support/tar-writer.ts';

const random = new Random(5);
/** A made-up key, and text that gives it away. */
function plant(): { readonly key: string; readonly assigned: string } {
  const key = random.text(hex, 32);
  return { key, assigned: `PEPIPOST_API_KEY=${key}` };
}

const places = ['registry', 'registry with the referrers API', 'oci', 'oci-archive', '-'] as const;

const planted = {
  env: plant(),
  file: plant(),
  argument: plant(),
  dockerfile: plant(),
  sbom: plant(),
  annotation: plant(),
  layerAnnotation: plant(),
  indexAnnotation: plant(),
  cosignAttestation: plant(),
  cosignSignature: plant(),
  cosignSbom: plant(),
  referrer: plant(),
  referrerAnnotation: plant(),
  ofReferrer: plant(),
  largeSbom: plant(),
  noJson: plant(),
};

const dockerfile = [
  'FROM scratch',
  '# a comment',
  'COPY \\',
  '  settings.py /app/',
  `ENV ${planted.env.assigned}`,
  `RUN echo "${planted.dockerfile.assigned}"`,
].join('\n');

/** An image that one of everything hangs off. */
function buildStore(): { store: ContentStore; referrers: Map<string, readonly Pointer[]> } {
  const store = new ContentStore();
  const built = assembleImage({
    layers: [
      {
        files: { 'app/settings.py': `${planted.file.assigned}\n` },
        createdBy: 'COPY settings.py /app/ # buildkit',
      },
    ],
    config: { Env: [planted.env.assigned] },
  });
  const manifest = JSON.parse(built.manifest.toString()) as { layers: object[] };
  store.image(built);
  const image = store.manifest(
    manifestType,
    {
      ...manifest,
      layers: [{ ...manifest.layers[0], annotations: { note: planted.layerAnnotation.assigned } }],
      annotations: { 'org.example.note': planted.annotation.assigned },
    },
    [],
    { platform: { os: 'linux', architecture: 'amd64' } },
  );
  const record = {
    dockerfile,
    args: { PEPIPOST_API_KEY: planted.argument.key },
    layers: [{ digest: built.layers[0]!.digest, line: 3 }],
  };
  const attested = attestation(store, image, {
    ...provenance('v0.2', record),
    'https://spdx.dev/Document': { name: 'app', comment: planted.sbom.assigned },
  });
  const index = store.manifest(
    indexType,
    { manifests: [image, attested], annotations: { 'org.example.index': planted.indexAnnotation.assigned } },
    ['1'],
  );
  const cosign = (suffix: string, type: string, body: string, annotations: Record<string, string> = {}): void => {
    const config = store.blob('application/vnd.oci.image.config.v1+json', '{"architecture":"","os":"","rootfs":{}}');
    const layers = [{ ...store.blob(type, body), annotations }];
    store.manifest(manifestType, { config, layers }, [`${image.digest.replace(':', '-')}${suffix}`]);
  };
  cosign(
    '.att',
    'application/vnd.dsse.envelope.v1+json',
    envelope({ predicateType: 'custom', predicate: { env: [planted.cosignAttestation.assigned] } }),
  );
  cosign('.sig', 'application/vnd.dev.cosign.simplesigning.v1+json', '{"critical":{},"optional":null}', {
    'dev.sigstore.cosign/note': planted.cosignSignature.assigned,
  });
  cosign('.sbom', 'text/spdx', `SPDXVersion: SPDX-2.3\nPackageComment: ${planted.cosignSbom.assigned}\n`);
  const largeSbom = JSON.stringify({ padding: 'x'.repeat(400_000), comment: planted.largeSbom.assigned });
  const first = referrer(store, image, {
    type: 'application/vnd.cyclonedx+json',
    body: JSON.stringify({
      bomFormat: 'CycloneDX',
      properties: [{ name: 'PEPIPOST_API_KEY', value: planted.referrer.key }],
    }),
    annotations: { 'org.example.referrer': planted.referrerAnnotation.assigned },
  });
  const second = referrer(store, first, { type: 'text/plain', body: planted.ofReferrer.assigned });
  const note = referrer(store, image, {
    type: 'application/vnd.note+json',
    body: `no JSON: ${planted.noJson.assigned}`,
  });
  const third = referrer(store, index, { type: 'application/spdx+json', body: largeSbom });
  // The tag schema, for places without the API.
  for (const [about, by] of [
    [image, first],
    [first, second],
    [index, third],
  ] as const) {
    const manifests = by === first ? [first, note] : [by];
    store.manifest(indexType, { manifests }, [about.digest.replace(':', '-')]);
  }
  return {
    store,
    referrers: new Map([
      [image.digest, [first, note]],
      [first.digest, [second]],
      [index.digest, [third]],
    ]),
  };
}

describe('what hangs off an image', () => {
  let folder: string;
  let registries: FakeRegistry[];
  const reports = new Map<string, readonly ImageReport[]>();

  before(async function () {
    this.timeout(120_000);
    folder = mkdtempSync(join(tmpdir(), 'wl-attached-'));
    registries = await Promise.all([startFakeRegistry(), startFakeRegistry()]);
    const { store, referrers } = buildStore();
    store.serve(registries[0]!);
    store.serve(registries[1]!, referrers);
    store.folder(join(folder, 'layout'));
    writeFileSync(join(folder, 'layout.tar'), store.tar());
    const references = [
      `docker://${registries[0]!.host}/app:1`,
      `docker://${registries[1]!.host}/app:1`,
      `oci:${folder}/layout`,
      `oci-archive:${folder}/layout.tar`,
      '-',
    ];
    const { images } = await scanJson(references, { stdin: join(folder, 'layout.tar') });
    assert.equal(images.length, places.length, 'one image a place');
    for (const [index, place] of places.entries()) {
      const image = images[index]!;
      assert.ok(!('error' in image), JSON.stringify(image));
      reports.set(place, [image]);
    }
  });
  after(async () => {
    await Promise.all((registries ?? []).map((registry) => registry.close()));
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  const findings = (place: string, key: string): readonly Finding[] =>
    (reports.get(place) ?? []).flatMap((image) => image.findings.filter(({ secret }) => secret.value === key));

  for (const place of places) {
    it(`is complete from ${place}`, () => {
      const images = reports.get(place)!;
      assert.deepEqual(
        images[0]!.coverage.skipped.filter(({ effect }) => effect === 'incomplete'),
        [],
      );
    });

    for (const [what, { key }] of Object.entries(planted)) {
      it(`is scanned for what is in its ${what} from ${place}`, () => {
        assert.ok(findings(place, key).length > 0);
      });
    }

    it(`says where in the attestations it was from ${place}`, () => {
      const [argument] = findings(place, planted.argument.key);
      assert.equal(argument?.exposure, 'attestation');
      assert.equal(argument?.location.name, 'provenance › build-arg:PEPIPOST_API_KEY');
      const [source] = findings(place, planted.dockerfile.key);
      assert.equal(source?.location.name, 'provenance › Dockerfile');
      assert.equal(source?.location.line, 6);
      const [sbom] = findings(place, planted.cosignSbom.key);
      assert.deepEqual([sbom?.exposure, sbom?.location.name, sbom?.location.line], ['attestation', 'sbom', 2]);
    });

    it(`tells the Dockerfile's lines of what is in layers and metadata from ${place}`, () => {
      const [file] = findings(place, planted.file.key);
      assert.deepEqual(file?.instruction?.dockerfile, { path: 'Dockerfile', line: 3 });
      const env = findings(place, planted.env.key).find(({ location }) => location.kind === 'env');
      assert.deepEqual(env?.instruction?.dockerfile, { path: 'Dockerfile', line: 5 });
    });
  }

  it('is left alone where it was not asked for', async () => {
    const registry = registries[0]!;
    const before = registry.requests.length;
    const report = await scanJson([`docker://${registry.host}/app:1`], { args: ['--no-referrers'] });
    const values = report.images
      .flatMap((image) => ('error' in image ? [] : image.findings))
      .map(({ secret }) => secret.value);
    assert.ok(values.includes(planted.argument.key));
    assert.ok(!values.includes(planted.cosignAttestation.key));
    assert.deepEqual(
      registry.requests.slice(before).filter(({ path }) => /referrers|sha256-/.test(path)),
      [],
    );
  }).timeout(60_000);
});

describe('provenance of an image without a history', () => {
  for (const version of ['v0.2', 'v1'] as const) {
    it(`tells the instruction (SLSA ${version})`, async () => {
      const { key, assigned } = plant();
      const store = new ContentStore();
      const built = assembleImage({ layers: [{ files: { base: '' } }, { files: { key: assigned } }], history: null });
      const image = store.image(built);
      const [base, top] = built.layers.map(({ digest }) => digest) as [string, string];
      const text = 'FROM base\n\nCOPY key /\n';
      const layers = [
        { digest: base, line: 1 },
        { digest: top, line: 3 },
      ];
      const about = attestation(store, image, provenance(version, { dockerfile: text, layers }));
      store.manifest(indexType, { manifests: [image, about] }, ['1']);
      const folder = mkdtempSync(join(tmpdir(), 'wl-prov-'));
      try {
        store.folder(folder);
        const { images } = await scanJson([`oci:${folder}`]);
        const [report] = images as readonly ImageReport[];
        const finding = report?.findings.find(({ secret }) => secret.value === key);
        assert.deepEqual(finding?.instruction, {
          createdBy: 'COPY key /',
          dockerfile: { path: 'Dockerfile', line: 3 },
        });
      } finally {
        rmSync(folder, { recursive: true });
      }
    }).timeout(60_000);
  }
});

describe('artifacts that are no images', () => {
  const stage = plant();
  const chart = plant();
  const prov = plant();
  let folder: string;
  let registry: FakeRegistry;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'wl-artifact-'));
    registry = await startFakeRegistry();
    const store = new ContentStore();
    const layers = [gzipSync(packTar([{ path: 'stage/.env', content: stage.assigned }]))];
    buildCache(store, layers, 'index', 'cache-index');
    buildCache(store, layers, 'manifest', 'cache');
    const values = packTar([{ path: 'app/values.yaml', content: `pepipost:\n  apiKey: ${chart.key}\n` }]);
    helmChart(store, gzipSync(values), `-----BEGIN PGP\nnote: ${prov.assigned}\n`, 'chart');
    store.serve(registry);
    store.folder(join(folder, 'layout'));
    writeFileSync(join(folder, 'layout.tar'), store.tar());
  });
  after(async () => {
    await registry.close();
    rmSync(folder, { recursive: true });
  });

  const cases = [
    { tag: 'cache', expected: { [stage.key]: 'stage/.env' }, type: 'application/vnd.buildkit.cacheconfig.v0' },
    { tag: 'cache-index', expected: { [stage.key]: 'stage/.env' }, type: 'application/vnd.buildkit.cacheconfig.v0' },
    {
      tag: 'chart',
      expected: { [chart.key]: 'app/values.yaml', [prov.key]: undefined },
      type: 'application/vnd.cncf.helm.config.v1+json',
    },
  ];
  for (const { tag, expected, type } of cases) {
    it(`are scanned wherever they lie: ${tag}`, async () => {
      const references = [
        `docker://${registry.host}/app:${tag}`,
        `oci:${folder}/layout:${tag}`,
        `oci-archive:${folder}/layout.tar:${tag}`,
      ];
      const { images } = await scanJson(references);
      assert.equal(images.length, references.length);
      for (const image of images as readonly ImageReport[]) {
        assert.deepEqual(
          image.coverage?.skipped.filter(({ effect }) => effect === 'incomplete'),
          [],
          JSON.stringify(image),
        );
        assert.equal(image.artifactType, type);
        for (const [key, path] of Object.entries(expected)) {
          const found = image.findings.find(({ secret }) => secret.value === key);
          assert.ok(found !== undefined, `${image.source} ${tag}`);
          assert.equal(found.exposure, 'live');
          if (path !== undefined) assert.equal(found.location.path, path);
        }
      }
    }).timeout(60_000);
  }
});
