/**
 * An image that an archive's `manifest.json` or `index.json` speaks of, before its configuration is read:
 * the two say the same in different words, and both become this.
 */

import type { Diagnostic, ScanError } from '../errors.ts';
import type { Platform } from '../oci/descriptor.ts';
import type { ImageManifest } from '../oci/manifest.ts';
import type { Annotation } from './source.ts';

/** A layer as a manifest names it. */
export interface LayerCandidate {
  /** Its name in the archive. */
  readonly path: string;
  readonly mediaType: string;
  readonly digest?: string;
  readonly sizeBytes?: number;
}

/** One image for one platform, as a manifest names it. */
export interface ImageCandidate {
  /** As written in the archive: tags, or the annotations' names. */
  readonly names: readonly string[];
  /** Its positions in the list that a user's `@index` counts. */
  readonly positions: readonly number[];
  /** From an index; else the configuration says. */
  readonly platform?: Platform;
  readonly manifestDigest?: string;
  readonly config: { readonly path: string; readonly digest?: string; readonly sizeBytes?: number };
  readonly layers: readonly LayerCandidate[];
  /** Digests it can be asked for by: its manifest's, and those of the indexes it is in. */
  readonly digests?: readonly string[];
  /** The index inside `index.json` that it is a platform of. */
  readonly family?: string;
  readonly annotations?: readonly Annotation[];
  /** Manifests of what hangs off it. */
  readonly attached?: readonly ImageManifest[];
  /** Its manifest where it is no container image. */
  readonly artifact?: ImageManifest;
}

/** What a manifest or index gave: images, those that can't be read, and what was passed over. */
export interface Candidates {
  readonly images: readonly ImageCandidate[];
  readonly failures: readonly Failure[];
  readonly diagnostics: readonly Diagnostic[];
}

/** An image that can't be read while others in the same place can. */
export interface Failure {
  /** Its name, if it has one, for the diagnostic's subject. */
  readonly name: string;
  readonly names: readonly string[];
  readonly positions: readonly number[];
  readonly error: ScanError;
}
