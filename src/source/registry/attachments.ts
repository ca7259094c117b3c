/**
 * What hangs off an image in a registry, read: the attestations its index lists, and what refers to it or to
 * that index. A statement about a statement (a signature on an SBOM) is one level further, and read as well.
 */

import { incomplete, ScanError } from '../../errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { shortDigest } from '../../oci/digest.ts';
import {
  type Attached,
  type AttachmentReader,
  joinAttached,
  maxAttachments,
  nothingAttached,
  readAttachment,
  statementsOf,
  toAnnotations,
  tooManyAttachments,
} from '../attachment.ts';
import type { DocumentFetcher, FetchedManifest } from './fetch.ts';
import { findReferrers } from './referrers.ts';
import type { ResolvedImage } from './resolve.ts';

/** How deep statements about statements are followed. */
const maxDepth = 2;

/** What is looked for. */
export interface AttachmentRequest {
  readonly fetcher: DocumentFetcher;
  readonly reader: AttachmentReader;
  /** False: only what the index lists. */
  readonly referrers: boolean;
  /** The repository's tags, where they are known. */
  readonly tags?: ReadonlySet<string>;
  /** Digests already asked about, by any image of the source. */
  readonly asked: Map<string, Promise<Attached>>;
}

/** Reads the attachments of an image, those of the index it was found by included. */
export async function readAttachments(
  image: ResolvedImage,
  index: string,
  request: AttachmentRequest,
): Promise<Attached> {
  const statements = image.artifactType === undefined ? undefined : statementsOf(image.manifest);
  if (statements !== undefined) return readAttachment(statements, request.reader);
  const listed = await Promise.all(
    image.attestations.slice(0, maxAttachments).map((entry) => readListed(entry, request)),
  );
  if (!request.referrers) return joinAttached(listed);
  const digests = [...new Set([image.digest, index])];
  const referred = await Promise.all(digests.map((digest) => readReferrers(digest, request, 1)));
  return joinAttached([...listed, ...referred]);
}

async function readListed(entry: Descriptor, { fetcher, reader }: AttachmentRequest): Promise<Attached> {
  const subject = `attestation ${shortDigest(entry.digest)}`;
  const own = { ...nothingAttached, annotations: toAnnotations(entry.annotations) };
  try {
    const { manifest } = await fetcher.manifest(entry.digest, subject);
    if (manifest.kind !== 'image') return own;
    return joinAttached([own, await readAttachment(manifest, reader)]);
  } catch (error) {
    if (!(error instanceof ScanError)) throw error;
    return { ...own, diagnostics: [incomplete(error.code, subject, error.message)] };
  }
}

function readReferrers(digest: string, request: AttachmentRequest, depth: number): Promise<Attached> {
  const known = request.asked.get(digest);
  if (known !== undefined) return known;
  const answer = askReferrers(digest, request, depth);
  request.asked.set(digest, answer);
  return answer;
}

async function askReferrers(digest: string, request: AttachmentRequest, depth: number): Promise<Attached> {
  const { fetcher, tags } = request;
  const found = await findReferrers(fetcher, digest, tags);
  const all: Attached[] = [
    {
      attachments: [],
      annotations: found.descriptors.flatMap(({ annotations }) => toAnnotations(annotations)),
      diagnostics: found.diagnostics,
    },
  ];
  const manifests = imagesOf(found.manifests);
  for (const { digest: own, manifest } of manifests.slice(0, maxAttachments)) {
    all.push(await readAttachment(manifest, request.reader));
    if (depth < maxDepth) all.push(await readReferrers(own, request, depth + 1));
  }
  if (manifests.length > maxAttachments) all.push({ ...nothingAttached, diagnostics: [tooManyAttachments()] });
  return joinAttached(all);
}

type FetchedImage = FetchedManifest & { readonly manifest: Extract<FetchedManifest['manifest'], { kind: 'image' }> };

function imagesOf(manifests: readonly FetchedManifest[]): readonly FetchedImage[] {
  return manifests.filter((fetched): fetched is FetchedImage => fetched.manifest.kind === 'image');
}
