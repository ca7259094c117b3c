/**
 * Where the repositories in a layer stand: what their `HEAD`, branches, tags and `packed-refs` point to (gitrepository-layout), and
 * whether they have all of their objects. These are small files, picked out by their names as they pass; a repository is
 * named by the folder that holds them.
 */

const refFile = /^(.*?\.git\/|(?:.*\/)?)(HEAD|packed-refs|refs\/.+)$/;
const mostFileBytes = 4096;
const mostPackedBytes = 8 * 1024 * 1024;
/** Of all repositories of a layer. */
const mostRefs = 100_000;

/** Files that say that a repository has objects elsewhere. */
const elsewhereFile = /(?:^|\/)objects\/(?:info\/alternates|pack\/pack-[0-9a-f]+\.promisor)$/;
const mostElsewhere = 1000;

/** Why a repository's objects are not all beside it, in words. */
const reasons = {
  alternates:
    'this git repository has objects in another one (alternates): they are scanned where they are in the image, and told as of there',
  promisor: 'this git repository is a partial clone: objects that were not fetched are not in the image',
} as const;

const none: readonly string[] = [];

interface OpenFile {
  readonly repository: string;
  readonly name: string;
  readonly parts: Buffer[];
  left: number;
}

/** The folder a file of git's objects belongs to. */
export function repositoryOf(objectPath: string): string {
  const at = `/${objectPath}`.lastIndexOf('/objects/');
  return at < 0 ? objectPath : objectPath.slice(0, Math.max(0, at - 1));
}

/** Reads what refs are among contents that are open at several depths. */
export class GitRefs {
  readonly #open = new Map<number, OpenFile>();
  /** By repository, then name: an id, or the name of another ref. */
  readonly #refs = new Map<string, Map<string, string>>();
  /** By repository, why. */
  readonly #elsewhere = new Map<string, keyof typeof reasons>();
  #count = 0;

  /** A content begins: a file, or what is at the end of `nested` in it. */
  begin(depth: number, file: string, nested: readonly string[] = none): void {
    if (!mayMatter(file, nested)) return;
    const path = nested.length === 0 ? file : `${file}/${nested.join('/')}`;
    if (elsewhereFile.test(path)) {
      if (this.#elsewhere.size < mostElsewhere)
        this.#elsewhere.set(repositoryOf(path), path.endsWith('.promisor') ? 'promisor' : 'alternates');
      return;
    }
    const found = refFile.exec(path);
    if (found === null || this.#count >= mostRefs) return;
    const name = found[2]!;
    const repository = found[1]!.replace(/\/$/, '');
    this.#open.set(depth, {
      repository,
      name,
      parts: [],
      left: name === 'packed-refs' ? mostPackedBytes : mostFileBytes,
    });
  }

  write(depth: number, bytes: Uint8Array): void {
    if (this.#open.size === 0) return;
    const file = this.#open.get(depth);
    if (file === undefined || file.left === 0) return;
    const part = Buffer.from(bytes.subarray(0, file.left));
    file.parts.push(part);
    file.left -= part.length;
  }

  end(depth: number): void {
    const file = this.#open.get(depth);
    if (file === undefined) return;
    this.#open.delete(depth);
    const text = Buffer.concat(file.parts).toString('latin1');
    if (file.name !== 'packed-refs') this.#add(file, file.name, text.trim());
    else for (const [, id, name] of text.matchAll(/^([0-9a-f]{40,64}) (\S+)$/gm)) this.#add(file, name!, id!, false);
  }

  /** Repositories that do not have all of their objects beside them, and why. */
  *elsewhere(): Generator<readonly [repository: string, reason: string]> {
    for (const [repository, reason] of this.#elsewhere) yield [repository, reasons[reason]];
  }

  /** The ids that any ref points to. */
  targets(): Set<string> {
    return new Set([...this.#refs.values()].flatMap((refs) => [...refs.values()].filter(isId)));
  }

  /** What is checked out, where that is known. */
  head(repository: string): string | undefined {
    const refs = this.#refs.get(repository);
    let value = refs?.get('HEAD');
    // A ref to a ref to a ref: git gives up after five.
    for (let left = 5; left > 0 && value !== undefined && !isId(value); left--) value = refs?.get(value);
    return value !== undefined && isId(value) ? value : undefined;
  }

  #add({ repository }: OpenFile, name: string, value: string, isNewer = true): void {
    const target = isId(value) ? value : /^ref: (\S+)$/.exec(value)?.[1];
    if (target === undefined || this.#count >= mostRefs) return;
    const refs = this.#refs.get(repository) ?? new Map<string, string>();
    this.#refs.set(repository, refs);
    // A file of its own is newer than a line of `packed-refs`.
    if (!isNewer && refs.has(name)) return;
    if (!refs.has(name)) this.#count++;
    refs.set(name, target);
  }
}

/** A look at names before they are joined: hardly any content is one of these files. */
function mayMatter(file: string, nested: readonly string[]): boolean {
  const last = nested.at(-1) ?? file;
  return (
    last.endsWith('HEAD') ||
    last.endsWith('alternates') ||
    last.endsWith('.promisor') ||
    file.includes('refs') ||
    nested.some((name) => name.includes('refs'))
  );
}

function isId(text: string): boolean {
  return /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(text);
}
