/**
 * A loose object of git: a zlib stream of a header (`blob 12`, a zero) and the content. Told by inflating its first bytes: its path,
 * which says the same, is whatever the image says.
 */

import type { GitHash, GitType } from './git-object.ts';
import { GitOutlet, wholeObjectBytes } from './git-outlet.ts';
import type { MemberSink, PackedReader } from './packed.ts';
import { ZlibStream } from './zlib-stream.ts';

/** Bytes of a zlib stream that surely inflate to the header: the tables in front of it are no longer. */
const lookedAtBytes = 512;
const mostHeaderBytes = 32;
const memberName = 'object';

/** What a header says, and how long it is. */
interface LooseHeader {
  readonly type: GitType;
  readonly sizeBytes: number;
  readonly length: number;
}

/** True for a zlib stream that begins with an object's header. */
export function isGitLoose(head: Uint8Array): boolean {
  if (head.length < 8) return false;
  const isZlib = (head[0]! & 0x0f) === 8 && head[0]! <= 0x78 && (head[0]! * 256 + head[1]!) % 31 === 0;
  if (!isZlib || (head[1]! & 0x20) !== 0) return false;
  const probe = ZlibStream.open();
  const output = Buffer.alloc(mostHeaderBytes);
  const input = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, lookedAtBytes));
  const state = probe.inflate(input, 0, output, 0);
  probe.close();
  return state !== 'corrupt' && parseHeader(output.subarray(0, probe.outputAt)) !== undefined;
}

/** Reads one object. */
export class GitLooseReader implements PackedReader {
  readonly #sink: MemberSink;
  readonly #outlet: GitOutlet;
  readonly #stream: ZlibStream = ZlibStream.open();
  #head: Buffer = Buffer.alloc(0);
  #header: LooseHeader | undefined;
  /** What came of an object that is put together first. */
  #parts: Buffer[] | undefined;
  #filled = 0;
  #isDone = false;

  constructor(sink: MemberSink, hash: GitHash) {
    this.#sink = sink;
    this.#outlet = new GitOutlet(sink, hash);
  }

  write(bytes: Uint8Array): void {
    const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; !this.#isDone && at < input.length; ) {
      const state = this.#stream.inflate(input, at, this.#stream.piece, 0);
      at = this.#stream.inputAt;
      this.#take(this.#stream.piece.subarray(0, this.#stream.outputAt));
      if (this.#isDone) return;
      if (state === 'ended')
        this.#finish(at < input.length ? 'bytes that are no part of it follow the git object' : '');
      else if (state === 'corrupt') this.#finish('the git object is damaged; what could be inflated was scanned');
      else if (state === 'open') return;
    }
  }

  end(): void {
    if (!this.#isDone) this.#finish('the git object is cut short; what was there was scanned');
    this.#stream.close();
  }

  #take(piece: Buffer): void {
    if (this.#header !== undefined) {
      this.#content(piece);
      return;
    }
    this.#head = Buffer.concat([this.#head, piece]);
    const header = parseHeader(this.#head);
    if (header !== undefined) {
      this.#header = header;
      if (header.sizeBytes <= wholeObjectBytes) this.#parts = [];
      else this.#outlet.open(memberName, header.type, header.sizeBytes);
      this.#content(this.#head.subarray(header.length));
    } else if (this.#head.length > mostHeaderBytes) this.#isDone = true;
  }

  #content(piece: Buffer): void {
    const { type, sizeBytes } = this.#header!;
    this.#filled += piece.length;
    if (this.#parts !== undefined && this.#filled > sizeBytes) {
      // Longer than it says: it passes like a large one.
      this.#openParts(type, sizeBytes);
    }
    if (this.#parts !== undefined) this.#parts.push(Buffer.from(piece));
    else this.#outlet.give(piece);
    if (this.#outlet.isExhausted) this.#close(false);
  }

  #openParts(type: GitType, sizeBytes: number): void {
    const parts = this.#parts ?? [];
    this.#parts = undefined;
    this.#outlet.open(memberName, type, sizeBytes);
    for (const part of parts) this.#outlet.give(part);
  }

  #finish(damage: string): void {
    if (damage !== '') this.#sink.damaged(damage);
    this.#close(true);
  }

  #close(isWhole: boolean): void {
    this.#isDone = true;
    const header = this.#header;
    if (header === undefined) return;
    if (this.#parts !== undefined && isWhole && this.#filled === header.sizeBytes) {
      this.#outlet.whole(memberName, header.type, Buffer.concat(this.#parts));
      return;
    }
    if (this.#parts !== undefined) this.#openParts(header.type, header.sizeBytes);
    this.#outlet.close(isWhole);
  }
}

function parseHeader(bytes: Buffer): LooseHeader | undefined {
  const found = /^(blob|tree|commit|tag) (\d{1,15})\0/.exec(bytes.toString('latin1', 0, mostHeaderBytes));
  if (found === null) return undefined;
  return { type: found[1] as GitType, sizeBytes: Number(found[2]), length: found[0].length };
}
