/**
 * Counts what the scan inflates inside a layer's files. A member's bytes were inflated where what holds it is compressed; those
 * of a tar or an ar archive lie in it as they are. Stored members of zips are counted too: their headers are not seen here.
 */

import type { LayerVisitor } from '../../src/layer/entry.ts';
import { type OpenedKind, packedKind } from '../../src/layer/magic.ts';

const verbatim: readonly OpenedKind[] = ['tar', 'ar', 'cpio', 'asar', 'git-bundle'];
/** A tar's header block; kinds that are told later hold nothing as it is. */
const headBytes = 512;

/** A visitor that looks at first bytes alone. */
export class UnpackedBytes implements LayerVisitor {
  inflatedBytes = 0;
  /** By depth, the file at 0: the first bytes, until they tell whether what is in it lies in it as it is. */
  readonly #heads: Buffer[] = [];
  readonly #isVerbatim: (boolean | undefined)[] = [];

  entry(): void {
    this.#begin(0);
  }

  content(bytes: Uint8Array): void {
    this.#see(bytes, 0);
  }

  entryEnd(): void {}

  member(nested: readonly string[]): void {
    this.#begin(nested.length);
  }

  memberContent(bytes: Uint8Array, depth: number): void {
    if (!this.#holdsVerbatim(depth - 1)) this.inflatedBytes += bytes.length;
    this.#see(bytes, depth);
  }

  memberEnd(): void {}

  diagnostic(): void {}

  #begin(depth: number): void {
    this.#heads[depth] = Buffer.alloc(0);
    this.#isVerbatim[depth] = undefined;
  }

  #see(bytes: Uint8Array, depth: number): void {
    const head = this.#heads[depth];
    if (head === undefined || head.length >= headBytes) return;
    this.#heads[depth] = Buffer.concat([head, bytes.subarray(0, headBytes - head.length)]);
  }

  #holdsVerbatim(depth: number): boolean {
    const known = this.#isVerbatim[depth];
    if (known !== undefined) return known;
    const kind = packedKind(this.#heads[depth] ?? Buffer.alloc(0));
    const isVerbatim = kind !== undefined && 'opens' in kind && verbatim.includes(kind.opens);
    this.#isVerbatim[depth] = isVerbatim;
    return isVerbatim;
  }
}
