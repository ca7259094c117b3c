/**
 * Git's objects (git-scm.com/docs/gitformat-pack, git-cat-file): what a repository's history is made of, and what they say of
 * each other. Content that makes no sense says nothing; it is scanned like any other.
 */

import { createHash, hash as hashOf } from 'node:crypto';

/** What objects are. */
export type GitType = 'commit' | 'tree' | 'blob' | 'tag';

/** What names them: SHA-1, or SHA-256 where a repository was made so. */
export type GitHash = 'sha1' | 'sha256';

/** An object whose content is given as a member. */
export interface GitObject {
  readonly type: GitType;
  /** In hex; known once all of its content has passed. */
  id?: string;
}

/** What an object says of others. */
export type GitNode =
  | {
      readonly kind: 'commit';
      readonly id: string;
      readonly tree: string;
      readonly parents: readonly string[];
      /** Seconds since 1970, as its author's clock had it. */
      readonly authoredAt: number;
    }
  /** The entries as git writes them; not to be kept. */
  | { readonly kind: 'tree'; readonly id: string; readonly content: Buffer }
  | { readonly kind: 'tag'; readonly id: string; readonly target: string };

/** More parents than a commit honestly has; each is memory. */
const mostParents = 100;

const folderMode = '40000';
const longestMode = 6;

/** The id of an object that is there whole. */
export function gitId(hash: GitHash, type: GitType, content: Uint8Array): string {
  const header = gitHeader(type, content.length);
  // A hash object costs more than a small content, a copy more than a large one.
  if (content.length < 16 * 1024) return hashOf(hash, Buffer.concat([header, content]), 'hex');
  return createHash(hash).update(header).update(content).digest('hex');
}

/** What is hashed in front of a content. */
export function gitHeader(type: GitType, sizeBytes: number): Buffer {
  return Buffer.from(`${type} ${sizeBytes}\0`, 'latin1');
}

/** What an object says of others; undefined where it says nothing or makes no sense. */
export function parseGitNode(type: GitType, id: string, content: Buffer): GitNode | undefined {
  if (type === 'blob') return undefined;
  if (type === 'tree') return { kind: 'tree', id, content };
  const end = content.indexOf('\n\n');
  const head = content.toString('latin1', 0, end < 0 ? content.length : end);
  if (type === 'tag') {
    const target = /^object ([0-9a-f]{40,64})\n/.exec(head)?.[1];
    return target === undefined ? undefined : { kind: 'tag', id, target };
  }
  const tree = /^tree ([0-9a-f]{40,64})\n/.exec(head)?.[1];
  const authored = /^author [^\n]*> (\d{1,11}) [+-]\d{4}$/m.exec(head)?.[1];
  if (tree === undefined || authored === undefined) return undefined;
  const parents = Array.from(head.matchAll(/^parent ([0-9a-f]{40,64})$/gm), ([, parent]) => parent!);
  return { kind: 'commit', id, tree, parents: parents.slice(0, mostParents), authoredAt: Number(authored) };
}

/** One entry of a tree. */
export interface GitTreeEntry {
  readonly name: string;
  readonly isFolder: boolean;
  /** Where in the tree's content the id of what it names stands. */
  readonly idAt: number;
}

/** The entries of a tree, up to where it makes no sense. */
export function* gitTreeEntries(content: Buffer, idBytes: number): Generator<GitTreeEntry> {
  for (let at = 0; ; ) {
    const found = treeEntryAt(content, at, idBytes);
    if (found === undefined) return;
    const { modeEnd, nameEnd } = found;
    const isFolder = content.toString('latin1', at, modeEnd) === folderMode;
    yield { name: content.toString('utf8', modeEnd + 1, nameEnd), isFolder, idAt: nameEnd + 1 };
    at = nameEnd + 1 + idBytes;
  }
}

/** Whether a content is a tree from its first byte to its last: what only claims to be one is a content like any other. */
export function isGitTree(content: Buffer, idBytes: number): boolean {
  for (let at = 0; ; ) {
    const found = treeEntryAt(content, at, idBytes);
    if (found === undefined) return at === content.length;
    at = found.nameEnd + 1 + idBytes;
  }
}

/** Where the mode and the name of an entry end; undefined where none begins. */
function treeEntryAt(
  content: Buffer,
  at: number,
  idBytes: number,
): { readonly modeEnd: number; readonly nameEnd: number } | undefined {
  if (at >= content.length) return undefined;
  const modeEnd = content.indexOf(0x20, at);
  const nameEnd = content.indexOf(0, at);
  const isEntry = modeEnd >= 0 && modeEnd - at <= longestMode && nameEnd > modeEnd;
  return isEntry && nameEnd + 1 + idBytes <= content.length ? { modeEnd, nameEnd } : undefined;
}
