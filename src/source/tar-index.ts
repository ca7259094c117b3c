/**
 * An index of a tar file on disk: where each entry's content lies, without reading it. tar-stream is fed
 * the headers as they are and zeros in place of contents, so that a file and a stream are read by the
 * same parser and only headers cost input.
 */

import type { FileHandle } from 'node:fs/promises';
import type { ByteStream } from '../layer/byte-stream.ts';
import { StreamBroken, TarDamage, type TarHeader, tarEntries } from '../layer/tar-entries.ts';

/** An entry of a tar file; `end` lies within the file even where the content was cut off. */
export interface IndexedEntry extends TarHeader {
  readonly end: number;
}

/** What a tar file holds. */
export interface TarIndex {
  readonly entries: readonly IndexedEntry[];
  /** `complete`, or why the index ends before the archive does. */
  readonly ending: 'complete' | 'truncated' | 'damaged' | 'limit';
  /** Where the last entry that could be read ends. */
  readonly endOffset: number;
}

/** Entries of an archive that are read; an image's has a handful for each layer. */
export const maxArchiveEntries = 200_000;

const readBytes = 64 * 1024;
const zeros = new Uint8Array(4 * 1024 * 1024);

/** Indexes an uncompressed tar. */
export async function indexTar(file: FileHandle, fileBytes: number, signal?: AbortSignal): Promise<TarIndex> {
  const entries: IndexedEntry[] = [];
  let contentEnd = 0;
  const headers = tarEntries(
    headersOnly(file, fileBytes, () => contentEnd, signal),
    (header) => {
      contentEnd = header.start + header.sizeBytes;
    },
  );
  const endedAt = (): number => Math.min(entries.at(-1)?.end ?? 0, fileBytes);
  try {
    for await (const { content: _, ...header } of headers) {
      entries.push({ ...header, end: Math.min(header.start + header.sizeBytes, fileBytes) });
      if (entries.length >= maxArchiveEntries) return { entries, ending: 'limit', endOffset: endedAt() };
    }
  } catch (error) {
    if (error instanceof StreamBroken) throw error.cause;
    if (!(error instanceof TarDamage)) throw error;
    return { entries, ending: error.ending, endOffset: endedAt() };
  }
  return { entries, ending: 'complete', endOffset: endedAt() };
}

async function* headersOnly(
  file: FileHandle,
  fileBytes: number,
  contentEnd: () => number,
  signal: AbortSignal | undefined,
): ByteStream & AsyncGenerator<Uint8Array> {
  for (let position = 0; position < fileBytes; ) {
    signal?.throwIfAborted();
    const skipped = Math.min(contentEnd(), fileBytes) - position;
    if (skipped > 0) {
      const chunk = zeros.subarray(0, Math.min(skipped, zeros.length));
      position += chunk.length;
      yield chunk;
    } else {
      const { bytesRead, buffer } = await file.read(
        Buffer.alloc(readBytes),
        0,
        Math.min(readBytes, fileBytes - position),
        position,
      );
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }
}
