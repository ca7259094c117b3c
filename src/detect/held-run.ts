/**
 * Stretches that repeat a few bytes over and over (`aaaa…`, `8n8n…`): an anchor may hit at every one of them. Where all that detectors may
 * read around a hit repeats, a hit of the same anchor some repetitions on finds the same, so that it is looked at once. Nothing else is
 * left out: what is found does not change.
 */

import type { View } from './accept.ts';

/** Stretches repeat after so many bytes: a multiple of each count up to six, and of eight, ten, twelve and more. */
const period = 240;

/** Bytes that must repeat before a stretch is measured. */
const worthALook = 16;

/** The stretch that the last hits of a matcher lie in, and which anchors found nothing in it. */
export class HeldRun {
  readonly #before: number;
  readonly #after: number;
  #content: unknown;
  /** Offsets in the content: every byte from `from + period` to `to` is the one `period` bytes before it. */
  #from = 0;
  #to = 0;
  readonly #barren = new Set<number>();

  /** Detectors read so many bytes before and after a hit. */
  constructor(before: number, after: number) {
    this.#before = before;
    this.#after = after;
  }

  /** What a hit has in common with those some repetitions on; undefined where something around it does not repeat. */
  keyOf(
    content: unknown,
    { bytes, low, high }: View,
    position: number,
    toOffset: number,
    output: number,
  ): number | undefined {
    if (content !== this.#content) {
      this.#content = content;
      this.#leave();
    }
    const offset = position + toOffset;
    if (offset >= this.#to) {
      if (!repeats(bytes, low, position)) return undefined;
      this.#leave();
      const first = Math.max(low + period, position - this.#before);
      let from = position;
      while (from > first && bytes[from - 1] === bytes[from - 1 - period]) from--;
      this.#from = from - period + toOffset;
      this.#to = offset + 1;
    }
    if (offset - this.#before < this.#from) return undefined;
    if (offset + this.#after > this.#to) this.#extend(bytes, high, toOffset);
    return offset + this.#after > this.#to ? undefined : output * period + (offset % period);
  }

  isBarren(key: number): boolean {
    return this.#barren.has(key);
  }

  /** A hit with this key found nothing. */
  setBarren(key: number): void {
    this.#barren.add(key);
  }

  #leave(): void {
    this.#from = 0;
    this.#to = 0;
    this.#barren.clear();
  }

  #extend(bytes: Uint8Array, high: number, toOffset: number): void {
    let to = this.#to - toOffset;
    while (to < high && bytes[to] === bytes[to - period]) to++;
    this.#to = to + toOffset;
  }
}

function repeats(bytes: Uint8Array, low: number, position: number): boolean {
  if (position - period - worthALook < low) return false;
  for (let at = position; at > position - worthALook; at--) if (bytes[at] !== bytes[at - period]) return false;
  return true;
}
