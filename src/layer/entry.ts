/** What a layer's tar says of one entry, cleaned for comparison between layers, and who listens to it. */

import type { Diagnostic } from '../errors.ts';
import type { GitNode, GitObject } from './git-object.ts';
import type { ContainerKind } from './magic.ts';

/** The kinds of entry that matter to a file system made of layers. */
export type EntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'other' | 'whiteout' | 'opaque';

/** One entry of a layer's tar. */
export interface LayerEntry {
  /** Path in the image, cleaned: no leading slash, no `.` or `..`; for a whiteout the path it removes, for an opaque marker its directory. */
  readonly path: string;
  readonly type: EntryType;
  /** The name as the tar has it, where it differs from the path. */
  readonly rawName?: string;
  /** Bytes of content that follow in the tar. */
  readonly sizeBytes: number;
  /** The target of a symlink as written, of a hard link cleaned like `path`. */
  readonly linkTarget?: string;
  /** PAX records (xattrs are `SCHILY.xattr.*`), where there are any. */
  readonly pax?: Readonly<Record<string, string>>;
}

/** Receives a layer's contents in tar order; every call is synchronous. */
export interface LayerVisitor {
  /** An entry begins; `content` follows for files alone. */
  entry(entry: LayerEntry): void;
  /** Bytes of the current file, or of what is nested in it; not to be kept after the call returns. */
  content(bytes: Uint8Array): void;
  /** The current file ended; not called for entries without content. */
  entryEnd(): void;
  /**
   * A content inside the current file begins: `nested` is the chain of names that leads to it, whose length is its depth. What holds
   * it goes on beside it: contents of lower depth may get bytes while it is open, and end after it. One that is an object of git
   * has got its id when it ends, if all of it was there. `containers` says of each name what it is a member of.
   */
  member(nested: readonly string[], object?: GitObject, containers?: readonly ContainerKind[]): void;
  /** Bytes of the open content at that depth; not to be kept after the call returns. */
  memberContent(bytes: Uint8Array, depth: number): void;
  memberEnd(depth: number): void;
  /** Settles when more may come; the walk asks after each chunk of the layer. */
  ready?(): Promise<void>;
  /** What an object of git says of others; `content` of trees is not to be kept. */
  gitNode?(node: GitNode): void;
  /** Something inside this layer could not be read. `subject` is a path within the layer. */
  diagnostic(diagnostic: Diagnostic): void;
}
