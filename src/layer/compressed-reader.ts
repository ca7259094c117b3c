/**
 * A file that is one compressed content: streams of one format behind each other, as parallel compressors and `cat` make them, with
 * zeros or skippable frames between. They come out as one member.
 */

import { ByteQueue } from './byte-queue.ts';
import { Bzip2Decoder } from './bzip2.ts';
import type { Emit, StreamDecoder } from './decoder.ts';
import { Lz4Decoder, lz4LegacyMagic, lz4Magic } from './lz4.ts';
import { LzmaAloneDecoder } from './lzma-alone.ts';
import { MemberGate } from './member-gate.ts';
import type { InflateSettings, MemberSink, PackedReader } from './packed.ts';
import { XzDecoder } from './xz.ts';
import { isXz } from './xz-header.ts';
import { frameMagic, isSkippable } from './zstd-frame.ts';
import { ZstdDecoder } from './zstd-sync.ts';

/** Formats of one compressed content; gzip has a reader of its own, since its engine does not say where a stream ends. */
export type StreamFormat = 'xz' | 'lzma' | 'bzip2' | 'zstd' | 'lz4';

interface Format {
  readonly open: (emit: Emit, settings: InflateSettings) => StreamDecoder;
  /** True where the bytes, eight where there are as many, begin a stream. */
  readonly begins: (head: Buffer) => boolean;
  readonly hasSkippable?: true;
}

const formats: Readonly<Record<StreamFormat, Format>> = {
  xz: { open: (emit, settings) => new XzDecoder(emit, settings), begins: isXz },
  lzma: { open: (emit, settings) => new LzmaAloneDecoder(emit, settings), begins: () => false },
  bzip2: {
    open: (emit, settings) => new Bzip2Decoder(emit, settings),
    begins: (head) => head.toString('latin1', 0, 3) === 'BZh',
  },
  zstd: {
    open: (emit, settings) => new ZstdDecoder(emit, settings),
    begins: (head) => head.length >= 4 && head.readUInt32LE(0) === frameMagic,
    hasSkippable: true,
  },
  lz4: {
    open: (emit, settings) => new Lz4Decoder(emit, settings),
    begins: (head) => head.length >= 4 && [lz4Magic, lz4LegacyMagic].includes(head.readUInt32LE(0)),
    hasSkippable: true,
  },
};

/** A decoder of the format for one stream. */
export function openStream(format: StreamFormat, emit: Emit, settings: InflateSettings): StreamDecoder {
  return formats[format].open(emit, settings);
}

const headBytes = 8;
const leastPieceBytes = 256;

/** Reads one such file. */
export class CompressedReader implements PackedReader {
  readonly #sink: MemberSink;
  readonly #gate: MemberGate;
  #name: StreamFormat;
  #format: Format;
  readonly #settings: InflateSettings;
  readonly #mostStreams: number;
  /** What no stream has taken yet. */
  readonly #between: ByteQueue = new ByteQueue();
  #decoder: StreamDecoder | undefined;
  /** Bytes the current stream is given at a time: what it gives back is copied, and a chunk may be a hundred thousand streams. */
  #pieceBytes = leastPieceBytes;
  #streams = 0;
  #skip = 0;
  #isDone = false;

  constructor(
    sink: MemberSink,
    settings: InflateSettings,
    options: { readonly format: StreamFormat; readonly memberName: string; readonly mostStreams: number },
  ) {
    this.#sink = sink;
    this.#gate = new MemberGate(sink);
    this.#name = options.format;
    this.#format = formats[options.format];
    this.#settings = settings;
    this.#mostStreams = options.mostStreams;
    this.#gate.open(options.memberName);
    this.#isDone = !this.#gate.isOpen;
  }

  write(bytes: Uint8Array): void {
    if (this.#isDone) return;
    let at = 0;
    while (this.#decoder?.state === 'open' && this.#between.length === 0 && at < bytes.length) {
      const piece = bytes.subarray(at, at + this.#pieceBytes);
      at += piece.length;
      this.#give(this.#decoder, piece);
    }
    if (at < bytes.length) this.#between.push(bytes.subarray(at));
    this.#pump(false);
  }

  end(): void {
    while (!this.#isDone) {
      this.#pump(true);
      if (this.#decoder === undefined) break;
      if (this.#decoder.finish() === 'open') {
        this.#sink.damaged(`${this.#name} data is cut short; what was there was scanned`);
        break;
      }
    }
    this.#close();
  }

  #open(): void {
    this.#streams++;
    this.#pieceBytes = leastPieceBytes;
    this.#decoder = this.#format.open((bytes) => this.#gate.give(bytes), this.#settings);
  }

  #give(decoder: StreamDecoder, piece: Uint8Array): void {
    this.#pieceBytes *= 2;
    decoder.push(piece);
  }

  /** Gives what waits to the current stream and those behind it. */
  #pump(isLast: boolean): void {
    while (!this.#isDone) {
      const decoder = this.#decoder;
      if (decoder === undefined) {
        if (!this.#findNext(isLast)) return;
      } else if (decoder.state === 'ended') {
        this.#between.putBack(decoder.rest());
        decoder.close();
        this.#decoder = undefined;
      } else if (decoder.state === 'open' && this.#between.length > 0) {
        this.#give(decoder, this.#between.take(Math.min(this.#between.length, this.#pieceBytes)));
      } else break;
    }
    this.#look();
  }

  /** What became of the current stream where it did not just end. */
  #look(): void {
    switch (this.#decoder?.state) {
      case 'corrupt':
        this.#sink.damaged(`${this.#name} data is damaged; what could be decompressed was scanned`);
        break;
      case 'bomb':
        this.#sink.bomb();
        break;
      case 'window':
        this.#sink.exceeded(
          `${this.#name} data needs more than ${this.#settings.windowBytes} bytes of memory; what came before was scanned`,
        );
        break;
      case 'stopped':
        break;
      default:
        return;
    }
    this.#close();
  }

  /** Goes to the next stream. @returns true where there is one */
  #findNext(isLast: boolean): boolean {
    const queue = this.#between;
    for (;;) {
      if (this.#skip > 0) {
        const skipped = queue.take(Math.min(this.#skip, queue.length)).length;
        this.#skip -= skipped;
        if (this.#skip > 0) return false;
      }
      // What the first stream begins with was told by who opened this; an .lzma file may begin with a zero.
      while (this.#streams > 0 && queue.length > 0 && queue.bytes[queue.start] === 0) queue.start++;
      if (queue.length === 0 || (queue.length < headBytes && !isLast)) return false;
      const head = queue.bytes.subarray(queue.start, Math.min(queue.end, queue.start + headBytes));
      if (this.#format.hasSkippable && head.length === headBytes && isSkippable(head.readUInt32LE(0))) {
        queue.start += headBytes;
        this.#skip = head.readUInt32LE(4);
        continue;
      }
      return this.#begin(head);
    }
  }

  #begin(head: Buffer): boolean {
    if (this.#streams === 0 && this.#format.hasSkippable && !this.#format.begins(head)) this.#tellBehindSkipped(head);
    if (this.#streams > 0 && !this.#format.begins(head)) {
      this.#sink.damaged(`bytes that are no ${this.#name} follow the ${this.#name} data`);
    } else if (this.#streams >= this.#mostStreams) {
      this.#sink.exceeded(`only the first ${this.#mostStreams} ${this.#name} streams were opened`);
    } else {
      this.#open();
      return true;
    }
    this.#close();
    return false;
  }

  /** What is skipped in front of the first stream may be longer than what was looked at. */
  #tellBehindSkipped(head: Buffer): void {
    const other = this.#name === 'zstd' ? 'lz4' : 'zstd';
    if (!formats[other].begins(head)) return;
    this.#name = other;
    this.#format = formats[other];
  }

  #close(): void {
    this.#decoder?.close();
    this.#decoder = undefined;
    this.#gate.close();
    this.#isDone = true;
  }
}
