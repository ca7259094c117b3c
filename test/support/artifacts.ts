/**
 * What no tool of Debian's makes, put together from the specifications: BuildKit's attestations
 * (moby/buildkit docs/attestations/attestation-storage.md and slsa-definitions.md), its registry cache
 * (cache/remotecache/v1/doc.go), referrers and artifacts (OCI image-spec manifest.md, distribution-spec),
 * cosign's tags (sigstore/cosign specs/SIGNATURE_SPEC.md), Helm charts (helm.sh/docs/topics/registries).
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BuiltImage, sha256 } from './build-image.ts';
import type { FakeRegistry } from './fake-registry.ts';
import { packTar } from './tar-writer.ts';

/** A descriptor as JSON. */
export interface Pointer {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: { readonly os: string; readonly architecture: string };
  readonly artifactType?: string;
}

export const indexType = 'application/vnd.oci.image.index.v1+json';
export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const configType = 'application/vnd.oci.image.config.v1+json';
const emptyType = 'application/vnd.oci.empty.v1+json';
const inTotoType = 'application/vnd.in-toto+json';

/** Content by digest, with the manifests among it and the tags that name them: a registry or a layout, as is wished. */
export class ContentStore {
  readonly #blobs = new Map<string, Buffer>();
  readonly #manifests = new Map<string, { pointer: Pointer; tags: string[] }>();

  blob(mediaType: string, content: string | Uint8Array, extra: Partial<Pointer> = {}): Pointer {
    const bytes = Buffer.from(content as string);
    const digest = sha256(bytes);
    this.#blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length, ...extra };
  }

  /** A manifest or index; with tags it is one of those the place lists. */
  manifest(mediaType: string, json: object, tags: readonly string[] = [], extra: Partial<Pointer> = {}): Pointer {
    const pointer = this.blob(mediaType, JSON.stringify({ schemaVersion: 2, mediaType, ...json }), extra);
    this.#manifests.set(pointer.digest, { pointer, tags: [...tags] });
    return pointer;
  }

  image(image: BuiltImage, tags: readonly string[] = []): Pointer {
    for (const { bytes, mediaType } of image.layers) this.blob(mediaType, bytes);
    this.blob(configType, image.config);
    const pointer = this.blob(manifestType, image.manifest, { platform: image.platform });
    this.#manifests.set(pointer.digest, { pointer, tags: [...tags] });
    return pointer;
  }

  /** Serves everything; referrers by the API if `referrers` is given, by digest. */
  serve(registry: FakeRegistry, referrers?: ReadonlyMap<string, readonly Pointer[]>): void {
    for (const bytes of this.#blobs.values()) registry.putBlob(bytes);
    for (const [digest, { pointer, tags }] of this.#manifests) {
      registry.putManifest(pointer.mediaType, this.#blobs.get(digest)!, ...tags);
    }
    registry.referrers = referrers;
  }

  /** The entries of an OCI layout that lists what has tags. */
  entries(): { path: string; content: string | Buffer }[] {
    const manifests = [...this.#manifests.values()].flatMap(({ pointer, tags }) =>
      tags.map((tag) => ({ ...pointer, annotations: { 'org.opencontainers.image.ref.name': tag } })),
    );
    return [
      { path: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
      { path: 'index.json', content: JSON.stringify({ schemaVersion: 2, manifests }) },
      ...[...this.#blobs].map(([digest, content]) => ({ path: `blobs/${digest.replace(':', '/')}`, content })),
    ];
  }

  tar(): Buffer {
    return packTar(this.entries());
  }

  folder(path: string): void {
    for (const entry of this.entries()) {
      mkdirSync(dirname(join(path, entry.path)), { recursive: true });
      writeFileSync(join(path, entry.path), entry.content);
    }
  }
}

/** BuildKit's attestation manifest for an image: in-toto statements as layers, the image's digest in the index's descriptor. */
export function attestation(
  store: ContentStore,
  image: Pointer,
  statements: Readonly<Record<string, object>>,
): Pointer {
  const layers = Object.entries(statements).map(([predicateType, predicate]) =>
    store.blob(inTotoType, JSON.stringify({ _type: 'https://in-toto.io/Statement/v0.1', predicateType, predicate }), {
      annotations: { 'in-toto.io/predicate-type': predicateType },
    }),
  );
  const diffIds = layers.map(({ digest }) => digest);
  const config = store.blob(
    configType,
    JSON.stringify({
      architecture: 'unknown',
      os: 'unknown',
      config: {},
      rootfs: { type: 'layers', diff_ids: diffIds },
    }),
  );
  return store.manifest(manifestType, { config, layers }, [], {
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: {
      'vnd.docker.reference.digest': image.digest,
      'vnd.docker.reference.type': 'attestation-manifest',
    },
  });
}

/** What a provenance of `mode=max` says of a build. */
export interface BuildRecord {
  readonly dockerfile: string;
  readonly args?: Readonly<Record<string, string>>;
  /** For each layer, lowest first, the line of the instruction that made it; chains are as BuildKit writes them. */
  readonly layers: readonly { readonly digest: string; readonly line: number }[];
}

const v02 = 'https://slsa.dev/provenance/v0.2';
const v1 = 'https://slsa.dev/provenance/v1';

/** A SLSA provenance predicate by its type, in the version's shape. */
export function provenance(version: 'v0.2' | 'v1', record: BuildRecord): Record<string, object> {
  const { dockerfile, args = {}, layers } = record;
  const parameters = {
    frontend: 'dockerfile.v0',
    args: Object.fromEntries(Object.entries(args).map(([name, value]) => [`build-arg:${name}`, value])),
    locals: [{ name: 'context' }, { name: 'dockerfile' }],
  };
  const chain = layers.map(({ digest }) => ({
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest,
    size: 1,
  }));
  const buildkit = {
    source: {
      locations: Object.fromEntries(
        layers.map(({ line }, step) => [
          `step${step}`,
          { locations: [{ ranges: [{ start: { line }, end: { line } }] }] },
        ]),
      ),
      infos: [{ filename: 'Dockerfile', language: 'Dockerfile', data: Buffer.from(dockerfile).toString('base64') }],
    },
    layers: Object.fromEntries(layers.map((_, step) => [`step${step}:0`, [chain.slice(0, step + 1)]])),
  };
  if (version === 'v0.2') {
    return {
      [v02]: {
        builder: { id: '' },
        buildType: 'https://mobyproject.org/buildkit@v1',
        materials: [],
        invocation: {
          configSource: { entryPoint: 'Dockerfile' },
          parameters,
          environment: { platform: 'linux/amd64' },
        },
        metadata: { 'https://mobyproject.org/buildkit@v1#metadata': buildkit },
      },
    };
  }
  return {
    [v1]: {
      buildDefinition: {
        buildType: 'https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md',
        externalParameters: { configSource: { path: 'Dockerfile' }, request: parameters },
        internalParameters: { builderPlatform: 'linux/amd64' },
      },
      runDetails: { builder: { id: '' }, metadata: { buildkit_metadata: buildkit } },
    },
  };
}

/** A DSSE envelope around an in-toto statement, as cosign attaches it. */
export function envelope(statement: object): string {
  const payload = Buffer.from(JSON.stringify(statement)).toString('base64');
  return JSON.stringify({ payloadType: 'application/vnd.in-toto+json', payload, signatures: [{ keyid: '', sig: '' }] });
}

/** An artifact about another manifest (image-spec manifest.md, `subject`). */
export function referrer(
  store: ContentStore,
  subject: Pointer,
  content: { readonly type: string; readonly body: string | Uint8Array; readonly annotations?: Record<string, string> },
  tags: readonly string[] = [],
): Pointer {
  const config = store.blob(emptyType, '{}');
  const layers = [store.blob(content.type, content.body)];
  const { mediaType, digest, size } = subject;
  const manifest = {
    artifactType: content.type,
    config,
    layers,
    subject: { mediaType, digest, size },
    annotations: content.annotations ?? {},
  };
  return store.manifest(manifestType, manifest, tags, { artifactType: content.type });
}

/** BuildKit's registry cache: layers under a configuration that links them, as a manifest or as the older index of blobs. */
export function buildCache(
  store: ContentStore,
  layers: readonly Uint8Array[],
  form: 'manifest' | 'index',
  tag: string,
): Pointer {
  const type = 'application/vnd.oci.image.layer.v1.tar+gzip';
  const pointers = layers.map((bytes) =>
    store.blob(type, bytes, { annotations: { 'buildkit/createdat': '2026-01-01T00:00:00Z' } }),
  );
  const config = store.blob(
    'application/vnd.buildkit.cacheconfig.v0',
    JSON.stringify({
      layers: pointers.map(({ digest }) => ({ blob: digest, parent: -1 })),
      records: pointers.map(({ digest }, layer) => ({
        digest,
        layers: [{ layer, createdAt: '2026-01-01T00:00:00Z' }],
      })),
    }),
  );
  if (form === 'manifest') return store.manifest(manifestType, { config, layers: pointers }, [tag]);
  return store.manifest(indexType, { manifests: [...pointers, config] }, [tag]);
}

/** A Helm chart with its provenance file beside it. */
export function helmChart(store: ContentStore, chart: Uint8Array, prov: string, tag: string): Pointer {
  const config = store.blob(
    'application/vnd.cncf.helm.config.v1+json',
    JSON.stringify({ name: 'app', version: '1.0.0' }),
  );
  const layers = [
    store.blob('application/vnd.cncf.helm.chart.content.v1.tar+gzip', chart),
    store.blob('application/vnd.cncf.helm.chart.provenance.v1.prov', prov),
  ];
  return store.manifest(manifestType, { config, layers }, [tag]);
}
