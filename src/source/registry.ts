/**
 * An image of a registry (OCI distribution-spec, Docker's registry API v2): its manifests, its configurations and what
 * hangs off it are read when it is opened, its blobs when they are asked for.
 */

import { type Diagnostic, notice, ScanError } from '../errors.ts';
import { formatImageName, type ImageName } from '../oci/reference.ts';
import { readAttachments } from './registry/attachments.ts';
import { RepositoryClient } from './registry/client.ts';
import { DocumentFetcher } from './registry/fetch.ts';
import { type PullPlace, pullPlaces } from './registry/mirrors.ts';
import type { RegistryOptions } from './registry/options.ts';
import { describeRateLimit, isNearlyUsedUp } from './registry/rate-limit.ts';
import { loadRegistriesConf } from './registry/registries-conf.ts';
import { type FoundImage, RegistryReader, RegistrySource } from './registry/registry-source.ts';
import { resolveImages } from './registry/resolve.ts';
import { surroundingsOf } from './registry/surroundings.ts';
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

/** Opens an image of a registry, or of one of its mirrors; `text` is what the user wrote. @throws ScanError */
export async function openRegistryImage(
  wanted: { readonly name: ImageName; readonly text: string },
  options: RegistryImageOptions,
): Promise<ImageSource> {
  const notices = [...(options.notices ?? [])];
  const places = pullPlaces(wanted.name, loadRegistriesConf(surroundingsOf(options)));
  for (const place of places) {
    try {
      return await openAt(place, wanted, { ...options, notices });
    } catch (error) {
      if (!place.isMirror || !(error instanceof ScanError)) throw error;
      options.signal.throwIfAborted();
      const { host } = place.name;
      notices.push(notice(error.code, host, `The mirror was passed over: ${error.message}`));
    }
  }
  throw new ScanError('INTERNAL', 'An image has no place to be fetched from.');
}

async function openAt(
  { name: at, insecure, isMirror }: PullPlace,
  { name, text }: { readonly name: ImageName; readonly text: string },
  options: RegistryImageOptions,
): Promise<ImageSource> {
  // What was given on the command line is for the registry that was named, and for no other that stands in for it.
  const { credentials, ...others } = options;
  const client = new RepositoryClient(at, {
    ...others,
    ...(credentials === undefined || at.host !== name.host ? {} : { credentials }),
    ...(insecure ? { insecureRegistries: [...(options.insecureRegistries ?? []), at.host] } : {}),
  });
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
    const { digest: __, ...elsewhere } = at;
    const stead = at.host === name.host && at.repository === name.repository ? '' : ` at ${formatImageName(elsewhere)}`;
    const title = `registry ${formatImageName(asked)}${stead}${isMirror ? ', a mirror' : ''} (${briefDigest(resolution.digest)})`;
    const notices = [...(options.notices ?? []), ...resolution.diagnostics, ...rateLimitNotices(client)];
    return new RegistrySource(title, images, notices, [repository]);
  } catch (error) {
    client.close();
    throw error;
  }
}

/** Said while there is something left: the run after this one would be refused. */
function rateLimitNotices({ host, rateLimit }: RepositoryClient): readonly Diagnostic[] {
  if (rateLimit === undefined || !isNearlyUsedUp(rateLimit)) return [];
  return [notice('RATE_LIMITED', host, describeRateLimit(rateLimit))];
}

/** Enough of a digest to tell, with its algorithm. */
function briefDigest(digest: string): string {
  return digest.slice(0, digest.indexOf(':') + 13);
}
