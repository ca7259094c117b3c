/**
 * The history of the repositories in a layer, put together from the commits and trees that pass in any order: which commit brought a
 * file, and where. Objects are named by what they hold, so that all repositories of a layer are one graph. It is bounded, and kept
 * small: an entry of a tree is two numbers. What does not fit takes places away, never findings.
 */

import { type GitNode, gitTreeEntries } from '../layer/git-object.ts';

const mostCommits = 250_000;
const mostParents = 1_000_000;
const mostTreeEntries = 4_000_000;
const mostNameLetters = 32 * 1024 * 1024;
const mostFolders = 1000;

/** Other objects by their keys: a number is a tenth of an id, and holds on to no text. */
interface Commit {
  readonly id: string;
  readonly tree: number;
  readonly parents: readonly number[];
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
  readonly #commits = new Map<number, Commit>();
  readonly #tags = new Map<number, number>();
  /** By key, where in `#entries` a tree begins; it ends with a zero. */
  readonly #trees = new Map<number, number>();
  /** Two numbers each: the key of an object, and its name's index, doubled, one more for folders. */
  readonly #entries: number[] = [];
  readonly #names: string[] = [];
  readonly #nameIndexes = new Map<string, number>();
  readonly #onName: (name: string) => void;
  #nameLetters = 0;
  #parents = 0;
  #isCut = false;
  #areNamesCut = false;

  /** Names of files and folders are given once, however many trees have them. */
  constructor(onName: (name: string) => void) {
    this.#onName = onName;
  }

  /** True where the history is larger than what is kept of it. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** True where there are names that were not given. */
  get areNamesCut(): boolean {
    return this.#areNamesCut;
  }

  add(node: GitNode): void {
    if (node.kind === 'tree') this.#addTree(node);
    else if (this.#commits.size + this.#tags.size >= mostCommits || this.#parents >= mostParents) this.#isCut = true;
    else if (node.kind === 'tag') this.#tags.set(keyOf(node.id), keyOf(node.target));
    else {
      const { id, tree, parents, authoredAt } = node;
      this.#parents += parents.length;
      this.#commits.set(keyOf(id), { id, tree: keyOf(tree), parents: parents.map(keyOf), authoredAt });
    }
  }

  /** The earliest commits that have the wanted objects, by their ids; of those that refs lead to before others. */
  firstPlaces(wanted: ReadonlySet<string>, refTargets: ReadonlySet<string>): Map<string, FirstPlace> {
    const found = new Map<number, FirstPlace>();
    const keys = new Map([...wanted].map((id) => [keyOf(id), id]));
    const left = new Set([...keys.keys()].flatMap((key) => [key, this.#tags.get(key) ?? key]));
    const visited = new Set<number>();
    const reachable = this.#reachable([...refTargets].map(keyOf));
    for (const [rank, { id: commit, tree, authoredAt }] of this.#inOrder(reachable).entries()) {
      if (left.size === 0) break;
      const key = keyOf(commit);
      const place = { commit, authoredAt, rank, isReachable: reachable.has(key) };
      if (left.delete(key)) found.set(key, place);
      this.#walk(tree, visited, (file, path) => {
        if (left.delete(file)) found.set(file, { ...place, path });
      });
    }
    for (const key of keys.keys()) {
      const place = found.get(this.#tags.get(key) ?? key);
      if (place !== undefined && this.#tags.has(key)) found.set(key, { ...place, isReachable: reachable.has(key) });
    }
    return new Map([...keys].flatMap(([key, id]) => (found.has(key) ? [[id, found.get(key)!] as const] : [])));
  }

  /** Which of the wanted objects are in the tree of a commit; undefined where the commit is not there. */
  inTree(commit: string, wanted: ReadonlySet<string>): Set<string> | undefined {
    const root = this.#commits.get(keyOf(commit))?.tree;
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
    if (this.#nameLetters >= mostNameLetters) this.#areNamesCut = true;
    if (this.#entries.length >= 2 * mostTreeEntries || this.#areNamesCut) {
      this.#isCut = true;
      // Where a file was is forgotten, what it was called is looked at.
      if (!this.#areNamesCut) for (const { name } of gitTreeEntries(content, id.length / 2)) this.#indexOf(name);
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
    this.#onName(name);
    return this.#names.push(name) - 1;
  }

  #reachable(from: readonly number[]): Set<number> {
    const reached = new Set<number>();
    const pending = [...from];
    for (let key = pending.pop(); key !== undefined; key = pending.pop()) {
      if (reached.has(key)) continue;
      reached.add(key);
      const tagged = this.#tags.get(key);
      pending.push(...(this.#commits.get(key)?.parents ?? []), ...(tagged === undefined ? [] : [tagged]));
    }
    return reached;
  }

  /** What refs lead to first, then by date; commits of one second in the order they were made on each other. */
  #inOrder(reachable: ReadonlySet<number>): Commit[] {
    const generations = this.#generations();
    return [...this.#commits]
      .sort(
        ([a, { authoredAt: atA }], [b, { authoredAt: atB }]) =>
          Number(reachable.has(b)) - Number(reachable.has(a)) || atA - atB || generations.get(a)! - generations.get(b)!,
      )
      .map(([, commit]) => commit);
  }

  /** How many commits each one is from the beginning. */
  #generations(): Map<number, number> {
    const generations = new Map<number, number>();
    // On the way to its parents: keys are short enough to be made to lead in a circle.
    const entered = new Set<number>();
    for (const start of this.#commits.keys()) {
      const pending = [start];
      for (let key = pending.at(-1); key !== undefined; key = pending.at(-1)) {
        const parents = this.#commits.get(key)?.parents ?? [];
        if (!entered.has(key)) {
          entered.add(key);
          pending.push(...parents.filter((parent) => this.#commits.has(parent) && !entered.has(parent)));
          continue;
        }
        pending.pop();
        if (generations.has(key)) continue;
        generations.set(
          key,
          parents.reduce((most, parent) => Math.max(most, (generations.get(parent) ?? 0) + 1), 0),
        );
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
