/**
 * SQLite's write-ahead log (https://sqlite.org/fileformat2.html#the_write_ahead_log): pages that are not yet in the database, behind
 * a frame's header each. What the last version of each page holds is read like a database: with its tables where the
 * schema is among the pages. Then come rows of earlier versions: deleted since, or changed.
 */

import { createHash } from 'node:crypto';
import type { NamedRow } from './sqlite-deleted.ts';
import { pageType, readRecord } from './sqlite-format.ts';
import { cellsOf, isPageSize, Pages } from './sqlite-pages.ts';

const walHeaderBytes = 32;
const frameHeaderBytes = 24;

/** A frame: its page, and whether a transaction ends with it. */
interface Frame {
  readonly number: number;
  readonly commits: boolean;
  readonly page: Buffer;
}

/** Reads a log that is at hand whole. */
export class SqliteWal {
  readonly #frames: readonly Frame[];
  readonly #pageBytes: number;
  /** The highest number of a page. */
  readonly #count: number;

  constructor(bytes: Buffer) {
    this.#pageBytes = bytes.length < walHeaderBytes ? 0 : bytes.readUInt32BE(8);
    this.#frames = isPageSize(this.#pageBytes) ? [...framesOf(bytes, this.#pageBytes)] : [];
    this.#count = this.#frames.reduce((most, { number }) => Math.max(most, number), 0);
  }

  /** The last version of each page. */
  pages(): Pages {
    return this.#view(new Map(this.#frames.map(({ number, page }) => [number, page])));
  }

  /** Rows of versions that are not the last one, each once. */
  *superseded(): Generator<NamedRow> {
    const last = new Map(this.#frames.map((frame) => [frame.number, frame]));
    const now = new Map<number, Buffer>();
    const told = new Set<string>();
    let written: Frame[] = [];
    let left = 4 * this.#pageBytes * this.#frames.length;
    for (const frame of this.#frames) {
      now.set(frame.number, frame.page);
      written.push(frame);
      if (!frame.commits && frame !== this.#frames.at(-1)) continue;
      for (const { number, page } of written) {
        if (last.get(number)?.page === page || cellsOf(page, number).type !== pageType.leafTable) continue;
        for (const payload of this.#view(now).payloads(page, number)) {
          const key = createHash('sha256').update(payload).digest('base64');
          left -= payload.length;
          if (left < 0) return;
          if (told.has(key)) continue;
          told.add(key);
          yield { columns: [], row: readRecord(payload).map(({ text }) => text) };
        }
      }
      written = [];
    }
  }

  #view(byNumber: ReadonlyMap<number, Buffer>): Pages {
    const reserved = byNumber.get(1)?.[20] ?? 0;
    return new Pages({ pageBytes: this.#pageBytes, reserved, count: this.#count }, (number) => byNumber.get(number));
  }
}

/** True for content that begins as a write-ahead log: magic, version, and a size that pages have. */
export function isWal(head: Buffer): boolean {
  if (head.length < walHeaderBytes) return false;
  const magic = head.readUInt32BE(0);
  if (magic !== 0x377f0682 && magic !== 0x377f0683) return false;
  return head.readUInt32BE(4) === 3_007_000 && isPageSize(head.readUInt32BE(8));
}

/**
 * The frames there are. A log is written over from its beginning once all of it is in the database: frames of the
 * round before, under other salts, may follow. They are as good, and older.
 */
function* framesOf(bytes: Buffer, pageBytes: number): Generator<Frame> {
  const size = frameHeaderBytes + pageBytes;
  const salt = bytes.subarray(16, 24);
  const [fresh, stale]: [Frame[], Frame[]] = [[], []];
  for (let at = walHeaderBytes; at + size <= bytes.length; at += size) {
    const number = bytes.readUInt32BE(at);
    if (number < 1 || number > mostPages) continue;
    const page = bytes.subarray(at + frameHeaderBytes, at + size);
    const isFresh = bytes.subarray(at + 8, at + 16).equals(salt);
    (isFresh ? fresh : stale).push({ number, commits: bytes.readUInt32BE(at + 4) !== 0, page });
  }
  yield* stale;
  yield* fresh;
}

/** Numbers above are not read: it would be a database of gigabytes, and each number is asked for. */
const mostPages = 2 ** 21;
