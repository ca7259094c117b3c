/**
 * The layer cache (design, section 4): a blob that was scanned before is not scanned again, nor fetched. Scans are found
 * by the digest we computed or verified of the blob's bytes, never by what an image claims of itself; beside it the key
 * has the rules, the engine, its limits and the name the content is scanned under. What is kept has no secret in it
 * (`layer-record.ts`), so who wants to see secrets has the layers that hold some scanned afresh.
 */

import { createHash } from 'node:crypto';
import { type Diagnostic, notice } from '../../errors.ts';
import { defaultLimits } from '../../layer/limits.ts';
import type { WalkOptions } from '../../layer/walk-layer.ts';
import type { Blob } from '../../source/source.ts';
import type { Fingerprinter } from '../fingerprint.ts';
import type { LayerScan } from '../layer-scan.ts';
import type { Secret, TagKey } from '../secret.ts';
import { type CachePlaces, cachePlaces } from './cache-folder.ts';
import { engineDigest } from './engine-digest.ts';
import { FileHasher } from './file-hasher.ts';
import type { ImageStack, KnownImage } from './known-images.ts';
import { fingerprintsIn, fromRecord, toRecord } from './layer-record.ts';
import { type LayerKey, LayerStore } from './layer-store.ts';
import { openTagKey } from './tag-key.ts';

/** All kept scans together: those of some thousand layers. */
export const cacheLimitBytes: number = 512 << 20;

/** What the cache of a run is opened with. */
export interface LayerCacheOptions {
  readonly version: string;
  /** Of the rule set that is scanned with. */
  readonly ruleDigest: string;
  readonly automaton: Uint8Array | undefined;
  readonly walk: Omit<WalkOptions, 'signal' | 'expectedDigest' | 'expectedSizeBytes'>;
  readonly fingerprintKey: string | undefined;
  /** Hashes of published secrets. */
  readonly knownPublic: Pick<ReadonlySet<string>, 'has'>;
  /** True where layers with matches are to be scanned afresh. */
  readonly showSecrets: boolean;
  /** Files that are hashed at a time. */
  readonly jobs: number;
  readonly places?: CachePlaces;
  readonly limitBytes?: number;
}

/** The cache of one run. */
export class LayerCache {
  readonly #options: LayerCacheOptions;
  readonly #engine: string;
  readonly #keyFile: string;
  readonly #hasher: FileHasher;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #seen: KnownImage[] = [];
  #store!: LayerStore;
  #key: Promise<TagKey | undefined> | undefined;
  #afresh = 0;

  private constructor(options: LayerCacheOptions, keyFile: string, engine: string) {
    this.#options = options;
    this.#keyFile = keyFile;
    this.#engine = engine;
    this.#hasher = new FileHasher(options.jobs);
  }

  /** Opens the user's cache; one that can't be used is empty and keeps nothing. Undefined where nobody could tell what made it. */
  static async open(options: LayerCacheOptions): Promise<LayerCache | undefined> {
    const engine = engineDigest(options.version, options.automaton);
    if (engine === undefined) return undefined;
    const { folder, keyFile } = options.places ?? cachePlaces();
    const cache = new LayerCache(options, keyFile, engine);
    cache.#store = await LayerStore.open({
      folder,
      limitBytes: options.limitBytes ?? cacheLimitBytes,
      onTrouble: (kind, message) => {
        // A folder that can't be written is nothing to hear of at each scan in a container.
        if (kind === 'damaged') cache.#diagnostics.push(notice('CACHE_DAMAGED', 'layer cache', message));
      },
    });
    return cache;
  }

  /** Layers that were kept and had to be scanned afresh to show their secrets. */
  get afresh(): number {
    return this.#afresh;
  }

  /** What is to be said of the cache itself; each is given once. */
  takeDiagnostics(): readonly Diagnostic[] {
    return this.#diagnostics.splice(0);
  }

  /** The kept scan of a blob, where there is one and the blob has the digest. */
  async find(blob: Blob, signal: AbortSignal): Promise<LayerScan<Secret> | undefined> {
    const context = this.#contextOf(blob.name);
    const digest = await this.#digestOf(blob, context, signal);
    if (digest === undefined) return undefined;
    const key = { digest, context };
    if (this.#options.showSecrets && this.#store.hasMatches(key)) {
      this.#afresh++;
      return undefined;
    }
    const tagKey = this.#store.hasMatches(key) ? await this.#tagKey() : undefined;
    const record = this.#store.get(key, tagKey?.id ?? '');
    if (record === undefined) return undefined;
    const scan = fromRecord(record, tagKey);
    // What a manifest says wrongly of a size is for a scan to find out.
    return blob.sizeBytes === undefined || blob.sizeBytes === scan.sizeBytes ? scan : undefined;
  }

  /** Keeps a scan of this run, with the fingerprints of its secrets that the report needed. */
  async keep(blob: Blob, scan: LayerScan, fingerprinter: Fingerprinter): Promise<void> {
    const tagKey = scan.contents.length === 0 ? undefined : await this.#tagKey();
    const key: LayerKey = { digest: scan.blobDigest, context: this.#contextOf(blob.name) };
    const secrets = new Set(scan.contents.flatMap(({ matches }) => matches.map(({ secret }) => secret)));
    const known = new Map<string, string>();
    for (const secret of secrets) {
      const fingerprint = await fingerprinter.known(secret);
      if (fingerprint !== undefined) known.set(secret, fingerprint);
    }
    // Other filters asked for other secrets: what they needed is still true.
    const earlier = tagKey === undefined ? undefined : this.#store.get(key, tagKey.id);
    const before = earlier === undefined ? new Map<string, string>() : fingerprintsIn(earlier);
    const record = toRecord(scan, {
      key: tagKey,
      knownPublic: this.#options.knownPublic,
      fingerprint: (secret, tag) => known.get(secret) ?? before.get(tag),
    });
    if (record !== undefined) this.#store.put(key, scan.sizeBytes, record);
  }

  /** Images of earlier runs whose layers are all, in their order, an image's lowest; the largest first. */
  imagesBelow(stack: ImageStack): readonly KnownImage[] {
    return this.#store.imagesBelow(stack);
  }

  /** Takes note of an image that was scanned whole, for later runs: what one run says does not hang on its images' order. */
  remember(image: KnownImage): void {
    this.#seen.push(image);
  }

  async close(): Promise<void> {
    this.#store.remember(this.#seen.splice(0));
    this.#store.close();
    await this.#hasher.close();
  }

  /** The digest of a blob's bytes, where something is kept that may be its scan. */
  async #digestOf(
    { digest, file, sizeBytes }: Blob,
    context: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const isNamed = digest?.startsWith('sha256:') === true;
    if (isNamed && !this.#store.has({ digest, context })) return undefined;
    // Whoever sends a blob under this digest later must send these bytes: the registry does not have to.
    if (file === undefined) return isNamed ? digest : undefined;
    const storedBytes = sizeBytes ?? file.end - file.start;
    if (!isNamed && (digest !== undefined || !this.#store.hasBlobOf(storedBytes, context))) return undefined;
    const actual = await this.#hasher.hash(file, signal);
    return isNamed && actual !== digest ? undefined : actual;
  }

  /** Everything but the blob that decides on its scan. */
  #contextOf(name: string | undefined): string {
    const { ruleDigest, walk } = this.#options;
    const parts = { ...walk, limits: { ...defaultLimits, ...walk.limits }, name };
    const sorted = JSON.stringify(parts, (_, value: unknown) => (isPlain(value) ? sortedEntries(value) : value));
    return createHash('sha256')
      .update(JSON.stringify([this.#engine, ruleDigest, sorted]))
      .digest('hex');
  }

  #tagKey(): Promise<TagKey | undefined> {
    this.#key ??= openTagKey(this.#keyFile, this.#options.fingerprintKey);
    return this.#key;
  }
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sortedEntries(value: Readonly<Record<string, unknown>>): unknown {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
