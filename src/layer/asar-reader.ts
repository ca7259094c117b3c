/**
 * An Electron archive (asar): a pickled header that is JSON, then the files' contents side by side. Files are given in
 * the order they lie in; what overlaps another is said, not read again.
 */

import { ByteSteps, type Step } from './byte-steps.ts';
import { cleanPath } from './clean-path.ts';
import { MemberGate } from './member-gate.ts';
import type { MemberSink, PackedReader } from './packed.ts';

const introBytes = 16;
const mostHeaderBytes = 16 * 1024 * 1024;
const mostFolders = 100;

interface AsarFile {
  readonly name: string;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** True where the four sizes of a pickled header agree and JSON follows. */
export function isAsar(head: Uint8Array): boolean {
  if (head.length < introBytes + 1 || head[introBytes] !== 0x7b) return false;
  const view = Buffer.from(head.buffer, head.byteOffset, introBytes);
  const [four, pickled, payload, text] = [0, 4, 8, 12].map((at) => view.readUInt32LE(at)) as [
    number,
    number,
    number,
    number,
  ];
  return four === 4 && payload === pickled - 4 && text <= payload - 4 && payload - 4 - text < 4;
}

/** Reads one asar archive. */
export class AsarReader implements PackedReader {
  readonly #sink: MemberSink;
  readonly #gate: MemberGate;
  readonly #steps: ByteSteps;
  #files: AsarFile[] = [];
  #next = 0;
  #position = 0;

  constructor(sink: MemberSink) {
    this.#sink = sink;
    this.#gate = new MemberGate(sink);
    this.#steps = new ByteSteps({ whole: introBytes, next: (intro) => this.#header(intro) });
  }

  write(bytes: Uint8Array): void {
    this.#steps.write(bytes);
  }

  end(): void {
    this.#gate.close();
    if (!this.#steps.isDone) this.#sink.damaged('the archive is cut short; what was there was scanned');
  }

  #header(intro: Buffer): Step | undefined {
    const padded = intro.readUInt32LE(4) - 8;
    const textBytes = intro.readUInt32LE(12);
    if (padded > mostHeaderBytes) {
      this.#sink.exceeded(`the archive’s header is larger than ${mostHeaderBytes} bytes; it was not opened`);
      return undefined;
    }
    return {
      whole: padded,
      next: (text) => {
        const header = parseHeader(text.toString('utf8', 0, textBytes));
        if (header === undefined) {
          this.#sink.damaged('the archive’s header is damaged; it was not opened');
          return undefined;
        }
        if (header.isTooDeep)
          this.#sink.exceeded(`folders of the archive are looked into ${mostFolders} deep, and no deeper`);
        this.#files = header.files;
        return this.#file();
      },
    };
  }

  #file(): Step | undefined {
    for (;;) {
      const file = this.#files[this.#next++];
      if (file === undefined) return undefined;
      if (file.offset < this.#position) {
        this.#sink.notOpened('it overlaps another member');
        continue;
      }
      const gap = file.offset - this.#position;
      this.#position = file.offset + file.sizeBytes;
      return { pass: gap, to: () => {}, next: () => this.#content(file) };
    }
  }

  #content({ name, sizeBytes }: AsarFile): Step {
    this.#gate.open(name);
    return {
      pass: sizeBytes,
      to: (bytes) => {
        this.#gate.give(bytes);
      },
      next: () => {
        this.#gate.close();
        return this.#file();
      },
    };
  }
}

/** What a header says of the files that have content in the archive. */
interface AsarHeader {
  /** By offset. */
  readonly files: AsarFile[];
  /** True where there are folders that were not looked into. */
  readonly isTooDeep: boolean;
}

/** Reads a header; undefined where it makes no sense. */
function parseHeader(text: string): AsarHeader | undefined {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return undefined;
  }
  const files: AsarFile[] = [];
  let isTooDeep = false;
  const pending: { node: unknown; path: string; folders: number }[] = [{ node: root, path: '', folders: 0 }];
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    const { node, path, folders } = item;
    if (typeof node !== 'object' || node === null) continue;
    const { files: children, offset, size, unpacked } = node as Readonly<Record<string, unknown>>;
    if (typeof children === 'object' && children !== null) {
      if (folders === mostFolders) {
        isTooDeep = true;
        continue;
      }
      for (const [name, child] of Object.entries(children)) {
        pending.push({ node: child, path: `${path}/${name}`, folders: folders + 1 });
      }
    } else if (typeof offset === 'string' && /^\d{1,15}$/.test(offset) && unpacked !== true) {
      if (typeof size !== 'number' || !Number.isSafeInteger(size) || size <= 0) continue;
      files.push({ name: cleanPath(path) || '(unnamed)', offset: Number(offset), sizeBytes: size });
    }
  }
  return { files: files.sort((a, b) => a.offset - b.offset), isTooDeep };
}
