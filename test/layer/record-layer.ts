/** Walks a layer and writes down what the visitor is given, contents put together by entry and member. */

import type { Diagnostic } from '../../src/errors.ts';
import type { LayerEntry, LayerVisitor } from '../../src/layer/entry.ts';
import type { GitObject } from '../../src/layer/git-object.ts';
import { type LayerFacts, type WalkOptions, walkLayer } from '../../src/layer/walk-layer.ts';

/** A member as it was given. */
export interface RecordedMember {
  readonly nested: readonly string[];
  /** Of git, where it is one. */
  readonly object?: GitObject;
  content: Buffer;
  ended: boolean;
}

/** An entry as it was given; `content` is undefined for those without. */
export interface RecordedEntry {
  readonly entry: LayerEntry;
  content: Buffer | undefined;
  ended: boolean;
  readonly members: RecordedMember[];
}

/** A walked layer. */
export interface Recording {
  readonly facts: LayerFacts;
  readonly entries: readonly RecordedEntry[];
  /** What the visitor was told and what the facts say, in this order. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Checks the order of calls while it records; bytes are copied, since they may be reused. */
class Recorder implements LayerVisitor {
  readonly entries: RecordedEntry[] = [];
  readonly diagnostics: Diagnostic[] = [];
  #chunks: Buffer[] = [];
  #file: RecordedEntry | undefined;
  readonly #open: { readonly member: RecordedMember; readonly chunks: Buffer[] }[] = [];

  entry(entry: LayerEntry): void {
    if (this.#file !== undefined) throw new Error(`${entry.path} begins inside ${this.#file.entry.path}`);
    const recorded = { entry, content: undefined, ended: false, members: [] };
    this.entries.push(recorded);
    if (entry.type === 'file') this.#file = recorded;
    this.#chunks = [];
  }

  content(bytes: Uint8Array): void {
    if (this.#file === undefined) throw new Error('content outside a file');
    this.#chunks.push(Buffer.from(bytes));
  }

  entryEnd(): void {
    if (this.#file === undefined || this.#open.length > 0) throw new Error('end without a beginning');
    this.#file.content = Buffer.concat(this.#chunks);
    this.#file.ended = true;
    this.#file = undefined;
  }

  member(nested: readonly string[], object?: GitObject): void {
    if (this.#file === undefined || nested.length !== this.#open.length + 1)
      throw new Error('a member at the wrong place');
    const member = { nested, content: Buffer.alloc(0), ended: false, ...(object === undefined ? {} : { object }) };
    this.#open.push({ member, chunks: [] });
    this.#file.members.push(member);
  }

  memberContent(bytes: Uint8Array, depth: number): void {
    const open = this.#open[depth - 1];
    if (open === undefined) throw new Error('content outside a member');
    open.chunks.push(Buffer.from(bytes));
  }

  memberEnd(depth: number): void {
    const open = this.#open.pop();
    if (open === undefined || this.#open.length !== depth - 1) throw new Error('member end without a beginning');
    open.member.content = Buffer.concat(open.chunks);
    open.member.ended = true;
  }

  diagnostic(diagnostic: Diagnostic): void {
    this.diagnostics.push(diagnostic);
  }
}

/** The bytes in chunks of the sizes, over and over; each chunk is overwritten when the next is asked for. */
export async function* inChunks(bytes: Uint8Array, sizes: readonly number[] = [65536]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length]!);
    const chunk = Uint8Array.from(bytes.subarray(at, at + size));
    at += size;
    yield chunk;
    // The memory goes back to whoever fills it next: in this thread (overwritten) or in another one (detached).
    chunk.fill(0xaa);
    if (turn % 2 === 1 || at >= bytes.length) structuredClone(chunk.buffer, { transfer: [chunk.buffer] });
  }
}

/** Walks the bytes of a blob. */
export async function recordLayer(
  bytes: Uint8Array,
  options: WalkOptions = {},
  sizes?: readonly number[],
): Promise<Recording> {
  const recorder = new Recorder();
  const facts = await walkLayer(inChunks(bytes, sizes), recorder, options);
  return { facts, entries: recorder.entries, diagnostics: [...recorder.diagnostics, ...facts.diagnostics] };
}

/** Path and content as text of every file. */
export function contentsOf(recording: Recording): Record<string, string> {
  return Object.fromEntries(
    recording.entries
      .filter(({ content }) => content !== undefined)
      .map(({ entry, content }) => [entry.path, content!.toString('latin1')]),
  );
}

/** `path: type` of every entry. */
export function typesOf(recording: Recording): string[] {
  return recording.entries.map(({ entry }) => `${entry.path}: ${entry.type}`);
}

/** Codes of all diagnostics, those that make a scan incomplete with an exclamation mark. */
export function codesOf(recording: Recording): string[] {
  return recording.diagnostics.map(({ code, effect }) => (effect === 'incomplete' ? `${code}!` : code));
}
