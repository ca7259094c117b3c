/**
 * An OCI layout folder (image-spec image-layout.md): blobs are files named by their digests. Somebody else
 * may have written it, so nothing outside the folder is ever read: symlinks in it may not lead out, and
 * what is no regular file is not opened.
 */

import { constants } from 'node:fs';
import { type FileHandle, open, readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { type Diagnostic, notice, ScanError } from '../errors.ts';
import { maxJsonBytes } from '../oci/json.ts';
import { type Content, sniff, sniffBytes } from '../oci/magic.ts';
import { parsePlatform } from '../oci/platform.ts';
import { tooLarge } from './archive-content.ts';
import { type LocalOptions, unavailable } from './archive-file.ts';
import { digestOfPath } from './archive-path.ts';
import { FileBlobs, type StoredFile } from './file-blobs.ts';
import { resolveImages } from './resolve-images.ts';
import type { ImageSource } from './source.ts';
import { blobKeysOf, type StoredBlob, type StoredContent } from './stored-content.ts';

const maxBlobs = 200_000;

/** Opens an OCI layout folder. @throws ScanError */
export async function openOciLayout(folder: string, options: LocalOptions = {}): Promise<ImageSource> {
  const layout = new LayoutContent(await rootOf(folder));
  const platform = options.platform === undefined ? undefined : parsePlatform(options.platform);
  const kind = options.kind ?? 'oci';
  const resolved = await resolveImages(layout, {
    kind,
    reference: options.reference ?? folder,
    ...(options.select === undefined ? {} : { select: options.select }),
    ...(platform === undefined ? {} : { platform }),
  });
  if (resolved === undefined) {
    throw new ScanError('ARCHIVE_INVALID', `${folder} is no OCI layout: it has no index.json.`, {
      subject: folder,
      hint: 'Write one with skopeo copy … oci:FOLDER, or name the tar of an image.',
    });
  }
  const used = blobKeysOf(resolved.images);
  const isNarrowed = platform !== undefined || options.select !== undefined;
  const left = isNarrowed ? [] : await layout.addUnused(used);
  return new FileBlobs({
    kind,
    title: `${kind} ${folder}`,
    images: resolved.images,
    files: layout.filesOf(isNarrowed ? used : undefined),
    diagnostics: [...resolved.diagnostics, ...left],
  });
}

class LayoutContent implements StoredContent {
  readonly #root: string;
  readonly #files = new Map<string, StoredFile>();

  constructor(root: string) {
    this.#root = root;
  }

  async json(path: string): Promise<Uint8Array | undefined> {
    const opened = await this.#open(path);
    if (opened === undefined) return undefined;
    try {
      if (opened.sizeBytes > maxJsonBytes) throw tooLarge(path, `more than ${maxJsonBytes >> 20} MiB`);
      return await readStart(opened.file, opened.sizeBytes);
    } finally {
      await opened.file.close();
    }
  }

  async blob(path: string): Promise<StoredBlob | undefined> {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const found = await this.#look(path);
    if (found === undefined) return undefined;
    if (found.content.kind === 'json' || found.content.kind === 'unknown') {
      throw new ScanError('LAYER_CORRUPT', `${path} is no layer: neither a tar, gzip nor zstd.`, { subject: path });
    }
    this.#files.set(path, found.stored);
    return found.stored;
  }

  async content(path: string, name: string): Promise<StoredBlob | undefined> {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const found = await this.#look(path);
    if (found === undefined) return undefined;
    const stored = { ...found.stored, name };
    this.#files.set(path, stored);
    return stored;
  }

  /** The blobs found so far, or those of them with the keys. */
  filesOf(keys: ReadonlySet<string> | undefined): readonly StoredFile[] {
    return [...this.#files.values()].filter((file) => keys?.has(file.key) ?? true);
  }

  /** Finds the layers that no image uses. */
  async addUnused(used: ReadonlySet<string>): Promise<readonly Diagnostic[]> {
    const notices: Diagnostic[] = [];
    for (const algorithm of ['sha256', 'sha384', 'sha512']) {
      const names = await readdir(join(this.#root, 'blobs', algorithm)).catch(() => []);
      for (const name of names.slice(0, maxBlobs)) {
        const path = `blobs/${algorithm}/${name}`;
        if (used.has(path) || digestOfPath(path) === undefined) continue;
        const found = await this.#look(path).catch(() => undefined);
        // JSON is manifests and configurations, which are used in ways that are not counted here.
        if (found?.content.kind !== 'layer' && found?.content.kind !== 'unknown') continue;
        const isLayer = found.content.kind === 'layer';
        this.#files.set(path, isLayer ? found.stored : { ...found.stored, name: name.slice(0, 12) });
        notices.push(
          notice('BLOB_UNREFERENCED', path, 'No image in the layout uses this content; it was scanned all the same.'),
        );
      }
    }
    return notices;
  }

  async #look(path: string): Promise<{ readonly content: Content; readonly stored: StoredFile } | undefined> {
    const opened = await this.#open(path);
    if (opened === undefined) return undefined;
    try {
      const { sizeBytes } = opened;
      const content = sniff(await readStart(opened.file, Math.min(sizeBytes, sniffBytes)));
      const digest = digestOfPath(path);
      const file = { path: opened.realPath, start: 0, end: sizeBytes };
      return { content, stored: { key: path, sizeBytes, file, ...(digest === undefined ? {} : { digest }) } };
    } finally {
      await opened.file.close();
    }
  }

  async #open(path: string): Promise<{ file: FileHandle; sizeBytes: number; realPath: string } | undefined> {
    const realPath = await this.#resolve(path);
    if (realPath === undefined) return undefined;
    // Not blocking: opening a named pipe would wait for its writer for ever.
    const file = await open(realPath, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW).catch(
      (error: unknown) => {
        throw unavailable(path, error);
      },
    );
    const stat = await file.stat();
    if (stat.isFile()) return { file, sizeBytes: stat.size, realPath };
    await file.close();
    throw new ScanError('ARCHIVE_INVALID', `${path} in the layout is no regular file.`, { subject: path });
  }

  async #resolve(path: string): Promise<string | undefined> {
    try {
      const real = await realpath(join(this.#root, path));
      if (real.startsWith(this.#root.endsWith(sep) ? this.#root : this.#root + sep)) return real;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw unavailable(path, error);
    }
    throw new ScanError('ARCHIVE_INVALID', `${path} is a link that leads out of the layout.`, { subject: path });
  }
}

async function rootOf(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch (error) {
    throw unavailable(folder, error);
  }
}

async function readStart(file: FileHandle, length: number): Promise<Uint8Array> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, 0);
  return buffer.subarray(0, bytesRead);
}
