/** Many small values as one run of bytes, each read when it is asked for. */

/** Writes values one after another. */
export class RecordWriter {
  readonly #texts: Buffer[] = [];
  readonly #ends: number[] = [0];

  add(value: unknown): void {
    const text = Buffer.from(JSON.stringify(value));
    this.#texts.push(text);
    this.#ends.push(this.#ends.at(-1)! + text.length);
  }

  /** The bytes, and where each value begins in them; the last number is where they end. */
  finish(): readonly [bytes: Uint8Array, offsets: Uint32Array] {
    return [Buffer.concat(this.#texts), Uint32Array.from(this.#ends)];
  }
}

/** What a `RecordWriter` has written. */
export class Records<T> {
  readonly #bytes: Uint8Array;
  readonly #offsets: Uint32Array;
  readonly #make: (value: unknown) => T;

  constructor(bytes: Uint8Array, offsets: Uint32Array, make: (value: unknown) => T) {
    this.#bytes = bytes;
    this.#offsets = offsets;
    this.#make = make;
  }

  get length(): number {
    return this.#offsets.length - 1;
  }

  /** Reads a value, anew each time. @throws RangeError where there is none */
  read(index: number): T {
    const [start, end] = [this.#offsets[index], this.#offsets[index + 1]];
    if (start === undefined || end === undefined) throw new RangeError(`there are ${this.length} values, not ${index}`);
    // A copy, since shared memory is not to be decoded in place.
    return this.#make(JSON.parse(Buffer.from(this.#bytes.slice(start, end)).toString('utf8')));
  }
}
