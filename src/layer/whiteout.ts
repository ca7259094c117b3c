/** What a layer takes away, written as empty files (OCI image-spec layer.md, "Whiteouts"; AUFS before it). */

/** What an entry's name means: it removes a path below, empties a directory (`opaque`), is AUFS's own (`metadata`), or nothing special. */
export type Whiteout =
  | { readonly kind: 'removes' | 'opaque'; readonly path: string }
  | { readonly kind: 'metadata' }
  | undefined;

const prefix = '.wh.';
const metadataPrefix = '.wh..wh.';
const opaqueName = '.wh..wh..opq';

/** Reads the meaning of a cleaned path. */
export function readWhiteout(path: string): Whiteout {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  if (!name.startsWith(prefix)) return undefined;
  const directory = slash < 0 ? '' : path.slice(0, slash);
  if (name === opaqueName) return { kind: 'opaque', path: directory };
  if (name.startsWith(metadataPrefix) || name === prefix) return { kind: 'metadata' };
  const removed = name.slice(prefix.length);
  // `.wh...` would remove the parent; no builder writes it, and no runtime should follow it.
  if (removed === '.' || removed === '..') return { kind: 'metadata' };
  return { kind: 'removes', path: directory === '' ? removed : `${directory}/${removed}` };
}
