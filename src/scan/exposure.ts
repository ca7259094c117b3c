/**
 * Whether a file that a layer adds is still what a container sees, and if not, which layer took it away
 * (OCI image-spec layer.md): whiteouts and opaque markers act on lower layers, never on their own; a
 * later entry at the same path replaces it; anything but a directory at a folder's path hides what was
 * below. Content lives while any hard link to it does.
 */

import type { Exposure } from './finding.ts';
import { type IndexHit, type LayerIndex, lookUp } from './layer-index.ts';

/** A file of one layer. */
export interface FilePlace {
  readonly layer: number;
  readonly ordinal: number;
  readonly path: string;
}

/** What became of it. */
export interface FileFate {
  readonly exposure: Exclude<Exposure, 'metadata' | 'attestation'>;
  /** The layer that took the last name of it away. */
  readonly removedBy?: number;
}

/** One name of a file's content, and since when it has it. */
interface Alias {
  readonly path: string;
  readonly layer: number;
  readonly ordinal: number;
}

interface Removal {
  readonly layer: number;
  readonly how: 'overwritten' | 'deleted';
}

/** Follows files through the layers above them; `layers` is lowest first, undefined where a layer could not be read. */
export class ExposureTracker {
  readonly #layers: readonly (LayerIndex | undefined)[];
  readonly #hits: Map<string, IndexHit[]>[];

  constructor(layers: readonly (LayerIndex | undefined)[], files: Iterable<FilePlace>) {
    this.#layers = layers;
    const paths = new Set<string>();
    for (const file of files) addWithParents(paths, file.path);
    for (const index of layers) {
      for (const link of index?.hardLinks ?? []) addWithParents(paths, link.path);
    }
    this.#hits = layers.map((index) => (index === undefined ? new Map() : lookUp(index, paths)));
  }

  /** What became of a file: live while any of its names is. */
  fate(file: FilePlace): FileFate {
    const removals: Removal[] = [];
    const aliases = this.#aliases(file);
    for (const alias of aliases) {
      const removal = this.#removalOf(alias);
      if (removal === undefined) return { exposure: 'live' };
      removals.push(removal);
    }
    const last = removals.reduce((a, b) => (b.layer > a.layer ? b : a));
    return { exposure: last.how, removedBy: last.layer };
  }

  /** All names the content ever had: the file's own and each hard link made to one that was still there. */
  #aliases(file: FilePlace): Alias[] {
    const aliases: Alias[] = [{ path: file.path, layer: file.layer, ordinal: file.ordinal }];
    for (let layer = file.layer; layer < this.#layers.length; layer++) {
      for (const link of this.#layers[layer]?.hardLinks ?? []) {
        const linked = aliases.some(
          (alias) => alias.path === link.target && this.#stillThere(alias, layer, link.ordinal),
        );
        if (linked && !aliases.some((alias) => alias.path === link.path && alias.layer === layer)) {
          aliases.push({ path: link.path, layer, ordinal: link.ordinal });
        }
      }
    }
    return aliases;
  }

  /** True where the alias has not been taken away before the entry `ordinal` of `layer` is made. */
  #stillThere(alias: Alias, layer: number, ordinal: number): boolean {
    if (alias.layer > layer || (alias.layer === layer && alias.ordinal > ordinal)) return false;
    const removal = this.#removalOf(alias, layer, ordinal);
    return removal === undefined;
  }

  #removalOf(alias: Alias, untilLayer = this.#layers.length, untilOrdinal = 0): Removal | undefined {
    const parents = parentsOf(alias.path);
    for (let layer = alias.layer; layer < this.#layers.length && layer <= untilLayer; layer++) {
      const own = layer === alias.layer;
      const before = layer === untilLayer ? untilOrdinal : Number.POSITIVE_INFINITY;
      const acts = (hit: IndexHit): boolean =>
        own
          ? hit.ordinal > alias.ordinal && hit.ordinal < before && !isMarker(hit)
          : isMarker(hit) || hit.ordinal < before;
      const hits = this.#hits[layer]!;
      const here = (hits.get(alias.path) ?? []).filter(acts);
      if (here.some((hit) => !isMarker(hit))) return { layer, how: 'overwritten' };
      if (here.some((hit) => hit.type === 'whiteout')) return { layer, how: 'deleted' };
      for (const parent of parents) {
        const above = (hits.get(parent) ?? []).filter(acts);
        if (above.some((hit) => hit.type !== 'directory')) return { layer, how: 'deleted' };
      }
    }
    return undefined;
  }
}

function isMarker(hit: IndexHit): boolean {
  return hit.type === 'whiteout' || hit.type === 'opaque';
}

/** The folders above a path, nearest first, down to the root (the empty path). */
function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) parents.push(path.slice(0, end));
  if (path !== '') parents.push('');
  return parents;
}

function addWithParents(paths: Set<string>, path: string): void {
  paths.add(path);
  for (const parent of parentsOf(path)) paths.add(parent);
}
