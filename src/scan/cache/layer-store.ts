/**
 * The cache's file: a SQLite database of layer records, used by many processes at once (write-ahead log). It is only a
 * cache: whatever goes wrong with it, a scan goes on without. A file that is damaged is set aside, so that the next run
 * has a sound one; what is oldest by use is dropped when all of it is more than it may be.
 */

import { createHash } from 'node:crypto';
import { chmodSync, closeSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { messageOf } from '../../errors.ts';
import { findBelow, type ImageStack, imageLayout, type KnownImage, rememberImages } from './known-images.ts';
import type { LayerRecord } from './layer-record.ts';
import { loadSqlite, sqliteTrouble } from './sqlite.ts';

/** The file's name has the layout of its tables: another version has another file. */
const fileName = 'layers-1.sqlite';
const busyMs = 2000;
/** A record's time of use is written again when it is older: a rescan then writes nothing. */
const touchAfterMs = 3600_000;
/** One record is at most this part of all. */
const largestShare = 8;
const pageBytes = 4096;

const layout = `
  CREATE TABLE IF NOT EXISTS layer (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL, context TEXT NOT NULL, key_id TEXT NOT NULL,
    blob_bytes INTEGER NOT NULL, used_at INTEGER NOT NULL, bytes INTEGER NOT NULL,
    checksum BLOB NOT NULL, facts BLOB NOT NULL, keys BLOB NOT NULL, types BLOB NOT NULL,
    UNIQUE (digest, context, key_id)
  );
  CREATE INDEX IF NOT EXISTS layer_used ON layer (used_at);
  CREATE INDEX IF NOT EXISTS layer_blob_bytes ON layer (blob_bytes, context);`;

/** Under what a record is kept: the verified digest of the blob, and everything else a scan depends on. */
export interface LayerKey {
  readonly digest: string;
  readonly context: string;
}

/** What is in a store. */
export interface StoreFigures {
  readonly layers: number;
  readonly layersWithMatches: number;
  readonly sizeBytes: number;
  /** Milliseconds since 1970 when the record that was not used for longest was. */
  readonly oldestUse?: number;
}

/** How a store is opened. */
export interface StoreOptions {
  readonly folder: string;
  /** All records together at most. */
  readonly limitBytes: number;
  /** Hears why the store is not used, or no longer. */
  readonly onTrouble: (kind: 'damaged' | 'unusable', message: string) => void;
}

/** The records of layers; after any trouble it is empty and keeps nothing. */
export class LayerStore {
  readonly #options: StoreOptions;
  readonly #path: string;
  readonly #used = new Set<number>();
  #db: DatabaseSync | undefined;
  #hasGrown = false;

  private constructor(options: StoreOptions) {
    this.#options = options;
    this.#path = join(options.folder, fileName);
  }

  /** Opens the store of a folder, which is made where there is none. */
  static async open(options: StoreOptions): Promise<LayerStore> {
    const store = new LayerStore(options);
    try {
      const { DatabaseSync } = await loadSqlite();
      makeFolder(options.folder);
      store.#connect(DatabaseSync, true);
    } catch (error) {
      store.#giveUp(error);
    }
    return store;
  }

  /** True where there is anything under the key, whoever can use it. */
  has({ digest, context }: LayerKey): boolean {
    const sql = 'SELECT 1 FROM layer WHERE digest = ? AND context = ?';
    return this.#try((db) => db.prepare(sql).get(digest, context) !== undefined) ?? false;
  }

  /** True where there is a blob of this stored size: only then is it worth hashing one. */
  hasBlobOf(sizeBytes: number, context: string): boolean {
    const sql = 'SELECT 1 FROM layer WHERE blob_bytes = ? AND context = ?';
    return this.#try((db) => db.prepare(sql).get(sizeBytes, context) !== undefined) ?? false;
  }

  /** A record; of those with tags only one of this key's. A record that is not as it was written is dropped. */
  get({ digest, context }: LayerKey, keyId: string): LayerRecord | undefined {
    return this.#try((db) => {
      const row = db
        .prepare("SELECT * FROM layer WHERE digest = ? AND context = ? AND key_id IN ('', ?)")
        .get(digest, context, keyId) as unknown as Row | undefined;
      if (row === undefined) return undefined;
      if (Buffer.compare(row.checksum, checksum(row)) !== 0) {
        db.prepare('DELETE FROM layer WHERE id = ?').run(row.id);
        return undefined;
      }
      if (Date.now() - row.used_at > touchAfterMs) this.#used.add(row.id);
      return { keyId: row.key_id, facts: row.facts, keys: row.keys, types: row.types };
    });
  }

  /** True where the record under the key has secrets, whosever tags they have. */
  hasMatches({ digest, context }: LayerKey): boolean {
    const sql = "SELECT 1 FROM layer WHERE digest = ? AND context = ? AND key_id <> ''";
    return this.#try((db) => db.prepare(sql).get(digest, context) !== undefined) ?? false;
  }

  /** Keeps a record, in place of the one under the same key. */
  put({ digest, context }: LayerKey, blobBytes: number, record: LayerRecord): void {
    const { keyId, facts, keys, types } = record;
    const bytes = facts.length + keys.length + types.length;
    if (bytes > this.#options.limitBytes / largestShare) return;
    this.#try((db) => {
      db.prepare(
        `INSERT OR REPLACE INTO layer (digest, context, key_id, blob_bytes, used_at, bytes, checksum, facts, keys, types)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(digest, context, keyId, blobBytes, Date.now(), bytes, checksum(record), facts, keys, types);
      this.#hasGrown = true;
    });
  }

  /** Images seen whole whose layers are an image's lowest. */
  imagesBelow(stack: ImageStack): readonly KnownImage[] {
    return this.#try((db) => findBelow(db, stack)) ?? [];
  }

  /** Keeps what is known of images that were scanned whole. */
  remember(images: readonly KnownImage[]): void {
    if (images.length > 0) this.#try((db) => rememberImages(db, images));
  }

  figures(): StoreFigures {
    const row = this.#try((db) =>
      db.prepare("SELECT count(*) AS layers, sum(key_id <> '') AS matches, min(used_at) AS oldest FROM layer").get(),
    ) as { layers: number; matches: number | null; oldest: number | null } | undefined;
    return {
      layers: row?.layers ?? 0,
      layersWithMatches: row?.matches ?? 0,
      sizeBytes: sizeOf(this.#path) + sizeOf(`${this.#path}-wal`),
      ...(typeof row?.oldest === 'number' ? { oldestUse: row.oldest } : {}),
    };
  }

  /** Drops everything. */
  clear(): void {
    this.#try((db) => {
      db.exec('DELETE FROM layer');
      db.exec('DELETE FROM image');
      db.exec('PRAGMA incremental_vacuum');
    });
    this.close();
    // Another process may have it open, which some platforms don't allow to take away: it is empty there.
    for (const path of this.#files()) tryTo(() => rmSync(path, { force: true }));
    tryTo(() => rmSync(`${this.#path}.damaged`, { force: true }));
  }

  /** Writes down what was used, drops what is too much, closes the file. */
  close(): void {
    if (this.#used.size > 0 || this.#hasGrown) {
      this.#try((db) => {
        const touch = db.prepare('UPDATE layer SET used_at = ? WHERE id = ?');
        db.exec('BEGIN IMMEDIATE');
        for (const id of this.#used) touch.run(Date.now(), id);
        if (this.#hasGrown) this.#evict(db);
        db.exec('COMMIT');
        db.exec('PRAGMA incremental_vacuum');
      });
    }
    tryTo(() => this.#db?.close());
    this.#db = undefined;
  }

  #connect(Database: typeof DatabaseSync, again: boolean): void {
    // Made by us first, for its mode: what lies beside it later gets the same.
    closeSync(openSync(this.#path, 'a', 0o600));
    chmodSync(this.#path, 0o600);
    const db = new Database(this.#path);
    try {
      db.exec(`PRAGMA busy_timeout = ${busyMs}; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;`);
      db.exec(`PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF;`);
      db.exec(`PRAGMA max_page_count = ${Math.ceil((this.#options.limitBytes * 1.5) / pageBytes) + 64};`);
      db.exec(layout);
      db.exec(imageLayout);
      this.#db = db;
    } catch (error) {
      tryTo(() => db.close());
      if (!again || sqliteTrouble(error) !== 'damaged') throw error;
      this.#setAside(error);
      this.#connect(Database, false);
    }
  }

  /** Runs something on the database; undefined where that is not possible. */
  #try<T>(action: (db: DatabaseSync) => T): T | undefined {
    if (this.#db === undefined) return undefined;
    try {
      return action(this.#db);
    } catch (error) {
      if (this.#db.isTransaction) tryTo(() => this.#db?.exec('ROLLBACK'));
      // Whoever has it now is done some time: nothing is lost but this one record.
      if (sqliteTrouble(error) !== 'busy') this.#giveUp(error);
      return undefined;
    }
  }

  #giveUp(error: unknown): void {
    tryTo(() => this.#db?.close());
    this.#db = undefined;
    if (sqliteTrouble(error) === 'damaged') this.#setAside(error);
    else this.#options.onTrouble('unusable', `${this.#options.folder} can't be used: ${messageOf(error)}`);
  }

  #setAside(error: unknown): void {
    const aside = `${this.#path}.damaged`;
    const [file, ...others] = this.#files();
    tryTo(() => renameSync(file!, aside));
    for (const path of others) tryTo(() => rmSync(path, { force: true }));
    this.#options.onTrouble('damaged', `${this.#path} is damaged (${messageOf(error)}) and was renamed to ${aside}`);
  }

  #evict(db: DatabaseSync): void {
    const { limitBytes } = this.#options;
    const { sum } = db.prepare('SELECT coalesce(sum(bytes), 0) AS sum FROM layer').get() as { sum: number };
    if (sum <= limitBytes) return;
    let left = sum;
    const drop = db.prepare('DELETE FROM layer WHERE id = ?');
    for (const row of db.prepare('SELECT id, bytes FROM layer ORDER BY used_at, id').all()) {
      // A tenth more than needed, so that not every run has to.
      if (left <= limitBytes * 0.9) break;
      drop.run(row['id'] as number);
      left -= row['bytes'] as number;
    }
  }

  #files(): string[] {
    return [this.#path, `${this.#path}-wal`, `${this.#path}-shm`];
  }
}

interface Row extends Pick<LayerRecord, 'facts' | 'keys' | 'types'> {
  readonly id: number;
  readonly key_id: string;
  readonly used_at: number;
  readonly checksum: Uint8Array;
}

function checksum({ facts, keys, types }: Pick<LayerRecord, 'facts' | 'keys' | 'types'>): Buffer {
  return createHash('sha256').update(facts).update(keys).update(types).digest();
}

/** The folder is the user's alone: who else could write to it could hide what is in a layer. @throws Error */
function makeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(folder);
  const self = process.getuid?.();
  if (self === undefined) return;
  if (uid !== self) throw new Error('it belongs to another user');
  if ((mode & 0o022) !== 0) throw new Error('others may write to it');
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function tryTo(action: () => void): void {
  try {
    action();
  } catch {
    // It is only a cache.
  }
}
