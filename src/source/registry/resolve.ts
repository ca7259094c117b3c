/**
 * From a manifest's name to the images behind it: an index is followed to every platform it has, unless
 * one was asked for. A manifest is believed only if it has the digest it was asked by; attestations go to the
 * image they are about, artifacts and build caches stand for themselves, what is left out is said.
 */

import { type Diagnostic, incomplete, messageOf, ScanError } from '../../errors.ts';
import type { Descriptor, Platform } from '../../oci/descriptor.ts';
import { shortDigest } from '../../oci/digest.ts';
import { configPlatform, type ImageConfig, parseImageConfig } from '../../oci/image-config.ts';
import { parseJson } from '../../oci/json.ts';
import { attestedDigest, type ImageManifest, isAttestation, isImage } from '../../oci/manifest.ts';
import { formatPlatform, matchesPlatform, parsePlatform } from '../../oci/platform.ts';
import { artifactConfig, artifactTypeOf, hasReadableConfig } from '../artifact.ts';
import { toAnnotations } from '../attachment.ts';
import { cacheManifestOf } from '../build-cache.ts';
import type { Annotation } from '../source.ts';
import type { DocumentFetcher, FetchedManifest } from './fetch.ts';
import { registryLimits } from './options.ts';

/** One image, its configuration read. */
export interface ResolvedImage {
  readonly digest: string;
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
  readonly platform: string;
  /** Of the index it is in and of its descriptor there. */
  readonly annotations: readonly Annotation[];
  /** Of what the index says is about it. */
  readonly attestations: readonly Descriptor[];
  /** What it is where it is no container image. */
  readonly artifactType?: string;
}

/** What a name stands for. */
export interface Resolution {
  /** Of the manifest or index the name points to. */
  readonly digest: string;
  readonly images: readonly ResolvedImage[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What to resolve. */
export interface ResolveRequest {
  /** A tag or a digest. */
  readonly reference: string;
  /** The image for messages. */
  readonly subject: string;
  /** `os/architecture[/variant]`, if only that is wanted. */
  readonly platform: string | undefined;
}

/** Fetches manifests and configurations. @throws ScanError */
export async function resolveImages(fetcher: DocumentFetcher, wanted: ResolveRequest): Promise<Resolution> {
  const platform = wanted.platform === undefined ? undefined : parsePlatform(wanted.platform);
  const root = await fetcher.manifest(wanted.reference, wanted.subject);
  const walk: Walk = {
    fetcher,
    wanted,
    platform,
    images: [],
    attestations: new Map(),
    diagnostics: [],
    seen: new Set([root.digest]),
    listed: new Set([root.digest]),
    entries: 0,
    offered: [],
  };
  await follow(walk, root, { annotations: [] });
  if (walk.images.length === 0) throw nothingFound(walk);
  // What is about nothing here is nobody's, and read with the first: it may be anything.
  const strays = [...walk.attestations].flatMap(([digest, entries]) => (walk.listed.has(digest) ? [] : entries));
  const images = walk.images.map((image, index) => ({
    ...image,
    attestations: [...(walk.attestations.get(image.digest) ?? []), ...(index === 0 ? strays : [])],
  }));
  return { digest: root.digest, images, diagnostics: walk.diagnostics };
}

interface Walk {
  readonly fetcher: DocumentFetcher;
  readonly wanted: ResolveRequest;
  readonly platform: Platform | undefined;
  readonly images: Omit<ResolvedImage, 'attestations'>[];
  /** By the digest they are about. */
  readonly attestations: Map<string, Descriptor[]>;
  readonly diagnostics: Diagnostic[];
  /** Digests followed: an index may name one twice, or itself. */
  readonly seen: Set<string>;
  /** Digests that indexes name as images, of other platforms included. */
  readonly listed: Set<string>;
  /** Entries of indexes met so far. */
  entries: number;
  readonly offered: string[];
}

/** How a manifest was reached. */
interface Origin {
  readonly descriptor?: Descriptor;
  readonly annotations: readonly Annotation[];
}

async function follow(walk: Walk, fetched: FetchedManifest, from: Origin): Promise<void> {
  const { digest, manifest } = fetched;
  if (manifest.kind === 'image') return takeImage(walk, { digest, manifest }, from);
  const cache = cacheManifestOf(manifest);
  if (cache !== undefined) return takeImage(walk, { digest, manifest: cache }, from);
  const annotations = [...from.annotations, ...toAnnotations(manifest.annotations, digest)];
  for (const descriptor of manifest.manifests) {
    if (++walk.entries > registryLimits.manifests) {
      throw new ScanError(
        'LIMIT_EXCEEDED',
        `${walk.wanted.subject} has more than ${registryLimits.manifests} manifests.`,
        {
          subject: walk.wanted.subject,
          hint: 'Name one of its images by its digest.',
        },
      );
    }
    await followEntry(walk, descriptor, { annotations, document: digest });
  }
}

async function followEntry(
  walk: Walk,
  descriptor: Descriptor,
  above: { readonly annotations: readonly Annotation[]; readonly document: string },
): Promise<void> {
  const { subject } = walk.wanted;
  const entry = `manifest ${shortDigest(descriptor.digest)} of ${subject}`;
  const about = isAttestation(descriptor) ? attestedDigest(descriptor) : undefined;
  if (about !== undefined) {
    walk.attestations.set(about, [...(walk.attestations.get(about) ?? []), descriptor]);
    return;
  }
  walk.listed.add(descriptor.digest);
  // Without a platform in the index its configuration tells, once fetched.
  const { platform } = descriptor;
  if (platform !== undefined && platform.os !== 'unknown' && !offers(walk, platform)) return;
  if (walk.seen.has(descriptor.digest)) return;
  walk.seen.add(descriptor.digest);
  let fetched: FetchedManifest;
  try {
    fetched = await walk.fetcher.manifest(descriptor.digest, entry);
  } catch (error) {
    // An index may name more than its registry holds; that takes nothing from its other images.
    if (!(error instanceof ScanError) || error.code !== 'IMAGE_NOT_FOUND') throw error;
    walk.diagnostics.push(incomplete(error.code, entry, `${messageOf(error)} Its platform is not scanned.`));
    return;
  }
  await follow(walk, fetched, {
    descriptor,
    annotations: [...above.annotations, ...toAnnotations(descriptor.annotations, above.document)],
  });
}

async function takeImage(
  walk: Walk,
  { digest, manifest }: { digest: string; manifest: ImageManifest },
  { descriptor: from, annotations }: Origin,
): Promise<void> {
  const { subject } = walk.wanted;
  const name = `configuration of ${subject}`;
  if (!isImage(manifest)) {
    // It has no platform; among others it is none of the one that was asked for.
    if (walk.platform !== undefined && from !== undefined) return;
    const bytes = hasReadableConfig(manifest) ? await walk.fetcher.blob(manifest.config, name) : undefined;
    const config = artifactConfig(bytes, name);
    walk.images.push({
      digest,
      manifest,
      config,
      platform: 'unknown/unknown',
      annotations,
      artifactType: artifactTypeOf(manifest),
    });
    return;
  }
  const config = parseImageConfig(parseJson(await walk.fetcher.blob(manifest.config, name), name), name);
  if (from?.platform === undefined && !offers(walk, platformOf(config))) return;
  const platform = from?.platform === undefined ? configPlatform(config) : formatPlatform(from.platform);
  walk.images.push({ digest, manifest, config, platform, annotations });
}

/** Whether a platform is wanted; it is noted either way, for the error that says which there are. */
function offers(walk: Walk, platform: Platform): boolean {
  walk.offered.push(formatPlatform(platform));
  return walk.platform === undefined || matchesPlatform(platform, walk.platform);
}

function platformOf({ os = 'linux', architecture = 'amd64', variant }: ImageConfig): Platform {
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

function nothingFound({ wanted, offered }: Walk): ScanError {
  const { subject, platform } = wanted;
  if (platform === undefined || offered.length === 0) {
    return new ScanError('MANIFEST_INVALID', `${subject} is an index without an image that can be fetched.`, {
      subject,
    });
  }
  return new ScanError('PLATFORM_NOT_FOUND', `${subject} has no image for ${platform}.`, {
    subject,
    hint: `It has ${[...new Set(offered)].slice(0, 20).join(', ')}.`,
  });
}
