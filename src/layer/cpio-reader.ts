/**
 * A cpio archive: "new ASCII" with or without checksums (as in rpm packages and Linux initial RAM disks; Linux's
 * buffer-format documentation of initramfs) and POSIX's octal form. What follows the trailer, as in an initial RAM disk of several
 * archives, is given as one more member.
 */

import { ByteSteps, type Step } from './byte-steps.ts';
import { cleanPath } from './clean-path.ts';
import { MemberGate } from './member-gate.ts';
import type { MemberSink, PackedReader } from './packed.ts';
import { toText } from './pax.ts';

const magicBytes = 6;
const newHeaderBytes = 110;
const octalHeaderBytes = 76;
const mostNameBytes = 64 * 1024;
const trailer = 'TRAILER!!!';
const typeMask = 0o170000;
const regular = 0o100000;

/** What a header says; `alignment` is what names and contents are padded to. */
interface CpioHeader {
  readonly mode: number;
  readonly nameBytes: number;
  readonly fileBytes: number;
  readonly alignment: number;
  readonly headerBytes: number;
}

/** Reads one cpio archive. */
export class CpioReader implements PackedReader {
  readonly #sink: MemberSink;
  readonly #gate: MemberGate;
  readonly #steps: ByteSteps;
  #isAfterTrailer = false;

  constructor(sink: MemberSink) {
    this.#sink = sink;
    this.#gate = new MemberGate(sink);
    this.#steps = new ByteSteps(this.#magic());
  }

  write(bytes: Uint8Array): void {
    this.#steps.write(bytes);
  }

  end(): void {
    this.#gate.close();
    if (!this.#steps.isDone && !this.#isAfterTrailer) {
      this.#sink.damaged('the archive is cut short; what was there was scanned');
    }
  }

  #magic(): Step {
    return { whole: magicBytes, next: (magic) => this.#header(magic.toString('latin1')) };
  }

  #header(magic: string): Step | undefined {
    const isNew = magic === '070701' || magic === '070702';
    if (!isNew && magic !== '070707') return this.#giveUp();
    return {
      whole: (isNew ? newHeaderBytes : octalHeaderBytes) - magicBytes,
      next: (bytes) => {
        const header = isNew ? parseNew(bytes) : parseOctal(bytes);
        return header === undefined ? this.#giveUp() : this.#name(header);
      },
    };
  }

  #giveUp(): undefined {
    this.#sink.damaged('a header of the archive is damaged; what follows was not opened');
  }

  #name(header: CpioHeader): Step {
    const { nameBytes, headerBytes, alignment } = header;
    return {
      whole: nameBytes + paddingOf(headerBytes + nameBytes, alignment),
      next: (bytes) => {
        const name = toText(bytes.subarray(0, nameBytes - 1));
        return name === trailer && header.fileBytes === 0 ? this.#rest() : this.#file(header, name);
      },
    };
  }

  #file({ mode, fileBytes, alignment }: CpioHeader, name: string): Step {
    if ((mode & typeMask) === regular && fileBytes > 0) this.#gate.open(cleanPath(name) || '(unnamed)');
    return {
      pass: fileBytes,
      to: (bytes) => {
        this.#gate.give(bytes);
      },
      next: () => {
        this.#gate.close();
        return { pass: paddingOf(fileBytes, alignment), to: () => {}, next: () => this.#magic() };
      },
    };
  }

  #rest(): Step {
    this.#isAfterTrailer = true;
    return {
      pass: Number.POSITIVE_INFINITY,
      to: (bytes) => {
        const at = this.#gate.isOpen ? 0 : bytes.findIndex((byte) => byte !== 0);
        if (at < 0) return;
        if (!this.#gate.isOpen) this.#gate.open('#after-the-trailer');
        this.#gate.give(bytes.subarray(at));
      },
      next: () => undefined,
    };
  }
}

/** Thirteen numbers of eight hexadecimal digits. */
function parseNew(bytes: Buffer): CpioHeader | undefined {
  const text = bytes.toString('latin1');
  if (!/^[0-9a-f]+$/i.test(text)) return undefined;
  const field = (index: number): number => Number.parseInt(text.slice(8 * index, 8 * index + 8), 16);
  return checked({
    mode: field(1),
    fileBytes: field(6),
    nameBytes: field(11),
    alignment: 4,
    headerBytes: newHeaderBytes,
  });
}

/** Numbers of six octal digits, and of eleven for time and size. */
function parseOctal(bytes: Buffer): CpioHeader | undefined {
  const text = bytes.toString('latin1');
  if (!/^[0-7]+$/.test(text)) return undefined;
  const field = (from: number, digits: number): number => Number.parseInt(text.slice(from, from + digits), 8);
  return checked({
    mode: field(12, 6),
    nameBytes: field(53, 6),
    fileBytes: field(59, 11),
    alignment: 1,
    headerBytes: octalHeaderBytes,
  });
}

function checked(header: CpioHeader): CpioHeader | undefined {
  return header.nameBytes > 0 && header.nameBytes <= mostNameBytes ? header : undefined;
}

function paddingOf(bytes: number, alignment: number): number {
  return (alignment - (bytes % alignment)) % alignment;
}
