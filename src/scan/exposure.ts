/**
 * Whether a file that a layer adds is still what a container sees, and if not, which layer took it away
 * (OCI image-spec layer.md): whiteouts and opaque markers act on lower layers, never on their own; a
 * later entry at the same path replaces it; anything but a directory at a folder's path hides what was
 * below. Content lives while any hard link to it does; a name lives while anything has it.
 */

import type { Exposure, Removal } from './finding.ts';
import { type IndexHit, type LayerIndex, lookUp } from './layer-index.ts';

/** A file of one layer. */
export interface FilePlace {
  readonly layer: number;
  readonly ordinal: number;
  readonly path: string;
  /** True where it is the name that matters: another content under it does not take that away. */
  readonly isName?: boolean;
}

/** What became of it. */
export interface FileFate {
  readonly exposure: Exclude<Exposure, 'metadata' | 'attestation'>;
  /** The layer that took the last name of it away, and how. */
  readonly removedBy?: { readonly layer: number; readonly how: Removal };
}

/** One name of a file's content, and since when it has it. */
type Alias = FilePlace;

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
    const removals: NonNullable<FileFate['removedBy']>[] = [];
    const aliases = file.isName === true ? [file] : this.#aliases(file);
    for (const alias of aliases) {
      const removal = this.#removalOf(alias);
      if (removal === undefined) return { exposure: 'live' };
      removals.push(removal);
    }
    const last = removals.reduce((a, b) => (b.layer > a.layer ? b : a));
    return { exposure: last.how === 'replaced' ? 'overwritten' : 'deleted', removedBy: last };
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

  #removalOf(alias: Alias, untilLayer = this.#layers.length, untilOrdinal = 0): FileFate['removedBy'] {
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
      const again = here.some((hit) => !isMarker(hit));
      if (again && alias.isName === true) continue;
      if (again) return { layer, how: 'replaced' };
      if (here.some((hit) => hit.type === 'whiteout')) return { layer, how: 'whiteout' };
      // An opaque marker at a folder empties it; the folder itself and its name stay.
      for (const parent of parents) {
        const above = (hits.get(parent) ?? []).filter(acts);
        if (above.some((hit) => hit.type === 'whiteout')) return { layer, how: 'whiteout' };
        if (above.some((hit) => hit.type === 'opaque')) return { layer, how: 'opaque' };
        if (above.some((hit) => hit.type !== 'directory')) return { layer, how: 'folder-replaced' };
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
