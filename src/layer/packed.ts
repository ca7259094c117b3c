/** The seam between readers of packed content and what opens them: bytes in, members out. */

import type { InflateEngine } from './inflate-sync.ts';

/** Reads packed content as its bytes pass, in bounded memory. */
export interface PackedReader {
  write(bytes: Uint8Array): void;
  /** The content ended, well or cut short. */
  end(): void;
}

/** Receives the members of packed content, one at a time. */
export interface MemberSink {
  /** A member begins; false where it is not wanted, and then nothing of it may follow. */
  begin(name: string): boolean;
  /** Decompressed bytes; false where no more of this member is wanted. */
  data(bytes: Uint8Array): boolean;
  end(): void;
  /** The current member expands beyond the ratio allowed; no more of it is read. */
  bomb(): void;
  /** The content is damaged or cut short: what could be read was given. */
  damaged(message: string): void;
  /** Members exist that were not reached. */
  unreached(message: string): void;
  /** A member can't be opened; counted by reason. */
  notOpened(reason: string): void;
}

/** How members are inflated. */
export interface InflateSettings {
  readonly engine: InflateEngine;
  readonly ratio: number;
}
