/**
 * A byte stream that can be looked at before it is read, so that formats made of headers and bodies
 * can be parsed where they lie. Never asks its source for more than it needs, and keeps no chunk while
 * it asks for the next one: what it must keep it copies.
 */

const empty = new Uint8Array(0);

/** Reads chunks, exact runs, and what lies ahead. */
export class ChunkReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #current: Uint8Array = empty;
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next bytes, at most `most` of them; undefined at the end. Not to be kept after the next call. */
  async read(most: number = Number.POSITIVE_INFINITY): Promise<Uint8Array | undefined> {
    if (this.#current.length === 0 && !(await this.#pull())) return undefined;
    const bytes = this.#current.length <= most ? this.#current : this.#current.subarray(0, most);
    this.#current = this.#current.subarray(bytes.length);
    return bytes;
  }

  /** The next `length` bytes, however the source cuts them; fewer only at the end, undefined where nothing is left. */
  async readWhole(length: number): Promise<Uint8Array | undefined> {
    const bytes = await this.peek(length);
    this.#current = this.#current.subarray(bytes.length);
    return bytes.length === 0 ? undefined : bytes;
  }

  /** Fills `target` with the next bytes, however the source cuts them. @returns how many; fewer only at the end */
  async readInto(target: Uint8Array): Promise<number> {
    let have = 0;
    while (have < target.length) {
      const bytes = await this.read(target.length - have);
      if (bytes === undefined) break;
      target.set(bytes, have);
      have += bytes.length;
    }
    return have;
  }

  /** The next `length` bytes without reading them; fewer only where the stream ends. */
  async peek(length: number): Promise<Uint8Array> {
    if (this.#current.length < length && !this.#ended) await this.#gather(length);
    return this.#current.length <= length ? this.#current : this.#current.subarray(0, length);
  }

  /** Reads over `length` bytes; false where the stream ends before. */
  async skip(length: number): Promise<boolean> {
    let left = length;
    while (left > 0) {
      const bytes = await this.read(left);
      if (bytes === undefined) return false;
      left -= bytes.length;
    }
    return true;
  }

  /** Puts bytes that were read back in front. */
  unread(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#current = Buffer.concat([bytes, this.#current]);
  }

  /** Reads over zero bytes; true where something else follows. */
  async skipZeros(): Promise<boolean> {
    for (;;) {
      const bytes = await this.read();
      if (bytes === undefined) return false;
      const at = bytes.findIndex((byte) => byte !== 0);
      if (at < 0) continue;
      this.#current =
        this.#current.length === 0 ? bytes.subarray(at) : Buffer.concat([bytes.subarray(at), this.#current]);
      return true;
    }
  }

  /** Lets go of the source without reading on; it may be waiting for bytes that never come, so nobody waits for it. */
  close(): void {
    this.#ended = true;
    this.#current = empty;
    this.#source.return?.().catch(() => {});
  }

  /** Reads to the end, for whoever counts or hashes the bytes on their way. */
  async drain(): Promise<void> {
    while ((await this.read()) !== undefined);
  }

  async #pull(): Promise<boolean> {
    // Not even an empty view of it: whoever made the chunk may take its memory away now.
    this.#current = empty;
    while (!this.#ended) {
      const { done, value } = await this.#source.next();
      if (done === true) this.#ended = true;
      else if (value.length > 0) {
        this.#current = value;
        return true;
      }
    }
    return false;
  }

  async #gather(length: number): Promise<void> {
    const parts: Uint8Array[] = [];
    let have = 0;
    while (have < length) {
      if (this.#current.length === 0 && !(await this.#pull())) break;
      const whole = have + this.#current.length >= length;
      parts.push(whole ? this.#current : Uint8Array.from(this.#current));
      have += this.#current.length;
      this.#current = empty;
    }
    this.#current = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }
}
