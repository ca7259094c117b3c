/**
 * Gives git's objects to a sink, named by hashing them: files, messages of commits and of tags as members, and to whoever
 * puts the history together what commits, trees and tags say of each other. Trees that are whole and make sense are no members: the
 * names in them are given by the history, once each, and raw ids are nothing to look for secrets in.
 */

import { createHash, type Hash } from 'node:crypto';
import { type GitHash, type GitObject, type GitType, gitHeader, gitId, isGitTree, parseGitNode } from './git-object.ts';
import type { MemberSink } from './packed.ts';

/** Objects up to this size are put together before they are given out; larger ones pass, and of what they say nothing is known. */
export const wholeObjectBytes: number = 4 * 1024 * 1024;

/** An object in pieces. */
interface OpenObject {
  readonly object: GitObject;
  readonly hash: Hash;
  isBegun: boolean;
  isWanted: boolean;
  left: number;
}

/** Gives objects out, one at a time. */
export class GitOutlet {
  readonly #sink: MemberSink;
  readonly #hash: GitHash;
  #open: OpenObject | undefined;
  #isExhausted = false;

  constructor(sink: MemberSink, hash: GitHash) {
    this.#sink = sink;
    this.#hash = hash;
  }

  /** True once a budget is used up, which has been said. */
  get isExhausted(): boolean {
    return this.#isExhausted;
  }

  /** Takes bytes that are inflated and not given out from the budgets. */
  spend(bytes: number): void {
    if (bytes > 0 && !this.#sink.spend(bytes)) this.#isExhausted = true;
  }

  /** Gives an object that is there whole. @returns its id */
  whole(name: string, type: GitType, content: Buffer): string {
    const id = gitId(this.#hash, type, content);
    if (type === 'tree' && isGitTree(content, id.length / 2)) this.spend(content.length);
    else if (this.#sink.begin(name, { type, id })) {
      // One that is too large by itself is no reason to give up the others.
      if (!this.#sink.data(content)) this.spend(1);
      this.#sink.end();
    } else this.#isExhausted = true;
    const node = content.length <= wholeObjectBytes ? parseGitNode(type, id, content) : undefined;
    if (node !== undefined) this.#sink.gitNode(node);
    return id;
  }

  /** Begins an object that comes in pieces. */
  open(name: string, type: GitType, sizeBytes: number): void {
    const object: GitObject = { type };
    const isBegun = this.#sink.begin(name, object);
    if (!isBegun) this.#isExhausted = true;
    const hash = createHash(this.#hash).update(gitHeader(type, sizeBytes));
    this.#open = { object, hash, isBegun, isWanted: isBegun, left: sizeBytes };
  }

  give(bytes: Uint8Array): void {
    const open = this.#open!;
    open.left -= bytes.length;
    open.hash.update(bytes);
    if (open.isWanted) open.isWanted = this.#sink.data(bytes);
    else this.spend(bytes.length);
  }

  /** Ends it. @returns its id, where all of it came and no more */
  close(isWhole: boolean): string | undefined {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return undefined;
    if (isWhole && open.left === 0) open.object.id = open.hash.digest('hex');
    if (open.isBegun) this.#sink.end();
    return open.object.id;
  }
}
