/**
 * An ar archive, which is what a Debian package is (deb(5), ar(5)): headers of sixty bytes, long names in GNU's table or in front of
 * the content as BSD writes them.
 */

import { ByteSteps, type Step } from './byte-steps.ts';
import { cleanPath } from './clean-path.ts';
import { MemberGate } from './member-gate.ts';
import type { MemberSink, PackedReader } from './packed.ts';
import { toText } from './pax.ts';

const magicBytes = 8;
const headerBytes = 60;
const mostNameBytes = 4096;
const mostTableBytes = 1024 * 1024;

/** Reads one ar archive. */
export class ArReader implements PackedReader {
  readonly #sink: MemberSink;
  readonly #gate: MemberGate;
  readonly #steps: ByteSteps;
  #names: Buffer = Buffer.alloc(0);
  #isPadded = false;

  constructor(sink: MemberSink) {
    this.#sink = sink;
    this.#gate = new MemberGate(sink);
    this.#steps = new ByteSteps({ whole: magicBytes, next: () => this.#header() });
  }

  write(bytes: Uint8Array): void {
    this.#steps.write(bytes);
  }

  end(): void {
    const isInside = this.#gate.isOpen || this.#steps.isInside;
    this.#gate.close();
    if (isInside) this.#sink.damaged('the archive is cut short; what was there was scanned');
  }

  #header(): Step {
    return {
      // The newline that pads an odd member is looked for where a header must be.
      whole: 1,
      next: (first) => {
        const isPadding = this.#isPadded && first[0] === 0x0a;
        const rest = isPadding ? headerBytes : headerBytes - 1;
        return { whole: rest, next: (bytes) => this.#member(isPadding ? bytes : Buffer.concat([first, bytes])) };
      },
    };
  }

  #member(header: Buffer): Step | undefined {
    const size = Number.parseInt(header.toString('latin1', 48, 58), 10);
    if (header.toString('latin1', 58, 60) !== '`\n' || !(size >= 0)) {
      this.#sink.damaged('a header of the archive is damaged; what follows was not opened');
      return undefined;
    }
    this.#isPadded = size % 2 === 1;
    const name = header.toString('latin1', 0, 16).trimEnd();
    const longName = /^#1\/(\d+)$/.exec(name);
    if (longName !== null) return this.#nameInFront(Math.min(Number(longName[1]), size), size);
    if (name === '//' && size <= mostTableBytes) {
      return {
        whole: size,
        next: (names) => {
          this.#names = names;
          return this.#header();
        },
      };
    }
    const inTable = /^\/(\d+)$/.exec(name);
    return this.#content(inTable === null ? name.replace(/\/$/, '') : this.#longName(Number(inTable[1])), size);
  }

  #nameInFront(nameBytes: number, size: number): Step {
    if (nameBytes > mostNameBytes) return this.#content('(unnamed)', size);
    return {
      whole: nameBytes,
      next: (bytes) => this.#content(toText(bytes).replace(/\0+$/, ''), size - nameBytes),
    };
  }

  #longName(at: number): string {
    const end = this.#names.indexOf('\n', at);
    const name = this.#names.subarray(at, Math.min(end < 0 ? this.#names.length : end, at + mostNameBytes));
    return toText(name).replace(/\/$/, '');
  }

  #content(name: string, size: number): Step {
    if (size > 0) this.#gate.open(cleanPath(name) || '(unnamed)');
    return {
      pass: size,
      to: (bytes) => {
        this.#gate.give(bytes);
      },
      next: () => {
        this.#gate.close();
        return this.#header();
      },
    };
  }
}
