/**
 * What refers to a manifest without being named by it: the referrers API (distribution-spec, "Listing
 * Referrers") or, where a registry has none, the tag `sha256-<hex>` that stands for it; and cosign's tags, which
 * are older than both. Asking costs a few requests an image and can be left out.
 */

import { type Diagnostic, incomplete, notice, ScanError } from '../../errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { maxAttachments } from '../attachment.ts';
import type { DocumentFetcher, FetchedManifest } from './fetch.ts';

/** Manifests that refer to another. */
export interface Referrers {
  readonly manifests: readonly FetchedManifest[];
  /** The descriptors that named them: their annotations are not always the manifest's. */
  readonly descriptors: readonly Descriptor[];
  readonly diagnostics: readonly Diagnostic[];
}

const cosignSuffixes = ['.att', '.sbom', '.sig'] as const;

/** Asks for what refers to a digest. `tags` are those the repository has, where they are known. */
export async function findReferrers(
  fetcher: DocumentFetcher,
  digest: string,
  tags?: ReadonlySet<string>,
): Promise<Referrers> {
  const subject = `what refers to ${digest.slice(0, 19)}`;
  const diagnostics: Diagnostic[] = [];
  const manifests = new Map<string, FetchedManifest>();
  const descriptors: Descriptor[] = [];
  const attempt = async <T>(ask: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ScanError)) throw error;
      if (error.code !== 'IMAGE_NOT_FOUND') diagnostics.push(failureOf(error, subject));
      return undefined;
    }
  };
  const byTag = async (tag: string): Promise<FetchedManifest | undefined> =>
    tags?.has(tag) === false ? undefined : attempt(() => fetcher.manifest(tag, subject));

  const base = digest.replace(':', '-');
  const [listed, ...signed] = await Promise.all([
    attempt(() => listReferrers(fetcher, digest, subject)),
    ...cosignSuffixes.map((suffix) => byTag(base + suffix)),
  ]);
  let entries = listed;
  if (entries === undefined) {
    const fallback = await byTag(base);
    if (fallback?.manifest.kind === 'index') entries = fallback.manifest.manifests;
    else if (fallback !== undefined) manifests.set(fallback.digest, fallback);
  }
  for (const found of signed) if (found !== undefined) manifests.set(found.digest, found);
  const known = (entries ?? []).slice(0, maxAttachments);
  if ((entries?.length ?? 0) > known.length) {
    diagnostics.push(incomplete('LIMIT_EXCEEDED', subject, `Only the first ${maxAttachments} were read.`));
  }
  for (const descriptor of known) {
    descriptors.push(descriptor);
    if (manifests.has(descriptor.digest)) continue;
    const fetched = await attempt(() => fetcher.manifest(descriptor.digest, subject));
    if (fetched !== undefined) manifests.set(fetched.digest, fetched);
    else
      diagnostics.push(
        incomplete('BLOB_MISSING', subject, `The registry lists ${descriptor.digest} and does not have it.`),
      );
  }
  return { manifests: [...manifests.values()], descriptors, diagnostics };
}

async function listReferrers(
  fetcher: DocumentFetcher,
  digest: string,
  subject: string,
): Promise<readonly Descriptor[]> {
  const found: Descriptor[] = [];
  const seen = new Set<string>();
  for (let page: string | undefined = `referrers/${digest}`; page !== undefined && found.length <= maxAttachments; ) {
    seen.add(page);
    const { bytes, next } = await fetcher.api(page, subject);
    const index = parseManifest(bytes, subject, 'application/vnd.oci.image.index.v1+json');
    if (index.kind === 'index') found.push(...index.manifests);
    page = next === undefined || seen.has(next) ? undefined : next;
  }
  return found;
}

/** A registry that knows no such request has its own ways to say so; one that fails has left something out. */
function failureOf(error: ScanError, subject: string): Diagnostic {
  const passing = ['RATE_LIMITED', 'SOURCE_TIMEOUT', 'BLOB_DIGEST_MISMATCH', 'LIMIT_EXCEEDED'].includes(error.code);
  const isLost = passing || / answered 5\d\d/.test(error.message);
  const message = `${error.message} Attestations, SBOMs and signatures kept beside the image may be missing.`;
  return isLost ? incomplete(error.code, subject, message) : notice(error.code, subject, message);
}
