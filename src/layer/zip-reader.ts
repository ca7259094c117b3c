/**
 * A zip read forward by its local headers (PKWARE APPNOTE 4.3), so that none has to be held whole and one
 * without directory can be read. Where a member's size only follows it, its end is found from structure: a descriptor whose
 * size field equals the distance, before the next record, and a deflate stream that ended. The directory is
 * read last to tell members that were not reached: a local header that lies hides nothing without a diagnostic.
 */

import { cleanPath } from './clean-path.ts';
import { openStream, type StreamFormat } from './compressed-reader.ts';
import type { StreamDecoder } from './decoder.ts';
import { Inflater } from './inflate-sync.ts';
import type { InflateSettings, MemberSink, PackedReader } from './packed.ts';
import { ZipLzmaDecoder } from './zip-lzma.ts';
import {
  dataEndBefore,
  indexOfSignature,
  type LocalHeader,
  localOffset,
  methodName,
  mostDescriptorBytes,
  parseLocalHeader,
  recordLength,
  signatures,
} from './zip-record.ts';

/** The member being read. */
interface OpenMember {
  readonly header: LocalHeader;
  readonly dataStart: number;
  /** Undefined for a stored member, and for one that is not opened. */
  readonly inflater: Pick<StreamDecoder, 'state' | 'push' | 'settle' | 'finish' | 'close'> | undefined;
  wanted: boolean;
}

type State = 'record' | 'lost' | 'sized' | 'unsized';

/** Asking costs an inflate step, and data can be made of nothing but headers. */
const mostGuesses = 1000;

const stored = 0;
const deflate = 8;
const lzma = 14;

/** Other methods that are decompressed (4.4.5). */
const streamFormats: Readonly<Record<number, StreamFormat>> = { 12: 'bzip2', 20: 'zstd', 93: 'zstd', 95: 'xz' };

/** Reads one zip. */
export class ZipReader implements PackedReader {
  readonly #sink: MemberSink;
  readonly #settings: InflateSettings;
  readonly #mostMembers: number;
  #state: State = 'record';
  #buffer: Buffer = Buffer.alloc(0);
  /** Where `#buffer` begins in the file. */
  #base = 0;
  /** Where in `#buffer` an unsized member's end was not looked for yet. */
  #scanned = 0;
  /** Headers in the current member's data at which its stream was asked whether it had ended. */
  #guesses = 0;
  #member: OpenMember | undefined;
  readonly #localOffsets = new Set<number>();
  #unreached = 0;
  #tooMany = false;
  #hasDirectory = false;
  #damaged = false;

  constructor(sink: MemberSink, settings: InflateSettings, mostMembers: number) {
    this.#sink = sink;
    this.#settings = settings;
    this.#mostMembers = mostMembers;
  }

  write(bytes: Uint8Array): void {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    while (this.#step());
    // At most one header, or what may turn out to be a descriptor.
    this.#buffer = Buffer.from(this.#buffer);
  }

  end(): void {
    const member = this.#member;
    if (member !== undefined) {
      const dataEnd = this.#state === 'unsized' ? this.#dataEndBefore(this.#buffer.length) : undefined;
      this.#feed(this.#buffer.subarray(0, dataEnd ?? this.#buffer.length));
      const whole =
        dataEnd !== undefined || (member.header.compressedBytes === undefined && member.inflater?.finish() === 'ended');
      this.#closeMember(whole);
    } else if (
      this.#state === 'record' &&
      this.#buffer.length > 3 &&
      this.#buffer.readUInt32LE(0) === signatures.local
    ) {
      this.#sayDamaged('the archive is cut short; what was there was scanned');
    }
    if (this.#tooMany) return;
    // A local header's size could have swallowed the directory, and members with it.
    if (!this.#hasDirectory) this.#sink.unreached('the archive’s directory is missing: members may have been missed');
    else if (this.#unreached > 0) {
      this.#sink.unreached(`${this.#unreached} members of the archive’s directory were not found where it says`);
    }
  }

  /** One step over the buffer; false where it needs more bytes. */
  #step(): boolean {
    switch (this.#state) {
      case 'record':
        return this.#record();
      case 'lost':
        return this.#find();
      case 'sized':
        return this.#sized();
      case 'unsized':
        return this.#unsized();
    }
  }

  #drop(length: number): void {
    this.#base += length;
    this.#buffer = this.#buffer.subarray(length);
  }

  #record(): boolean {
    if (this.#buffer.length < 4) return false;
    const signature = this.#buffer.readUInt32LE(0);
    if (signature === signatures.local) return this.#local();
    if (indexOfSignature(this.#buffer.subarray(0, 4), 0) !== 0) {
      this.#state = 'lost';
      return true;
    }
    const length = recordLength(signature, this.#buffer);
    if (length === 'more' || this.#buffer.length < length) return false;
    if (signature === signatures.directory) this.#directoryEntry();
    if (signature === signatures.directory || signature === signatures.end) this.#hasDirectory = true;
    this.#drop(length);
    return true;
  }

  #directoryEntry(): void {
    const offset = localOffset(this.#buffer);
    if (offset !== undefined && !this.#localOffsets.has(offset)) this.#unreached++;
  }

  #find(): boolean {
    const at = indexOfSignature(this.#buffer, 0);
    this.#drop(at < 0 ? Math.max(0, this.#buffer.length - 3) : at);
    if (at >= 0) this.#state = 'record';
    return at >= 0;
  }

  #local(): boolean {
    const header = parseLocalHeader(this.#buffer);
    if (header === 'more') return false;
    if (header === 'none') {
      this.#drop(4);
      this.#state = 'lost';
      return true;
    }
    if (this.#localOffsets.size >= this.#mostMembers) this.#tooMany = true;
    else this.#localOffsets.add(this.#base);
    this.#drop(header.length);
    this.#openMember(header);
    this.#state = header.compressedBytes === undefined ? 'unsized' : 'sized';
    this.#scanned = 0;
    this.#guesses = 0;
    return true;
  }

  #openMember(header: LocalHeader): void {
    const opened = this.#mayOpen(header) && this.#sink.begin(cleanPath(header.name) || '(unnamed)');
    const member: OpenMember = {
      header,
      dataStart: this.#base,
      wanted: opened,
      inflater: opened ? this.#openInflater(header, (bytes) => this.#give(member, bytes)) : undefined,
    };
    this.#member = member;
  }

  #openInflater(
    { method, uncompressedBytes }: LocalHeader,
    give: (bytes: Uint8Array) => boolean,
  ): OpenMember['inflater'] {
    if (method === deflate) return new Inflater(this.#settings.engine, this.#settings.ratio, give);
    if (method === lzma) return new ZipLzmaDecoder(give, this.#settings, uncompressedBytes);
    const format = streamFormats[method];
    return format === undefined ? undefined : openStream(format, give, this.#settings);
  }

  #mayOpen(header: LocalHeader): boolean {
    if (header.compressedBytes === 0) return false;
    if (header.encrypted) this.#sink.notOpened('encrypted');
    else if (header.method === lzma && header.compressedBytes === undefined)
      this.#sink.notOpened('compressed by lzma, without a size');
    else if (![stored, deflate, lzma].includes(header.method) && streamFormats[header.method] === undefined)
      this.#sink.notOpened(`compressed by ${methodName(header.method)}`);
    else return true;
    return false;
  }

  #give(member: OpenMember, bytes: Uint8Array): boolean {
    return this.#sink.data(bytes) && member.wanted;
  }

  #feed(bytes: Buffer): void {
    const member = this.#member!;
    if (!member.wanted || bytes.length === 0) return;
    if (member.inflater !== undefined) member.inflater.push(bytes);
    else if (!this.#sink.data(bytes)) {
      member.wanted = false;
      this.#sink.end();
    }
  }

  #sized(): boolean {
    const { header, dataStart } = this.#member!;
    const left = dataStart + header.compressedBytes! - this.#base;
    const length = Math.min(left, this.#buffer.length);
    this.#feed(this.#buffer.subarray(0, length));
    this.#drop(length);
    if (length < left) return false;
    this.#closeMember(true);
    return true;
  }

  #unsized(): boolean {
    const at = indexOfSignature(this.#buffer, this.#scanned);
    if (at < 0) {
      // What may be a descriptor and the beginning of a signature stays.
      const length = Math.max(0, this.#buffer.length - mostDescriptorBytes - 3);
      this.#feed(this.#buffer.subarray(0, length));
      this.#drop(length);
      this.#scanned = Math.max(0, this.#buffer.length - 3);
      return false;
    }
    const dataEnd = this.#dataEndBefore(at);
    if (dataEnd !== undefined) return this.#finishUnsized(dataEnd, at, true);
    if (this.#buffer.readUInt32LE(at) === signatures.local && this.#guesses++ < mostGuesses) {
      return this.#finishUnsized(Math.max(0, at - mostDescriptorBytes), at, false);
    }
    this.#scanned = at + 1;
    return true;
  }

  /** Ends the member where its deflate stream agrees, or there is none to ask; else goes on behind `at`. */
  #finishUnsized(dataEnd: number, at: number, hasDescriptor: boolean): boolean {
    this.#feed(this.#buffer.subarray(0, dataEnd));
    const state = this.#member!.inflater?.settle();
    if (hasDescriptor ? state !== 'open' : state === 'ended') {
      this.#drop(at);
      this.#closeMember(true);
    } else {
      this.#drop(dataEnd);
      this.#scanned = at - dataEnd + 1;
    }
    return true;
  }

  #dataEndBefore(end: number): number | undefined {
    const { dataStart } = this.#member!;
    return dataEndBefore(this.#buffer, end, (position) => this.#base + position - dataStart);
  }

  #closeMember(whole: boolean): void {
    const member = this.#member!;
    this.#member = undefined;
    this.#state = 'record';
    const state = member.inflater?.finish();
    if (state === 'bomb') this.#sink.bomb();
    else if (state === 'window') this.#sink.exceeded('a member needs more memory than is allowed; it was not opened');
    else if (state === 'stopped') {
      // The sink stopped it and has said why.
    } else if (!whole || state === 'open') this.#sayDamaged('a member is cut short; what was there was scanned');
    else if (state === 'corrupt') this.#sayDamaged('a member is damaged; what could be inflated was scanned');
    member.inflater?.close();
    if (member.wanted) this.#sink.end();
  }

  #sayDamaged(message: string): void {
    if (!this.#damaged) this.#sink.damaged(message);
    this.#damaged = true;
  }
}
