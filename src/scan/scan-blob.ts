/**
 * Scans one blob: walks its layer, gives every content to the matcher, keeps the index of its names.
 * Contents inside others have a matcher for each depth, since the bytes around them go on beside them.
 */

import type { CompiledRules } from '../detect/compiled-rules.ts';
import type { Undecoded } from '../detect/decode/hidden-text.ts';
import { type LeftOut, Matcher, type OnContent } from '../detect/matcher.ts';
import type { Match } from '../detect/rule.ts';
import { type Diagnostic, incomplete, messageOf, notice } from '../errors.ts';
import type { ByteStream } from '../layer/byte-stream.ts';
import type { LayerEntry, LayerVisitor } from '../layer/entry.ts';
import type { GitNode, GitObject } from '../layer/git-object.ts';
import { defaultLimits } from '../layer/limits.ts';
import type { ContainerKind } from '../layer/magic.ts';
import { TroubleLog } from '../layer/trouble-log.ts';
import { type WalkOptions, walkLayer } from '../layer/walk-layer.ts';
import { withoutEchoes } from './echoes.ts';
import { GitMatches } from './git-matches.ts';
import type { Lane } from './help.ts';
import { Helpers } from './helpers.ts';
import { LayerIndexBuilder } from './layer-index.ts';
import type { ContentMatches, LayerScan } from './layer-scan.ts';
import { sayLeftOut } from './match-limits.ts';
import { type PathBatch, PathStrings } from './path-strings.ts';
import { SharedMatcher } from './shared-matcher.ts';

/** What every blob of a run is scanned with. */
export interface ScanKit {
  readonly rules: CompiledRules;
  readonly automaton: Uint8Array | undefined;
  /** Seeds the hash of paths; made anew for each run. */
  readonly seed: number;
}

/** Bounds what one layer may put into a report: a layer made of tokens is a layer nobody reads to the end. */
const mostContents = 20_000;

/** Contents that wait for a slab to be full, at most, and letters of their names: a slab of bytes can be a million contents. */
const mostPending = 4096;
const mostPendingLetters = 4 * 1024 * 1024;

/** Slabs for contents inside others are smaller: there can be a dozen of them. */
const nestedSlabBytes = 256 * 1024;

/** Scans a blob's bytes; whatever could not be read is among the diagnostics, and never throws but for defects and aborts. */
export async function scanBlob(
  bytes: ByteStream,
  kit: ScanKit,
  options: WalkOptions,
  helpers: Helpers = new Helpers(),
): Promise<LayerScan> {
  const collector = new Collector(kit, helpers);
  try {
    const facts = await walkLayer(untilItFails(bytes, collector), collector, options);
    await collector.settled();
    return { ...collector.finish(), ...facts, diagnostics: [...collector.diagnostics, ...facts.diagnostics] };
  } finally {
    collector.close();
  }
}

/** The bytes up to where their source fails: what came is scanned, why no more came is said. */
async function* untilItFails(bytes: ByteStream, visitor: LayerVisitor): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    visitor.diagnostic(incomplete('BLOB_TRUNCATED', '', messageOf(error)));
  }
}

/** An entry, as far as its contents are told by it. */
interface OpenEntry {
  readonly ordinal: number;
  readonly path: string;
  readonly rawName: string | undefined;
}

const none: readonly string[] = [];

/** A content that was begun, until its matches are known: of a hundred thousand few have any. */
interface OpenContent {
  readonly entry: OpenEntry;
  readonly nested: readonly string[];
  readonly containers: readonly ContainerKind[] | undefined;
  /** The object of git that it is or that it is in, and how deep that one is. */
  readonly git: { readonly object: GitObject; readonly depth: number } | undefined;
}

class Collector implements LayerVisitor {
  readonly diagnostics: Diagnostic[] = [];
  readonly #index: LayerIndexBuilder;
  readonly #kit: ScanKit;
  readonly #helpers: Helpers;
  readonly #files: SharedMatcher;
  /** By depth, from 1; made when the first content of that depth comes. */
  readonly #members: SharedMatcher[] = [];
  readonly #open = new Map<number, OpenContent>();
  /** By number of the content: they come in any order. */
  readonly #contents = new Map<number, ContentMatches>();
  readonly #pathStrings = new PathStrings();
  readonly #pathBatches = new Map<number, PathBatch>();
  /** For names: they come while a file is open, and its matcher is not free. */
  readonly #names: Matcher;
  /** A layer can hold a million contents that something is left out of. */
  readonly #leftOut: TroubleLog = new TroubleLog((diagnostic) => this.#cut.push(diagnostic), defaultLimits.diagnostics);
  readonly #cut: Diagnostic[] = [];
  /** By place and secret: a folder's name is part of many. */
  readonly #inHeaders = new Map<string, ContentMatches>();
  readonly #git = new GitMatches((name) => this.#pathStrings.gitName(this.#current, this.#around, name));
  /** Objects of git that are open, by depth. */
  readonly #objects: (GitObject | undefined)[] = [];
  /** Names that lead to the content that is open. */
  #around: readonly string[] = [];
  #nextId = 0;
  #pendingLetters = 0;
  #current: OpenEntry = { ordinal: 0, path: '', rawName: undefined };
  #dropped = 0;
  readonly #onContent: OnContent = (...content) => this.#deliver(...content);

  constructor(kit: ScanKit, helpers: Helpers) {
    this.#index = new LayerIndexBuilder(kit.seed);
    this.#kit = kit;
    this.#helpers = helpers;
    this.#files = this.#shared('files');
    this.#names = this.#matcher(nestedSlabBytes);
  }

  entry(entry: LayerEntry): void {
    const ordinal = this.#index.add(entry);
    this.#pathStrings.entry(ordinal, entry);
    this.#matchPaths();
    const { path, rawName } = entry;
    this.#current = { ordinal, path, rawName };
    if (entry.type !== 'file') return;
    this.#objects.length = 0;
    this.#around = none;
    this.#begin(this.#files, none);
    this.#git.refs.begin(0, path);
  }

  content(bytes: Uint8Array): void {
    this.#files.write(bytes);
    this.#git.refs.write(0, bytes);
  }

  entryEnd(): void {
    this.#files.end();
    this.#git.refs.end(0);
  }

  member(nested: readonly string[], object?: GitObject, containers: readonly ContainerKind[] = []): void {
    const depth = nested.length;
    this.#objects.length = depth;
    this.#objects[depth] = object;
    this.#around = nested;
    // What git's objects are called is our word.
    if (object === undefined) {
      this.#pathStrings.member(this.#current, nested, containers);
      this.#matchPaths();
      this.#git.refs.begin(depth, this.#current.path, nested);
    }
    this.#begin(this.#matcherAt(depth), nested, containers);
  }

  memberContent(bytes: Uint8Array, depth: number): void {
    this.#matcherAt(depth).write(bytes);
    this.#git.refs.write(depth, bytes);
  }

  memberEnd(depth: number): void {
    this.#matcherAt(depth).end();
    this.#git.refs.end(depth);
    this.#around = this.#around.slice(0, depth - 1);
  }

  ready(): Promise<void> {
    return this.#helpers.ready();
  }

  gitNode(node: GitNode): void {
    this.#git.addNode(node);
    this.#matchPaths();
  }

  diagnostic(diagnostic: Diagnostic): void {
    this.diagnostics.push(diagnostic);
  }

  /** Settles when everything that was given has been matched. @throws Error where a helper failed */
  async settled(): Promise<void> {
    this.#matchPaths(true);
    this.#names.flush();
    this.#flush();
    await this.#helpers.settled();
  }

  finish(): Pick<LayerScan, 'contents' | 'index'> {
    for (const [repository, reason] of this.#git.refs.elsewhere()) {
      this.#leftOut.add(notice('NOT_UNPACKED', repository, reason));
    }
    this.#leftOut.finish();
    // Which of two contents is told first depends on who matched them.
    this.diagnostics.push(...this.#cut.sort((a, b) => (a.subject < b.subject ? -1 : Number(a.subject > b.subject))));
    const dropped = this.#dropped + this.#git.dropped;
    if (dropped > 0) {
      this.diagnostics.push(
        incomplete(
          'LIMIT_EXCEEDED',
          '',
          `matches in ${dropped} more contents are not listed: ${mostContents} contents with matches are kept a layer`,
        ),
      );
    }
    if (this.#index.areLinksCut) {
      const message = 'the layer has more hard links than are kept of it: a deleted file may be live by another name';
      this.diagnostics.push(incomplete('LIMIT_EXCEEDED', '', message));
    }
    if (this.#git.areNamesCut) {
      const message = 'a git history has more names of files than are kept of it: some of them were not scanned';
      this.diagnostics.push(incomplete('LIMIT_EXCEEDED', '', message));
    }
    if (this.#git.isCut) {
      const message =
        'a git history is larger than what is kept of it: some secrets in it are told without their commit';
      this.diagnostics.push(notice('LIMIT_EXCEEDED', '', message));
    }
    const found = [...this.#contents].sort(([a], [b]) => a - b).map(([, content]) => content);
    const all = [...found, ...this.#git.finish()].sort((a, b) => a.ordinal - b.ordinal);
    const inHeaders = [...this.#inHeaders.values()];
    const contents = [...withoutEchoes(all, inHeaders), ...inHeaders];
    return { contents, index: this.#index.build() };
  }

  close(): void {
    this.#files.close();
    this.#names.close();
    for (const matcher of this.#members) matcher.close();
  }

  #matcherAt(depth: number): SharedMatcher {
    while (this.#members.length < depth) this.#members.push(this.#shared('members'));
    return this.#members[depth - 1]!;
  }

  #shared(lane: Lane): SharedMatcher {
    const here = this.#matcher(lane === 'files' ? undefined : nestedSlabBytes);
    return new SharedMatcher(here, this.#helpers, lane, this.#onContent);
  }

  #matcher(slabBytes: number | undefined): Matcher {
    const { rules, automaton } = this.#kit;
    return new Matcher(rules, automaton, this.#onContent, slabBytes === undefined ? {} : { slabBytes });
  }

  #flush(): void {
    this.#files.flush();
    for (const each of this.#members) each.flush();
  }

  #begin(matcher: SharedMatcher, nested: readonly string[], containers?: readonly ContainerKind[]): void {
    if (this.#open.size - this.#helpers.pending >= mostPending || this.#pendingLetters >= mostPendingLetters) {
      this.#flush();
      this.#pendingLetters = 0;
    }
    const id = this.#nextId++;
    let name = this.#current.path;
    for (const each of nested) name += `!${each}`;
    this.#pendingLetters += name.length;
    const git = this.#objectAround(nested.length);
    this.#open.set(id, { entry: this.#current, nested, containers, git });
    // Which of two sightings in a history comes first is told by when they come.
    matcher.begin(id, name, git !== undefined);
  }

  #objectAround(depth: number): OpenContent['git'] {
    for (let at = Math.min(depth, this.#objects.length - 1); at >= 0; at--) {
      const object = this.#objects[at];
      if (object !== undefined) return { object, depth: at };
    }
    return undefined;
  }

  #matchPaths(all = false): void {
    for (const batch of this.#pathStrings.take(all)) {
      const id = this.#nextId++;
      this.#pathBatches.set(id, batch);
      this.#names.begin(id);
      this.#names.write(batch.bytes);
      this.#names.end();
    }
  }

  #sayLeftOut(subject: string, matches: number, leftOut: LeftOut): void {
    for (const diagnostic of sayLeftOut(subject, matches, leftOut)) this.#leftOut.add(diagnostic);
  }

  #deliverPaths(batch: PathBatch, matches: readonly Match[], isCut: boolean): void {
    if (matches.length === 0 && !isCut) return;
    const onLeftOut = (place: string, leftOut: LeftOut): void => this.#sayLeftOut(place, matches.length, leftOut);
    for (const content of batch.contents(this.#kit.rules, matches, { isCut, onLeftOut })) {
      const { path, nested, header } = content;
      const key = JSON.stringify([path, nested, header?.attribute, content.matches[0]!.secret]);
      if (this.#inHeaders.has(key)) continue;
      if (this.#inHeaders.size < mostContents) this.#inHeaders.set(key, content);
      else this.#dropped++;
    }
  }

  #deliver(id: number, matches: readonly Match[], truncated: boolean, undecoded: ReadonlySet<Undecoded>): void {
    const batch = this.#pathBatches.get(id);
    if (batch !== undefined) {
      this.#pathBatches.delete(id);
      this.#deliverPaths(batch, matches, truncated || undecoded.size > 0);
      return;
    }
    const content = this.#open.get(id);
    this.#open.delete(id);
    if (content === undefined) return;
    if (truncated || undecoded.size > 0) {
      const subject = [content.entry.path, ...content.nested].join(' › ');
      this.#sayLeftOut(subject, matches.length, { truncated, undecoded });
    }
    if (matches.length === 0) return;
    const { git, nested, containers } = content;
    const { ordinal, path, rawName } = content.entry;
    const place = {
      ordinal,
      path,
      ...(rawName === undefined ? {} : { rawName }),
      nested,
      ...(containers === undefined ? {} : { containers }),
    };
    if (git !== undefined) this.#git.add({ ...place, matches, ...git });
    else if (this.#contents.size < mostContents) this.#contents.set(id, { ...place, matches });
    else this.#dropped++;
  }
}
