/**
 * Threads that have no layer help one that has a large one. Contents go to them in batches, and what they find comes back
 * while the walk goes on; what they have no time for is matched where it was read. This is the side that is helped.
 */

import type { MessagePort } from 'node:worker_threads';
import type { OnContent } from '../detect/matcher.ts';
import type { Answer, BatchContent, Lane, Sent } from './help.ts';

/** A batch fills a matcher's slab once, with the bytes that part its contents. */
export const batchBytes: number = (1 << 20) - 4096;
const mostContents = 256;
/** Batches that a helper has at a time: one that is matched, and one that waits. */
const mostSent = 2;

/** A thread that helps, as the one that it helps knows it. */
interface Helper {
  readonly port: MessagePort;
  /** Buffers for batches that it has time for. */
  readonly free: Uint8Array<ArrayBuffer>[];
  /** What it has, in the order in which it answers. */
  readonly sent: { readonly batch: Batch; readonly onContent: OnContent }[];
}

/** Contents that are put together for a helper. */
export class Batch {
  readonly helper: Helper;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contents: BatchContent[] = [];
  /** Where the next content's bytes go. */
  fill = 0;

  constructor(helper: Helper, bytes: Uint8Array<ArrayBuffer>) {
    this.helper = helper;
    this.bytes = bytes;
  }

  get isFull(): boolean {
    return this.fill === this.bytes.length || this.contents.length === mostContents;
  }
}

/** The helpers of one walk; they may come at any time. */
export class Helpers {
  readonly #helpers = new Set<Helper>();
  #pending = 0;
  #failure: Error | undefined;
  #wake = (): void => {};

  /** Contents whose matches helpers have still to tell. */
  get pending(): number {
    return this.#pending;
  }

  add(port: MessagePort): void {
    const free = Array.from({ length: mostSent }, () => new Uint8Array(batchBytes));
    const helper: Helper = { port, free, sent: [] };
    this.#helpers.add(helper);
    port.on('message', (answer: Answer) => this.#take(helper, answer));
    port.once('close', () => this.#lose(helper));
  }

  /** An empty batch for a helper that has time for it. */
  batch(): Batch | undefined {
    for (const helper of this.#helpers) {
      const bytes = helper.free.pop();
      if (bytes === undefined) continue;
      // Whose turn it was is asked last the next time.
      this.#helpers.delete(helper);
      this.#helpers.add(helper);
      return new Batch(helper, bytes);
    }
    return undefined;
  }

  /** A batch that goes on with what another one has begun, whether its helper has time or not. */
  next({ helper }: Batch): Batch {
    return new Batch(helper, helper.free.pop() ?? new Uint8Array(batchBytes));
  }

  send(batch: Batch, lane: Lane, onContent: OnContent): void {
    const { helper, contents, bytes } = batch;
    for (const { goesOn } of contents) if (!goesOn) this.#pending++;
    if (!this.#helpers.has(helper)) this.#fail('a thread that helped has ended');
    helper.sent.push({ batch, onContent });
    const message: Sent = { lane, contents, bytes };
    helper.port.postMessage(message, [bytes.buffer]);
  }

  /** Settles when no helper has more than it has time for. */
  async ready(): Promise<void> {
    await this.#until(() => [...this.#helpers].every(({ sent }) => sent.length <= mostSent));
  }

  /** Settles when everything has been answered. @throws Error where a helper failed: its contents are not matched */
  async settled(): Promise<void> {
    await this.#until(() => this.#pending === 0);
    if (this.#failure !== undefined) throw this.#failure;
  }

  close(): void {
    for (const { port } of this.#helpers) port.close();
  }

  async #until(holds: () => boolean): Promise<void> {
    while (this.#failure === undefined && !holds()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #take(helper: Helper, answer: Answer): void {
    const sent = helper.sent.shift();
    if (sent === undefined) return;
    if ('failed' in answer) {
      this.#fail(answer.failed);
      return;
    }
    const found = new Map(answer.found.map((content) => [content[0], content]));
    for (const { id, goesOn } of sent.batch.contents) {
      if (goesOn) continue;
      this.#pending--;
      sent.onContent(...(found.get(id) ?? [id, [], false, none]));
    }
    if (helper.free.length + helper.sent.length < mostSent) helper.free.push(answer.bytes);
    this.#wake();
  }

  #lose(helper: Helper): void {
    this.#helpers.delete(helper);
    if (helper.sent.length > 0) this.#fail('a thread that helped has ended');
  }

  #fail(message: string): void {
    this.#failure ??= new Error(message);
    this.#wake();
  }
}

const none: ReadonlySet<never> = new Set<never>();
