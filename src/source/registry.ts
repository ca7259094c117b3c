/**
 * An image in a registry (OCI distribution-spec, Docker's registry API v2) as a source: manifests and
 * configurations when it is opened, blobs one by one when they are asked for. A blob that several
 * platforms share is given once.
 */

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import type { Diagnostic } from '../errors.ts';
import { formatImageName, type ImageName } from '../oci/reference.ts';
import { openBlob } from './registry/blob.ts';
import { RepositoryClient } from './registry/client.ts';
import { findCredentials } from './registry/credential.ts';
import type { Credentials, RegistryOptions } from './registry/options.ts';
import { type Resolution, type ResolvedImage, resolveImages } from './registry/resolve.ts';
import type { Blob, ImageRecord, ImageSource } from './source.ts';

/** How an image of a registry is opened. */
export interface RegistryImageOptions extends RegistryOptions {
  readonly signal: AbortSignal;
  /** `os/architecture[/variant]`; default all. */
  readonly platform?: string;
  /** What its reader should know of how the registry came to be asked. */
  readonly notices?: readonly Diagnostic[];
}

/** Opens an image of a registry; `text` is what the user wrote. @throws ScanError */
export async function openRegistryImage(
  { name, text }: { readonly name: ImageName; readonly text: string },
  options: RegistryImageOptions,
): Promise<ImageSource> {
  const credentials = options.credentials ?? configuredCredentials(name.host, options);
  const client = new RepositoryClient(name, credentials === undefined ? options : { ...options, credentials });
  try {
    const resolution = await resolveImages(client, {
      reference: name.digest ?? name.tag ?? 'latest',
      subject: `image ${formatImageName(name)}`,
      platform: options.platform,
      signal: options.signal,
    });
    const diagnostics = [...(options.notices ?? []), ...resolution.diagnostics];
    return new RegistryImage(client, { ...resolution, diagnostics }, { name, text });
  } catch (error) {
    client.close();
    throw error;
  }
}

class RegistryImage implements ImageSource {
  readonly kind = 'registry';
  readonly sequential = false;
  readonly title: string;
  readonly #client: RepositoryClient;
  readonly #resolution: Resolution;
  readonly #records: readonly ImageRecord[];

  constructor(client: RepositoryClient, resolution: Resolution, { name, text }: { name: ImageName; text: string }) {
    this.#client = client;
    this.#resolution = resolution;
    this.#records = resolution.images.map((image) => toRecord(image, name, text));
    // The host as it was asked, the tag it was asked by, and what that was then.
    const { digest: _, ...asked } = name;
    this.title = `registry ${formatImageName(asked)} (${briefDigest(resolution.digest)})`;
  }

  async images(): Promise<readonly ImageRecord[]> {
    return this.#records;
  }

  async metadata(): Promise<readonly ImageRecord[]> {
    return this.#records;
  }

  async *blobs(): AsyncGenerator<Blob> {
    const sizes = new Map<string, number>();
    for (const { manifest } of this.#resolution.images) {
      for (const { digest, size } of manifest.layers) {
        // Manifests that disagree on a size can't both be right; the scan measures it.
        sizes.set(digest, Math.max(size, sizes.get(digest) ?? 0));
      }
    }
    const client = this.#client;
    for (const [digest, sizeBytes] of [...sizes].sort(([, a], [, b]) => b - a)) {
      yield { key: digest, digest, sizeBytes, open: (signal) => openBlob(client, { digest, sizeBytes }, signal) };
    }
  }

  diagnostics(): readonly Diagnostic[] {
    return this.#resolution.diagnostics;
  }

  async close(): Promise<void> {
    this.#client.close();
  }
}

/** Enough of a digest to tell, with its algorithm. */
function briefDigest(digest: string): string {
  return digest.slice(0, digest.indexOf(':') + 13);
}

function toRecord({ digest, manifest, config, platform }: ResolvedImage, name: ImageName, text: string): ImageRecord {
  return {
    reference: text,
    source: 'registry',
    platform,
    manifestDigest: digest,
    configDigest: manifest.config.digest,
    repoTags: name.tag === undefined ? [] : [`${name.host}/${name.repository}:${name.tag}`],
    config,
    layers: manifest.layers.map((layer) => ({
      blob: layer.digest,
      digest: layer.digest,
      mediaType: layer.mediaType,
      sizeBytes: layer.size,
    })),
    diagnostics: [],
  };
}

function configuredCredentials(host: string, { env = process.env }: RegistryOptions): Credentials | undefined {
  return findCredentials(host, { env, home: env['HOME'] || homedir(), readFile: readText });
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
