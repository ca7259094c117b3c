/**
 * What an archive holds, by name: filled from a file's index or by a stream as it passes, and asked by the
 * resolver once everything is known. As in an unpacked tar, the last entry of a name is the one that
 * counts, and links lead to other names of the same archive, round in circles if somebody made them so.
 */

import { type Diagnostic, incomplete, notice, ScanError } from '../errors.ts';
import { cleanPath } from '../layer/clean-path.ts';
import type { TarHeader } from '../layer/tar-entries.ts';
import { maxJsonBytes } from '../oci/json.ts';
import type { Content } from '../oci/magic.ts';
import { linkDestination } from './archive-path.ts';
import type { StoredBlob, StoredContent } from './stored-content.ts';

type Item =
  | { readonly type: 'json'; read(): Promise<Uint8Array> }
  /** Without `notLayer` a layer, or at least what begins like one. */
  | { readonly type: 'blob'; readonly key: string; readonly sizeBytes: number; readonly notLayer?: ScanError }
  | { readonly type: 'link'; readonly to: string }
  | { readonly type: 'refused'; readonly error: ScanError };

const maxLinks = 16;
const maxNotices = 100;

/** The names of one archive and what stands behind them. */
export class ArchiveContent implements StoredContent {
  readonly #items = new Map<string, Item>();
  readonly #blobs = new Map<string, { name: string; isEmpty: boolean }>();
  readonly #oddities: Diagnostic[] = [];
  #hasDots = false;

  get namePrefix(): string {
    return this.#hasDots ? './' : '';
  }

  /** The names so far, in the archive's order. */
  get names(): readonly string[] {
    return [...this.#items.keys()];
  }

  /** Adds a link, a folder or whatever else has no content. */
  addName(header: TarHeader): void {
    const name = cleanPath(header.name);
    const target = header.linkTarget ?? '';
    if (header.type === 'symlink') this.#items.set(name, { type: 'link', to: linkDestination(name, target) });
    else if (header.type === 'hardlink') this.#items.set(name, { type: 'link', to: cleanPath(target) });
    else if (header.type === 'other')
      this.#items.set(name, { type: 'refused', error: noLayer(name, 'a device or the like') });
  }

  /** Adds a document, to be read when it is asked for. */
  addJson(header: TarHeader, read: () => Promise<Uint8Array>): void {
    const name = cleanPath(header.name);
    if (header.name === `./${name}`) this.#hasDots = true;
    if (header.sizeBytes <= maxJsonBytes) this.#items.set(name, { type: 'json', read });
    else this.refuse(header, tooLarge(name, `more than ${maxJsonBytes >> 20} MiB`));
  }

  /** Adds what may be a layer; its key is its name, or more where an earlier entry has the same. */
  addBlob(header: TarHeader): StoredBlob {
    const name = cleanPath(header.name);
    let key = name;
    for (let copy = 2; this.#blobs.has(key); copy++) key = `${name}#${copy}`;
    this.#blobs.set(key, { name, isEmpty: header.sizeBytes === 0 });
    this.#items.set(name, { type: 'blob', key, sizeBytes: header.sizeBytes });
    return { key, sizeBytes: header.sizeBytes };
  }

  /** Adds what is neither layer nor JSON: the content of an artifact, or of nothing; it is scanned as a file. */
  addUnknown(header: TarHeader, content: Content): StoredBlob {
    const blob = this.addBlob(header);
    const name = cleanPath(header.name);
    const looks =
      content.kind === 'unknown' && content.looksLike !== undefined ? ` (it looks like ${content.looksLike})` : '';
    const notLayer = noLayer(name, `neither a tar, gzip or zstd, nor JSON${looks}`);
    this.#items.set(name, { type: 'blob', ...blob, notLayer });
    return blob;
  }

  /** Adds an entry that can't be had, which is an error only if it is asked for. */
  refuse(header: TarHeader, error: ScanError): void {
    const name = cleanPath(header.name);
    this.#items.set(name, { type: 'refused', error });
    this.#addOddity(incomplete(error.code, name, error.message));
  }

  async json(path: string): Promise<Uint8Array | undefined> {
    const item = this.#lookUp(path);
    if (item === undefined) return undefined;
    if (item.type === 'json') return item.read();
    if (item.type === 'refused') throw item.error;
    throw new ScanError('MANIFEST_INVALID', `${path} is no JSON.`, { subject: path });
  }

  async blob(path: string): Promise<StoredBlob | undefined> {
    const item = this.#lookUp(path);
    if (item === undefined) return undefined;
    if (item.type === 'blob' && item.notLayer === undefined) return { key: item.key, sizeBytes: item.sizeBytes };
    if (item.type === 'blob' && item.notLayer !== undefined) throw item.notLayer;
    if (item.type === 'refused') throw item.error;
    throw noLayer(path, 'JSON');
  }

  async content(path: string): Promise<StoredBlob | undefined> {
    const item = this.#lookUp(path);
    if (item?.type === 'refused') throw item.error;
    return item?.type === 'blob' ? { key: item.key, sizeBytes: item.sizeBytes } : undefined;
  }

  /** The keys of blobs that no image uses, and what is to be said about them and about entries nobody knows. */
  leftOver(used: ReadonlySet<string>): {
    readonly keys: readonly string[];
    readonly diagnostics: readonly Diagnostic[];
  } {
    const unused = [...this.#blobs].filter(([key]) => !used.has(key));
    const notable = unused.filter(([, blob]) => !blob.isEmpty).map(([key]) => key);
    const notices = notable.map((key) =>
      notice('BLOB_UNREFERENCED', key, 'No image in the archive uses this content; it was scanned all the same.'),
    );
    return { keys: unused.map(([key]) => key), diagnostics: [...this.#oddities, ...notices] };
  }

  #lookUp(path: string): Item | undefined {
    let name = path;
    for (let links = 0; links <= maxLinks; links++) {
      const item = this.#items.get(name);
      if (item?.type !== 'link') return item;
      name = item.to;
    }
    throw new ScanError('ARCHIVE_INVALID', `${path} is a link that leads to more than ${maxLinks} others.`, {
      subject: path,
    });
  }

  #addOddity(diagnostic: Diagnostic): void {
    if (this.#oddities.length < maxNotices) this.#oddities.push(diagnostic);
  }
}

/** The error for a document that is over a limit. */
export function tooLarge(name: string, what: string): ScanError {
  return new ScanError('LIMIT_EXCEEDED', `${name} is JSON of ${what}, and was not read.`, { subject: name });
}

function noLayer(name: string, what: string): ScanError {
  return new ScanError('LAYER_CORRUPT', `${name} is no layer but ${what}.`, { subject: name });
}
