/**
 * A tar inside a layer, read within the synchronous scan. What is hard about tars is done by tar-blocks.ts, which tells headers,
 * contents and what is loose apart; names are read here, since tar-stream tells entries only in microtasks.
 */

import { cleanPath } from './clean-path.ts';
import { MemberGate } from './member-gate.ts';
import type { MemberSink, PackedReader } from './packed.ts';
import { toText } from './pax.ts';
import { type TarBlockHeader, TarBlocks, type TarOperation } from './tar-blocks.ts';
import { hasMagic } from './tar-header.ts';

/** Reads one tar. */
export class TarReader implements PackedReader {
  readonly #sink: MemberSink;
  readonly #gate: MemberGate;
  readonly #blocks: TarBlocks;
  #lastName = '';

  constructor(sink: MemberSink, mostMetadataBytes: number) {
    this.#sink = sink;
    this.#gate = new MemberGate(sink);
    this.#blocks = new TarBlocks(mostMetadataBytes);
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
      case 'header':
        this.#entry(operation);
        break;
      case 'loose':
        this.#gate.open(cleanPath(operation.path ?? `${this.#lastName}#data`));
        break;
      case 'data':
        this.#gate.give(operation.bytes);
        break;
      case 'end':
        this.#gate.close();
        break;
      case 'trouble':
        // Data behind the end is nothing to a runtime, and everyday where archives are joined (apk packages).
        if (operation.code !== 'TRAILING_DATA') this.#sink.damaged(operation.message);
        break;
    }
  }

  #entry({ block, sizeBytes, pax }: TarBlockHeader): void {
    const name = pax?.get('path') ?? nameOf(block);
    this.#lastName = name;
    if (sizeBytes > 0) this.#gate.open(cleanPath(name) || '(unnamed)');
  }
}

/** Name and, in ustar headers, the prefix before it; GNU's have other things there. */
function nameOf(block: Uint8Array): string {
  const field = (from: number, to: number): string => {
    const bytes = block.subarray(from, to);
    const end = bytes.indexOf(0);
    return toText(end < 0 ? bytes : bytes.subarray(0, end));
  };
  const prefix = hasMagic(block) && block[262] === 0 ? field(345, 500) : '';
  return prefix === '' ? field(0, 100) : `${prefix}/${field(0, 100)}`;
}
