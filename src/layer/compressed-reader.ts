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

/** Reads one such file. */
export class CompressedReader implements PackedReader {
  readonly #sink: MemberSink;
  readonly #gate: MemberGate;
  readonly #name: StreamFormat;
  readonly #format: Format;
  readonly #settings: InflateSettings;
  readonly #mostStreams: number;
  readonly #between: ByteQueue = new ByteQueue();
  #decoder: StreamDecoder | undefined;
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
    if (this.#decoder === undefined) {
      this.#between.push(bytes);
      this.#findNext(false);
    } else this.#decoder.push(bytes);
    this.#look();
  }

  end(): void {
    while (!this.#isDone) {
      if (this.#decoder === undefined) {
        if (!this.#findNext(true)) break;
      } else if (this.#decoder.finish() === 'open') {
        this.#sink.damaged(`${this.#name} data is cut short; what was there was scanned`);
        break;
      } else this.#look();
    }
    this.#close();
  }

  #open(): void {
    this.#streams++;
    this.#decoder = this.#format.open((bytes) => this.#gate.give(bytes), this.#settings);
  }

  /** What became of the current stream; streams that are there whole are gone through here. */
  #look(): void {
    while (this.#decoder !== undefined && this.#decoder.state === 'ended') {
      this.#between.push(this.#decoder.rest());
      this.#decoder.close();
      this.#decoder = undefined;
      if (!this.#findNext(false)) return;
    }
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
    if (this.#streams > 0 && !this.#format.begins(head)) {
      this.#sink.damaged(`bytes that are no ${this.#name} follow the ${this.#name} data`);
    } else if (this.#streams >= this.#mostStreams) {
      this.#sink.exceeded(`only the first ${this.#mostStreams} ${this.#name} streams were opened`);
    } else {
      this.#open();
      this.#decoder!.push(this.#between.take(this.#between.length));
      return true;
    }
    this.#close();
    return false;
  }

  #close(): void {
    this.#decoder?.close();
    this.#decoder = undefined;
    this.#gate.close();
    this.#isDone = true;
  }
}
