/**
 * Puts together what is packed as deltas, once all of a pack has passed: from each base down to what is made of it, so that every
 * object is inflated once however long its chain is. What lies on the way down is kept up to a bound and made again beyond it.
 */

import { applyDelta } from './git-delta.ts';
import type { GitType } from './git-object.ts';
import type { GitOutlet } from './git-outlet.ts';
import { mostEntryHeaderBytes, parsePackEntry } from './git-pack-entry.ts';
import type { PackStore } from './git-pack-store.ts';

/** An object that is or has a delta, at most: two of them are in memory at a time, beside those on the way down. */
export const mostDeltaBytes: number = 64 * 1024 * 1024;

/** Objects on the way down to one, at most. */
const mostPathBytes = mostDeltaBytes;

/** What became of the deltas. */
export interface DeltaOutcome {
  readonly unresolved: number;
  /** True where some were too large. */
  readonly isTooLarge: boolean;
}

/** An object on the way down to another. */
interface Step {
  readonly offset: number;
  readonly type: GitType;
  readonly children: readonly number[];
  next: number;
  /** Undefined once it had to make room. */
  content: Buffer | undefined;
}

/** The deltas of one pack, by their bases. Offsets are where an entry begins. */
export class DeltaTree {
  readonly #store: PackStore;
  readonly #outlet: GitOutlet;
  readonly #idBytes: number;
  /** In the order of the pack, side by side. */
  readonly #deltaOffsets: number[] = [];
  readonly #deltaBases: number[] = [];
  readonly #byBaseId = new Map<string, number[]>();
  readonly #plainOffsets: number[] = [];
  readonly #plainIds: string[] = [];
  #deltas = 0;
  #resolved = 0;
  #isTooLarge = false;

  constructor(store: PackStore, outlet: GitOutlet, idBytes: number) {
    this.#store = store;
    this.#outlet = outlet;
    this.#idBytes = idBytes;
  }

  /** An object that is no delta. */
  addPlain(offset: number, id: string): void {
    this.#plainOffsets.push(offset);
    this.#plainIds.push(id);
  }

  /** A delta, and its base's offset or id. */
  addDelta(offset: number, base: number | string): void {
    this.#deltas++;
    if (typeof base === 'string') {
      const known = this.#byBaseId.get(base);
      if (known === undefined) this.#byBaseId.set(base, [offset]);
      else known.push(offset);
    } else {
      this.#deltaOffsets.push(offset);
      this.#deltaBases.push(base);
    }
  }

  /** Gives all objects that can be put together to the outlet. */
  resolve(): DeltaOutcome {
    if (this.#deltas > 0) {
      const childrenAt = this.#sortByBase();
      for (let index = 0; index < this.#plainOffsets.length && !this.#outlet.isExhausted; index++) {
        const offset = this.#plainOffsets[index]!;
        const children = this.#childrenOf(offset, this.#plainIds[index]!, childrenAt);
        const type = children.length === 0 ? undefined : this.#entryAt(offset)?.type;
        if (type !== undefined) this.#descend({ offset, type, children, next: 0, content: undefined }, childrenAt);
      }
    }
    return { unresolved: this.#deltas - this.#resolved, isTooLarge: this.#isTooLarge };
  }

  #descend(root: Step, childrenAt: ChildrenAt): void {
    const path = [root];
    let pathBytes = 0;
    for (let step = path.at(-1); step !== undefined && !this.#outlet.isExhausted; step = path.at(-1)) {
      const offset = step.children[step.next++];
      if (offset === undefined) {
        path.pop();
        pathBytes -= step.content?.length ?? 0;
        continue;
      }
      if (step.content === undefined) {
        step.content = this.#rebuild(path);
        pathBytes += step.content?.length ?? 0;
      }
      const content = step.content === undefined ? undefined : this.#make(step.content, offset);
      if (content !== undefined) {
        this.#resolved++;
        const id = this.#outlet.whole(memberName(offset), step.type, content);
        const children = this.#childrenOf(offset, id, childrenAt);
        if (children.length > 0) {
          path.push({ offset, type: step.type, children, next: 0, content });
          pathBytes += content.length;
        }
      }
      // The top is what is needed next; the last child of a step is the last to need it.
      for (let at = 0; at < path.length - 1; at++) {
        const above = path[at]!;
        if (above.content === undefined) continue;
        if (pathBytes <= mostPathBytes && above.next < above.children.length) continue;
        pathBytes -= above.content.length;
        above.content = undefined;
      }
    }
  }

  /** The content of the last of a path, from the nearest above it that is still there. */
  #rebuild(path: readonly Step[]): Buffer | undefined {
    let at = path.length - 1;
    while (at > 0 && path[at]!.content === undefined) at--;
    let content = path[at]!.content ?? this.#inflate(path[at]!.offset);
    for (at++; at < path.length && content !== undefined && !this.#outlet.isExhausted; at++) {
      content = this.#make(content, path[at]!.offset);
      this.#outlet.spend(content?.length ?? 0);
    }
    return content;
  }

  /** What the delta at `offset` makes of its base. */
  #make(base: Buffer, offset: number): Buffer | undefined {
    const delta = this.#inflate(offset);
    const result = delta === undefined ? undefined : applyDelta(base, delta, mostDeltaBytes);
    if (result === 'large') this.#isTooLarge = true;
    return typeof result === 'string' ? undefined : result;
  }

  #inflate(offset: number): Buffer | undefined {
    const entry = this.#entryAt(offset);
    if (entry === undefined) return undefined;
    if (entry.sizeBytes > mostDeltaBytes) {
      this.#isTooLarge = true;
      return undefined;
    }
    this.#outlet.spend(entry.sizeBytes);
    return this.#store.inflate(offset + entry.length, entry.sizeBytes);
  }

  #entryAt(offset: number): Exclude<ReturnType<typeof parsePackEntry>, string> | undefined {
    const entry = parsePackEntry(this.#store.read(offset, mostEntryHeaderBytes), this.#idBytes);
    return typeof entry === 'string' ? undefined : entry;
  }

  #childrenOf(offset: number, id: string, childrenAt: ChildrenAt): readonly number[] {
    const byOffset = childrenAt(offset);
    const byId = this.#byBaseId.get(id);
    if (byId === undefined) return byOffset;
    // Once: an object that is packed twice has its deltas once.
    this.#byBaseId.delete(id);
    return [...byOffset, ...byId];
  }

  #sortByBase(): ChildrenAt {
    const bases = this.#deltaBases;
    const order = Uint32Array.from(bases, (_, index) => index).sort((a, b) => bases[a]! - bases[b]!);
    return (offset) => {
      let low = 0;
      for (let high = order.length; low < high; ) {
        const middle = (low + high) >>> 1;
        if (bases[order[middle]!]! < offset) low = middle + 1;
        else high = middle;
      }
      const found: number[] = [];
      for (let at = low; at < order.length && bases[order[at]!] === offset; at++) {
        found.push(this.#deltaOffsets[order[at]!]!);
      }
      return found;
    };
  }
}

type ChildrenAt = (offset: number) => readonly number[];

/** What an object is called until its place in the history is known. */
export function memberName(offset: number): string {
  return `@${offset}`;
}
