/**
 * The names in a layer, small enough to keep for every layer of an image: nine bytes an entry. Whether a
 * secret is still there depends on what later layers say of its path and of the folders above it, and
 * which paths will matter is known only when all layers have been read. Paths are hashed with a seed made
 * anew for each run, so that an image can't be built to collide.
 */

import type { EntryType, LayerEntry } from '../layer/entry.ts';

/** Codes of `LayerIndex.types`. */
const typeCodes: Readonly<Record<EntryType, number>> = {
  file: 1,
  directory: 2,
  symlink: 3,
  hardlink: 4,
  other: 5,
  whiteout: 6,
  opaque: 7,
};
const typeNames = Object.keys(typeCodes) as EntryType[];

/** No file system has longer paths (PATH_MAX), so that a link with one is in no container. */
const longestPath = 4096;

/** Letters of hard links' paths that are kept of a layer. */
const mostLinkLetters = 64 * 1024 * 1024;

/** A hard link made by a layer; both paths cleaned. */
export interface HardLink {
  readonly ordinal: number;
  readonly path: string;
  readonly target: string;
}

/** The entries of one layer in tar order, paths hashed. */
export interface LayerIndex {
  readonly seed: number;
  /** `hashPath` of each entry; its position is the entry's ordinal. */
  readonly keys: Float64Array;
  readonly types: Uint8Array;
  readonly hardLinks: readonly HardLink[];
}

/** What a layer says of one path. */
export interface IndexHit {
  readonly ordinal: number;
  readonly type: EntryType;
}

/** A 53-bit hash of a cleaned path, exact as a number. */
export function hashPath(path: string, seed: number): number {
  let a = seed ^ 0xdeadbeef;
  let b = seed ^ 0x41c6ce57;
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (b >>> 11) * 4294967296 + (a >>> 0);
}

/** Collects a layer's entries into a `LayerIndex`. */
export class LayerIndexBuilder {
  #keys = new Float64Array(1024);
  #types = new Uint8Array(1024);
  #length = 0;
  readonly #hardLinks: HardLink[] = [];
  readonly #seed: number;
  #linkLetters = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** True where the layer has more hard links than are kept. */
  get areLinksCut(): boolean {
    return this.#linkLetters > mostLinkLetters;
  }

  /** Adds an entry and returns its ordinal. */
  add(entry: LayerEntry): number {
    const ordinal = this.#length++;
    if (ordinal === this.#keys.length) {
      const keys = new Float64Array(ordinal * 2);
      keys.set(this.#keys);
      this.#keys = keys;
      const types = new Uint8Array(ordinal * 2);
      types.set(this.#types);
      this.#types = types;
    }
    this.#keys[ordinal] = hashPath(entry.path, this.#seed);
    this.#types[ordinal] = typeCodes[entry.type];
    const { type, path, linkTarget } = entry;
    if (type === 'hardlink' && linkTarget !== undefined) this.#addLink({ ordinal, path, target: linkTarget });
    return ordinal;
  }

  build(): LayerIndex {
    return {
      seed: this.#seed,
      keys: this.#keys.slice(0, this.#length),
      types: this.#types.slice(0, this.#length),
      hardLinks: this.#hardLinks,
    };
  }

  #addLink(link: HardLink): void {
    if (link.path.length > longestPath || link.target.length > longestPath) return;
    this.#linkLetters += link.path.length + link.target.length;
    if (!this.areLinksCut) this.#hardLinks.push(link);
  }
}

/** Everything the layer says of the paths asked for, in one pass: path → hits in tar order. */
export function lookUp(index: LayerIndex, paths: Iterable<string>): Map<string, IndexHit[]> {
  const wanted = new Map<number, string>();
  for (const path of paths) wanted.set(hashPath(path, index.seed), path);
  const found = new Map<string, IndexHit[]>();
  if (wanted.size === 0) return found;
  for (let ordinal = 0; ordinal < index.keys.length; ordinal++) {
    const path = wanted.get(index.keys[ordinal]!);
    if (path === undefined) continue;
    const hit = { ordinal, type: typeNames[index.types[ordinal]! - 1]! };
    const hits = found.get(path);
    if (hits === undefined) found.set(path, [hit]);
    else hits.push(hit);
  }
  return found;
}
