/**
 * An rpm package (RPM's package file format, version 3 and 4 lead): lead, signature header, header, and a payload, which is a
 * compressed cpio archive. Headers are members too, since scripts and change logs stand in their tags in the clear.
 */

import { ByteSteps, type Step } from './byte-steps.ts';
import { packedKind } from './magic.ts';
import { MemberGate } from './member-gate.ts';
import type { MemberSink, PackedReader } from './packed.ts';

const leadBytes = 96;
const headerIntroBytes = 16;
const indexEntryBytes = 16;
const headerMagic = 0x8eade801;
/** RPM's own bounds on a header. */
const mostEntries = 0xffff;
const mostStoreBytes = 0x0fffffff;
const sniffedBytes = 32;

/** Extensions of what payloads are packed with. */
const extensions: Readonly<Record<string, string>> = {
  gzip: '.gz',
  xz: '.xz',
  lzma: '.lzma',
  bzip2: '.bz2',
  zstd: '.zst',
};

/** Reads one rpm package. */
export class RpmReader implements PackedReader {
  readonly #sink: MemberSink;
  readonly #gate: MemberGate;
  readonly #steps: ByteSteps;
  #isInPayload = false;

  constructor(sink: MemberSink) {
    this.#sink = sink;
    this.#gate = new MemberGate(sink);
    this.#steps = new ByteSteps({ whole: leadBytes, next: () => this.#header('#signature', 8) });
  }

  write(bytes: Uint8Array): void {
    this.#steps.write(bytes);
  }

  end(): void {
    this.#gate.close();
    if (!this.#isInPayload && !this.#steps.isDone) {
      this.#sink.damaged('the package is cut short; what was there was scanned');
    }
  }

  #header(name: '#signature' | '#header', alignment: number): Step {
    return {
      whole: headerIntroBytes,
      next: (intro) => {
        const entries = intro.readUInt32BE(8);
        const storeBytes = intro.readUInt32BE(12);
        if (intro.readUInt32BE(0) !== headerMagic || entries > mostEntries || storeBytes > mostStoreBytes) {
          this.#sink.damaged('a header of the package is damaged; what follows was not opened');
          return undefined;
        }
        return this.#index(name, entries, storeBytes, alignment);
      },
    };
  }

  #index(name: '#signature' | '#header', entries: number, storeBytes: number, alignment: number): Step {
    const skip = (bytes: number, next: () => Step | undefined): Step => ({ pass: bytes, to: () => {}, next });
    return skip(entries * indexEntryBytes, () => {
      if (name === '#header' && storeBytes > 0) this.#gate.open(name);
      return {
        pass: storeBytes,
        to: (bytes) => {
          this.#gate.give(bytes);
        },
        next: () => {
          this.#gate.close();
          if (name === '#header') return this.#payload();
          return skip((alignment - (storeBytes % alignment)) % alignment, () => this.#header('#header', 1));
        },
      };
    });
  }

  #payload(): Step {
    this.#isInPayload = true;
    return {
      whole: sniffedBytes,
      next: (head) => {
        const kind = packedKind(head);
        const extension = kind !== undefined && 'opens' in kind ? extensions[kind.opens] : undefined;
        this.#gate.open(`payload.cpio${extension ?? ''}`);
        this.#gate.give(head);
        return {
          pass: Number.POSITIVE_INFINITY,
          to: (bytes) => {
            this.#gate.give(bytes);
          },
          next: () => undefined,
        };
      },
    };
  }
}
