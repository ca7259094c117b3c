/**
 * What hangs off an image, as registries and layouts hold it: a manifest whose layers are statements about
 * the image (in-toto, image-spec's artifacts, cosign's). JSON that has to be understood is read here, in
 * bounds; all else is given to the scan as blobs, of any size and form.
 */

import { type Diagnostic, incomplete, ScanError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { maxJsonBytes } from '../oci/json.ts';
import type { ImageManifest } from '../oci/manifest.ts';
import type { Annotation, Attachment } from './source.ts';

/** How a place gives what descriptors point to. */
export interface AttachmentReader {
  /** The content, checked against its descriptor; undefined where the place does not have it. @throws ScanError */
  document(descriptor: Descriptor): Promise<Uint8Array | undefined>;
  /** The key of the blob with the content, which is called `name`; undefined where the place does not have it. @throws ScanError */
  blob(descriptor: Descriptor, name: string): Promise<string | undefined>;
  /** Bytes of documents that may still be kept. */
  budgetBytes: number;
}

/** What an attachment's manifest gave. */
export interface Attached {
  readonly attachments: readonly Attachment[];
  readonly annotations: readonly Annotation[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Bytes of documents that a source keeps together. */
export const attachmentBudgetBytes: number = 64 << 20;
/** Attachments of one image. */
export const maxAttachments = 256;

/** SBOMs above this are scanned as they stream by. */
const maxKeptBytes = 256 << 10;
/** `{}`, the content of what has none (image-spec manifest.md, "Guidance for an Empty Descriptor"). */
const emptyBytes = 2;

/** Nothing attached. */
export const nothingAttached: Attached = { attachments: [], annotations: [], diagnostics: [] };

/** Reads what one manifest attaches; what can't be had is said, and the rest is read all the same. */
export async function readAttachment(manifest: ImageManifest, reader: AttachmentReader): Promise<Attached> {
  const attachments: Attachment[] = [];
  const diagnostics: Diagnostic[] = [];
  const contents = [manifest.config, ...manifest.layers].filter(({ size }) => size > emptyBytes);
  for (const descriptor of contents.slice(0, maxAttachments)) {
    const title = titleOf(descriptor, descriptor === manifest.config ? undefined : manifest.artifactType);
    try {
      const attachment = await readContent(descriptor, title, reader);
      if (attachment !== undefined) attachments.push(attachment);
      else diagnostics.push(incomplete('BLOB_MISSING', title, `Its content ${descriptor.digest} is not there.`));
    } catch (error) {
      if (!(error instanceof ScanError)) throw error;
      diagnostics.push(incomplete(error.code, title, error.message));
    }
  }
  if (contents.length > maxAttachments) diagnostics.push(tooManyAttachments());
  return { attachments, annotations: annotationsOf(manifest), diagnostics };
}

/** The diagnostic for an image with more attached to it than is read. */
export function tooManyAttachments(): Diagnostic {
  return incomplete('LIMIT_EXCEEDED', 'attachments', `Only the first ${maxAttachments} attachments were read.`);
}

/** Several manifests' attachments as one image's. */
export function joinAttached(all: readonly Attached[]): Attached {
  return {
    attachments: all.flatMap(({ attachments }) => attachments),
    annotations: all.flatMap(({ annotations }) => annotations),
    diagnostics: all.flatMap(({ diagnostics }) => diagnostics),
  };
}

/** The annotations of a manifest and of the descriptors in it. */
export function annotationsOf(
  { annotations, config, layers }: ImageManifest,
  document?: string,
): readonly Annotation[] {
  const all = [annotations, config.annotations, ...layers.map((layer) => layer.annotations)];
  return all.flatMap((each) => toAnnotations(each, document));
}

/** Annotations as a list, with the document that has them where it can be asked for again. */
export function toAnnotations(
  annotations: Readonly<Record<string, string>> = {},
  document?: string,
): readonly Annotation[] {
  const place = document === undefined ? {} : { document };
  return Object.entries(annotations).map(([name, value]) => ({ name, value, ...place }));
}

async function readContent(
  descriptor: Descriptor,
  title: string,
  reader: AttachmentReader,
): Promise<Attachment | undefined> {
  const { size } = descriptor;
  const limit = isStatement(descriptor) ? maxJsonBytes : maxKeptBytes;
  if (/json/i.test(descriptor.mediaType) && size <= Math.min(limit, reader.budgetBytes)) {
    const document = await reader.document(descriptor).catch((error: unknown) => {
      // What calls itself JSON and is none is content like any other.
      if (error instanceof ScanError && error.code === 'MANIFEST_INVALID') return undefined;
      throw error;
    });
    if (document !== undefined) {
      reader.budgetBytes -= document.length;
      return { title, document };
    }
  }
  const blob = await reader.blob(descriptor, title);
  if (blob !== undefined) return { title, blob };
  // JSON in an archive is a document and no blob.
  const document = size <= maxJsonBytes ? await reader.document(descriptor) : undefined;
  return document === undefined ? undefined : { title, document };
}

/** The part of an artifact that is statements, to be read like an attachment's; undefined where there is none. */
export function statementsOf(manifest: ImageManifest): ImageManifest | undefined {
  const layers = manifest.layers.filter(isStatement);
  const empty = { mediaType: '', digest: manifest.config.digest, size: 0 };
  return layers.length === 0 ? undefined : { ...manifest, config: empty, layers, annotations: {} };
}

/** True for JSON with base64 in it, which says nothing as it is: envelopes, and provenance with its Dockerfile. */
function isStatement({ mediaType, annotations }: Descriptor): boolean {
  if (/dsse|sigstore/i.test(mediaType)) return true;
  const predicate = annotations?.['in-toto.io/predicate-type'] ?? annotations?.['predicateType'];
  return /in-toto/i.test(mediaType) && (predicate === undefined || /provenance/i.test(predicate));
}

/** What a content is, for people, and the same after a rebuild. */
function titleOf({ mediaType, annotations }: Descriptor, artifactType: string | undefined): string {
  const file = annotations?.['org.opencontainers.image.title'];
  const predicate = annotations?.['in-toto.io/predicate-type'] ?? annotations?.['predicateType'] ?? '';
  const type = [predicate, mediaType, artifactType ?? ''].join(' ').toLowerCase();
  const word = words.find(([pattern]) => pattern.test(type))?.[1] ?? (artifactType || mediaType || 'attachment');
  return (file === undefined ? word : `${word} ${file}`).slice(0, 200);
}

const words: readonly (readonly [RegExp, string])[] = [
  [/provenance/, 'provenance'],
  [/spdx|cyclonedx|syft|sbom/, 'sbom'],
  [/simplesigning|signature|notary/, 'signature'],
  [/in-toto|dsse|sigstore/, 'attestation'],
  [/image\.config|container\.image/, 'attestation configuration'],
];
