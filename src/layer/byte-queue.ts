/** Bytes that were pushed and not yet used, in one piece: what a decoder may need to look at as a whole. */

/** A queue of bytes that lie side by side; `bytes` from `start` to `end` is what is in it. */
export class ByteQueue {
  bytes: Buffer = Buffer.allocUnsafeSlow(4096);
  start = 0;
  end = 0;

  get length(): number {
    return this.end - this.start;
  }

  push(chunk: Uint8Array): void {
    if (this.start === this.end) {
      this.start = 0;
      this.end = 0;
    }
    if (this.end + chunk.length > this.bytes.length) this.#makeRoom(chunk.length);
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
  }

  /** The next bytes, as a view that is good until the next `push`. */
  take(length: number): Buffer {
    const taken = this.bytes.subarray(this.start, this.start + length);
    this.start += taken.length;
    return taken;
  }

  /** Puts bytes in front, those that were taken last and not used. */
  putBack(bytes: Uint8Array): void {
    if (bytes.length > this.start) {
      const rest = Buffer.concat([bytes, this.bytes.subarray(this.start, this.end)]);
      this.start = 0;
      this.end = 0;
      this.push(rest);
      return;
    }
    this.start -= bytes.length;
    this.bytes.set(bytes, this.start);
  }

  #makeRoom(length: number): void {
    const needed = this.length + length;
    const target =
      needed <= this.bytes.length / 2 ? this.bytes : Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length) * 2);
    this.bytes.copy(target, 0, this.start, this.end);
    this.bytes = target;
    this.end -= this.start;
    this.start = 0;
  }
}
