/**
 * Scans one blob: walks its layer, gives every content to the matcher, keeps the index of its names.
 * Members inside a file have a matcher of their own, since the file's raw bytes go on beside them.
 */

import type { CompiledRules } from '../detect/matcher.ts';
import { Matcher } from '../detect/matcher.ts';
import type { Match } from '../detect/rule.ts';
import { type Diagnostic, incomplete, messageOf } from '../errors.ts';
import type { ByteStream } from '../layer/byte-stream.ts';
import type { LayerEntry, LayerVisitor } from '../layer/entry.ts';
import { type WalkOptions, walkLayer } from '../layer/walk-layer.ts';
import { LayerIndexBuilder } from './layer-index.ts';
import type { ContentMatches, LayerScan } from './layer-scan.ts';

/** What every blob of a run is scanned with. */
export interface ScanKit {
  readonly rules: CompiledRules;
  readonly automaton: Uint8Array | undefined;
  /** Seeds the hash of paths; made anew for each run. */
  readonly seed: number;
}

/** Bounds what one layer may put into a report: a layer made of tokens is a layer nobody reads to the end. */
const mostContents = 20_000;

/** Scans a blob's bytes; whatever could not be read is among the diagnostics, and never throws but for defects and aborts. */
export async function scanBlob(bytes: ByteStream, kit: ScanKit, options: WalkOptions): Promise<LayerScan> {
  const collector = new Collector(kit);
  const facts = await walkLayer(untilItFails(bytes, collector), collector, options);
  return { ...collector.finish(), ...facts, diagnostics: [...collector.diagnostics, ...facts.diagnostics] };
}

/** The bytes up to where their source fails: what came is scanned, why no more came is said. */
async function* untilItFails(bytes: ByteStream, visitor: LayerVisitor): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    visitor.diagnostic(incomplete('BLOB_TRUNCATED', '', messageOf(error)));
  }
}

/** A content that was begun, until its matches are known. */
interface OpenContent {
  readonly ordinal: number;
  readonly path: string;
  readonly nested: readonly string[];
}

class Collector implements LayerVisitor {
  readonly diagnostics: Diagnostic[] = [];
  readonly #index: LayerIndexBuilder;
  readonly #files: Matcher;
  readonly #members: Matcher;
  readonly #open = new Map<number, OpenContent>();
  readonly #contents: ContentMatches[] = [];
  #nextId = 0;
  #current: { ordinal: number; path: string } = { ordinal: 0, path: '' };
  #dropped = 0;

  constructor(kit: ScanKit) {
    this.#index = new LayerIndexBuilder(kit.seed);
    const deliver = (id: number, matches: readonly Match[], truncated: boolean): void =>
      this.#deliver(id, matches, truncated);
    this.#files = new Matcher(kit.rules, kit.automaton, deliver);
    this.#members = new Matcher(kit.rules, kit.automaton, deliver);
  }

  entry(entry: LayerEntry): void {
    const ordinal = this.#index.add(entry);
    this.#current = { ordinal, path: entry.path };
    if (entry.type === 'file') this.#files.begin(this.#openContent([]));
  }

  content(bytes: Uint8Array): void {
    this.#files.write(bytes);
  }

  entryEnd(): void {
    this.#files.end();
  }

  member(nested: readonly string[]): void {
    this.#members.begin(this.#openContent(nested));
  }

  memberContent(bytes: Uint8Array): void {
    this.#members.write(bytes);
  }

  memberEnd(): void {
    this.#members.end();
  }

  diagnostic(diagnostic: Diagnostic): void {
    this.diagnostics.push(diagnostic);
  }

  finish(): Pick<LayerScan, 'contents' | 'index'> {
    this.#files.flush();
    this.#members.flush();
    if (this.#dropped > 0) {
      this.diagnostics.push(
        incomplete(
          'LIMIT_EXCEEDED',
          '',
          `matches in ${this.#dropped} more contents are not listed: ${mostContents} contents with matches are kept a layer`,
        ),
      );
    }
    this.#contents.sort((a, b) => a.ordinal - b.ordinal);
    return { contents: withoutEchoes(this.#contents), index: this.#index.build() };
  }

  #openContent(nested: readonly string[]): number {
    const id = this.#nextId++;
    this.#open.set(id, { ...this.#current, nested });
    return id;
  }

  #deliver(id: number, matches: readonly Match[], truncated: boolean): void {
    const content = this.#open.get(id);
    this.#open.delete(id);
    if (content === undefined || matches.length === 0) return;
    if (truncated) {
      const subject = [content.path, ...content.nested].join(' › ');
      this.diagnostics.push(
        incomplete('LIMIT_EXCEEDED', subject, `only the first ${matches.length} matches in it are listed`),
      );
    }
    if (this.#contents.length < mostContents) this.#contents.push({ ...content, matches });
    else this.#dropped++;
  }
}

/** A stored zip member is seen twice, raw and as a member: the member's place says more. */
function withoutEchoes(contents: readonly ContentMatches[]): ContentMatches[] {
  const inMembers = new Map<number, Set<string>>();
  for (const content of contents) {
    if (content.nested.length === 0) continue;
    const secrets = inMembers.get(content.ordinal) ?? new Set();
    for (const match of content.matches) secrets.add(match.secret);
    inMembers.set(content.ordinal, secrets);
  }
  if (inMembers.size === 0) return [...contents];
  return contents.flatMap((content) => {
    const echoed = content.nested.length === 0 ? inMembers.get(content.ordinal) : undefined;
    if (echoed === undefined) return [content];
    const matches = content.matches.filter((match) => !echoed.has(match.secret));
    return matches.length === 0 ? [] : [{ ...content, matches }];
  });
}
