/**
 * A log of LevelDB or RocksDB (leveldb/doc/log_format.md), as browsers and Electron programs keep what pages store: blocks of 32 KiB, and
 * records that go on in the next block behind a header of seven bytes, which cuts values. Records that are cut come out whole;
 * the others are found in the raw bytes.
 */

import { ByteSteps, type Step } from './byte-steps.ts';
import { MemberGate } from './member-gate.ts';
import type { MemberSink, PackedReader } from './packed.ts';

const blockBytes = 32 * 1024;
const headerBytes = 7;
/** RocksDB's headers of logs that are used again have a number more. */
const recycledHeaderBytes = 11;
/** Kinds of records; behind `last` the same again with longer headers. */
const [full, first, last] = [1, 2, 4];

/** True where a log's first record begins: a batch of changes, numbered and counted. */
export function isLevelDbLog(head: Uint8Array): boolean {
  if (head.length < headerBytes + 16) return false;
  const type = head[6] as number;
  const isRecycled = type > last;
  const kind = isRecycled ? type - last : type;
  if (kind !== first && kind !== full) return false;
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const start = isRecycled ? recycledHeaderBytes : headerBytes;
  const length = bytes.readUInt16LE(4);
  // One that goes on in the next block fills this one.
  if (kind === first ? length !== blockBytes - start : length < 12 || length > blockBytes - start) return false;
  const isNumbered = bytes.readUIntLE(start + 5, 3) === 0;
  const changes = bytes.readUInt32LE(start + 8);
  // A deletion, or a value; RocksDB has more kinds of changes.
  return (
    isNumbered && changes > 0 && changes < 0x10000 && (bytes[start + 12] as number) < 16 && bytes.readUInt32LE(0) !== 0
  );
}

/** Reads one log. */
export class LevelDbLogReader implements PackedReader {
  readonly #gate: MemberGate;
  readonly #steps: ByteSteps;

  constructor(sink: MemberSink) {
    this.#gate = new MemberGate(sink);
    this.#steps = new ByteSteps({ pass: 0, to: () => {}, next: () => this.#record() });
  }

  write(bytes: Uint8Array): void {
    this.#steps.write(bytes);
  }

  end(): void {
    this.#gate.close();
  }

  #record(): Step {
    const left = blockBytes - (this.#steps.offset % blockBytes);
    if (left < headerBytes) return this.#skip(left);
    return {
      whole: headerBytes,
      next: (header) => {
        const type = header[6] as number;
        const extra = type > last ? recycledHeaderBytes - headerBytes : 0;
        const kind = type > last ? type - last : type;
        const length = header.readUInt16LE(4);
        // Zeros are space that was taken in advance; of what makes no sense the next block may make more.
        if (kind < full || kind > last || length + headerBytes + extra > left) return this.#skip(left - headerBytes);
        return extra === 0
          ? this.#body(kind, length)
          : { pass: extra, to: () => {}, next: () => this.#body(kind, length) };
      },
    };
  }

  #body(kind: number, length: number): Step {
    if (kind === full || kind === first) this.#gate.close();
    if (kind === first) this.#gate.open(`record at ${this.#steps.offset}`);
    const isPart = kind !== full && this.#gate.isOpen;
    return {
      pass: length,
      to: (bytes) => {
        if (isPart) this.#gate.give(bytes);
      },
      next: () => {
        if (kind === last) this.#gate.close();
        return this.#record();
      },
    };
  }

  #skip(length: number): Step {
    return { pass: length, to: () => {}, next: () => this.#record() };
  }
}
