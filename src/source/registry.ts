/**
 * An image of a registry (OCI distribution-spec, Docker's registry API v2): its manifests, its configurations and what
 * hangs off it are read when it is opened, its blobs when they are asked for.
 */

import type { Diagnostic } from '../errors.ts';
import { formatImageName, type ImageName } from '../oci/reference.ts';
import { readAttachments } from './registry/attachments.ts';
import { RepositoryClient } from './registry/client.ts';
import { DocumentFetcher } from './registry/fetch.ts';
import type { RegistryOptions } from './registry/options.ts';
import { type FoundImage, RegistryReader, RegistrySource } from './registry/registry-source.ts';
import { resolveImages } from './registry/resolve.ts';
import type { ImageSource } from './source.ts';

/** How an image of a registry is opened. */
export interface RegistryImageOptions extends RegistryOptions {
  readonly signal: AbortSignal;
  /** `os/architecture[/variant]`; default all. */
  readonly platform?: string;
  /** False: what refers to an image without being in its index is not asked for. */
  readonly referrers?: boolean;
  /** What its reader should know of how the registry came to be asked. */
  readonly notices?: readonly Diagnostic[];
}

/** Opens an image of a registry; `text` is what the user wrote. @throws ScanError */
export async function openRegistryImage(
  { name, text }: { readonly name: ImageName; readonly text: string },
  options: RegistryImageOptions,
): Promise<ImageSource> {
  const client = new RepositoryClient(name, options);
  try {
    const fetcher = new DocumentFetcher(client, options.signal);
    const repository = { client, fetcher, reader: new RegistryReader(fetcher) };
    const resolution = await resolveImages(fetcher, {
      reference: name.digest ?? name.tag ?? 'latest',
      subject: `image ${formatImageName(name)}`,
      platform: options.platform,
    });
    const request = { ...repository, referrers: options.referrers ?? true, asked: new Map() };
    const repoTags = name.tag === undefined ? [] : [`${name.host}/${name.repository}:${name.tag}`];
    const images: FoundImage[] = [];
    for (const image of resolution.images) {
      const attached = await readAttachments(image, resolution.digest, request);
      images.push({ repository, image, attached, reference: text, repoTags });
    }
    // The host as it was asked, the tag it was asked by, and what that was then.
    const { digest: _, ...asked } = name;
    const title = `registry ${formatImageName(asked)} (${briefDigest(resolution.digest)})`;
    return new RegistrySource(title, images, [...(options.notices ?? []), ...resolution.diagnostics]);
  } catch (error) {
    client.close();
    throw error;
  }
}

/** Enough of a digest to tell, with its algorithm. */
function briefDigest(digest: string): string {
  return digest.slice(0, digest.indexOf(':') + 13);
}
