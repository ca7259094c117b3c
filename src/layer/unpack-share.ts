/** Budgets and findings-of-trouble that all nested contents of a file, and all files of a layer, have together. */

import { incomplete } from '../errors.ts';
import { ratioFromBytes } from './decoder.ts';
import type { LayerVisitor } from './entry.ts';
import type { InflateEngine } from './inflate-sync.ts';
import type { LayerLimits } from './limits.ts';
import type { TroubleLog } from './trouble-log.ts';

/**
 * A place in a diagnostic is for a person: what is too long is left out by whole names. A secret in a name is masked when all
 * secrets are known, and half of one would not be.
 */
const [mostNameLength, mostNames] = [500, 6];

/** How much more than by compression content may honestly expand by deltas. */
const deltaFactor = 20;

/** What all files of a layer share. */
export interface LayerShare {
  readonly visitor: LayerVisitor;
  readonly limits: LayerLimits;
  readonly log: TroubleLog;
  readonly engine: InflateEngine;
  /** Decompressed bytes that the layer may still have. */
  layerBytes: number;
  /** Kinds that are only named, with the first place and how many there are. */
  readonly notOpened: Map<string, { readonly first: string; count: number }>;
}

/** What all contents in one file share. */
export class FileShare {
  readonly path: string;
  readonly layer: LayerShare;
  readonly #told = new Set<string>();
  rawBytes = 0;
  memberBytes = 0;
  /** True where something in it is told by what it differs in: a thousand versions of one file are no bomb. */
  hasDeltas = false;
  members = 0;

  constructor(path: string, layer: LayerShare) {
    this.path = path;
    this.layer = layer;
  }

  placeOf(chain: readonly string[]): string {
    const names = [this.path, ...chain].map((name) =>
      name.length <= mostNameLength ? name : `(a name of ${name.length} letters)`,
    );
    if (names.length > mostNames) names.splice(mostNames / 2, names.length - mostNames, '…');
    return names.join(' › ');
  }

  /** Says once a file that there is more than was looked at. */
  exceed(chain: readonly string[], message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.layer.log.add(incomplete('LIMIT_EXCEEDED', this.placeOf(chain), message));
  }

  /** Takes bytes from all budgets. @returns how many were left in them */
  spend(wanted: number, ofMember: number): number {
    const { limits } = this.layer;
    const allowed = Math.min(wanted, ofMember, limits.fileBytes - this.memberBytes, this.layer.layerBytes);
    this.memberBytes += allowed;
    this.layer.layerBytes -= allowed;
    return allowed;
  }

  /** How many times what went in may come out. */
  get ratio(): number {
    return this.layer.limits.ratio * (this.hasDeltas ? deltaFactor : 1);
  }

  /** True where all that came out is too much for what went in. */
  get isBomb(): boolean {
    return this.memberBytes > ratioFromBytes && this.memberBytes > this.ratio * this.rawBytes;
  }
}
