/**
 * Secrets in what a tar says of its entries instead of in their contents: names, link targets, PAX records with the
 * extended attributes among them. They are many and short, so that they go through the matcher as lines of few
 * contents, of each name only what the one before it does not share; the few lines with a hit are then looked at one
 * by one, because a rule must not take one name for the context of another.
 */

import type { CompiledRules } from '../detect/compiled-rules.ts';
import { detect, type LeftOut } from '../detect/matcher.ts';
import type { Match } from '../detect/rule.ts';
import type { EntryType, LayerEntry } from '../layer/entry.ts';
import type { ContainerKind } from '../layer/magic.ts';
import type { ContentMatches } from './layer-scan.ts';

const batchBytes = 64 * 1024;
const mostNameLength = 200;
/** Records that say in numbers or once more what the header says. */
const plainRecords =
  /^(?:path|linkpath|size|mtime|atime|ctime|uid|gid|hdrcharset|GNU\.sparse\..*|LIBARCHIVE\.creationtime)$/;

/** A string of an entry, or of a member in it. */
interface Line {
  readonly ordinal: number;
  readonly type: EntryType;
  readonly path: string;
  readonly nested: readonly string[];
  readonly containers?: readonly ContainerKind[];
  /** `link target` or the keyword of a record; a name has none. */
  readonly attribute?: string;
  /** Characters of the name that the line leaves out, since the name before begins with them. */
  readonly shared: number;
}

/** Lines that are matched as one content. */
export class PathBatch {
  readonly bytes: Uint8Array;
  readonly #lines: readonly Line[];
  /** Where each line ends in the bytes. */
  readonly #ends: readonly number[];

  constructor(bytes: Uint8Array, lines: readonly Line[], ends: readonly number[]) {
    this.bytes = bytes;
    this.#lines = lines;
    this.#ends = ends;
  }

  /** What is in the lines that the matches of the whole lie in; in all of them where something was left out of it. */
  *contents(
    rules: CompiledRules,
    matches: readonly Match[],
    options: { readonly isCut: boolean; readonly onLeftOut: (place: string, leftOut: LeftOut) => void },
  ): Generator<ContentMatches> {
    const hit = new Set(matches.map(({ start }) => this.#lineAt(start)));
    for (const [index, line] of this.#lines.entries()) {
      if (!options.isCut && !hit.has(index)) continue;
      const bytes = this.bytes.subarray(index === 0 ? 0 : this.#ends[index - 1], this.#ends[index]! - 1);
      const found = detect(rules, bytes, (leftOut) => options.onLeftOut(placeOf(line), leftOut));
      for (const match of found) yield contentOf(line, bytes, match);
    }
  }

  #lineAt(offset: number): number {
    let [low, high] = [0, this.#ends.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ends[middle]! > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Collects the strings of a layer's entries into batches. */
export class PathStrings {
  readonly #batches: PathBatch[] = [];
  #buffer = Buffer.allocUnsafe(batchBytes);
  #lines: Line[] = [];
  #ends: number[] = [];
  #filled = 0;
  #lastName = '';
  #lastMember = '';

  /** Adds an entry's name, where it leads and what else its header says. */
  entry(ordinal: number, { path, type, linkTarget, pax }: LayerEntry): void {
    // What a whiteout is called is the name of what it removes, told with the layer that has it.
    if (type === 'whiteout' || type === 'opaque') return;
    const place = { ordinal, type, path, nested: [] };
    const shared = sharedWith(this.#lastName, path);
    this.#add(path.slice(shared), { ...place, shared });
    this.#lastName = path;
    this.#lastMember = '';
    if (type === 'symlink' && linkTarget !== undefined) {
      this.#add(linkTarget, { ...place, attribute: 'link target', shared: 0 });
    }
    if (pax === undefined) return;
    for (const [keyword, value] of Object.entries(pax)) {
      if (!plainRecords.test(keyword)) this.#add(`${keyword}=${value}`, { ...place, attribute: keyword, shared: 0 });
    }
  }

  /** Adds the name of a member of the entry's content. */
  member(
    { ordinal, path }: { readonly ordinal: number; readonly path: string },
    nested: readonly string[],
    containers: readonly ContainerKind[],
  ): void {
    const name = nested.at(-1) ?? '';
    const shared = sharedWith(this.#lastMember, name);
    this.#lastMember = name;
    this.#add(name.slice(shared), { ordinal, type: 'file', path, nested, containers, shared });
  }

  /** Adds a name that a repository's history has, perhaps of a file that is gone. */
  gitName({ ordinal, path }: Pick<Line, 'ordinal' | 'path'>, around: readonly string[], name: string): void {
    this.#add(name, { ordinal, type: 'file', path, nested: [...around, name], shared: 0 });
  }

  /** The batches that are full; with `all` what is begun as well. */
  take(all = false): PathBatch[] {
    if (all) this.#seal();
    return this.#batches.length === 0 ? [] : this.#batches.splice(0);
  }

  #add(text: string, line: Line): void {
    if (text === '') return;
    // A line break in a name is no end of it, and a name with one is rare: it stands alone, as what is long does.
    const isAlone = text.length * 3 >= batchBytes || text.includes('\n');
    if (isAlone || this.#filled + text.length * 3 >= batchBytes) this.#seal();
    if (isAlone) {
      this.#batches.push(new PathBatch(Buffer.from(`${text}\n`), [line], [Buffer.byteLength(text) + 1]));
    } else {
      this.#filled = writeText(this.#buffer, text, this.#filled);
      this.#buffer[this.#filled++] = 0x0a;
      this.#lines.push(line);
      this.#ends.push(this.#filled);
    }
  }

  #seal(): void {
    if (this.#filled === 0) return;
    this.#batches.push(new PathBatch(this.#buffer.subarray(0, this.#filled), this.#lines, this.#ends));
    this.#buffer = Buffer.allocUnsafe(batchBytes);
    this.#lines = [];
    this.#ends = [];
    this.#filled = 0;
  }
}

/** Where a line stands, for a diagnostic; a long name is not cut, since half a secret would not be masked. */
function placeOf({ ordinal, path, nested, attribute }: Line): string {
  const names = [path, ...nested];
  const isShort = names.every(({ length }) => length <= mostNameLength);
  return [...(isShort ? names : [`entry ${ordinal}`]), attribute ?? 'its name'].join(' › ');
}

/** As `buffer.write`, which costs more to call than a short name to copy. @returns where the text ends */
function writeText(buffer: Buffer, text: string, from: number): number {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return from + buffer.write(text, from);
    buffer[from + index] = code;
  }
  return from + text.length;
}

/** How much of a name its folders share with the name before, slash included. */
function sharedWith(before: string, name: string): number {
  const most = Math.min(before.length, name.length);
  let shared = 0;
  for (let at = 0; at < most && before.charCodeAt(at) === name.charCodeAt(at); at++) {
    if (name.charCodeAt(at) === 0x2f) shared = at + 1;
  }
  return shared;
}

function contentOf({ shared, ...line }: Line, bytes: Uint8Array, match: Match): ContentMatches {
  const { ordinal, path, nested, containers, type, attribute } = line;
  const inside = containers === undefined ? {} : { containers };
  const isFolder = type === 'directory';
  if (attribute !== undefined) {
    return { ordinal, path, nested, matches: [match], header: { attribute, isFolder } };
  }
  // The secret is in the name of the folder that the entry lies in, perhaps, and that is the place to tell.
  const slash = bytes.indexOf(0x2f, match.end);
  const name = nested.at(-1) ?? path;
  if (slash < 0) return { ordinal, path, nested, ...inside, matches: [match], header: { isFolder } };
  const upTo = name.slice(0, shared) + Buffer.from(bytes.subarray(0, slash)).toString('utf8');
  const place = nested.length === 0 ? { path: upTo, nested } : { path, nested: [...nested.slice(0, -1), upTo] };
  return { ordinal, ...place, ...inside, matches: [match], header: { isFolder: true } };
}
