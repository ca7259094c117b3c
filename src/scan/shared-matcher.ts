/**
 * A matcher whose contents may be matched by another thread. How long they are is not known when they begin. A file
 * that is longer than a batch goes on in the next one, and the walk waits for its helper; what comes out of an archive comes all at once,
 * so that a member with more bytes than are left of a batch goes to the matcher here, with what had come of it.
 */

import type { Matcher, OnContent } from '../detect/matcher.ts';
import type { Lane } from './help.ts';
import type { Batch, Helpers } from './helpers.ts';

interface Open {
  readonly id: number;
  readonly path: string;
  /** Where it begins in its batch. */
  readonly start: number;
}

/** Takes contents one after another, as a matcher does. */
export class SharedMatcher {
  readonly #here: Matcher;
  readonly #helpers: Helpers;
  readonly #lane: Lane;
  readonly #onContent: OnContent;
  #batch: Batch | undefined;
  /** The content that is put into the batch. */
  #open: Open | undefined;

  constructor(here: Matcher, helpers: Helpers, lane: Lane, onContent: OnContent) {
    this.#here = here;
    this.#helpers = helpers;
    this.#lane = lane;
    this.#onContent = onContent;
  }

  /** A content begins; one that `stays` is matched here, in order. */
  begin(id: number, path: string, stays: boolean): void {
    if (!stays) this.#batch ??= this.#helpers.batch();
    if (stays || this.#batch === undefined) this.#here.begin(id, path);
    else this.#open = { id, path, start: this.#batch.fill };
  }

  write(bytes: Uint8Array): void {
    let rest = bytes;
    while (this.#batch !== undefined && this.#open !== undefined) {
      const batch = this.#batch;
      const room = batch.bytes.length - batch.fill;
      if (rest.length > room && this.#lane === 'members') {
        this.#takeBack(batch, this.#open);
        break;
      }
      batch.bytes.set(rest.length > room ? rest.subarray(0, room) : rest, batch.fill);
      batch.fill += Math.min(room, rest.length);
      if (rest.length <= room) return;
      rest = rest.subarray(room);
      this.#goOn(batch, this.#open);
    }
    this.#here.write(rest);
  }

  end(): void {
    const batch = this.#batch;
    if (batch === undefined || this.#open === undefined) {
      this.#here.end();
      return;
    }
    const { id, path } = this.#open;
    this.#open = undefined;
    batch.contents.push({ id, path, end: batch.fill, goesOn: false });
    if (batch.isFull) this.#send(batch);
  }

  /** Matches all contents that have ended, here; of what was sent the matches come later. */
  flush(): void {
    if (this.#open === undefined && this.#batch !== undefined) this.#send(this.#batch);
    this.#here.flush();
  }

  close(): void {
    this.#here.close();
  }

  #goOn(batch: Batch, { id, path }: Open): void {
    batch.contents.push({ id, path, end: batch.fill, goesOn: true });
    this.#send(batch);
    this.#batch = this.#helpers.next(batch);
  }

  #takeBack(batch: Batch, { id, path, start }: Open): void {
    this.#open = undefined;
    this.#here.begin(id, path);
    this.#here.write(batch.bytes.subarray(start, batch.fill));
    batch.fill = start;
    this.#send(batch);
  }

  #send(batch: Batch): void {
    if (batch.contents.length === 0) return;
    this.#batch = undefined;
    this.#helpers.send(batch, this.#lane, this.#onContent);
  }
}
