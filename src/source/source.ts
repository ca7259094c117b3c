/**
 * A source is a place where images come from. It gives blobs (whose layers are scanned) and image
 * records (which say what those layers are); a stream gives its blobs first and its records last,
 * anything else knows its records before a blob is read. Narrow on purpose: this is all a source implements.
 */

import type { Diagnostic } from '../errors.ts';
import type { ByteStream } from '../layer/byte-stream.ts';
import type { ImageConfig } from '../oci/image-config.ts';

/** The kinds of place an image can come from, as reports name them. */
export type SourceKind = 'docker-daemon' | 'podman' | 'registry' | 'docker-archive' | 'oci-archive' | 'oci' | 'stdin';

/** A run of bytes in a file, half-open. */
export interface FileRange {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** Content that may be a layer. */
export interface Blob {
  /** Names the blob within its source; `LayerRecord.blob` refers to it. A blob is given once however many images use it. */
  readonly key: string;
  /** The digest it was asked for by: the scan fails the blob where its bytes have another. */
  readonly digest?: string;
  /** The size it was declared with: the scan fails the blob where it has another. */
  readonly sizeBytes?: number;
  /** What its content is called where it is no tar: then it is scanned as a file of this name. Layers of images have none. */
  readonly name?: string;
  /** Where the bytes lie in a local file, if they do: a worker reads them there itself. */
  readonly file?: FileRange;
  /** The bytes as stored (compressed or not), from the beginning; may be called again where the source is not sequential. */
  open(signal: AbortSignal): Promise<ByteStream>;
}

/** One layer of an image, lowest first. */
export interface LayerRecord {
  /** `Blob.key` of the blob that holds it; undefined where the source has no such blob. */
  readonly blob?: string;
  /** Digest of the blob as the manifest names it; undefined for `docker save` layouts that name none. */
  readonly digest?: string;
  readonly mediaType: string;
  readonly sizeBytes?: number;
}

/** An annotation of an index, a manifest or a descriptor. */
export interface Annotation {
  readonly name: string;
  readonly value: string;
  /** The digest of the document it stands in, or `index.json`. */
  readonly document?: string;
}

/** What hangs off an image: provenance, an SBOM, a signature … Its content was read, or is a blob. */
export interface Attachment {
  /** What it is, for people: `provenance slsa.dev/provenance/v1`, `sbom spdx.dev/Document`. */
  readonly title: string;
  /** The content where it is JSON of a size that can be parsed. */
  readonly document?: Uint8Array;
  /** Else `Blob.key` of the blob that holds it; neither where the source does not have it, which a diagnostic says. */
  readonly blob?: string;
}

/** Where a registry has an image. */
export interface RegistryAccess {
  /** `host/name`. */
  readonly repository: string;
  /** `https://host/v2/name`, where the registry asked for no authorization. */
  readonly openUrl?: string;
}

/** One image for one platform. */
export interface ImageRecord {
  /** What the user asked for, or the name the archive gives the image. */
  readonly reference: string;
  readonly source: SourceKind;
  /** `os/architecture[/variant]`. */
  readonly platform: string;
  readonly manifestDigest?: string;
  readonly configDigest?: string;
  readonly repoTags: readonly string[];
  readonly config: ImageConfig;
  readonly layers: readonly LayerRecord[];
  /** Of the index, the manifest and its descriptors. */
  readonly annotations?: readonly Annotation[];
  readonly attachments?: readonly Attachment[];
  /** How its daemon calls it, whatever its tags mean by now. */
  readonly imageId?: string;
  /** How to ask its registry for it again. */
  readonly access?: RegistryAccess;
  /** Where its archive or layout has the configuration. */
  readonly configKey?: string;
  /** What its archive has before every name: `./`. */
  readonly namePrefix?: string;
  /** What it is where it is no container image but a chart, a build cache …: its layers do not lie on one another. */
  readonly artifactType?: string;
  /** What the source met and went on from while it resolved this image. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Whether anyone can pull an image of a registry. */
export interface PublicReach {
  /** The registry's host. */
  readonly registry: string;
  readonly public: 'yes' | 'no' | 'unknown';
  /** One sentence for a person. */
  readonly message: string;
}

/** An open place with at least one image in it. */
export interface ImageSource {
  readonly kind: SourceKind;
  /** What the reference resolved to, for the first line a person reads: `docker-daemon app:1 (sha256:43be…)`. */
  readonly title: string;
  /** True where blobs come in one pass: each must be read to its end before the next is asked for, and records come last. */
  readonly sequential: boolean;
  /** The image records; for a sequential source only after `blobs()` has ended. @throws ScanError */
  images(): Promise<readonly ImageRecord[]>;
  /** Every blob that is or may be a layer, once each: a random-access source gives the largest first. @throws ScanError */
  blobs(signal: AbortSignal): AsyncIterable<Blob>;
  /** The image records without reading any layer, for `whichlayer env`; not to be mixed with `blobs()`. @throws ScanError */
  metadata(signal: AbortSignal): Promise<readonly ImageRecord[]>;
  /** What concerns no single image, known after `blobs()` has ended (an entry that is neither layer nor JSON …). */
  diagnostics(): readonly Diagnostic[];
  /** Asks as nobody for an image of this source; only a registry can be asked. */
  checkPublic?(manifestDigest: string, signal: AbortSignal): Promise<PublicReach | undefined>;
  close(): Promise<void>;
}
