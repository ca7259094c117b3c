/**
 * Secrets in git's history. A file that changes a hundred times holds its secret a hundred times, so a secret is told once a
 * repository: where it first was. A secret that is in a plain file too is told there as well; the report puts the two together.
 */

import type { GitNode, GitObject } from '../layer/git-object.ts';
import { type FirstPlace, GitHistory } from './git-history.ts';
import { type GitPlace, gitMemberName } from './git-place.ts';
import { GitRefs, repositoryOf } from './git-refs.ts';
import type { ContentMatches } from './layer-scan.ts';

/** Secrets in history that are kept of a layer, and places of them that are compared. */
const mostSecrets = 20_000;
const mostSightings = 50_000;

/** A content that is an object of git, or is inside one. */
export interface GitContent extends Omit<ContentMatches, 'git'> {
  readonly object: GitObject;
  /** How many names of `nested` lead to the object. */
  readonly depth: number;
}

interface Sightings {
  readonly repository: string;
  readonly contents: GitContent[];
}

/** Collects what is found in objects, and tells where in the history it is once the layer has passed. */
export class GitMatches {
  readonly refs: GitRefs = new GitRefs();
  readonly #history: GitHistory;
  readonly #bySecret = new Map<string, Sightings>();
  #sightings = 0;
  #dropped = 0;

  /** Names of files and folders of the history are given as they come, once each. */
  constructor(onName: (name: string) => void) {
    this.#history = new GitHistory(onName);
  }

  /** True where names of the history were not given. */
  get areNamesCut(): boolean {
    return this.#history.areNamesCut;
  }

  addNode(node: GitNode): void {
    this.#history.add(node);
  }

  add(content: GitContent): void {
    const repository = repositoryOf([content.path, ...content.nested.slice(0, content.depth - 1)].join('/'));
    const bySecret = Map.groupBy(content.matches, ({ secret }) => secret);
    for (const [secret, matches] of bySecret) this.#see(repository, secret, { ...content, matches });
  }

  /** Secrets that were found and are not kept. */
  get dropped(): number {
    return this.#dropped;
  }

  /** True where some of the history is not known. */
  get isCut(): boolean {
    return this.#history.isCut && this.#bySecret.size > 0;
  }

  /** Each secret where it first was. */
  finish(): ContentMatches[] {
    if (this.#bySecret.size === 0) return [];
    const all = [...this.#bySecret.values()];
    const wanted = new Set(all.flatMap(({ contents }) => contents.flatMap(({ object }) => object.id ?? [])));
    const targets = this.refs.targets();
    const places = this.#history.firstPlaces(wanted, targets);
    const inHead = this.#inHeads(all);
    return all.map(({ repository, contents }) => {
      const first = contents.reduce((a, b) => (isEarlier(b, a, places) ? b : a));
      const head = inHead.get(repository);
      const place = placeOf(first, places, {
        ...(head === undefined ? {} : { inHead: contents.some(({ object }) => head.has(object.id ?? '')) }),
        // Where refs lead is known only with all of the history.
        hasRefs: targets.size > 0 && !this.#history.isCut,
      });
      const nested = first.nested.map((name, index) =>
        index === first.depth - 1 ? (gitMemberName(place) ?? name) : name,
      );
      const { object: _, depth: __, ...content } = first;
      return { ...content, nested, git: place };
    });
  }

  #see(repository: string, secret: string, content: GitContent): void {
    const key = JSON.stringify([repository, secret]);
    const known = this.#bySecret.get(key);
    if (known !== undefined) {
      if (this.#sightings++ < mostSightings) known.contents.push(content);
    } else if (this.#bySecret.size < mostSecrets) this.#bySecret.set(key, { repository, contents: [content] });
    else this.#dropped++;
  }

  /** By repository, which of its objects with secrets are checked out; without those of which that is not known. */
  #inHeads(all: readonly Sightings[]): Map<string, Set<string>> {
    const found = new Map<string, Set<string>>();
    for (const [repository, sightings] of Map.groupBy(all, (each) => each.repository)) {
      const head = this.refs.head(repository);
      const ids = new Set(sightings.flatMap(({ contents }) => contents.flatMap(({ object }) => object.id ?? [])));
      const inHead = head === undefined ? undefined : this.#history.inTree(head, ids);
      if (inHead !== undefined) found.set(repository, inHead);
    }
    return found;
  }
}

function isEarlier(a: GitContent, b: GitContent, places: ReadonlyMap<string, FirstPlace>): boolean {
  const rankA = places.get(a.object.id ?? '')?.rank ?? Number.POSITIVE_INFINITY;
  const rankB = places.get(b.object.id ?? '')?.rank ?? Number.POSITIVE_INFINITY;
  // Of a place and one inside it, the inner one says more.
  return rankA === rankB ? a.nested.length > b.nested.length : rankA < rankB;
}

function placeOf(
  { object }: GitContent,
  places: ReadonlyMap<string, FirstPlace>,
  known: { readonly inHead?: boolean; readonly hasRefs: boolean },
): GitPlace {
  const first = places.get(object.id ?? '');
  return {
    type: object.type,
    ...(object.id === undefined ? {} : { object: object.id }),
    ...(first === undefined
      ? {}
      : { commit: first.commit, authorDate: new Date(first.authoredAt * 1000).toISOString().replace('.000', '') }),
    ...(first?.path === undefined ? {} : { path: first.path }),
    ...(known.inHead === undefined || object.type !== 'blob' ? {} : { inHead: known.inHead }),
    ...(known.hasRefs && first?.isReachable !== true ? { unreachable: true } : {}),
  };
}
