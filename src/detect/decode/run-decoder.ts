/** Decodes a run as its bytes come by, whatever pieces they come in: what is left over of a group waits for the next piece. */

import { nibbles, sextets } from './byte-class.ts';

/** The kinds of run. */
export type RunKind = 'base64' | 'hex' | 'utf-16';

/** Decodes one run. */
export interface RunDecoder {
  /** Decodes bytes that all belong to the run; what is given back lies in `room`, until that is used again. */
  decode(bytes: Uint8Array, start: number, end: number, room: DecodeRoom): Uint8Array;
  /** What is left when the run has ended. */
  finish(): Uint8Array;
}

/** A decoder for one run of a kind. */
export function createRunDecoder(kind: RunKind): RunDecoder {
  return kind === 'base64' ? new Base64Decoder() : kind === 'hex' ? new HexDecoder() : wide;
}

/**
 * Room for what is decoded of a slab, kept since runs come by the thousand. One for each depth of codes in codes: while some of it is still
 * to be handed over, what was handed over may be looked into, and decoded in its turn.
 */
export class DecodeRoom {
  #bytes = new Uint8Array(0);

  of(bytes: number): Uint8Array {
    if (this.#bytes.length < bytes) this.#bytes = new Uint8Array(Math.max(bytes, leastRoom));
    return this.#bytes;
  }
}

const leastRoom = 4096;

const nothing = new Uint8Array(0);

/** RFC 4648, sections 4 and 5 in one: where both alphabets are mixed, nobody else could read it either. */
class Base64Decoder implements RunDecoder {
  #bits = 0;
  #count = 0;

  decode(bytes: Uint8Array, start: number, end: number, room: DecodeRoom): Uint8Array {
    const out = room.of((((end - start) * 3) >> 2) + 3);
    let length = 0;
    let bits = this.#bits;
    let count = this.#count;
    for (let at = start; at < end; at++) {
      bits = (bits << 6) | (sextets[bytes[at] as number] as number);
      if (++count < 4) continue;
      out[length++] = bits >> 16;
      out[length++] = bits >> 8;
      out[length++] = bits;
      bits = 0;
      count = 0;
    }
    this.#bits = bits;
    this.#count = count;
    return out.subarray(0, length);
  }

  finish(): Uint8Array {
    if (this.#count === 2) return Uint8Array.of(this.#bits >> 4);
    return this.#count === 3 ? Uint8Array.of(this.#bits >> 10, this.#bits >> 2) : nothing;
  }
}

class HexDecoder implements RunDecoder {
  #high = -1;

  decode(bytes: Uint8Array, start: number, end: number, room: DecodeRoom): Uint8Array {
    const out = room.of(((end - start) >> 1) + 1);
    let length = 0;
    for (let at = start; at < end; at++) {
      const nibble = nibbles[bytes[at] as number] as number;
      if (this.#high === -1) this.#high = nibble;
      else {
        out[length++] = this.#high * 16 + nibble;
        this.#high = -1;
      }
    }
    return out.subarray(0, length);
  }

  finish(): Uint8Array {
    return nothing;
  }
}

/** Units of UTF-16 below U+0100, low byte first: pieces are whole units, and each becomes one byte, so that offsets stay in proportion. */
class WideDecoder implements RunDecoder {
  decode(bytes: Uint8Array, start: number, end: number, room: DecodeRoom): Uint8Array {
    const out = room.of((end - start + 1) >> 1);
    let length = 0;
    for (let at = start; at < end; at += 2) out[length++] = bytes[at] as number;
    return out.subarray(0, length);
  }

  finish(): Uint8Array {
    return nothing;
  }
}

/** It keeps nothing from piece to piece, so one does for all: a table of translations is a hundred thousand runs. */
const wide = new WideDecoder();
