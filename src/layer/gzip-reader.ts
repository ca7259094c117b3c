/**
 * A gzip file inside a layer (RFC 1952), as one member however many gzip members it has. The engine does not say where a
 * deflate stream ended within its last step; the trailer does: it is the only place where the checksum and size of
 * what came out stand.
 */

import { crc32 } from 'node:zlib';
import { mostHeaderBytes, parseGzipHeader, trailerBytes } from './gzip-header.ts';
import { Inflater } from './inflate-sync.ts';
import type { InflateSettings, MemberSink, PackedReader } from './packed.ts';

const nothing: Buffer = Buffer.alloc(0);

type State = 'header' | 'data' | 'trailer' | 'between' | 'done';

/** Reads one gzip file. */
export class GzipReader implements PackedReader {
  readonly #sink: MemberSink;
  readonly #settings: InflateSettings;
  readonly #fallbackName: string;
  readonly #mostMembers: number;
  #state: State = 'header';
  #pending: Buffer = nothing;
  #inflater: Inflater | undefined;
  /** How far to look for the trailer: it begins in the inflater's last step or right behind it. */
  #trailerWithin = 0;
  #members = 0;
  #begun = false;
  #wanted = true;
  #crc = 0;
  #sizeBytes = 0;

  constructor(
    sink: MemberSink,
    settings: InflateSettings,
    { fallbackName, mostMembers }: { readonly fallbackName: string; readonly mostMembers: number },
  ) {
    this.#sink = sink;
    this.#settings = settings;
    this.#fallbackName = fallbackName;
    this.#mostMembers = mostMembers;
  }

  write(bytes: Uint8Array): void {
    if (this.#state === 'done') return;
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#pending = Buffer.from(
      this.#consume(this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])),
    );
  }

  end(): void {
    let rest = this.#pending;
    // A small file's members can all lie in what the inflater took as one step.
    while (this.#state === 'data' && this.#inflater!.settle() !== 'open') rest = this.#consume(rest);
    if (this.#state === 'data' || this.#state === 'trailer' || (this.#state === 'header' && this.#begun)) {
      this.#sink.damaged('gzip data is cut short; what was there was scanned');
    }
    this.#finish();
  }

  /** Takes what it can; what is left is needed again with more behind it. */
  #consume(bytes: Buffer): Buffer {
    let rest = bytes;
    for (let next: Buffer | undefined = rest; next !== undefined; next = this.#step(rest)) rest = next;
    return this.#state === 'data' || this.#state === 'done' ? nothing : rest;
  }

  /** One step over `bytes`. @returns what is left of them, or undefined where more are needed */
  #step(bytes: Buffer): Buffer | undefined {
    switch (this.#state) {
      case 'header':
        return this.#header(bytes);
      case 'data':
        return this.#data(bytes);
      case 'trailer':
        return this.#trailer(bytes);
      case 'between':
        return this.#between(bytes);
      case 'done':
        return undefined;
    }
  }

  #header(bytes: Buffer): Buffer | undefined {
    const header = parseGzipHeader(bytes);
    if (header === 'more' && bytes.length < mostHeaderBytes) return undefined;
    if (header === 'more' || header === 'none') {
      // A first header that is none: the two magic bytes were a coincidence.
      if (this.#begun) this.#sink.damaged('bytes that are no gzip follow the gzip data');
      this.#finish();
      return undefined;
    }
    if (!this.#begun) {
      this.#begun = true;
      this.#wanted = this.#sink.begin(header.name || this.#fallbackName);
    }
    const tooMany = ++this.#members > this.#mostMembers;
    if (tooMany) this.#sink.unreached(`only the first ${this.#mostMembers} gzip members were opened`);
    if (tooMany || !this.#wanted) {
      this.#finish();
      return undefined;
    }
    this.#crc = 0;
    this.#sizeBytes = 0;
    this.#inflater = new Inflater(this.#settings.engine, this.#settings.ratio, (output) => {
      this.#crc = crc32(output, this.#crc);
      this.#sizeBytes += output.length;
      return this.#sink.data(output);
    });
    this.#state = 'data';
    return bytes.subarray(header.length);
  }

  #data(bytes: Buffer): Buffer | undefined {
    const inflater = this.#inflater!;
    const taken = inflater.push(bytes);
    switch (inflater.state) {
      case 'open':
        return undefined;
      case 'ended': {
        const step = inflater.lastStep();
        this.#trailerWithin = step.length + trailerBytes;
        this.#state = 'trailer';
        // Back to where the step began: in this chunk, or with what it had of the one before.
        return taken >= step.length
          ? bytes.subarray(taken - step.length)
          : Buffer.concat([step, bytes.subarray(taken)]);
      }
      case 'corrupt':
        this.#sink.damaged('gzip data is damaged; what could be inflated was scanned');
        break;
      case 'bomb':
        this.#sink.bomb();
        break;
      case 'stopped':
        break;
    }
    this.#finish();
    return undefined;
  }

  #trailer(bytes: Buffer): Buffer | undefined {
    const trailer = Buffer.alloc(trailerBytes);
    trailer.writeUInt32LE(this.#crc, 0);
    trailer.writeUInt32LE(this.#sizeBytes % 2 ** 32, 4);
    const at = bytes.subarray(0, this.#trailerWithin).indexOf(trailer);
    if (at < 0) {
      if (bytes.length < this.#trailerWithin) return undefined;
      this.#sink.damaged('gzip data has a wrong checksum; its content was scanned');
      this.#finish();
      return undefined;
    }
    this.#closeInflater();
    this.#state = 'between';
    return bytes.subarray(at + trailerBytes);
  }

  #between(bytes: Buffer): Buffer | undefined {
    const at = bytes.findIndex((byte) => byte !== 0);
    if (at < 0) return bytes.length > 0 ? nothing : undefined;
    this.#state = 'header';
    return bytes.subarray(at);
  }

  #closeInflater(): void {
    this.#inflater?.close();
    this.#inflater = undefined;
  }

  #finish(): void {
    this.#closeInflater();
    if (this.#begun && this.#wanted && this.#state !== 'done') this.#sink.end();
    this.#state = 'done';
  }
}
