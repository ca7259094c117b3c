/** One member after another on its way from a reader to its sink: who reads need not remember whether it is wanted. */

import type { MemberSink } from './packed.ts';

/** Begins, fills and ends members in the right order. */
export class MemberGate {
  readonly #sink: MemberSink;
  #isOpen = false;
  #isWanted = false;

  constructor(sink: MemberSink) {
    this.#sink = sink;
  }

  /** True from `open` to `close`, wanted or not. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  open(name: string): void {
    this.close();
    this.#isWanted = this.#sink.begin(name);
    this.#isOpen = this.#isWanted;
  }

  /** @returns false where no more of this member is wanted */
  give(bytes: Uint8Array): boolean {
    if (this.#isWanted && !this.#sink.data(bytes)) this.#isWanted = false;
    return this.#isWanted;
  }

  close(): void {
    if (this.#isOpen) this.#sink.end();
    this.#isOpen = false;
    this.#isWanted = false;
  }
}
