/**
 * A git packfile, read as it passes (gitformat-pack): its `.idx`, which may be missing or lie, is not asked. Objects are given as they
 * come, deltas at the end, from a bounded copy of the pack. Names of members say where in the pack they begin.
 */

import { DeltaTree, memberName, mostDeltaBytes } from './git-delta-tree.ts';
import type { GitHash } from './git-object.ts';
import { GitOutlet, wholeObjectBytes } from './git-outlet.ts';
import { mostEntryHeaderBytes, type PackEntry, parsePackEntry } from './git-pack-entry.ts';
import { PackStore } from './git-pack-store.ts';
import type { MemberSink, PackedReader } from './packed.ts';
import { ZlibStream } from './zlib-stream.ts';

const headerBytes = 12;
const nothing: Buffer = Buffer.alloc(0);

type State = 'header' | 'entry' | 'data' | 'trailer' | 'done';

/** How an entry's data is taken. */
interface OpenEntry {
  readonly entry: PackEntry;
  readonly offset: number;
  /** `whole` ones are put together first, deltas are only passed over. */
  readonly how: 'whole' | 'pieces' | 'delta';
  filled: number;
}

/** True where a pack of a version there is begins. */
export function isGitPack(head: Uint8Array): boolean {
  if (head[0] !== 0x50) return false;
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  return (
    bytes.length >= headerBytes && bytes.toString('latin1', 0, 4) === 'PACK' && [2, 3].includes(bytes.readUInt32BE(4))
  );
}

/** What a repository names its objects by, as the name of one of its files shows. */
export function gitHashOf(name: string): GitHash {
  return /[0-9a-f]{62}/.test(name) ? 'sha256' : 'sha1';
}

/** Reads one pack. */
export class GitPackReader implements PackedReader {
  readonly #sink: MemberSink;
  readonly #outlet: GitOutlet;
  readonly #store: PackStore;
  readonly #deltas: DeltaTree;
  readonly #idBytes: number;
  readonly #keptBytes: number;
  readonly #stream: ZlibStream = ZlibStream.open();
  /** Where objects are put together. */
  #whole: Buffer = nothing;
  #state: State = 'header';
  #pending: Buffer = nothing;
  /** Where what is looked at begins in the pack. */
  #offset = 0;
  #left = 0;
  #open: OpenEntry | undefined;

  constructor(sink: MemberSink, hash: GitHash, keptBytes: number) {
    this.#sink = sink;
    this.#idBytes = hash === 'sha1' ? 20 : 32;
    this.#keptBytes = keptBytes;
    this.#store = new PackStore(keptBytes);
    this.#outlet = new GitOutlet(sink, hash);
    this.#deltas = new DeltaTree(this.#store, this.#outlet, this.#idBytes);
  }

  get #isDone(): boolean {
    return this.#state === 'done';
  }

  write(bytes: Uint8Array): void {
    if (this.#isDone) return;
    this.#store.append(bytes);
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let rest = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    for (let taken: number | undefined; ; rest = rest.subarray(taken)) {
      taken = this.#step(rest);
      if (taken === undefined) break;
      this.#offset += taken;
    }
    this.#pending = this.#isDone ? nothing : Buffer.from(rest);
  }

  end(): void {
    if (this.#state === 'entry' || this.#state === 'data') {
      this.#sink.damaged('the git pack is cut short; what was there was scanned');
      this.#giveUpEntry();
    } else if (this.#state === 'trailer' && this.#pending.length > this.#idBytes) {
      this.#sink.unreached('bytes that are no part of it follow the git pack');
    }
    this.#state = 'done';
    this.#pending = nothing;
    this.#stream.close();
    const { unresolved, isTooLarge } = this.#deltas.resolve();
    if (unresolved > 0 && !this.#outlet.isExhausted) this.#sayUnresolved(unresolved, isTooLarge);
    this.#store.clear();
  }

  #sayUnresolved(count: number, isTooLarge: boolean): void {
    const what = `${count} objects of the git pack were not looked into`;
    if (isTooLarge)
      this.#sink.exceeded(`${what}: those that differ from others are made up to ${mostDeltaBytes} bytes each`);
    else if (this.#store.length === this.#keptBytes)
      this.#sink.exceeded(
        `${what}: it is larger than the ${this.#keptBytes} bytes that are kept for those that differ from others`,
      );
    else this.#sink.unreached(`${what}: what they differ from is missing or damaged`);
  }

  /** One step over the bytes. @returns how many were taken, undefined where more are needed */
  #step(bytes: Buffer): number | undefined {
    switch (this.#state) {
      case 'header':
        if (bytes.length < headerBytes) return undefined;
        this.#left = bytes.readUInt32BE(8);
        this.#state = this.#left === 0 ? 'trailer' : 'entry';
        return headerBytes;
      case 'entry':
        return this.#entry(bytes);
      case 'data':
        return bytes.length === 0 ? undefined : this.#data(bytes);
      default:
        return undefined;
    }
  }

  #entry(bytes: Buffer): number | undefined {
    const entry = parsePackEntry(bytes.subarray(0, mostEntryHeaderBytes), this.#idBytes);
    if (entry === 'more') return undefined;
    const offset = this.#offset;
    if (entry === 'none' || (typeof entry.base === 'number' && (entry.base <= 0 || entry.base > offset - headerBytes)))
      return this.#lose();
    this.#begin(entry, offset);
    return entry.length;
  }

  #begin(entry: PackEntry, offset: number): void {
    const { type, sizeBytes } = entry;
    const how = type === undefined ? 'delta' : sizeBytes <= wholeObjectBytes ? 'whole' : 'pieces';
    if (how === 'pieces') this.#outlet.open(memberName(offset), type!, sizeBytes);
    // One more than said: a stream that is longer has to show.
    if (how === 'whole' && this.#whole.length <= sizeBytes) this.#whole = Buffer.allocUnsafeSlow(2 * (sizeBytes + 1));
    this.#open = { entry, offset, how, filled: 0 };
    this.#stream.reset();
    this.#state = 'data';
  }

  #data(bytes: Buffer): number | undefined {
    const open = this.#open!;
    const { how, entry } = open;
    const isWhole = how === 'whole';
    for (let inputAt = 0; ; ) {
      const outputAt = isWhole ? open.filled : 0;
      const room = isWhole ? this.#whole.subarray(0, entry.sizeBytes + 1) : this.#stream.piece;
      const state = this.#stream.inflate(bytes, inputAt, room, outputAt);
      ({ inputAt } = this.#stream);
      const piece = room.subarray(outputAt, this.#stream.outputAt);
      open.filled += piece.length;
      if (how === 'pieces') this.#outlet.give(piece);
      else if (how === 'delta') this.#outlet.spend(piece.length);
      if (this.#outlet.isExhausted) return this.#stop();
      if (state === 'corrupt' || open.filled > entry.sizeBytes) return this.#lose();
      if (state === 'open') return bytes.length;
      if (state === 'ended') return this.#finish(open) ? inputAt : undefined;
    }
  }

  /** @returns false where nothing more is wanted */
  #finish({ entry, offset, how, filled }: OpenEntry): boolean {
    this.#open = undefined;
    if (filled !== entry.sizeBytes) {
      this.#outlet.close(false);
      this.#lose();
      return false;
    }
    if (how === 'delta') {
      const { base } = entry;
      this.#deltas.addDelta(offset, typeof base === 'number' ? offset - base : base!);
    } else {
      const id =
        how === 'whole'
          ? this.#outlet.whole(memberName(offset), entry.type!, this.#whole.subarray(0, filled))
          : this.#outlet.close(true);
      if (id !== undefined) this.#deltas.addPlain(offset, id);
    }
    this.#left--;
    this.#state = this.#left === 0 ? 'trailer' : 'entry';
    if (this.#outlet.isExhausted) this.#stop();
    return !this.#isDone;
  }

  /** Where one entry makes no sense, nobody knows where the next begins. */
  #lose(): undefined {
    this.#giveUpEntry();
    this.#sink.unreached(`the git pack is damaged: ${this.#left} of its objects could not be reached`);
    return this.#stop();
  }

  #stop(): undefined {
    this.#outlet.close(false);
    this.#open = undefined;
    this.#state = 'done';
  }

  /** What there was of an entry is scanned, under no id. */
  #giveUpEntry(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open?.how === 'whole' && open.filled > 0) {
      this.#outlet.open(memberName(open.offset), open.entry.type!, open.entry.sizeBytes);
      this.#outlet.give(this.#whole.subarray(0, Math.min(open.filled, open.entry.sizeBytes)));
    }
    this.#outlet.close(false);
  }
}
