/** A git bundle (gitformat-bundle): lines that say what it holds, an empty one, and a pack. */

import type { GitHash } from './git-object.ts';
import { GitPackReader } from './git-pack-reader.ts';
import type { MemberSink, PackedReader } from './packed.ts';

const mostLinesBytes = 1024 * 1024;

/** True where a bundle of a version there is begins. */
export function isGitBundle(head: Uint8Array): boolean {
  return head[0] === 0x23 && /^# v[23] git bundle\n/.test(Buffer.from(head.subarray(0, 20)).toString('latin1'));
}

/** Reads one bundle. */
export class GitBundleReader implements PackedReader {
  readonly #sink: MemberSink;
  readonly #openPack: (hash: GitHash) => GitPackReader;
  #lines: Buffer = Buffer.alloc(0);
  #pack: GitPackReader | undefined;

  constructor(sink: MemberSink, keptBytes: number) {
    this.#sink = sink;
    this.#openPack = (hash) => new GitPackReader(sink, hash, keptBytes);
  }

  write(bytes: Uint8Array): void {
    if (this.#pack !== undefined) {
      this.#pack.write(bytes);
      return;
    }
    if (this.#lines.length > mostLinesBytes) return;
    this.#lines = Buffer.concat([this.#lines, bytes]);
    const end = this.#lines.indexOf('\n\n');
    if (end < 0) {
      if (this.#lines.length > mostLinesBytes)
        this.#sink.exceeded(`the git bundle begins with more than ${mostLinesBytes} bytes of lines; it was not opened`);
      return;
    }
    const isSha256 = this.#lines.subarray(0, end).includes('\n@object-format=sha256');
    this.#pack = this.#openPack(isSha256 ? 'sha256' : 'sha1');
    this.#pack.write(this.#lines.subarray(end + 2));
    this.#lines = Buffer.alloc(0);
  }

  end(): void {
    if (this.#pack !== undefined) this.#pack.end();
    else if (this.#lines.length <= mostLinesBytes)
      this.#sink.damaged('the git bundle is cut short; its lines were scanned');
  }
}
