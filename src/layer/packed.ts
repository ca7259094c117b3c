/**
 * The seam between readers of packed content and what opens them: bytes in, members out. A format is added by a reader
 * here, its first bytes in magic.ts and a line in open-packed.ts; what its members hold is looked into in turn.
 */

import type { GitNode, GitObject } from './git-object.ts';
import type { InflateEngine } from './inflate-sync.ts';

/** Reads packed content as its bytes pass, in bounded memory. */
export interface PackedReader {
  write(bytes: Uint8Array): void;
  /** The content ended, well or cut short. */
  end(): void;
}

/** Receives the members of packed content, one at a time. */
export interface MemberSink {
  /** A member begins, an object of git perhaps; false where it is not wanted, and then nothing of it may follow, nor its `end`. */
  begin(name: string, object?: GitObject): boolean;
  /** Decompressed bytes, not to be kept; false where no more of this member is wanted. */
  data(bytes: Uint8Array): boolean;
  /** Once for each member that was begun and wanted, whether `data` wanted all of it or not. */
  end(): void;
  /** Takes decompressed bytes that are no member's from the budgets; false where they are used up. */
  spend(length: number): boolean;
  /** What an object of git says of others. */
  gitNode(node: GitNode): void;
  /** The current member expands beyond the ratio allowed; no more of it is read. */
  bomb(): void;
  /** The content asks for more than we spend on it; what could be read was given. */
  exceeded(message: string): void;
  /** The content is damaged or cut short: what could be read was given. */
  damaged(message: string): void;
  /** Members exist that were not reached. */
  unreached(message: string): void;
  /** A member can't be opened; counted by reason. */
  notOpened(reason: string): void;
}

/** How members are decompressed. */
export interface InflateSettings {
  readonly engine: InflateEngine;
  readonly ratio: number;
  /** How far back a stream may look; it is memory. */
  readonly windowBytes: number;
}
