/**
 * What scanning one blob gives: a pure function of its bytes and the rule set, so it knows nothing of
 * images and can be computed anywhere, once. Secrets are in it in the clear: it never leaves the process; what the
 * cache keeps of it, and gives back, has kept secrets in their place (`secret.ts`).
 */

import type { Diagnostic } from '../errors.ts';
import type { ContainerKind } from '../layer/magic.ts';
import type { GitPlace } from './git-place.ts';
import type { LayerIndex } from './layer-index.ts';
import type { FoundMatch, Secret } from './secret.ts';

/** The matches in one content: a file, or a member inside it. */
export interface ContentMatches<S extends Secret = string> {
  /** Position of the tar entry in the layer, 0-based. */
  readonly ordinal: number;
  /** Path in the image, cleaned. */
  readonly path: string;
  /** Chain of members inside the file, outermost first; empty for the file itself. */
  readonly nested: readonly string[];
  /** What each of them is a member of. */
  readonly containers?: readonly ContainerKind[];
  readonly matches: readonly FoundMatch<S>[];
  /** Its name as the tar has it, where that is not the cleaned path. */
  readonly rawName?: string;
  /** Of what is in an object of git: where in the history it first was. */
  readonly git?: GitPlace;
  /** Where it is not the content that holds them but what the entry's header says. */
  readonly header?: HeaderString;
}

/** What of an entry's header it is: its name, or an attribute. */
export interface HeaderString {
  /** `link target`, or the keyword of a PAX record (`SCHILY.xattr.user.x`); a name has none. */
  readonly attribute?: string;
  /** True where the name is a folder's. */
  readonly isFolder: boolean;
}

/** Everything that is known of a layer once its bytes have passed. */
export interface LayerScan<S extends Secret = string> {
  /** Digest of the bytes as they were stored. */
  readonly blobDigest: string;
  /** Digest of the decompressed bytes. */
  readonly diffId: string;
  readonly sizeBytes: number;
  readonly uncompressedBytes: number;
  readonly compression: 'gzip' | 'zstd' | 'none';
  readonly entries: number;
  readonly files: number;
  readonly contents: readonly ContentMatches<S>[];
  readonly index: LayerIndex;
  readonly diagnostics: readonly Diagnostic[];
}
