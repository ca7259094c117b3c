/**
 * The images a cache has seen whole, so that one that is built upon another can be told as such. Of each it keeps a name,
 * the chain ID of its layers (OCI image-spec, config.md: the one digest of all diff IDs in their order, each hashed by
 * us) and the outline of its history: nothing that anybody wrote into the image. They label, and never hide a finding:
 * what a report leaves out must not depend on what a machine happened to scan before.
 */

import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { parseCreatedBy } from '../../oci/created-by.ts';
import type { HistoryEntry } from '../../oci/image-config.ts';

/** Images that are kept, and that one run may add: an archive of thousands must not drive out all others. */
export const mostImages: number = 5000;
const mostAdded = 500;
/** Layers below which a base is looked for; no image may have more in practice. */
const mostLayers = 512;
const longestName = 512;
/** A time of use is written again when it is older, so that a rescan writes nothing. */
const touchAfterMs = 3600_000;

/** The table; older versions pass over it. */
export const imageLayout = `
  CREATE TABLE IF NOT EXISTS image (
    chain TEXT NOT NULL, reference TEXT NOT NULL, platform TEXT NOT NULL,
    digest TEXT NOT NULL, layers INTEGER NOT NULL, entries INTEGER NOT NULL, outline TEXT NOT NULL, used_at INTEGER NOT NULL,
    PRIMARY KEY (chain, reference, platform)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS image_used ON image (used_at);`;

/** What is kept of an image. */
export interface KnownImage {
  /** As it was scanned: `debian:12`. */
  readonly reference: string;
  readonly platform: string;
  /** Of its manifest, where it has one. */
  readonly digest?: string;
  /** How many layers it has. */
  readonly layers: number;
  /** Their chain ID. */
  readonly chain: string;
  /** How many entries its history has, and the digest of their outline; none where it has no history. */
  readonly entries: number;
  readonly outline: string;
}

/** An image's stack: its diff IDs, lowest first, and its history. */
export interface ImageStack {
  readonly diffIds: readonly string[];
  readonly history: readonly HistoryEntry[];
}

/** What there is to keep of an image; undefined where it can't be anybody's base or has no name to call it by. */
export function knownImage(
  { reference, platform, digest }: Pick<KnownImage, 'reference' | 'platform' | 'digest'>,
  { diffIds, history }: ImageStack,
): KnownImage | undefined {
  const chain = chainIds(diffIds).at(-1);
  if (chain === undefined || diffIds.length > mostLayers || reference === '-' || reference.length > longestName)
    return undefined;
  return {
    reference,
    platform,
    ...(digest === undefined ? {} : { digest }),
    layers: diffIds.length,
    chain,
    entries: history.length,
    outline: outlineOf(history),
  };
}

/** The known images whose layers are all, in their order, an image's lowest, and not all it has; the largest first, then by name. */
export function findBelow(db: DatabaseSync, { diffIds, history }: ImageStack): readonly KnownImage[] {
  if (diffIds.length > mostLayers) return [];
  const select = db.prepare('SELECT * FROM image WHERE chain = ? AND layers = ?');
  const rows = chainIds(diffIds.slice(0, -1)).flatMap(
    (chain, index) => select.all(chain, index + 1) as unknown as ImageRow[],
  );
  return rows
    .map(({ digest, used_at: _, ...row }) => ({ ...row, ...(digest === '' ? {} : { digest }) }))
    .filter((image) => beginsWith(history, image))
    .sort((a, b) => b.layers - a.layers || compare(a.reference, b.reference) || compare(a.platform, b.platform));
}

/** Keeps images, and drops those that were not scanned for longest where they are too many. */
export function rememberImages(db: DatabaseSync, images: readonly KnownImage[]): void {
  const now = Date.now();
  const known = db.prepare(
    'SELECT digest, used_at, outline FROM image WHERE chain = ? AND reference = ? AND platform = ?',
  );
  const isFresh = ({ chain, reference, platform, digest = '', outline }: KnownImage): boolean => {
    const row = known.get(chain, reference, platform) as unknown as ImageRow | undefined;
    return row !== undefined && row.digest === digest && row.outline === outline && now - row.used_at < touchAfterMs;
  };
  const written = images.filter((image) => !isFresh(image)).slice(0, mostAdded);
  if (written.length === 0) return;
  db.exec('BEGIN IMMEDIATE');
  const put = db.prepare(
    `INSERT OR REPLACE INTO image (chain, reference, platform, digest, layers, entries, outline, used_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  for (const { chain, reference, platform, digest = '', layers, entries, outline } of written) {
    put.run(chain, reference, platform, digest, layers, entries, outline, now);
  }
  db.prepare(
    `DELETE FROM image WHERE (chain, reference, platform) IN
       (SELECT chain, reference, platform FROM image ORDER BY used_at DESC, reference LIMIT -1 OFFSET ?)`,
  ).run(mostImages);
  db.exec('COMMIT');
}

interface ImageRow extends Omit<KnownImage, 'digest'> {
  readonly digest: string;
  readonly used_at: number;
}

/** The chain ID of each layer with all below it. */
function chainIds(diffIds: readonly string[]): string[] {
  const chains: string[] = [];
  for (const diffId of diffIds) {
    const below = chains.at(-1);
    chains.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return chains;
}

/**
 * True where the image's history begins as that of the other: builders keep what the base brought. A former build of the
 * same file has its own CMD where this one goes on, though all its layers are below. Nothing is said where one has no history.
 */
function beginsWith(history: readonly HistoryEntry[], { entries, outline }: KnownImage): boolean {
  if (entries === 0 || history.length === 0) return true;
  return outlineOf(history.slice(0, entries)) === outline;
}

/** What kinds of steps a history has: their texts may hold secrets, which a fast hash would not keep. */
function outlineOf(history: readonly HistoryEntry[]): string {
  const steps = history.map(({ createdBy, emptyLayer }) => [parseCreatedBy(createdBy).instruction ?? '', emptyLayer]);
  return steps.length === 0 ? '' : digestOf(JSON.stringify(steps));
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
