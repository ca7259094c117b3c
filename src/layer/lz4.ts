/**
 * An lz4 frame (LZ4 Frame Format 1.6.4, LZ4 Block Format), or a legacy frame as Linux kernels have them: blocks of a
 * known size, each decoded when it is there whole, over a window of the 64 KiB before it. The checksums are verified, block sizes that
 * the header does not allow are damage.
 */

import { ByteQueue } from './byte-queue.ts';
import { type DecodeState, type Emit, Outlet, type StreamDecoder } from './decoder.ts';
import { Xxh32, xxh32 } from './xxh32.ts';

export const lz4Magic = 0x184d2204;
export const lz4LegacyMagic = 0x184c2102;
const windowBytes = 64 * 1024;
const legacyBlockBytes = 8 * 1024 * 1024;

type Part = 'header' | 'block' | 'legacy-block' | 'footer';

/** Decodes one frame. */
export class Lz4Decoder implements StreamDecoder {
  readonly #outlet: Outlet;
  readonly #input: ByteQueue = new ByteQueue();
  state: DecodeState = 'open';
  #part: Part = 'header';
  #mostBlockBytes = 0;
  #hasBlockSums = false;
  #isLinked = false;
  #sum: Xxh32 | undefined;
  /** Window and block, side by side. */
  #output: Uint8Array = new Uint8Array(0);
  #windowLength = 0;
  /** How far a block that makes no sense was decoded. */
  #reached = 0;

  constructor(emit: Emit, options: { readonly ratio: number }) {
    this.#outlet = new Outlet(emit, options.ratio);
  }

  push(bytes: Uint8Array): void {
    if (this.state !== 'open') return;
    this.#input.push(bytes);
    this.#outlet.inputBytes += bytes.length;
    while (this.state === 'open' && this.#step());
  }

  finish(): DecodeState {
    if (this.settle() === 'open' && this.#part !== 'header' && this.#part !== 'footer') this.#salvage();
    return this.state;
  }

  settle(): DecodeState {
    // A legacy frame has no end mark: it ends between two blocks.
    if (this.state === 'open' && this.#part === 'legacy-block' && this.#input.length === 0) this.state = 'ended';
    return this.state;
  }

  rest(): Uint8Array {
    return this.#input.bytes.subarray(this.#input.start, this.#input.end);
  }

  close(): void {
    this.#output = new Uint8Array(0);
  }

  #step(): boolean {
    switch (this.#part) {
      case 'header':
        return this.#header();
      case 'block':
        return this.#block();
      case 'legacy-block':
        return this.#legacyBlock();
      case 'footer':
        return this.#footer();
    }
  }

  #fail(): boolean {
    this.state = 'corrupt';
    return false;
  }

  #header(): boolean {
    const { bytes, start, length } = this.#input;
    if (length < 7) return false;
    if (bytes.readUInt32LE(start) === lz4LegacyMagic) {
      this.#input.start += 4;
      this.#mostBlockBytes = legacyBlockBytes;
      this.#part = 'legacy-block';
      return true;
    }
    const flags = bytes[start + 4]!;
    const blockCode = bytes[start + 5]! >> 4;
    const headerBytes = 2 + (flags & 0x08 ? 8 : 0) + (flags & 0x01 ? 4 : 0);
    if (length < 4 + headerBytes + 1) return false;
    const header = bytes.subarray(start + 4, start + 4 + headerBytes);
    const isKnown = bytes.readUInt32LE(start) === lz4Magic && flags >> 6 === 1 && (flags & 0x02) === 0;
    if (!isKnown || blockCode < 4 || blockCode > 7) return this.#fail();
    if (bytes[start + 4 + headerBytes] !== ((xxh32(header) >>> 8) & 0xff)) return this.#fail();
    // A dictionary that is not here: what refers to it can't be decoded.
    if (flags & 0x01) return this.#fail();
    this.#isLinked = (flags & 0x20) === 0;
    this.#hasBlockSums = (flags & 0x10) !== 0;
    if (flags & 0x04) this.#sum = new Xxh32();
    this.#mostBlockBytes = 4 ** (blockCode + 4);
    this.#input.start += 4 + headerBytes + 1;
    this.#part = 'block';
    return true;
  }

  #block(): boolean {
    const { bytes, start, length } = this.#input;
    if (length < 4) return false;
    const field = bytes.readUInt32LE(start);
    if (field === 0) {
      this.#input.start += 4;
      this.#part = 'footer';
      return true;
    }
    const size = field & 0x7fffffff;
    if (size > this.#mostBlockBytes) return this.#fail();
    const sumBytes = this.#hasBlockSums ? 4 : 0;
    if (length < 4 + size + sumBytes) return false;
    const packed = bytes.subarray(start + 4, start + 4 + size);
    if (this.#hasBlockSums && xxh32(packed) !== bytes.readUInt32LE(start + 4 + size)) return this.#fail();
    this.#input.start += 4 + size + sumBytes;
    return this.#decode(packed, field > 0x7fffffff);
  }

  #legacyBlock(): boolean {
    const { bytes, start, length } = this.#input;
    if (length < 4) return false;
    const size = bytes.readUInt32LE(start);
    if (size === lz4LegacyMagic || size === lz4Magic) {
      this.state = 'ended';
      return false;
    }
    if (size > legacyBlockBytes + legacyBlockBytes / 255 + 16) return this.#fail();
    if (length < 4 + size) return false;
    this.#input.start += 4 + size;
    return this.#decode(bytes.subarray(start + 4, start + 4 + size), false);
  }

  #footer(): boolean {
    if (this.#sum !== undefined) {
      if (this.#input.length < 4) return false;
      const expected = this.#input.take(4).readUInt32LE(0);
      if (this.#sum.digest() !== expected) return this.#fail();
    }
    this.state = 'ended';
    return false;
  }

  /** Gives what there is of a block that is cut short. */
  #salvage(): void {
    const { bytes, start, end, length } = this.#input;
    if (length <= 4) return;
    this.#input.start = end;
    this.#decode(bytes.subarray(start + 4, end), this.#part === 'block' && bytes.readUInt32LE(start) > 0x7fffffff);
    if (this.state === 'corrupt') this.state = 'open';
  }

  #decode(packed: Uint8Array, isStored: boolean): boolean {
    if (!this.#isLinked) this.#windowLength = 0;
    const from = this.#windowLength;
    const whole = isStored ? this.#store(packed) : this.#unpack(packed);
    const end = whole ?? this.#reached;
    const content = this.#output.subarray(from, end);
    this.#sum?.update(content);
    this.state = this.#outlet.give(content);
    if (whole === undefined && this.state === 'open') return this.#fail();
    const kept = Math.min(end, windowBytes);
    this.#output.copyWithin(0, end - kept, end);
    this.#windowLength = kept;
    return this.state === 'open';
  }

  #store(packed: Uint8Array): number {
    const end = this.#windowLength + packed.length;
    this.#grow(end);
    this.#output.set(packed, this.#windowLength);
    return end;
  }

  /** Makes the output larger, as content asks for it: a block size in a header is a claim, and a file may be a million frames. */
  #grow(needed: number): Uint8Array {
    if (needed > this.#output.length) {
      const larger = new Uint8Array(
        Math.min(windowBytes + this.#mostBlockBytes, Math.max(needed, this.#output.length * 2, 1024)),
      );
      larger.set(this.#output);
      this.#output = larger;
    }
    return this.#output;
  }

  /** @returns where the block ends in `#output`, or undefined where it makes no sense */
  #unpack(packed: Uint8Array): number | undefined {
    this.#reached = this.#windowLength;
    const limit = this.#windowLength + this.#mostBlockBytes;
    let output = this.#output;
    let to = this.#windowLength;
    for (let at = 0; ; ) {
      this.#reached = to;
      const token = packed[at++];
      if (token === undefined) return undefined;
      let literals = token >> 4;
      if (literals === 15) {
        for (let more = 255; more === 255; literals += more) {
          if (at >= packed.length) return undefined;
          more = packed[at++]!;
        }
      }
      if (at + literals > packed.length || to + literals > limit) return undefined;
      if (to + literals > output.length) output = this.#grow(to + literals);
      if (literals < 32) for (const end = to + literals; to < end; ) output[to++] = packed[at++]!;
      else {
        output.set(packed.subarray(at, at + literals), to);
        to += literals;
        at += literals;
      }
      if (at === packed.length) return to;
      if (at + 2 > packed.length) return undefined;
      const distance = packed[at]! | (packed[at + 1]! << 8);
      at += 2;
      let length = token & 15;
      if (length === 15) {
        for (let more = 255; more === 255; length += more) {
          if (at >= packed.length) return undefined;
          more = packed[at++]!;
        }
      }
      length += 4;
      if (distance === 0 || distance > to || to + length > limit) return undefined;
      if (to + length > output.length) output = this.#grow(to + length);
      // A match may overlap what it makes.
      if (distance >= length && length > 32) {
        output.copyWithin(to, to - distance, to - distance + length);
        to += length;
      } else {
        for (let source = to - distance, end = to + length; to < end; ) output[to++] = output[source++]!;
      }
    }
  }
}
