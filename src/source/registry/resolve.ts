/**
 * From a manifest's name to the images behind it: an index is followed to every platform it has, unless
 * one was asked for. A manifest is believed only if it has the digest it was asked by; what is left out
 * (attestations, artifacts, platforms that are not there) is said.
 */

import { createHash } from 'node:crypto';
import { type Diagnostic, incomplete, messageOf, notice, ScanError } from '../../errors.ts';
import type { Descriptor, Platform } from '../../oci/descriptor.ts';
import { parseDigest, shortDigest } from '../../oci/digest.ts';
import { configPlatform, type ImageConfig, parseImageConfig } from '../../oci/image-config.ts';
import { parseJson } from '../../oci/json.ts';
import { type ImageManifest, isAttestation, isImage, parseManifest } from '../../oci/manifest.ts';
import { manifestMediaTypes } from '../../oci/media-type.ts';
import { formatPlatform, matchesPlatform, parsePlatform } from '../../oci/platform.ts';
import { readBounded } from '../patient-read.ts';
import type { RepositoryClient } from './client.ts';
import { registryLimits } from './options.ts';

/** One image, its configuration read. */
export interface ResolvedImage {
  readonly digest: string;
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
  readonly platform: string;
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
  readonly signal: AbortSignal;
}

/** Schema 1 is asked for too: registries then say what they have, and we can name it. */
const accept = [
  ...manifestMediaTypes,
  'application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.1',
  'application/vnd.docker.distribution.manifest.v1+json;q=0.1',
].join(', ');

/** Fetches manifests and configurations. @throws ScanError */
export async function resolveImages(client: RepositoryClient, wanted: ResolveRequest): Promise<Resolution> {
  const { subject, signal } = wanted;
  const platform = wanted.platform === undefined ? undefined : parsePlatform(wanted.platform);
  const root = await fetchManifest(client, wanted.reference, subject, signal);
  const walk: Walk = {
    client,
    wanted,
    platform,
    images: [],
    diagnostics: [],
    seen: new Set([root.digest]),
    entries: 0,
    offered: [],
  };
  await follow(walk, root, undefined);
  if (walk.images.length === 0) throw nothingFound(walk);
  return { digest: root.digest, images: walk.images, diagnostics: walk.diagnostics };
}

interface Walk {
  readonly client: RepositoryClient;
  readonly wanted: ResolveRequest;
  readonly platform: Platform | undefined;
  readonly images: ResolvedImage[];
  readonly diagnostics: Diagnostic[];
  /** Digests followed: an index may name one twice, or itself. */
  readonly seen: Set<string>;
  /** Entries of indexes met so far. */
  entries: number;
  readonly offered: string[];
}

interface FetchedManifest {
  readonly digest: string;
  readonly manifest: ReturnType<typeof parseManifest>;
}

async function follow(walk: Walk, fetched: FetchedManifest, from: Descriptor | undefined): Promise<void> {
  const { digest, manifest } = fetched;
  if (manifest.kind === 'image') return takeImage(walk, { digest, manifest }, from);
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
    await followEntry(walk, descriptor);
  }
}

async function followEntry(walk: Walk, descriptor: Descriptor): Promise<void> {
  const { subject, signal } = walk.wanted;
  const entry = `manifest ${shortDigest(descriptor.digest)} of ${subject}`;
  if (isAttestation(descriptor)) {
    walk.diagnostics.push(notice('MEDIA_TYPE_UNSUPPORTED', entry, 'An attestation: no image, not scanned.'));
    return;
  }
  // Without a platform in the index its configuration tells, once fetched.
  if (descriptor.platform !== undefined && !offers(walk, descriptor.platform)) return;
  if (walk.seen.has(descriptor.digest)) return;
  walk.seen.add(descriptor.digest);
  let fetched: FetchedManifest;
  try {
    fetched = await fetchManifest(walk.client, descriptor.digest, entry, signal);
  } catch (error) {
    // An index may name more than its registry holds; that takes nothing from its other images.
    if (!(error instanceof ScanError) || error.code !== 'IMAGE_NOT_FOUND') throw error;
    walk.diagnostics.push(incomplete(error.code, entry, `${messageOf(error)} Its platform is not scanned.`));
    return;
  }
  await follow(walk, fetched, descriptor);
}

async function takeImage(
  walk: Walk,
  { digest, manifest }: { digest: string; manifest: ImageManifest },
  from: Descriptor | undefined,
): Promise<void> {
  const { subject, signal } = walk.wanted;
  if (!isImage(manifest)) {
    const type = manifest.artifactType ?? manifest.config.mediaType;
    const message = `${from === undefined ? subject : `manifest ${shortDigest(digest)}`} is no container image, but of type "${type.slice(0, 100)}".`;
    if (from === undefined) throw new ScanError('MEDIA_TYPE_UNSUPPORTED', message, { subject });
    walk.diagnostics.push(incomplete('MEDIA_TYPE_UNSUPPORTED', subject, message));
    return;
  }
  const config = await fetchConfig(walk.client, manifest.config, subject, signal);
  if (from?.platform === undefined && !offers(walk, platformOf(config))) return;
  const platform = from?.platform === undefined ? configPlatform(config) : formatPlatform(from.platform);
  walk.images.push({ digest, manifest, config, platform });
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

async function fetchManifest(
  client: RepositoryClient,
  reference: string,
  subject: string,
  signal: AbortSignal,
): Promise<FetchedManifest> {
  const path = `manifests/${reference}`;
  const answer = await client.get({ path, headers: { accept }, subject, notFound: 'IMAGE_NOT_FOUND', signal });
  const limits = { maxBytes: registryLimits.manifestBytes, timeoutMs: client.timeoutMs, subject };
  const bytes = await readBounded(answer.body, limits);
  const header = answer.headers['docker-content-digest'];
  const declared = parseDigest(reference) === undefined ? header : reference;
  const digest = verifiedDigest(bytes, typeof declared === 'string' ? declared : undefined, subject);
  return { digest, manifest: parseManifest(bytes, subject, answer.headers['content-type']) };
}

async function fetchConfig(
  client: RepositoryClient,
  descriptor: Descriptor,
  subject: string,
  signal: AbortSignal,
): Promise<ImageConfig> {
  const name = `configuration of ${subject}`;
  const answer = await client.get({
    path: `blobs/${descriptor.digest}`,
    subject: name,
    notFound: 'BLOB_MISSING',
    signal,
  });
  const limits = { maxBytes: registryLimits.configBytes, timeoutMs: client.timeoutMs, subject: name };
  const bytes = await readBounded(answer.body, limits);
  verifiedDigest(bytes, descriptor.digest, name);
  return parseImageConfig(parseJson(bytes, name), name);
}

/** The digest of some bytes, which is the declared one if that can be checked. @throws ScanError BLOB_DIGEST_MISMATCH */
function verifiedDigest(bytes: Uint8Array, declared: string | undefined, subject: string): string {
  const { algorithm, hex } = parseDigest(declared) ?? { algorithm: 'sha256', hex: undefined };
  const actual = createHash(algorithm).update(bytes).digest('hex');
  if (hex !== undefined && hex !== actual) {
    throw new ScanError(
      'BLOB_DIGEST_MISMATCH',
      `${subject}: what came has digest ${algorithm}:${actual}, not ${declared}.`,
      {
        subject,
        hint: 'The registry, or something between, changed it: do not use this image before you know why.',
      },
    );
  }
  return `${algorithm}:${actual}`;
}
