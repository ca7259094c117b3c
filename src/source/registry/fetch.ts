/**
 * Manifests and small blobs of one repository, each believed only if it has the digest it was asked by. What was
 * fetched by its digest is not fetched again: the tags of a repository share most of it.
 */

import { createHash } from 'node:crypto';
import { ScanError } from '../../errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { parseDigest } from '../../oci/digest.ts';
import { type ImageIndex, type ImageManifest, parseManifest } from '../../oci/manifest.ts';
import { manifestMediaTypes } from '../../oci/media-type.ts';
import { readBounded } from '../patient-read.ts';
import type { RepositoryClient } from './client.ts';
import { registryLimits } from './options.ts';
import type { HttpAnswer } from './transport.ts';

/** A manifest or index, and the digest its bytes have. */
export interface FetchedManifest {
  readonly digest: string;
  readonly manifest: ImageManifest | ImageIndex;
}

/** Schema 1 is asked for too: registries then say what they have, and we can name it. */
const accept = [
  ...manifestMediaTypes,
  'application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.1',
  'application/vnd.docker.distribution.manifest.v1+json;q=0.1',
].join(', ');

/** Bytes of documents that are kept for the next tag. */
const keptBytes = 64 << 20;

/** Fetches documents of one repository. */
export class DocumentFetcher {
  readonly client: RepositoryClient;
  readonly #signal: AbortSignal;
  readonly #manifests = new Map<string, FetchedManifest>();
  readonly #blobs = new Map<string, Promise<Uint8Array>>();
  #keptBytes = 0;

  constructor(client: RepositoryClient, signal: AbortSignal) {
    this.client = client;
    this.#signal = signal;
  }

  /** A manifest by tag or digest. @throws ScanError */
  async manifest(reference: string, subject: string): Promise<FetchedManifest> {
    const known = this.#manifests.get(reference);
    if (known !== undefined) return known;
    const { bytes, answer } = await this.#get(`manifests/${reference}`, 'IMAGE_NOT_FOUND', {
      subject,
      maxBytes: registryLimits.manifestBytes,
      headers: { accept },
    });
    const header = answer.headers['docker-content-digest'];
    const declared = parseDigest(reference) === undefined ? header : reference;
    const digest = verifiedDigest(bytes, typeof declared === 'string' ? declared : undefined, subject);
    const type = answer.headers['content-type'];
    const fetched = {
      digest,
      manifest: parseManifest(bytes, subject, typeof type === 'string' ? type : undefined),
    };
    if (this.#keep(bytes)) this.#manifests.set(digest, fetched);
    return fetched;
  }

  /** A blob that is small enough to be held. @throws ScanError */
  blob({ digest }: Pick<Descriptor, 'digest'>, subject: string): Promise<Uint8Array> {
    const known = this.#blobs.get(digest);
    if (known !== undefined) return known;
    const fetched = this.#fetchBlob(digest, subject);
    // While it is on its way others wait for it; afterwards it stays if there is room.
    this.#blobs.set(digest, fetched);
    fetched.then(
      (bytes) => this.#keep(bytes) || this.#blobs.delete(digest),
      () => this.#blobs.delete(digest),
    );
    return fetched;
  }

  async #fetchBlob(digest: string, subject: string): Promise<Uint8Array> {
    const request = { subject, maxBytes: registryLimits.configBytes };
    const { bytes } = await this.#get(`blobs/${digest}`, 'BLOB_MISSING', request);
    verifiedDigest(bytes, digest, subject);
    return bytes;
  }

  /** A JSON document of the registry's API, and where its list goes on. @throws ScanError */
  async api(path: string, subject: string): Promise<{ readonly bytes: Uint8Array; readonly next: string | undefined }> {
    const { bytes, answer } = await this.#get(path, 'IMAGE_NOT_FOUND', {
      subject,
      maxBytes: registryLimits.manifestBytes,
      headers: { accept: 'application/vnd.oci.image.index.v1+json, application/json' },
    });
    return { bytes, next: this.client.nextPage(answer) };
  }

  async #get(
    path: string,
    notFound: 'IMAGE_NOT_FOUND' | 'BLOB_MISSING',
    request: { subject: string; maxBytes: number; headers?: Readonly<Record<string, string>> },
  ): Promise<{ readonly bytes: Uint8Array; readonly answer: HttpAnswer }> {
    const { subject, maxBytes, headers = {} } = request;
    const answer = await this.client.get({ path, headers, subject, notFound, signal: this.#signal });
    const limits = { maxBytes, timeoutMs: this.client.timeoutMs, subject };
    return { bytes: await readBounded(answer.body, limits), answer };
  }

  #keep(bytes: Uint8Array): boolean {
    if (this.#keptBytes + bytes.length > keptBytes) return false;
    this.#keptBytes += bytes.length;
    return true;
  }
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
