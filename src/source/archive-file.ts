/**
 * An image tar on disk: its headers are read once, then every blob is a range of the file that a worker
 * reads by itself, the largest first. A compressed one can't be jumped about in and is read as a stream.
 */

import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { ScanError } from '../errors.ts';
import { cleanPath } from '../layer/clean-path.ts';
import { shortDigest } from '../oci/digest.ts';
import { sniff, sniffBytes } from '../oci/magic.ts';
import { parsePlatform } from '../oci/platform.ts';
import type { ImageSelector } from '../oci/reference.ts';
import { ArchiveContent } from './archive-content.ts';
import { endingDiagnostic, noImageError } from './archive-ending.ts';
import { digestOfPath, isVersionFile } from './archive-path.ts';
import { type ArchiveStreamOptions, openArchiveStream } from './archive-stream.ts';
import { FileBlobs, type StoredFile } from './file-blobs.ts';
import { resolveImages } from './resolve-images.ts';
import type { ImageSource } from './source.ts';
import { blobKeysOf } from './stored-content.ts';
import { type IndexedEntry, indexTar } from './tar-index.ts';

/** How an archive or layout on disk is opened. */
export interface LocalOptions {
  /** What the user asked for, for reports; default the path. */
  readonly reference?: string;
  /** The transport the user named; without it what is found. */
  readonly kind?: 'docker-archive' | 'oci-archive' | 'oci';
  /** One image alone. */
  readonly select?: ImageSelector;
  /** `os/architecture[/variant]`; default all. */
  readonly platform?: string;
  readonly signal?: AbortSignal;
}

/** Opens an image tar, compressed or not. @throws ScanError */
export async function openArchiveFile(path: string, options: LocalOptions = {}): Promise<ImageSource> {
  const file = await openFile(path);
  let isHandedOver = false;
  try {
    const stat = await file.stat();
    const head = stat.isFile() ? await readRange(file, 0, Math.min(stat.size, sniffBytes)) : undefined;
    const content = head === undefined ? undefined : sniff(head);
    if (head !== undefined && (content?.kind !== 'layer' || content.compression === 'none')) {
      return await openIndexed(path, file, { ...options, fileBytes: stat.size, head });
    }
    const streamOptions = {
      ...options,
      reference: options.reference ?? path,
      title: `${options.kind ?? 'archive'} ${path}`,
    };
    const isNarrowed = options.select !== undefined || options.platform !== undefined;
    const wanted = stat.isFile() && isNarrowed ? await blobsOf(path, streamOptions) : undefined;
    // A pipe (`<(docker save app)`) must not be opened again: its writer may be gone.
    isHandedOver = true;
    return await openArchiveStream({
      ...streamOptions,
      ...(wanted === undefined ? {} : { wanted }),
      stream: file.createReadStream({ highWaterMark: 1024 * 1024, ...(stat.isFile() ? { start: 0 } : {}) }),
    });
  } finally {
    if (!isHandedOver) await file.close();
  }
}

/** Which blobs the selected images of a compressed file need: it is read once more than to scan layers nobody asked for. */
async function blobsOf(path: string, options: Omit<ArchiveStreamOptions, 'stream'>): Promise<ReadonlySet<string>> {
  const source = await openArchiveStream({
    ...options,
    stream: createReadStream(path, { highWaterMark: 1024 * 1024 }),
  });
  try {
    const images = await source.metadata(options.signal ?? new AbortController().signal);
    return blobKeysOf(images);
  } finally {
    await source.close();
  }
}

async function openIndexed(
  path: string,
  file: FileHandle,
  options: LocalOptions & { readonly fileBytes: number; readonly head: Uint8Array },
): Promise<ImageSource> {
  const { entries, ending } = await indexTar(file, options.fileBytes, options.signal).catch((error: unknown) => {
    throw error instanceof Error && 'syscall' in error ? unavailable(path, error) : error;
  });
  const names = entries.filter((entry) => entry.type !== 'directory').map((entry) => entry.name);
  const content = new ArchiveContent();
  const files = new Map<string, StoredFile>();
  // Looking into a hundred thousand files is for nothing where no list of images is among them.
  if (names.some((name) => /^[./]*(manifest|index)\.json$/.test(name))) {
    for (const entry of entries) await addEntry(content, files, { path, file, entry });
  }
  const kind =
    options.kind ?? (names.some((name) => /^[./]*manifest\.json$/.test(name)) ? 'docker-archive' : 'oci-archive');
  const reference = options.reference ?? path;
  const platform = options.platform === undefined ? undefined : parsePlatform(options.platform);
  const resolved = await resolveImages(content, {
    kind,
    reference,
    ...(options.select === undefined ? {} : { select: options.select }),
    ...(platform === undefined ? {} : { platform }),
  }).catch((error: unknown) => {
    // What is missing is missing because the archive is not whole: that is what a person must hear.
    if (error instanceof ScanError && ending === 'truncated')
      throw noImageError(path, { names, ending, head: options.head });
    throw error;
  });
  if (resolved === undefined) throw noImageError(path, { names, ending, head: options.head });

  const used = blobKeysOf(resolved.images);
  const isNarrowed = platform !== undefined || options.select !== undefined;
  const left = isNarrowed ? { keys: [], diagnostics: [] } : content.leftOver(used);
  const keys = [...used, ...left.keys];
  const end = endingDiagnostic(ending, path, entries.at(-1)?.name);
  return new FileBlobs({
    kind,
    title: `${kind} ${path}`,
    images: resolved.images,
    files: keys.flatMap((key) => files.get(key) ?? []),
    diagnostics: [...(end === undefined ? [] : [end]), ...resolved.diagnostics, ...left.diagnostics],
  });
}

async function addEntry(
  content: ArchiveContent,
  files: Map<string, StoredFile>,
  { path, file, entry }: { readonly path: string; readonly file: FileHandle; readonly entry: IndexedEntry },
): Promise<void> {
  if (entry.type !== 'file') {
    content.addName(entry);
    return;
  }
  const { start, end } = entry;
  const sniffed = sniff(await readRange(file, start, Math.min(end, start + sniffBytes)));
  const isWhole = end - start === entry.sizeBytes;
  if (sniffed.kind === 'layer' || (sniffed.kind === 'empty' && isWhole)) {
    const { key, sizeBytes } = content.addBlob(entry);
    const digest = digestOfPath(cleanPath(entry.name));
    files.set(key, { key, sizeBytes, file: { path, start, end }, ...(digest === undefined ? {} : { digest }) });
  } else if (!isWhole) {
    content.refuse(
      entry,
      new ScanError('BLOB_TRUNCATED', `${entry.name} is cut off where the archive ends.`, { subject: entry.name }),
    );
  } else if (sniffed.kind === 'json') {
    content.addJson(entry, () => readRange(file, start, end));
  } else if (!isVersionFile(entry)) {
    const { key, sizeBytes } = content.addUnknown(entry, sniffed);
    const name = cleanPath(entry.name);
    const digest = digestOfPath(name);
    const checked = digest === undefined ? { name } : { name: shortDigest(digest), digest };
    files.set(key, { key, sizeBytes, file: { path, start, end }, ...checked });
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (error) {
    throw unavailable(path, error);
  }
}

/** The error for a path that can't be read, with what the system said of it. */
export function unavailable(path: string, cause: unknown): ScanError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  const said =
    { ENOENT: 'there is no such file', EACCES: 'reading it is not permitted', EISDIR: 'it is a folder' }[code] ?? code;
  return new ScanError('SOURCE_UNAVAILABLE', `${path} can't be opened: ${said}.`, {
    subject: path,
    hint: 'Check the path; a name of an image has no "./" in front and does not end in .tar.',
    cause,
  });
}

async function readRange(file: FileHandle, start: number, end: number): Promise<Uint8Array> {
  const buffer = Buffer.alloc(end - start);
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
