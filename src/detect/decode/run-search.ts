/**
 * Finds the runs of a content that are text in another coat: base64, hex, UTF-16. It jumps, looking at one byte in twenty mostly,
 * and goes on where it stopped when more of the content is there; what it decides depends on the bytes alone, never on
 * where a slab is cut.
 */

import { base64Set, nibbles, textSet, wideSet } from './byte-class.ts';
import { createRunDecoder, type DecodeRoom, type RunDecoder, type RunKind } from './run-decoder.ts';
import type { RunFinder } from './run-finder.ts';
import { leastBase64, sampleReach, sampleRun } from './sample.ts';

/** A run that is text, or will be once it is inflated. */
export interface Run {
  readonly kind: RunKind;
  readonly packed: 'gzip' | 'zlib' | undefined;
  /** Offset in the content. */
  readonly start: number;
}

/** Receives what was decoded, in order. */
export interface RunSink {
  /** Where runs are decoded for it. */
  readonly room: DecodeRoom;
  /** A run begins; `prefix` is what stands before it in its line. */
  runBegin(run: Run, prefix: Uint8Array): void;
  runData(bytes: Uint8Array): void;
  /** It has ended at that offset of the content. */
  runEnd(end: number): void;
}

/** What of a content is in the slab: indexes, and what is added to one to get an offset. */
export interface Region {
  readonly bytes: Uint8Array;
  readonly finder: RunFinder;
  /** The first byte that is there. */
  readonly low: number;
  readonly high: number;
  readonly toOffset: number;
  /** True where the content ends at `high`. */
  readonly ended: boolean;
}

/** Bytes of a line before a run that say what it is. */
export const prefixReach = 128;

/** Units of UTF-16 that are more than two numbers beside each other. */
const leastUnits = 12;
/** A line of wrapped base64 is at least so long, and indented by so much at most. */
const leastLine = 32;
const mostIndent = 64;

const [newline, carriage, backslash, space, tab] = [0x0a, 0x0d, 0x5c, 0x20, 0x09];

/** Searches one content, from its beginning to its end. */
export class RunSearch {
  /** Offset up to which everything was looked at. */
  resume = 0;
  #open: Run | undefined;
  #decoder: RunDecoder | undefined;
  /** Characters of the run's current line. */
  #lineLength = 0;
  /** True while a run that is nothing goes on. */
  #skipping = false;
  /** Offset at which the last run ended. */
  #floor = 0;

  /** True while a run is open: `resume` is in it. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Looks at what was not looked at. */
  search(region: Region, sink: RunSink): void {
    const { bytes, high, toOffset, ended } = region;
    let low = this.resume - toOffset;
    if (this.#skipping) {
      low = runEnd(bytes, low, high, 'base64');
      this.#skipping = low === high;
    }
    if (this.#open !== undefined) low = this.#follow(region, low, sink);
    // Whoever follows a run to the end of what is there goes on with it the next time.
    if (this.#open !== undefined || this.#skipping) {
      this.resume = low + toOffset;
      return;
    }
    for (;;) {
      const hint = region.finder.findRun(low, high);
      low = region.finder.at;
      if (hint === 0) break;
      if (hint === 1) {
        const end = runEnd(bytes, low + leastBase64, high, 'base64');
        if (end === high && !ended && end - low < sampleReach) break;
        const found = sampleRun(bytes, low, Math.min(end, low + sampleReach));
        if (found === undefined) {
          this.#skipping = end === high;
          low = end;
        } else {
          low = this.#enter(region, { kind: found.kind, packed: found.packed, start: found.start + toOffset }, sink);
        }
      } else {
        const { start, end } = this.#wideAt(region, region.finder.zero);
        const isShort = end - start < 2 * leastUnits;
        if (isShort && end + 1 >= high && !ended) {
          low = start;
          break;
        }
        if (isShort) low = Math.max(low + 1, end);
        else low = this.#enter(region, { kind: 'utf-16', packed: undefined, start: start + toOffset }, sink);
      }
      if (this.#open !== undefined || this.#skipping) break;
    }
    this.resume = (ended ? high : low) + toOffset;
  }

  #enter(region: Region, run: Run, sink: RunSink): number {
    const start = run.start - region.toOffset;
    this.#open = run;
    this.#decoder = createRunDecoder(run.kind);
    this.#lineLength = 0;
    sink.runBegin(run, run.kind === 'utf-16' ? region.bytes.subarray(start, start) : prefixOf(region, start));
    return this.#follow(region, start, sink);
  }

  /** Decodes the open run as far as it goes. @returns the index up to which it was looked at */
  #follow(region: Region, from: number, sink: RunSink): number {
    const run = this.#open as Run;
    const decoder = this.#decoder as RunDecoder;
    const { bytes, high, toOffset, ended } = region;
    let at = from;
    for (;;) {
      const end = run.kind === 'utf-16' ? wideEnd(bytes, at, high) : runEnd(bytes, at, high, run.kind);
      if (end > at) {
        sink.runData(decoder.decode(bytes, at, end, sink.room));
        this.#lineLength += end - at;
      }
      at = end;
      const isCut = run.kind === 'utf-16' ? at + 1 >= high : at === high;
      if (isCut && !ended) return at;
      const next = run.kind === 'base64' && this.#lineLength >= leastLine ? nextLine(region, at) : -1;
      if (next === undefined) return at;
      if (next === -1) break;
      this.#lineLength = 0;
      at = next;
    }
    const rest = decoder.finish();
    if (rest.length > 0) sink.runData(rest);
    // Big-endian text has the high byte first: its last letter has no zero after it.
    if (run.kind === 'utf-16' && at === high - 1 && textSet[bytes[at] as number] === 1) {
      sink.runData(bytes.subarray(at, at + 1));
      at++;
    }
    this.#open = undefined;
    this.#decoder = undefined;
    this.#floor = at + toOffset;
    sink.runEnd(at + toOffset);
    return at;
  }

  /** The letters with zeros after them around a zero. */
  #wideAt({ bytes, low, high, toOffset }: Region, zero: number): { start: number; end: number } {
    const floor = Math.max(low, zero - 2 * sampleReach, this.#floor - toOffset);
    let start = zero + 1;
    while (start - 2 >= floor && bytes[start - 1] === 0 && wideSet[bytes[start - 2] as number] === 1) start -= 2;
    const end = wideEnd(bytes, zero + 1, high);
    return { start, end };
  }
}

function runEnd(bytes: Uint8Array, start: number, high: number, kind: RunKind): number {
  let at = start;
  if (kind === 'base64') while (at < high && base64Set[bytes[at] as number] === 1) at++;
  else while (at < high && (nibbles[bytes[at] as number] as number) < 16) at++;
  return at;
}

function wideEnd(bytes: Uint8Array, start: number, high: number): number {
  let at = start;
  while (at + 1 < high && bytes[at + 1] === 0 && wideSet[bytes[at] as number] === 1) at += 2;
  return at;
}

/**
 * Where wrapped base64 goes on after a line of it: a line end, real or written as `\n`, and an indent. @returns -1 where it does not,
 * undefined where it can't be told yet
 */
function nextLine({ bytes, high, ended }: Region, from: number): number | undefined {
  let at = from;
  let lines = 0;
  for (;;) {
    if (at + 1 >= high && !ended) return undefined;
    const byte = bytes[at];
    if (at < high && byte === newline) {
      at++;
      lines++;
    } else if (at < high && byte === carriage) at++;
    else if (at + 1 < high && byte === backslash && (bytes[at + 1] === 0x6e || bytes[at + 1] === 0x72)) {
      lines += Number(bytes[at + 1] === 0x6e);
      at += 2;
    } else break;
    if (lines > 1) return -1;
  }
  if (lines === 0) return -1;
  const last = Math.min(high, at + mostIndent);
  while (at < last && (bytes[at] === space || bytes[at] === tab)) at++;
  if (at === high) return ended ? -1 : undefined;
  return base64Set[bytes[at] as number] === 1 ? at : -1;
}

function prefixOf({ bytes, low }: Region, start: number): Uint8Array {
  const floor = Math.max(low, start - prefixReach);
  let from = start;
  while (from > floor && bytes[from - 1] !== newline) from--;
  return bytes.subarray(from, start);
}
