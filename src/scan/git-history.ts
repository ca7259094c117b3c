/**
 * The history of the repositories in a layer, put together from the commits and trees that pass in any order: which commit brought a
 * file, and where. Objects are named by what they hold, so that all repositories of a layer are one graph. It is bounded, and kept
 * small: an entry of a tree is two numbers. What does not fit takes places away, never findings.
 */

import { type GitNode, gitTreeEntries } from '../layer/git-object.ts';

const mostCommits = 250_000;
const mostTreeEntries = 4_000_000;
const mostNameLetters = 32 * 1024 * 1024;
const mostFolders = 1000;

interface Commit {
  readonly id: string;
  readonly tree: number;
  readonly parents: readonly string[];
  readonly authoredAt: number;
}

/** Where an object first was. */
export interface FirstPlace {
  readonly commit: string;
  readonly authoredAt: number;
  /** Of a file, in the repository. */
  readonly path?: string;
  /** Smaller is earlier; what refs lead to comes before what they don't. */
  readonly rank: number;
  readonly isReachable: boolean;
}

/** Commits and trees, and the ways between them. */
export class GitHistory {
  readonly #commits = new Map<string, Commit>();
  readonly #tags = new Map<string, string>();
  /** By key, where in `#entries` a tree begins; it ends with a zero. */
  readonly #trees = new Map<number, number>();
  /** Two numbers each: the key of an object, and its name's index, doubled, one more for folders. */
  readonly #entries: number[] = [];
  readonly #names: string[] = [];
  readonly #nameIndexes = new Map<string, number>();
  #nameLetters = 0;
  #isCut = false;

  /** True where the history is larger than what is kept of it. */
  get isCut(): boolean {
    return this.#isCut;
  }

  add(node: GitNode): void {
    if (node.kind === 'tree') this.#addTree(node);
    else if (this.#commits.size + this.#tags.size >= mostCommits) this.#isCut = true;
    else if (node.kind === 'tag') this.#tags.set(node.id, node.target);
    else this.#commits.set(node.id, { ...node, tree: keyOf(node.tree) });
  }

  /** The earliest commits that have the wanted objects, by their ids; of those that refs lead to before others. */
  firstPlaces(wanted: ReadonlySet<string>, refTargets: ReadonlySet<string>): Map<string, FirstPlace> {
    const found = new Map<string, FirstPlace>();
    const tagged = [...this.#tags].filter(([tag]) => wanted.has(tag)).map(([, target]) => target);
    const left = new Map([...wanted, ...tagged].map((id) => [keyOf(id), id]));
    const visited = new Set<number>();
    const reachable = this.#reachable(refTargets);
    for (const [rank, { id: commit, tree, authoredAt }] of this.#inOrder(reachable).entries()) {
      if (left.size === 0) break;
      const place = { commit, authoredAt, rank, isReachable: reachable.has(commit) };
      if (left.delete(keyOf(commit))) found.set(commit, place);
      this.#walk(tree, visited, (key, path) => {
        const id = left.get(key);
        if (id === undefined) return;
        found.set(id, { ...place, path });
        left.delete(key);
      });
    }
    for (const [tag, target] of this.#tags) {
      const place = wanted.has(tag) ? found.get(target) : undefined;
      if (place !== undefined) found.set(tag, { ...place, isReachable: reachable.has(tag) });
    }
    return found;
  }

  /** Which of the wanted objects are in the tree of a commit; undefined where the commit is not there. */
  inTree(commit: string, wanted: ReadonlySet<string>): Set<string> | undefined {
    const root = this.#commits.get(commit)?.tree;
    if (root === undefined || !this.#trees.has(root)) return undefined;
    const byKey = new Map([...wanted].map((id) => [keyOf(id), id]));
    const found = new Set<string>();
    this.#walk(root, new Set(), (key) => {
      const id = byKey.get(key);
      if (id !== undefined) found.add(id);
    });
    return found;
  }

  #addTree({ id, content }: Extract<GitNode, { kind: 'tree' }>): void {
    const key = keyOf(id);
    if (this.#trees.has(key)) return;
    if (this.#entries.length >= 2 * mostTreeEntries || this.#nameLetters >= mostNameLetters) {
      this.#isCut = true;
      return;
    }
    this.#trees.set(key, this.#entries.length);
    for (const { name, isFolder, idAt } of gitTreeEntries(content, id.length / 2)) {
      const child = content.readUIntBE(idAt, 6) * 16 + (content[idAt + 6]! >> 4);
      this.#entries.push(child, this.#indexOf(name) * 2 + (isFolder ? 1 : 0));
    }
    this.#entries.push(0);
  }

  #indexOf(name: string): number {
    const known = this.#nameIndexes.get(name);
    if (known !== undefined) return known;
    this.#nameIndexes.set(name, this.#names.length);
    this.#nameLetters += name.length;
    return this.#names.push(name) - 1;
  }

  #reachable(from: Iterable<string>): Set<string> {
    const reached = new Set<string>();
    const pending = [...from];
    for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
      if (reached.has(id)) continue;
      reached.add(id);
      const tagged = this.#tags.get(id);
      pending.push(...(this.#commits.get(id)?.parents ?? []), ...(tagged === undefined ? [] : [tagged]));
    }
    return reached;
  }

  /** What refs lead to first, then by date; commits of one second in the order they were made on each other. */
  #inOrder(reachable: ReadonlySet<string>): Commit[] {
    const generations = this.#generations();
    return [...this.#commits.values()].sort(
      (a, b) =>
        Number(reachable.has(b.id)) - Number(reachable.has(a.id)) ||
        a.authoredAt - b.authoredAt ||
        generations.get(a.id)! - generations.get(b.id)!,
    );
  }

  #generations(): Map<string, number> {
    const generations = new Map<string, number>();
    for (const start of this.#commits.keys()) {
      const pending = [start];
      for (let id = pending.at(-1); id !== undefined; id = pending.at(-1)) {
        const parents = this.#commits.get(id)?.parents ?? [];
        const open = generations.has(id)
          ? []
          : parents.filter((parent) => this.#commits.has(parent) && !generations.has(parent));
        if (open.length > 0) pending.push(...open);
        else {
          if (!generations.has(id)) {
            generations.set(
              id,
              parents.reduce((most, parent) => Math.max(most, (generations.get(parent) ?? 0) + 1), 0),
            );
          }
          pending.pop();
        }
      }
    }
    return generations;
  }

  /** Every object that is no folder in trees that were not visited before. */
  #walk(root: number, visited: Set<number>, onFile: (key: number, path: string) => void): void {
    const pending: { readonly tree: number; readonly path: string; readonly folders: number }[] = [];
    const enter = (tree: number, path: string, folders: number): void => {
      if (visited.has(tree) || folders > mostFolders) return;
      visited.add(tree);
      pending.push({ tree, path, folders });
    };
    enter(root, '', 0);
    for (let step = pending.pop(); step !== undefined; step = pending.pop()) {
      const start = this.#trees.get(step.tree);
      if (start === undefined) continue;
      for (let at = start; this.#entries[at] !== 0 && at + 1 < this.#entries.length; at += 2) {
        const named = this.#entries[at + 1]!;
        const name = this.#names[named >>> 1]!;
        if (named & 1) enter(this.#entries[at]!, `${step.path}${name}/`, step.folders + 1);
        else onFile(this.#entries[at]!, step.path + name);
      }
    }
  }
}

/** The first 52 bits of an id, exact as a number. */
function keyOf(id: string): number {
  return Number.parseInt(id.slice(0, 13), 16);
}
