/**
 * Images of one registry as a source: they are resolved, blobs are opened one by one when they are asked for.
 * A blob that several platforms, tags or repositories share is given once, by the first that has it.
 */

import type { Diagnostic } from '../../errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { contentNameOf, contentsOf } from '../artifact.ts';
import { type Attached, type AttachmentReader, annotationsOf, attachmentBudgetBytes } from '../attachment.ts';
import type { Blob, ImageRecord, ImageSource, PublicReach } from '../source.ts';
import type { RepositoryClient } from './client.ts';
import type { DocumentFetcher } from './fetch.ts';
import { openLayer } from './foreign-layer.ts';
import { checkPublic } from './public-reach.ts';
import type { ResolvedImage } from './resolve.ts';

/** An image with what hangs off it, and where its blobs come from. */
export interface FoundImage {
  readonly repository: Repository;
  readonly image: ResolvedImage;
  readonly attached: Attached;
  /** What reports call it. */
  readonly reference: string;
  /** `host/name:tag` of every tag that holds it. */
  readonly repoTags: readonly string[];
}

/** A repository that is read. */
export interface Repository {
  readonly client: RepositoryClient;
  readonly fetcher: DocumentFetcher;
  readonly reader: RegistryReader;
}

/** Reads attachments' documents at once and remembers their other contents for the scan. */
export class RegistryReader implements AttachmentReader {
  budgetBytes: number = attachmentBudgetBytes;
  /** Contents that are no layer, by digest. */
  readonly contents: Map<string, { readonly sizeBytes: number; readonly name: string }> = new Map();
  readonly #fetcher: DocumentFetcher;

  constructor(fetcher: DocumentFetcher) {
    this.#fetcher = fetcher;
  }

  document(descriptor: Descriptor): Promise<Uint8Array> {
    return this.#fetcher.blob(descriptor, `attachment ${descriptor.digest}`);
  }

  async blob({ digest, size }: Descriptor, name: string): Promise<string> {
    this.contents.set(digest, { sizeBytes: size, name });
    return digest;
  }
}

/** An `ImageSource` over resolved images. */
export class RegistrySource implements ImageSource {
  readonly kind = 'registry';
  readonly sequential = false;
  readonly title: string;
  readonly #images: readonly FoundImage[];
  readonly #repositories: readonly Repository[];
  readonly #diagnostics: readonly Diagnostic[];
  readonly #records: readonly ImageRecord[];

  /** @param repositories all that were read, also those whose images another has as well; closed with the source */
  constructor(
    title: string,
    images: readonly FoundImage[],
    diagnostics: readonly Diagnostic[],
    repositories: readonly Repository[],
  ) {
    this.title = title;
    this.#images = images;
    this.#repositories = repositories;
    this.#diagnostics = diagnostics;
    this.#records = images.map(toRecord);
  }

  async images(): Promise<readonly ImageRecord[]> {
    return this.#records;
  }

  async metadata(): Promise<readonly ImageRecord[]> {
    return this.#records;
  }

  async *blobs(): AsyncGenerator<Blob> {
    const wanted = [...this.#wanted().values()].sort((a, b) => b.sizeBytes - a.sizeBytes);
    for (const { digest, sizeBytes, name, urls = [], client } of wanted) {
      const open = (signal: AbortSignal): ReturnType<typeof openLayer> =>
        openLayer(client, { digest, sizeBytes, urls }, signal);
      yield { key: digest, digest, sizeBytes, ...(name === undefined ? {} : { name }), open };
    }
  }

  diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  async checkPublic(manifestDigest: string, signal: AbortSignal): Promise<PublicReach | undefined> {
    const found = this.#images.find(({ image }) => image.digest === manifestDigest);
    return found === undefined ? undefined : checkPublic(found.repository.client, manifestDigest, signal);
  }

  async close(): Promise<void> {
    for (const { client } of this.#repositories) client.close();
  }

  #wanted(): ReadonlyMap<string, Wanted> {
    const wanted = new Map<string, Wanted>();
    const add = (next: Wanted): void => {
      const known = wanted.get(next.digest);
      // Manifests that disagree on a size can't both be right; the scan measures it. A layer of an image is one everywhere.
      const name = known === undefined || known.name !== undefined ? next.name : undefined;
      const sizeBytes = Math.max(next.sizeBytes, known?.sizeBytes ?? 0);
      wanted.set(next.digest, { ...(known ?? next), sizeBytes, name });
    };
    for (const { image, repository } of this.#images) {
      const { client } = repository;
      const isArtifact = image.artifactType !== undefined;
      for (const layer of isArtifact ? contentsOf(image.manifest) : image.manifest.layers) {
        const name = isArtifact ? contentNameOf(layer) : undefined;
        add({ digest: layer.digest, sizeBytes: layer.size, name, client, urls: layer.urls });
      }
    }
    for (const { client, reader } of this.#repositories) {
      for (const [digest, { sizeBytes, name }] of reader.contents) add({ digest, sizeBytes, name, client });
    }
    return wanted;
  }
}

interface Wanted {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly name: string | undefined;
  readonly client: RepositoryClient;
  /** Where its descriptor says it is besides the registry. */
  readonly urls?: readonly string[] | undefined;
}

function toRecord({ repository, image, attached, reference, repoTags }: FoundImage): ImageRecord {
  const { digest, manifest, config, platform, artifactType } = image;
  const layers = artifactType === undefined ? manifest.layers : contentsOf(manifest);
  return {
    reference,
    source: 'registry',
    platform,
    ...(artifactType === undefined ? {} : { artifactType }),
    manifestDigest: digest,
    configDigest: manifest.config.digest,
    repoTags,
    access: repository.client.access,
    config,
    layers: layers.map((layer) => ({
      blob: layer.digest,
      digest: layer.digest,
      mediaType: layer.mediaType,
      sizeBytes: layer.size,
    })),
    annotations: [...image.annotations, ...annotationsOf(manifest, digest), ...attached.annotations],
    attachments: attached.attachments,
    diagnostics: attached.diagnostics,
  };
}
