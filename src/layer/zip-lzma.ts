/**
 * A zip member packed by LZMA (APPNOTE 5.8.8): version, length of properties, properties, stream. They become the header of an .lzma
 * file; the size is the zip header's, where it says one, else the stream has an end mark.
 */

import type { DecodeState, Emit, StreamDecoder } from './decoder.ts';
import { LzmaAloneDecoder } from './lzma-alone.ts';
import type { InflateSettings } from './packed.ts';

const headBytes = 9;
const propertiesBytes = 5;
const unknownSize = 2n ** 64n - 1n;

/** Decodes one such member. */
export class ZipLzmaDecoder implements StreamDecoder {
  readonly #lzma: LzmaAloneDecoder;
  readonly #size: bigint;
  #head: Buffer | undefined = Buffer.alloc(0);
  #isWrong = false;

  /** @param sizeBytes how much comes out, 0 where nobody says */
  constructor(emit: Emit, settings: InflateSettings, sizeBytes: number) {
    this.#lzma = new LzmaAloneDecoder(emit, settings);
    this.#size = sizeBytes > 0 ? BigInt(sizeBytes) : unknownSize;
  }

  get state(): DecodeState {
    return this.#isWrong ? 'corrupt' : this.#lzma.state;
  }

  push(bytes: Uint8Array): void {
    if (this.#head === undefined) {
      this.#lzma.push(bytes);
      return;
    }
    this.#head = Buffer.concat([this.#head, bytes]);
    if (this.#head.length < headBytes) return;
    const header = Buffer.alloc(propertiesBytes + 8);
    this.#head.copy(header, 0, headBytes - propertiesBytes, headBytes);
    header.writeBigUInt64LE(this.#size, propertiesBytes);
    this.#isWrong = this.#head.readUInt16LE(2) !== propertiesBytes;
    const rest = this.#head.subarray(headBytes);
    this.#head = undefined;
    if (this.#isWrong) return;
    this.#lzma.push(header);
    this.#lzma.push(rest);
  }

  settle(): DecodeState {
    return this.state;
  }

  finish(): DecodeState {
    this.#lzma.finish();
    return this.state;
  }

  rest(): Uint8Array {
    return this.#lzma.rest();
  }

  close(): void {
    this.#lzma.close();
  }
}
