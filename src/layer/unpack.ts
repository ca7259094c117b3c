/**
 * Looks into what is packed in a layer's files, told by first bytes, beside the raw bytes that are scanned anyway: each content that a
 * reader gives out is looked into in turn, down to the depth that is allowed. All of it streams: what is open at a time is one
 * chain of readers, and one budget holds for the whole of it. A decoder of another kind (git packs, say) is one more reader.
 */

import { incomplete, notice } from '../errors.ts';
import { isBarePath } from './bare-reader.ts';
import { EmbeddedSearch, mayEmbed } from './embedded.ts';
import type { LayerVisitor } from './entry.ts';
import type { GitNode, GitObject } from './git-object.ts';
import { defaultEngine, type InflateEngine } from './inflate-sync.ts';
import type { LayerLimits } from './limits.ts';
import {
  type ContainerKind,
  isArchive,
  isDeltaPacked,
  isoMagic,
  magicBytes,
  type OpenedKind,
  packedKind,
} from './magic.ts';
import { openPacked } from './open-packed.ts';
import type { MemberSink, PackedReader } from './packed.ts';
import type { TroubleLog } from './trouble-log.ts';
import { FileShare, type LayerShare } from './unpack-share.ts';

/** Names are an archive's word; longer ones are cut. */
const mostNameLength = 4096;

/** No depth that is asked for goes beyond this: every level costs a matcher and stack. */
const mostDepth = 16;

/** Wrappers allowed for each level of archives: a package is two (`ar`, `xz`) around one (`tar`). */
const linksPerLevel = 3;

const nothing = Buffer.alloc(0);
const isoEnd = isoMagic.at + isoMagic.bytes.length;

/** Watches the files of a layer and opens those that are packed. */
export class Unpacker {
  readonly #layer: LayerShare;
  #content: Content | undefined;

  constructor(visitor: LayerVisitor, limits: LayerLimits, engine: InflateEngine | undefined, log: TroubleLog) {
    const bounded = { ...limits, depth: Math.min(limits.depth, mostDepth) };
    const given = { visitor, limits: bounded, log, engine: engine ?? defaultEngine() };
    this.#layer = { ...given, layerBytes: limits.layerBytes, notOpened: new Map() };
  }

  begin(path: string): void {
    this.#content = new Content(new FileShare(path, this.#layer), outside, 0);
  }

  write(bytes: Uint8Array): void {
    this.#content?.write(bytes);
  }

  end(): void {
    this.#content?.end();
    this.#content = undefined;
  }

  /** Tells what was not opened in the whole layer. */
  finish(): void {
    for (const [what, { first, count }] of this.#layer.notOpened) {
      const more = count > 1 ? `, and so were ${count - 1} more` : '';
      const message = `this ${what} was not looked into, only its raw bytes were scanned${more}`;
      this.#layer.log.add(notice('NOT_UNPACKED', first, message));
    }
    this.#layer.notOpened.clear();
  }
}

/** Where a content is: the names that lead to it, and what each of them is a member of. */
interface Inside {
  readonly chain: readonly string[];
  readonly containers: readonly ContainerKind[];
}

const outside: Inside = { chain: [], containers: [] };

/** A content as its bytes pass: the file itself, or a member at any depth. */
class Content {
  readonly #file: FileShare;
  readonly #chain: readonly string[];
  readonly #containers: readonly ContainerKind[];
  /** Archives around it. */
  readonly #level: number;
  #head: Buffer | undefined = nothing;
  #reader: PackedReader | undefined;
  #members: Members | undefined;
  #search: EmbeddedSearch | undefined;
  #offset = 0;
  #isoMatched = 0;

  constructor(file: FileShare, { chain, containers }: Inside, level: number) {
    this.#file = file;
    this.#chain = chain;
    this.#containers = containers;
    this.#level = level;
  }

  write(bytes: Uint8Array): void {
    if (this.#chain.length === 0) this.#file.rawBytes += bytes.length;
    if (this.#offset < isoEnd) this.#lookForIso(bytes);
    this.#offset += bytes.length;
    if (this.#head === undefined) {
      this.#pass(bytes);
    } else if (this.#head.length === 0 && bytes.length >= magicBytes) {
      this.#tell(bytes);
      this.#pass(bytes);
    } else {
      const before = this.#head;
      this.#head =
        before.length === 0
          ? Buffer.from(bytes)
          : Buffer.concat([before, bytes.subarray(0, magicBytes - before.length)]);
      if (this.#head.length < magicBytes) return;
      this.#tell(this.#head);
      this.#pass(before);
      this.#pass(bytes);
    }
  }

  end(): void {
    const head = this.#head;
    if (head !== undefined) {
      this.#tell(head);
      this.#pass(head);
    }
    this.#reader?.end();
    this.#members?.finish();
    if (this.#isoMatched === isoMagic.bytes.length) this.#name('ISO 9660 image');
  }

  #pass(bytes: Uint8Array): void {
    if (this.#search === undefined) {
      this.#reader?.write(bytes);
      return;
    }
    const found = this.#search.find(bytes);
    if (found === undefined) return;
    this.#search = undefined;
    this.#open(found.kind, `embedded ${found.kind}`);
    this.#reader?.write(found.bytes);
  }

  #tell(head: Uint8Array): void {
    this.#head = undefined;
    const kind = packedKind(head);
    if (kind === undefined) {
      if (this.#isBare()) this.#open('bare');
      else if (mayEmbed(head)) this.#search = new EmbeddedSearch(head);
    } else if ('named' in kind) this.#name(kind.named);
    else this.#open(kind.opens);
  }

  /** A line about a file is no archive in it: it is never too deep, only left out. */
  #isBare(): boolean {
    if (this.#containers.at(-1) === 'bare' || this.#chain.length >= linksPerLevel * this.#file.layer.limits.depth)
      return false;
    return isBarePath(this.#chain.at(-1) ?? this.#file.path);
  }

  #open(kind: OpenedKind, container: ContainerKind = kind): void {
    const { limits, engine } = this.#file.layer;
    const level = this.#level + (isArchive(kind) ? 1 : 0);
    if (level > limits.depth || this.#chain.length >= linksPerLevel * limits.depth) {
      this.#file.exceed(
        this.#chain,
        `archives in archives are opened ${limits.depth} deep (--max-depth), and no deeper`,
      );
      return;
    }
    if (isDeltaPacked(kind)) this.#file.hasDeltas = true;
    const inside = { chain: this.#chain, containers: [...this.#containers, container] };
    this.#members = new Members(this.#file, inside, level);
    const windowBytes = Math.max(64 * 1024, limits.zstdWindowBytes / 2 ** this.#chain.length);
    this.#reader = openPacked(kind, this.#members, {
      settings: { engine, ratio: limits.ratio, windowBytes },
      limits,
      name: this.#chain.at(-1) ?? this.#file.path,
    });
  }

  #name(what: string): void {
    const { notOpened } = this.#file.layer;
    const known = notOpened.get(what);
    if (known !== undefined) known.count++;
    else notOpened.set(what, { first: this.#file.placeOf(this.#chain), count: 1 });
  }

  #lookForIso(bytes: Uint8Array): void {
    const from = Math.max(isoMagic.at - this.#offset, 0);
    for (let at = from; at < Math.min(bytes.length, isoEnd - this.#offset); at++) {
      if (bytes[at] === isoMagic.bytes[this.#offset + at - isoMagic.at]) this.#isoMatched++;
    }
  }
}

/** The members of one content on their way to the visitor, kept within the limits, and looked into. */
class Members implements MemberSink {
  readonly #file: FileShare;
  readonly #chain: readonly string[];
  readonly #containers: readonly ContainerKind[];
  readonly #level: number;
  readonly #depth: number;
  readonly #notOpened = new Map<string, number>();
  #memberBytes = 0;
  #content: Content | undefined;

  constructor(file: FileShare, { chain, containers }: Inside, level: number) {
    this.#file = file;
    this.#chain = chain;
    this.#containers = containers;
    this.#level = level;
    this.#depth = chain.length + 1;
  }

  begin(name: string, object?: GitObject): boolean {
    const { limits, visitor } = this.#file.layer;
    if (this.#file.members >= limits.members) {
      this.#exceed(`only the first ${limits.members} members were opened`);
      return false;
    }
    this.#file.members++;
    this.#memberBytes = limits.memberBytes;
    const chain = [...this.#chain, name.length > mostNameLength ? `${name.slice(0, mostNameLength)}…` : name];
    visitor.member(chain, object, this.#containers);
    this.#content = new Content(this.#file, { chain, containers: this.#containers }, this.#level);
    return true;
  }

  data(bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true;
    const allowed = this.#file.spend(bytes.length, this.#memberBytes);
    this.#memberBytes -= allowed;
    const given = bytes.subarray(0, allowed);
    if (allowed > 0) {
      this.#file.layer.visitor.memberContent(given, this.#depth);
      this.#content?.write(given);
    }
    if (allowed === bytes.length && !this.#file.isBomb) return true;
    this.#exceed(this.#whatIsExceeded());
    return false;
  }

  end(): void {
    this.#content?.end();
    this.#content = undefined;
    this.#file.layer.visitor.memberEnd(this.#depth);
  }

  spend(length: number): boolean {
    this.#memberBytes = this.#file.layer.limits.memberBytes;
    if (this.#file.spend(length, length) === length && !this.#file.isBomb) return true;
    this.#exceed(this.#whatIsExceeded());
    return false;
  }

  gitNode(node: GitNode): void {
    this.#file.layer.visitor.gitNode?.(node);
  }

  bomb(): void {
    this.#exceed(`a member expands more than ${this.#file.layer.limits.ratio} times; the rest of it was not opened`);
  }

  exceeded(message: string): void {
    this.#exceed(message);
  }

  damaged(message: string): void {
    this.#file.layer.log.add(notice('LAYER_CORRUPT', this.#file.placeOf(this.#chain), message));
  }

  unreached(message: string): void {
    this.#file.layer.log.add(incomplete('NOT_UNPACKED', this.#file.placeOf(this.#chain), message));
  }

  notOpened(reason: string): void {
    this.#notOpened.set(reason, (this.#notOpened.get(reason) ?? 0) + 1);
  }

  finish(): void {
    for (const [reason, count] of this.#notOpened) {
      const message = `${count} members not opened: ${reason}`;
      this.#file.layer.log.add(notice('NOT_UNPACKED', this.#file.placeOf(this.#chain), message));
    }
  }

  #whatIsExceeded(): string {
    const { memberBytes, fileBytes, layerBytes } = this.#file.layer.limits;
    if (this.#file.isBomb)
      return `its members expand more than ${this.#file.ratio} times together; the rest was not opened`;
    if (this.#memberBytes === 0) return `members were opened up to ${memberBytes} bytes each`;
    if (this.#file.memberBytes === fileBytes) return `members were opened up to ${fileBytes} bytes together`;
    return `members were opened up to ${layerBytes} bytes in the layer`;
  }

  #exceed(message: string): void {
    this.#file.exceed(this.#chain, message);
  }
}
