/** XXH32, the checksum of lz4 frames (xxHash fast digest algorithm 0.1.1), with seed 0. */

const prime1 = 0x9e3779b1;
const prime2 = 0x85ebca77;
const prime3 = 0xc2b2ae3d;
const prime4 = 0x27d4eb2f;
const prime5 = 0x165667b1;
const stripeBytes = 16;

/** A sum that grows as bytes come. */
export class Xxh32 {
  readonly #lanes: Int32Array = Int32Array.of(prime1 + prime2, prime2, 0, -prime1);
  readonly #rest: Buffer = Buffer.alloc(stripeBytes);
  #restBytes = 0;
  #totalBytes = 0;

  update(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#totalBytes += bytes.length;
    let at = 0;
    if (this.#restBytes > 0) {
      at = Math.min(stripeBytes - this.#restBytes, bytes.length);
      this.#rest.set(bytes.subarray(0, at), this.#restBytes);
      this.#restBytes += at;
      if (this.#restBytes < stripeBytes) return;
      this.#stripes(this.#rest, 0, stripeBytes);
      this.#restBytes = 0;
    }
    const whole = at + ((bytes.length - at) & ~(stripeBytes - 1));
    this.#stripes(bytes, at, whole);
    this.#rest.set(bytes.subarray(whole), 0);
    this.#restBytes = bytes.length - whole;
  }

  digest(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#lanes;
    let sum = this.#totalBytes >= stripeBytes ? rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18) : prime5;
    sum = (sum + this.#totalBytes) | 0;
    let at = 0;
    for (; at + 4 <= this.#restBytes; at += 4) {
      sum = Math.imul(rotate((sum + Math.imul(this.#rest.readInt32LE(at), prime3)) | 0, 17), prime4);
    }
    for (; at < this.#restBytes; at++) {
      sum = Math.imul(rotate((sum + Math.imul(this.#rest[at]!, prime5)) | 0, 11), prime1);
    }
    sum = Math.imul(sum ^ (sum >>> 15), prime2);
    sum = Math.imul(sum ^ (sum >>> 13), prime3);
    return (sum ^ (sum >>> 16)) >>> 0;
  }

  #stripes(bytes: Buffer, from: number, to: number): void {
    const lanes = this.#lanes;
    for (let at = from; at < to; at += stripeBytes) {
      for (let lane = 0; lane < 4; lane++) {
        const word =
          bytes[at + 4 * lane]! |
          (bytes[at + 4 * lane + 1]! << 8) |
          (bytes[at + 4 * lane + 2]! << 16) |
          (bytes[at + 4 * lane + 3]! << 24);
        lanes[lane] = Math.imul(rotate((lanes[lane]! + Math.imul(word, prime2)) | 0, 13), prime1);
      }
    }
  }
}

/** The sum of bytes that are there whole. */
export function xxh32(bytes: Uint8Array): number {
  const sum = new Xxh32();
  sum.update(bytes);
  return sum.digest();
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
