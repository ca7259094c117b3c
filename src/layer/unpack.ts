/**
 * Opens the first level of what is packed in a layer's files (gzip, zip and what is one: jar, wheel), told by first bytes,
 * beside the raw bytes that are scanned anyway. A deeper level would be one more `PackedReader` fed from a member's data; until
 * then it is counted, like formats we do not read, and told once a layer and kind.
 */

import { incomplete, notice } from '../errors.ts';
import type { LayerVisitor } from './entry.ts';
import { GzipReader } from './gzip-reader.ts';
import { defaultEngine, type InflateEngine } from './inflate-sync.ts';
import type { LayerLimits } from './limits.ts';
import { magicBytes, type PackedKind, packedKind } from './magic.ts';
import type { MemberSink, PackedReader } from './packed.ts';
import type { TroubleLog } from './trouble-log.ts';
import { ZipReader } from './zip-reader.ts';

/** Gathers the first bytes of a content that comes in chunks. */
class Head {
  #bytes: Buffer = Buffer.alloc(0);

  /** The first bytes once there are enough of them. */
  add(bytes: Uint8Array): Buffer | undefined {
    this.#bytes = Buffer.concat([this.#bytes, bytes.subarray(0, magicBytes - this.#bytes.length)]);
    return this.#bytes.length < magicBytes ? undefined : this.#bytes;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }
}

/** Watches the files of a layer and opens those that are packed. */
export class Unpacker {
  readonly #visitor: LayerVisitor;
  readonly #limits: LayerLimits;
  readonly #engine: InflateEngine;
  readonly #log: TroubleLog;
  readonly #notOpened = new Map<string, number>();
  #layerBytes: number;
  #path = '';
  #head: Head | undefined;
  #members: Members | undefined;
  #reader: PackedReader | undefined;

  constructor(visitor: LayerVisitor, limits: LayerLimits, engine: InflateEngine | undefined, log: TroubleLog) {
    this.#visitor = visitor;
    this.#limits = limits;
    this.#engine = engine ?? defaultEngine();
    this.#log = log;
    this.#layerBytes = limits.layerBytes;
  }

  begin(path: string): void {
    this.#path = path;
    this.#head = new Head();
    this.#reader = undefined;
  }

  write(bytes: Uint8Array): void {
    if (this.#head === undefined) {
      this.#reader?.write(bytes);
      return;
    }
    const before = this.#head.bytes;
    const head = this.#head.add(bytes);
    if (head === undefined) return;
    this.#open(head);
    if (this.#reader === undefined) return;
    this.#reader.write(before);
    this.#reader.write(bytes);
  }

  end(): void {
    if (this.#head !== undefined) {
      const { bytes } = this.#head;
      this.#open(bytes);
      this.#reader?.write(bytes);
    }
    this.#reader?.end();
    this.#members?.finish();
    this.#layerBytes = this.#members?.layerBytes ?? this.#layerBytes;
    this.#reader = undefined;
    this.#members = undefined;
  }

  /** Tells what was not opened in the whole layer. */
  finish(): void {
    for (const [what, count] of this.#notOpened) {
      this.#log.add(notice('NOT_UNPACKED', '', `${count} × ${what}: not opened, the raw bytes were scanned`));
    }
    this.#notOpened.clear();
  }

  #open(head: Buffer): void {
    this.#head = undefined;
    const kind = packedKind(head);
    if (kind === undefined) return;
    if (kind !== 'gzip' && kind !== 'zip') {
      this.#count(`${kind} file`);
      return;
    }
    const context = { path: this.#path, limits: this.#limits, log: this.#log, layerBytes: this.#layerBytes };
    this.#members = new Members(this.#visitor, context, (nested) => this.#count(`${nested} inside an archive`));
    const settings = { engine: this.#engine, ratio: this.#limits.ratio };
    this.#reader =
      kind === 'gzip'
        ? new GzipReader(this.#members, settings, {
            fallbackName: nameWithin(this.#path),
            mostMembers: this.#limits.members,
          })
        : new ZipReader(this.#members, settings, this.#limits.members);
  }

  #count(what: string): void {
    this.#notOpened.set(what, (this.#notOpened.get(what) ?? 0) + 1);
  }
}

/** What a gzip file's member is called where its header does not say. */
function nameWithin(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name.replace(/\.tgz$/i, '.tar').replace(/\.(gz|z)$/i, '') || name;
}

interface MembersContext {
  readonly path: string;
  readonly limits: LayerLimits;
  readonly log: TroubleLog;
  /** Decompressed bytes that the layer may still have. */
  readonly layerBytes: number;
}

/** The members of one file on their way to the visitor, kept within the limits. */
class Members implements MemberSink {
  readonly #visitor: LayerVisitor;
  readonly #context: MembersContext;
  readonly #onNested: (kind: PackedKind) => void;
  readonly #notOpened = new Map<string, number>();
  layerBytes: number;
  #fileBytes: number;
  #memberBytes = 0;
  #count = 0;
  #head: Head | undefined;
  readonly #limitsTold = new Set<string>();

  constructor(visitor: LayerVisitor, context: MembersContext, onNested: (kind: PackedKind) => void) {
    this.#visitor = visitor;
    this.#context = context;
    this.#onNested = onNested;
    this.layerBytes = context.layerBytes;
    this.#fileBytes = context.limits.fileBytes;
  }

  begin(name: string): boolean {
    const { members, memberBytes } = this.#context.limits;
    if (this.#count >= members) {
      this.#tellLimit(`only the first ${members} members were opened`);
      return false;
    }
    this.#count++;
    this.#memberBytes = memberBytes;
    this.#head = new Head();
    this.#visitor.member([name]);
    return true;
  }

  data(bytes: Uint8Array): boolean {
    const allowed = Math.min(bytes.length, this.#memberBytes, this.#fileBytes, this.layerBytes);
    this.#memberBytes -= allowed;
    this.#fileBytes -= allowed;
    this.layerBytes -= allowed;
    const given = bytes.subarray(0, allowed);
    if (allowed > 0) {
      if (this.#head?.add(given) !== undefined) this.#sniff();
      this.#visitor.memberContent(given);
    }
    if (allowed === bytes.length) return true;
    const { memberBytes, fileBytes, layerBytes } = this.#context.limits;
    this.#tellLimit(
      this.#memberBytes === 0
        ? `members were opened up to ${memberBytes} bytes each`
        : this.#fileBytes === 0
          ? `members were opened up to ${fileBytes} bytes together`
          : `members were opened up to ${layerBytes} bytes in the layer`,
    );
    return false;
  }

  end(): void {
    this.#sniff();
    this.#visitor.memberEnd();
  }

  bomb(): void {
    this.#tellLimit(`a member expands more than ${this.#context.limits.ratio} times; the rest of it was not opened`);
  }

  damaged(message: string): void {
    this.#context.log.add(notice('LAYER_CORRUPT', this.#context.path, message));
  }

  unreached(message: string): void {
    this.#context.log.add(incomplete('NOT_UNPACKED', this.#context.path, message));
  }

  notOpened(reason: string): void {
    this.#notOpened.set(reason, (this.#notOpened.get(reason) ?? 0) + 1);
  }

  finish(): void {
    for (const [reason, count] of this.#notOpened) {
      const message = `${count} members not opened: ${reason}`;
      this.#context.log.add(notice('NOT_UNPACKED', this.#context.path, message));
    }
  }

  #sniff(): void {
    const kind = this.#head === undefined ? undefined : packedKind(this.#head.bytes);
    this.#head = undefined;
    if (kind !== undefined) this.#onNested(kind);
  }

  #tellLimit(message: string): void {
    if (this.#limitsTold.has(message)) return;
    this.#limitsTold.add(message);
    this.#context.log.add(incomplete('LIMIT_EXCEEDED', this.#context.path, message));
  }
}
