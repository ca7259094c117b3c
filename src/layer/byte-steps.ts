/**
 * Parses formats made of headers and bodies as their bytes pass: a step says what it needs, whole or passed on as it comes, and
 * which step is next. Nothing but a header is ever kept.
 */

/** What is read next. */
export type Step =
  /** So many bytes in one piece; bounded by whoever asks. They may be kept. */
  | { readonly whole: number; readonly next: (bytes: Buffer) => Step | undefined }
  /** So many bytes in pieces, not to be kept. */
  | { readonly pass: number; readonly to: (bytes: Uint8Array) => void; readonly next: () => Step | undefined };

/** Runs steps over bytes as they come. */
export class ByteSteps {
  #step: Step | undefined;
  #buffer: Buffer = Buffer.alloc(0);
  #filled = 0;
  /** Bytes that were read before the current step. */
  #offset = 0;

  constructor(first: Step) {
    this.#step = first;
  }

  /** True where nothing more is wanted. */
  get isDone(): boolean {
    return this.#step === undefined;
  }

  /** True where a step has begun and not ended. */
  get isInside(): boolean {
    return this.#step !== undefined && this.#filled > 0;
  }

  /** Where the next step begins. */
  get offset(): number {
    return this.#offset;
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; this.#step !== undefined; ) {
      const step = this.#step;
      const wanted = ('whole' in step ? step.whole : step.pass) - this.#filled;
      const length = Math.min(wanted, bytes.length - at);
      if (length > 0) {
        const part = bytes.subarray(at, at + length);
        if ('whole' in step) this.#keep(step.whole, part);
        else step.to(part);
        this.#filled += length;
        at += length;
      }
      if (length < wanted) return;
      this.#finish(step);
    }
  }

  #finish(step: Step): void {
    const bytes = this.#buffer.subarray(0, 'whole' in step ? step.whole : 0);
    this.#offset += this.#filled;
    this.#filled = 0;
    this.#buffer = Buffer.alloc(0);
    this.#step = 'whole' in step ? step.next(bytes) : step.next();
  }

  #keep(whole: number, part: Uint8Array): void {
    if (this.#filled + part.length > this.#buffer.length) {
      // A length in a header is a claim: memory is taken as bytes come.
      const larger = Buffer.alloc(Math.min(whole, Math.max(this.#filled + part.length, this.#buffer.length * 2)));
      this.#buffer.copy(larger, 0, 0, this.#filled);
      this.#buffer = larger;
    }
    this.#buffer.set(part, this.#filled);
  }
}
