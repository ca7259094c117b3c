/** CRC-64 as .xz files have it (ECMA-182, reflected), in two halves of 32 bits, since JavaScript has no fast wider ones. */

const high = new Int32Array(256);
const low = new Int32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let sum = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) sum = sum & 1n ? (sum >> 1n) ^ 0xc96c5795d7870f42n : sum >> 1n;
  high[byte] = Number(BigInt.asIntN(32, sum >> 32n));
  low[byte] = Number(BigInt.asIntN(32, sum));
}

/** A sum that grows as bytes come. */
export class Crc64 {
  #high = -1;
  #low = -1;

  update(bytes: Uint8Array): void {
    let h = this.#high;
    let l = this.#low;
    for (let at = 0; at < bytes.length; at++) {
      const index = (l ^ bytes[at]!) & 0xff;
      l = ((l >>> 8) | (h << 24)) ^ low[index]!;
      h = (h >>> 8) ^ high[index]!;
    }
    this.#high = h;
    this.#low = l;
  }

  /** Eight bytes, least significant first. */
  digest(): Buffer {
    const sum = Buffer.alloc(8);
    sum.writeInt32LE(~this.#low, 0);
    sum.writeInt32LE(~this.#high, 4);
    return sum;
  }
}
