/**
 * Image manifests and indexes (OCI image-spec manifest.md and image-index.md, Docker's v2 schema 2), read
 * leniently in what does not matter and strictly in what would make two readers see two images: a document
 * that is both kinds, or that has a field twice in different letters, is refused.
 */

import { ScanError } from '../errors.ts';
import type { Descriptor, Platform } from './descriptor.ts';
import { isDigest, shortDigest } from './digest.ts';
import { asArray, asObject, asText, asTextRecord, asTexts, field, type JsonObject, parseJson } from './json.ts';
import { isAttestationType, isImageConfigType, isLayerType, type ManifestKind, manifestKind } from './media-type.ts';

/** The manifest of one image for one platform. */
export interface ImageManifest {
  readonly kind: 'image';
  readonly mediaType: string;
  readonly config: Descriptor;
  /** Lowest first. */
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  /** The digest of the manifest it is about, if it is about one. */
  readonly subject?: string;
}

/** An index: manifests for several platforms, or several images. */
export interface ImageIndex {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** Reads a manifest or index. `mediaType` is what the registry or descriptor said, if anybody did. @throws ScanError */
export function parseManifest(bytes: Uint8Array, subject: string, mediaType?: string): ImageManifest | ImageIndex {
  const document = asObject(parseJson(bytes, subject));
  if (document === undefined) throw invalid(subject, 'is no JSON object');
  checkUnambiguous(document, subject);
  const declared = asText(field(document, 'mediaType')) ?? mediaType;
  const kind = kindOf(document, declared, subject);
  const annotations = asTextRecord(field(document, 'annotations'));
  if (kind === 'index') {
    const manifests = descriptors(field(document, 'manifests'), 'manifests', subject);
    return { kind, mediaType: declared ?? 'application/vnd.oci.image.index.v1+json', manifests, annotations };
  }
  const artifactType = asText(field(document, 'artifactType'));
  const about = field(asObject(field(document, 'subject')), 'digest');
  return {
    kind,
    mediaType: declared ?? 'application/vnd.oci.image.manifest.v1+json',
    config: parseDescriptor(field(document, 'config'), `config of ${subject}`),
    layers: descriptors(field(document, 'layers'), 'layers', subject),
    annotations,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(isDigest(about) ? { subject: about } : {}),
  };
}

/** Reads a descriptor. @throws ScanError MANIFEST_INVALID */
export function parseDescriptor(json: unknown, subject: string): Descriptor {
  const object = asObject(json);
  const digest = field(object, 'digest');
  const size = field(object, 'size');
  if (object === undefined || !isDigest(digest)) throw invalid(subject, 'has no digest that can be checked');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw invalid(subject, 'has no valid size');
  const platform = parsePlatformField(field(object, 'platform'));
  const artifactType = asText(field(object, 'artifactType'));
  const urls = asTexts(field(object, 'urls'));
  return {
    mediaType: asText(field(object, 'mediaType')) ?? '',
    digest,
    size,
    annotations: asTextRecord(field(object, 'annotations')),
    ...(platform === undefined ? {} : { platform }),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(urls.length === 0 ? {} : { urls }),
  };
}

/** True for an index entry that holds attestations about an image, as BuildKit writes them. */
export function isAttestation(descriptor: Descriptor): boolean {
  const { platform, annotations, artifactType } = descriptor;
  if (annotations?.['vnd.docker.reference.type'] === 'attestation-manifest') return true;
  if (artifactType !== undefined && isAttestationType(artifactType)) return true;
  return platform?.os === 'unknown' && platform.architecture === 'unknown';
}

/** The digest of what an index entry of BuildKit's is about. */
export function attestedDigest({ annotations }: Descriptor): string | undefined {
  const digest = annotations?.['vnd.docker.reference.digest'];
  return isDigest(digest) ? digest : undefined;
}

/** The digest that a tag stands in for (distribution-spec, "Referrers Tag Schema"; cosign adds what it holds); undefined for any other tag. */
export function subjectOfTag(tag: string): string | undefined {
  const [, algorithm, hex] = /^(sha256|sha512)-([0-9a-f]{64,128})(?:\.(?:att|sbom|sig))?$/.exec(tag) ?? [];
  const digest = `${algorithm}:${hex}`;
  return isDigest(digest) ? digest : undefined;
}

/** True where the manifest is an image's; a chart, a signature or another artifact has neither an image's configuration nor layers. */
export function isImage(manifest: ImageManifest): boolean {
  // BuildKit's cache and signed artifacts have layers of an image's types and are none.
  if (/buildkit\.cacheconfig/.test(manifest.config.mediaType)) return false;
  if (manifest.layers.length > 0 && manifest.layers.every(({ mediaType }) => isAttestationType(mediaType)))
    return false;
  if (isImageConfigType(manifest.config.mediaType)) return true;
  return manifest.layers.some((layer) => isLayerType(layer.mediaType));
}

function kindOf(document: JsonObject, mediaType: string | undefined, subject: string): 'image' | 'index' {
  const declared: ManifestKind | undefined = manifestKind(mediaType);
  if (declared === 'schema1' || field(document, 'schemaVersion') === 1 || field(document, 'fsLayers') !== undefined) {
    throw new ScanError(
      'MEDIA_TYPE_UNSUPPORTED',
      `${subject} is a manifest of schema version 1, out of use since 2017.`,
      {
        subject,
        hint: 'Pull and push the image with a current tool, which converts it, and scan that.',
      },
    );
  }
  const isIndex = Array.isArray(field(document, 'manifests'));
  const isManifest = asObject(field(document, 'config')) !== undefined;
  // A document that is both was CVE-2021-41190: each reader sees another image.
  if (isIndex && (isManifest || Array.isArray(field(document, 'layers')))) {
    throw invalid(subject, 'is a manifest and an index at once');
  }
  if (!isIndex && !isManifest) throw invalid(subject, 'is neither a manifest nor an index');
  const kind = isIndex ? 'index' : 'image';
  if (declared !== undefined && declared !== kind) throw invalid(subject, `says it is of type ${mediaType} and is not`);
  return kind;
}

function descriptors(json: unknown, name: string, subject: string): readonly Descriptor[] {
  if (json !== undefined && json !== null && !Array.isArray(json))
    throw invalid(subject, `has "${name}" that is no list`);
  return asArray(json).map((item, index) => parseDescriptor(item, `${name}[${index}] of ${subject}`));
}

function parsePlatformField(json: unknown): Platform | undefined {
  const object = asObject(json);
  const os = asText(field(object, 'os'));
  const architecture = asText(field(object, 'architecture'));
  const variant = asText(field(object, 'variant'));
  if (os === undefined || architecture === undefined) return undefined;
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

function checkUnambiguous(document: JsonObject, subject: string): void {
  const keys = Object.keys(document).map((key) => key.toLowerCase());
  if (new Set(keys).size !== keys.length) throw invalid(subject, 'has a field twice in different letters');
}

function invalid(subject: string, problem: string): ScanError {
  const name = isDigest(subject) ? shortDigest(subject) : subject;
  return new ScanError('MANIFEST_INVALID', `${name} ${problem}.`, { subject });
}
