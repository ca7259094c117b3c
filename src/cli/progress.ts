/**
 * The line on standard error that says how far a scan is: drawn on a terminal alone, a few times a second,
 * and taken away before anything else is printed. With --verbose each layer leaves a line, terminal or not.
 */

import { printable } from '../report/printable.ts';
import { formatBytes, formatCount, formatDuration, formatNumber } from '../report/quantity.ts';
import { truncate } from '../report/wrap.ts';
import type { ProgressEvent, ScanProgress } from '../scan/progress.ts';

/** Where progress goes, and how much of it. */
export interface ProgressOptions {
  readonly write: (text: string) => void;
  readonly isTTY: boolean;
  /** Columns of the terminal now; it may change while the scan runs. */
  readonly columns: () => number;
  readonly verbose: boolean;
  readonly quiet: boolean;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
  /** Milliseconds between two drawings. */
  readonly everyMs?: number;
}

/** Progress that is drawn. */
export interface ProgressLine {
  /** What a scan reports to. */
  readonly onEvent: ScanProgress;
  /** Writes a line of its own on standard error, the progress line out of its way. */
  readonly say: (line: string) => void;
  /** Takes the line away and stops drawing; to be called before the report is printed, and again is no harm. */
  readonly close: () => void;
}

/** Begins to draw. */
export function drawProgress(options: ProgressOptions): ProgressLine {
  const now = options.now ?? (() => performance.now());
  const everyMs = options.everyMs ?? 100;
  const drawing = options.isTTY && !options.quiet;
  const state = new ScanState(now);
  let drawnAt = Number.NEGATIVE_INFINITY;
  let onScreen = false;
  let closed = false;

  const erase = (): void => {
    if (onScreen) options.write('\r\u001b[2K');
    onScreen = false;
  };
  const draw = (): void => {
    if (!drawing || closed || now() - drawnAt < everyMs) return;
    drawnAt = now();
    // One column stays free: some terminals wrap a line that fills the last one.
    const text = truncate(state.text(), Math.max(options.columns() - 1, 10));
    erase();
    if (text === '') return;
    options.write(text);
    onScreen = true;
  };
  // Time passes in a line even while nothing comes; never what keeps the process alive.
  const timer = drawing ? setInterval(draw, Math.max(everyMs, 250)).unref() : undefined;
  const say = (line: string): void => {
    erase();
    options.write(`${line}\n`);
  };
  return {
    onEvent: (event) => {
      if (event.kind === 'remark' && !options.quiet && !closed) say(`whichlayer: ${printable(event.message)}`);
      const line = state.take(event);
      if (line !== undefined && options.verbose && !options.quiet && !closed) say(line);
      draw();
    },
    say,
    close: () => {
      closed = true;
      clearInterval(timer);
      erase();
    },
  };
}

/** How far the scan is, from its events. */
class ScanState {
  readonly #now: () => number;
  readonly #blobs = new Map<string, { readonly startedAt: number; readonly sizeBytes: number | undefined }>();
  #reference = '';
  #layers: number | undefined;
  #done = 0;
  #bytes = 0;
  #startedAt: number | undefined;
  #waiting: { readonly reason: string; readonly since: number } | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes an event in; returns the line it is worth with --verbose. */
  take(event: ProgressEvent): string | undefined {
    switch (event.kind) {
      case 'opening':
        this.#begin(event.reference);
        this.#waiting = { reason: 'looking for the image', since: this.#now() };
        return undefined;
      case 'resolved':
        this.#begin(event.reference);
        this.#layers = event.layers;
        return printable(event.title);
      case 'waiting':
        this.#waiting = { reason: printable(event.reason), since: this.#now() };
        return undefined;
      case 'blob-start':
        this.#waiting = undefined;
        this.#startedAt ??= this.#now();
        this.#blobs.set(event.key, { startedAt: this.#now(), sizeBytes: event.sizeBytes });
        return undefined;
      case 'bytes':
        this.#waiting = undefined;
        this.#bytes += event.bytes;
        return undefined;
      case 'blob-end':
        return this.#end(event.key, event.cached === true);
      case 'remark':
        return undefined;
      case 'closed':
        this.#begin('');
        return undefined;
    }
  }

  /** The line; empty where there is nothing to say. */
  text(): string {
    if (this.#waiting !== undefined) {
      const { reason, since } = this.#waiting;
      const waited = this.#now() - since;
      return [this.#reference, reason, ...(waited < 1000 ? [] : [formatDuration(waited)])].filter(Boolean).join('  ');
    }
    if (this.#startedAt === undefined) return this.#reference;
    const seconds = (this.#now() - this.#startedAt) / 1000;
    const total = this.#layers === undefined ? '' : `/${formatCount(this.#layers)}`;
    const layers =
      this.#layers === undefined ? formatNumber(this.#done, 'layer') : `${formatCount(this.#done)}${total} layers`;
    const rate = seconds < 0.5 ? [] : [`${formatBytes(this.#bytes / seconds)}/s`];
    return [this.#reference, layers, formatBytes(this.#bytes), ...rate].join('  ');
  }

  #begin(reference: string): void {
    this.#reference = printable(reference);
    this.#layers = undefined;
    this.#done = 0;
    this.#bytes = 0;
    this.#startedAt = undefined;
    this.#waiting = undefined;
    this.#blobs.clear();
  }

  #end(key: string, cached: boolean): string {
    this.#done += 1;
    const blob = this.#blobs.get(key);
    this.#blobs.delete(key);
    const size = blob?.sizeBytes === undefined ? '' : ` ${formatBytes(blob.sizeBytes)}`;
    const time = blob === undefined ? '' : ` in ${formatDuration(this.#now() - blob.startedAt)}`;
    if (cached) return `${shortKey(printable(key))}${size} is known from an earlier scan`;
    return `scanned ${shortKey(printable(key))}${size}${time}`;
  }
}

function shortKey(key: string): string {
  return key.replace(/([0-9a-f]{12})[0-9a-f]{52}/g, '$1');
}
