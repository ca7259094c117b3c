/** An artifact of an archive or layout: its configuration's strings, and its blobs as contents. */

import { type Diagnostic, incomplete } from '../errors.ts';
import type { ImageManifest } from '../oci/manifest.ts';
import { blobPath } from './archive-path.ts';
import { artifactConfig, artifactTypeOf, contentNameOf, contentsOf, hasReadableConfig } from './artifact.ts';
import { statementsOf } from './attachment.ts';
import { commonOf, type Place, type ResolveOptions } from './candidate-record.ts';
import type { ImageCandidate } from './image-candidate.ts';
import type { Attachment, ImageRecord, LayerRecord } from './source.ts';
import { readDescribed } from './stored-content.ts';

/** The record of an artifact; undefined where a platform was asked for, of which it has none. @throws ScanError */
export async function resolveArtifact(
  place: Place,
  candidate: ImageCandidate,
  manifest: ImageManifest,
  options: ResolveOptions,
): Promise<ImageRecord | undefined> {
  if (options.platform !== undefined) return undefined;
  const { content } = place;
  const subject = `configuration of ${artifactTypeOf(manifest)}`;
  const bytes = hasReadableConfig(manifest) ? await readDescribed(content, manifest.config) : undefined;
  const diagnostics: Diagnostic[] = [];
  const layers: LayerRecord[] = [];
  const documents: Attachment[] = [];
  for (const [index, layer] of contentsOf(manifest).entries()) {
    const { digest, mediaType, size } = layer;
    const path = blobPath(digest);
    const title = contentNameOf(layer);
    const blob = await content.content(path, title);
    // JSON in an archive is a document and no blob.
    const document = blob === undefined ? await readDescribed(content, layer) : undefined;
    if (document !== undefined) {
      documents.push({ title, document });
      continue;
    }
    if (blob === undefined) {
      diagnostics.push(incomplete('BLOB_MISSING', `layer ${index}`, `Its content ${path} is not there.`));
    }
    layers.push({ digest, mediaType, sizeBytes: size, ...(blob === undefined ? {} : { blob: blob.key }) });
  }
  const statements = statementsOf(manifest);
  const attached = statements === undefined ? [] : [...(candidate.attached ?? []), statements];
  const common = await commonOf(place, { ...candidate, attached }, options, diagnostics);
  return {
    ...common,
    layers,
    attachments: [...documents, ...(common.attachments ?? [])],
    platform: 'unknown/unknown',
    artifactType: artifactTypeOf(manifest),
    configDigest: manifest.config.digest,
    config: artifactConfig(bytes, subject),
  };
}
