/**
 * Names inside an archive or layout. They are only ever keys of a map or parts below a folder: cleaned,
 * so that `./a`, `/a` and `b/../a` are one name, and never above the root.
 */

import { cleanPath } from '../layer/clean-path.ts';

/** Where a symlink at `path` points, as a name in the same archive. */
export function linkDestination(path: string, target: string): string {
  return cleanPath(target.startsWith('/') ? target : `${path}/../${target}`);
}

/** The digest a name carries: `blobs/sha256/<hex>`, or the `<hex>.json` of an old layout's configuration. */
export function digestOfPath(path: string): string | undefined {
  const [, algorithm, hex] = /^blobs\/(sha256|sha384|sha512)\/([0-9a-f]+)$/.exec(path) ?? [];
  if (algorithm !== undefined) {
    return hex!.length === { sha256: 64, sha384: 96, sha512: 128 }[algorithm] ? `${algorithm}:${hex}` : undefined;
  }
  const [, id] = /^([0-9a-f]{64})\.json$/.exec(path) ?? [];
  return id === undefined ? undefined : `sha256:${id}`;
}

/** True for the `VERSION` (`1.0`) that Docker's oldest layout has in each layer's folder. */
export function isVersionFile({ name, sizeBytes }: { readonly name: string; readonly sizeBytes: number }): boolean {
  return sizeBytes <= 8 && /(^|\/)VERSION$/.test(cleanPath(name));
}

/** Where an OCI layout keeps the content of a digest. */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}
