/** What the records of images and artifacts in an archive or layout have alike: names, annotations, and what hangs off them. */

import type { Diagnostic } from '../errors.ts';
import type { Descriptor, Platform } from '../oci/descriptor.ts';
import type { ImageSelector } from '../oci/reference.ts';
import { blobPath } from './archive-path.ts';
import { type AttachmentReader, attachmentBudgetBytes, joinAttached, readAttachment } from './attachment.ts';
import type { ImageCandidate } from './image-candidate.ts';
import { referenceOf, repoTagsOf } from './image-name.ts';
import type { ImageRecord, SourceKind } from './source.ts';
import { readDescribed, type StoredContent } from './stored-content.ts';

/** What is asked of a place with images in it. */
export interface ResolveOptions {
  readonly kind: SourceKind;
  /** What the user wrote; the name of an image that has no other, and of the one image a daemon was asked for. */
  readonly reference: string;
  /** One image alone; without it all. */
  readonly select?: ImageSelector;
  /** One platform alone; without it all. */
  readonly platform?: Platform;
}

/** Where candidates are read. */
export interface Place {
  readonly content: StoredContent;
  readonly reader: AttachmentReader;
}

/** Reads attachments out of a place. */
export class StoredReader implements AttachmentReader {
  budgetBytes: number = attachmentBudgetBytes;
  readonly #content: StoredContent;

  constructor(content: StoredContent) {
    this.#content = content;
  }

  document(descriptor: Descriptor): Promise<Uint8Array | undefined> {
    return readDescribed(this.#content, descriptor);
  }

  async blob(descriptor: Descriptor, name: string): Promise<string | undefined> {
    return (await this.#content.content(blobPath(descriptor.digest), name))?.key;
  }
}

/** What images and artifacts have alike. */
export async function commonOf(
  { reader, content }: Place,
  candidate: ImageCandidate,
  options: ResolveOptions,
  diagnostics: readonly Diagnostic[],
): Promise<
  Pick<ImageRecord, 'namePrefix' | 'reference' | 'source' | 'repoTags' | 'annotations' | 'attachments' | 'diagnostics'>
> {
  const isAsked = options.kind === 'docker-daemon' || options.kind === 'podman';
  const attached = joinAttached(
    await Promise.all((candidate.attached ?? []).map((manifest) => readAttachment(manifest, reader))),
  );
  return {
    reference: isAsked ? options.reference : referenceOf(candidate.names, options.reference),
    source: options.kind,
    ...(content.namePrefix ? { namePrefix: content.namePrefix } : {}),
    ...(candidate.manifestDigest === undefined ? {} : { manifestDigest: candidate.manifestDigest }),
    repoTags: repoTagsOf(candidate.names),
    annotations: [...(candidate.annotations ?? []), ...attached.annotations],
    attachments: attached.attachments,
    diagnostics: [...diagnostics, ...attached.diagnostics],
  };
}
