/** A source whose images are resolved and whose blobs lie in local files: image tars and OCI layout folders. */

import { createReadStream } from 'node:fs';
import type { Diagnostic } from '../errors.ts';
import type { ByteStream } from '../layer/byte-stream.ts';
import type { Blob, FileRange, ImageRecord, ImageSource, SourceKind } from './source.ts';

/** A blob and where it lies. */
export interface StoredFile {
  readonly key: string;
  readonly sizeBytes: number;
  readonly digest?: string;
  /** What its content is called where it is no tar. */
  readonly name?: string;
  readonly file: FileRange;
}

const readBytes = 1024 * 1024;

/** An `ImageSource` over files: random access, the largest blob first. */
export class FileBlobs implements ImageSource {
  readonly kind: SourceKind;
  readonly title: string;
  readonly sequential = false;
  readonly #images: readonly ImageRecord[];
  readonly #files: readonly StoredFile[];
  readonly #diagnostics: readonly Diagnostic[];

  constructor(content: {
    readonly kind: SourceKind;
    readonly title: string;
    readonly images: readonly ImageRecord[];
    readonly files: readonly StoredFile[];
    readonly diagnostics: readonly Diagnostic[];
  }) {
    this.kind = content.kind;
    this.title = content.title;
    this.#images = content.images;
    this.#files = content.files.toSorted((left, right) => right.sizeBytes - left.sizeBytes);
    this.#diagnostics = content.diagnostics;
  }

  async images(): Promise<readonly ImageRecord[]> {
    return this.#images;
  }

  async metadata(): Promise<readonly ImageRecord[]> {
    return this.#images;
  }

  async *blobs(signal: AbortSignal): AsyncGenerator<Blob> {
    for (const file of this.#files) {
      signal.throwIfAborted();
      yield { ...file, open: (blobSignal) => openRange(file.file, blobSignal) };
    }
  }

  diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  async close(): Promise<void> {}
}

async function openRange({ path, start, end }: FileRange, signal: AbortSignal): Promise<ByteStream> {
  signal.throwIfAborted();
  // `end` is inclusive there, so that an empty range can't be said.
  if (end <= start) return nothing();
  return createReadStream(path, { start, end: end - 1, highWaterMark: readBytes, signal });
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
