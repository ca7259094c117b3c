/**
 * The stages of a scan one by one, each with all before it, over layers one after the other on one thread. What each costs
 * is what it adds to the one before. Run by `scripts/bench-stage.ts`, each in a process of its own.
 */

import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { type CompiledRules, compileMatcher, compilePlan } from '../../src/detect/compiled-rules.ts';
import { loadAutomaton, loadPlan, loadRules, ruleSetOf } from '../../src/detect/load-rules.ts';
import { decodePlan } from '../../src/detect/plan-bytes.ts';
import type { RuleSet } from '../../src/detect/rule.ts';
import { decompress } from '../../src/layer/decompress.ts';
import type { LayerVisitor } from '../../src/layer/entry.ts';
import { defaultLimits } from '../../src/layer/limits.ts';
import { Meter } from '../../src/layer/verify.ts';
import { walkLayer } from '../../src/layer/walk-layer.ts';
import { scanBlob } from '../../src/scan/scan-blob.ts';
import { UnpackedBytes } from './unpacked-bytes.ts';

/** What is left of a run besides its cost. */
export interface Yield {
  /** Of the layers, inflated. */
  readonly bytes: number;
  readonly matches?: number;
  readonly detectors?: number;
  /** Of what is packed in the layers' files, inflated. */
  readonly nestedInflatedBytes?: number;
}

type Stage = (layers: readonly string[], limit: number) => Promise<() => Promise<Yield>>;

/** Stages by name; each gets ready first, which is not measured. */
export const stages: Readonly<Record<string, Stage>> = {
  'node:zlib': async (layers) => () => each(layers, inflateByStream),
  inflate: async (layers) => () => each(layers, inflateOnly),
  hashes: async (layers) => () => each(layers, inflateAndHash),
  tar: async (layers) => () => each(layers, (file) => walk(file, nobody, 0)),
  nested: async (layers) => () => each(layers, (file) => walk(file, nobody, defaultLimits.depth)),
  // The automaton tells its hits, and nobody has an anchor there.
  automaton: async (layers) => {
    const rules = await builtIn();
    const none = { needleLength: 0, always: [], beside: undefined };
    const deaf: CompiledRules = { ...rules, anchorsOf: () => none };
    return () => scanAll(layers, deaf);
  },
  rules: async (layers) => {
    const rules = await builtIn();
    return () => scanAll(layers, rules);
  },
  'some rules': async (layers, limit) => {
    const rules = compileMatcher(await someRules(limit));
    return () => scanAll(layers, rules);
  },
  'unpacked bytes': async (layers) => () => countUnpacked(layers),
};

const readBytes = 512 * 1024;

function open(file: string): AsyncIterable<Uint8Array> {
  return createReadStream(file, { highWaterMark: readBytes });
}

async function each(layers: readonly string[], work: (file: string) => Promise<number>): Promise<Yield> {
  let bytes = 0;
  for (const file of layers) bytes += await work(file);
  return { bytes };
}

async function inflateByStream(file: string): Promise<number> {
  let bytes = 0;
  const inflated = createReadStream(file, { highWaterMark: readBytes }).pipe(createGunzip({ chunkSize: 1 << 20 }));
  for await (const chunk of inflated as AsyncIterable<Buffer>) bytes += chunk.length;
  return bytes;
}

async function inflateOnly(file: string): Promise<number> {
  let bytes = 0;
  for await (const chunk of (await decompress(open(file), defaultLimits)).stream) bytes += chunk.length;
  return bytes;
}

async function inflateAndHash(file: string): Promise<number> {
  const stored = new Meter();
  const content = new Meter();
  async function* read(): AsyncGenerator<Uint8Array> {
    for await (const chunk of open(file)) {
      stored.add(chunk);
      yield chunk;
    }
  }
  for await (const chunk of (await decompress(read(), defaultLimits)).stream) content.add(chunk);
  stored.digests();
  content.digests();
  return content.sizeBytes;
}

async function walk(file: string, visitor: LayerVisitor, depth: number): Promise<number> {
  return (await walkLayer(open(file), visitor, { limits: { depth } })).uncompressedBytes;
}

async function scanAll(layers: readonly string[], rules: CompiledRules): Promise<Yield> {
  const kit = { rules, automaton: loadAutomaton(), seed: 1 };
  let [bytes, matches] = [0, 0];
  for (const file of layers) {
    const { uncompressedBytes, contents } = await scanBlob(open(file), kit, {});
    bytes += uncompressedBytes;
    matches += contents.reduce((sum, content) => sum + content.matches.length, 0);
  }
  return { bytes, matches, detectors: rules.detectorCount };
}

async function countUnpacked(layers: readonly string[]): Promise<Yield> {
  let [bytes, nestedInflatedBytes] = [0, 0];
  for (const file of layers) {
    const counter = new UnpackedBytes();
    bytes += await walk(file, counter, defaultLimits.depth);
    nestedInflatedBytes += counter.inflatedBytes;
  }
  return { bytes, nestedInflatedBytes };
}

async function builtIn(): Promise<CompiledRules> {
  return compilePlan(decodePlan(await loadPlan(await loadRules())));
}

/** Whole providers, evenly from all of them, until there are so many detectors. */
async function someRules(limit: number): Promise<RuleSet> {
  const { providers } = await loadRules();
  const all = providers.reduce((sum, { detectors }) => sum + detectors.length, 0);
  let [seen, taken] = [0, 0];
  const chosen = providers.filter(({ detectors }) => {
    seen += detectors.length;
    const wanted = (limit * seen) / all;
    if (taken + detectors.length > Math.min(limit, Math.max(wanted, 1))) return false;
    taken += detectors.length;
    return true;
  });
  return ruleSetOf(chosen);
}

const nobody: LayerVisitor = {
  entry: () => {},
  content: () => {},
  entryEnd: () => {},
  member: () => {},
  memberContent: () => {},
  memberEnd: () => {},
  diagnostic: () => {},
};
