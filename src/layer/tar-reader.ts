/**
 * A tar inside a layer, read within the synchronous scan. What is hard about tars is done by tar-blocks.ts, which mends
 * headers and finds what is loose; the well-formed rest is taken apart here, since tar-stream tells entries only in microtasks.
 */

import { ByteSteps, type Step } from './byte-steps.ts';
import { cleanPath } from './clean-path.ts';
import { MemberGate } from './member-gate.ts';
import type { MemberSink, PackedReader } from './packed.ts';
import { type PaxRecords, parsePax, toText } from './pax.ts';
import { TarBlocks, type TarOperation } from './tar-blocks.ts';
import { blockBytes, sizeOf, typeOf } from './tar-header.ts';

/** Reads one tar. */
export class TarReader implements PackedReader {
  readonly #sink: MemberSink;
  readonly #gate: MemberGate;
  readonly #blocks: TarBlocks;
  readonly #steps: ByteSteps;
  #pax: PaxRecords | undefined;
  #lastName = '';

  constructor(sink: MemberSink, mostMetadataBytes: number) {
    this.#sink = sink;
    this.#gate = new MemberGate(sink);
    this.#blocks = new TarBlocks(mostMetadataBytes);
    this.#steps = new ByteSteps(this.#header());
  }

  write(bytes: Uint8Array): void {
    for (const operation of this.#blocks.push(bytes)) this.#run(operation);
  }

  end(): void {
    const { operations, truncated } = this.#blocks.end();
    this.#gate.close();
    for (const operation of operations) this.#run(operation);
    this.#gate.close();
    if (truncated) this.#sink.damaged('the archive is cut short; what was there was scanned');
  }

  #run(operation: TarOperation): void {
    switch (operation.kind) {
      case 'tar':
        this.#steps.write(operation.bytes);
        break;
      case 'loose':
        this.#gate.open(cleanPath(operation.path ?? `${this.#lastName}#data`));
        break;
      case 'loose-data':
        this.#gate.give(operation.bytes);
        break;
      case 'loose-end':
        this.#gate.close();
        break;
      case 'trouble':
        // Data behind the end is nothing to a runtime, and everyday where archives are joined (apk packages).
        if (operation.code !== 'TRAILING_DATA') this.#sink.damaged(operation.message);
        break;
    }
  }

  #header(): Step {
    return { whole: blockBytes, next: (block) => this.#entry(block) };
  }

  #entry(block: Buffer): Step {
    const size = sizeOf(block) ?? 0;
    const padding = (blockBytes - (size % blockBytes)) % blockBytes;
    if (typeOf(block) === 'x') {
      return {
        whole: size + padding,
        next: (body) => {
          this.#pax = parsePax(body.subarray(0, size));
          return this.#header();
        },
      };
    }
    const name = this.#pax?.get('path') ?? nameOf(block);
    this.#pax = undefined;
    this.#lastName = name;
    if (size > 0) this.#gate.open(cleanPath(name) || '(unnamed)');
    return {
      pass: size,
      to: (bytes) => {
        this.#gate.give(bytes);
      },
      next: () => {
        this.#gate.close();
        return { pass: padding, to: () => {}, next: () => this.#header() };
      },
    };
  }
}

/** Name and, in ustar headers, the prefix before it; GNU's have other things there. */
function nameOf(block: Buffer): string {
  const field = (from: number, to: number): string => {
    const bytes = block.subarray(from, to);
    const end = bytes.indexOf(0);
    return toText(end < 0 ? bytes : bytes.subarray(0, end));
  };
  const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? field(345, 500) : '';
  return prefix === '' ? field(0, 100) : `${prefix}/${field(0, 100)}`;
}
