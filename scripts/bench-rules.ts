/**
 * What the rules cost on real content: `node scripts/bench-rules.ts [FOLDER|LAYER.tar.gz]... [MEGABYTES]` (default: /usr 500).
 * It drives the automaton and the detectors as the matcher does, with a clock between them, so that the matcher itself
 * carries none; every detector's first calls are timed, then one in sixteen, since a clock costs as much as most calls.
 */

import { createReadStream, type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { View } from '../src/detect/accept.ts';
import { anchorSpan } from '../src/detect/anchor.ts';
import { createAutomaton } from '../src/detect/automaton.ts';
import type { CompiledDetector } from '../src/detect/compile-detector.ts';
import { anchorsBeside, compileMatcher } from '../src/detect/compiled-rules.ts';
import { evaluate, nearWindow } from '../src/detect/evaluate.ts';
import { loadAutomaton, loadRules } from '../src/detect/load-rules.ts';
import { walkLayer } from '../src/layer/walk-layer.ts';

const slabBytes = 4 * 1024 * 1024;
const shown = 10;
const timedAlways = 64;
const timedOneIn = 16;
/** A call that took longer was interrupted: by the collector, or by another program. */
const longestMs = 2;

/** What was measured of one detector, or of one word the automaton looks for. */
interface Cost {
  calls: number;
  timed: number;
  ms: number;
  found: number;
}

const operands = process.argv.slice(2);
const megabytesWanted = /^\d+$/.test(operands.at(-1) ?? '') ? Number(operands.pop()) : 500;
const places = operands.length === 0 ? ['/usr'] : operands;
/** Of each place: a large one is not to leave nothing for the others. */
const limit = (megabytesWanted * 1e6) / places.length;
const rules = compileMatcher(await loadRules());
const automaton = createAutomaton(rules, slabBytes, loadAutomaton());
const detectors = new Map<CompiledDetector, Cost>();
const words = new Map<string, Cost>();
/** Pairs of a position and an output, as the automaton reports them. */
const hits: number[] = [];
let [files, bytes, readMs, automatonMs, rulesMs] = [0, 0, 0, 0, 0];

const clock = clockCost();
for (const place of places) {
  if (statSync(place).isDirectory()) lookAtFolder(place, bytes + limit);
  else await lookAtLayer(place, bytes + limit);
}
report();

function lookAtFolder(folder: string, until: number): void {
  for (const file of filesIn(folder)) {
    if (bytes >= until) break;
    const content = timed(() => readFileSync(file));
    readMs += content.ms;
    files++;
    // Contents that are larger than a slab are cut: cost is measured here, not what is found at a cut.
    for (let at = 0; at < content.value.length; at += slabBytes) look(content.value.subarray(at, at + slabBytes));
  }
}

async function lookAtLayer(file: string, until: number): Promise<void> {
  const held = Buffer.alloc(slabBytes);
  let filled = 0;
  const flush = (): void => {
    if (filled > 0 && bytes < until) look(held.subarray(0, filled));
    filled = 0;
  };
  await walkLayer(createReadStream(file), {
    entry: () => {},
    content: (chunk) => {
      for (let at = 0; at < chunk.length; ) {
        if (filled === slabBytes) flush();
        const part = chunk.subarray(at, at + slabBytes - filled);
        held.set(part, filled);
        filled += part.length;
        at += part.length;
      }
    },
    entryEnd: () => {
      if (bytes < until) files++;
      flush();
    },
    member: () => {},
    memberContent: () => {},
    memberEnd: () => {},
    diagnostic: () => {},
  });
}

function look(content: Uint8Array): void {
  automaton.slab.set(content);
  bytes += content.length;
  hits.length = 0;
  const { length } = content;
  automatonMs += timed(() => automaton.scan(0, length, length, (position, output) => hits.push(position, output))).ms;
  const view: View = { bytes: automaton.slab, low: 0, high: content.length };
  const searched = new Map<CompiledDetector, { start: number; end: number }>();
  const evaluateHits = (): void => {
    for (let at = 0; at < hits.length; at += 2) hit(view, hits[at]!, hits[at + 1]!, searched);
  };
  rulesMs += timed(evaluateHits).ms;
}

function hit(
  view: View,
  position: number,
  output: number,
  searched: Map<CompiledDetector, { start: number; end: number }>,
): void {
  const anchors = rules.anchorsOf(output);
  for (const { anchor, detectors: ofAnchor } of [
    ...anchors.always,
    ...anchorsBeside(anchors, view.bytes, position + 1),
  ]) {
    const start = position + 1 - anchor.needle.length;
    if (start < 0) continue;
    const span = measure(words, anchor.needle, () => anchorSpan(anchor, view.bytes, start, view));
    if (span === undefined) continue;
    for (const detector of ofAnchor) {
      const secrets = measure(detectors, detector, () => evaluate(detector, view, span, searched.get(detector)));
      if (secrets.length > 0) detectors.get(detector)!.found += secrets.length;
      if (detector.rule.at === 'near') searched.set(detector, nearWindow(detector, view, span));
    }
  }
}

function measure<Key, Value>(costs: Map<Key, Cost>, key: Key, call: () => Value): Value {
  let cost = costs.get(key);
  if (cost === undefined) {
    cost = { calls: 0, timed: 0, ms: 0, found: 0 };
    costs.set(key, cost);
    // The first call makes the detector ready, which is no cost of looking.
    call();
  }
  cost.calls++;
  if (cost.calls > timedAlways && cost.calls % timedOneIn !== 0) return call();
  const { value, ms } = timed(call);
  if (ms <= longestMs) {
    cost.timed++;
    cost.ms += Math.max(0, ms - clock);
  }
  return value;
}

function timed<Value>(call: () => Value): { readonly value: Value; readonly ms: number } {
  const started = performance.now();
  const value = call();
  return { value, ms: performance.now() - started };
}

/** What reading the clock twice takes by itself. */
function clockCost(): number {
  const rounds = 100_000;
  let sum = 0;
  for (let round = 0; round < rounds; round++) sum += timed(() => round).ms;
  return sum / rounds;
}

function report(): void {
  const megabytes = bytes / 1e6;
  const line = (name: string, ms: number): void => console.log(`${name.padEnd(34)}${rate(ms)}`);
  const rate = (ms: number): string =>
    `${(ms / 1000).toFixed(2).padStart(8)} s ${(megabytes / (ms / 1000)).toFixed(0).padStart(8)} MB/s`;
  console.log(`${places.join(', ')}: ${files} files, ${megabytes.toFixed(0)} MB, ${rules.detectorCount} detectors`);
  if (readMs > 0) line('reading', readMs);
  line(`automaton${loadAutomaton() === undefined ? ' (plain: run make build)' : ''}`, automatonMs);
  line('anchors and detectors, with clock', rulesMs);
  line('  anchors', total(words));
  line('  detectors', total(detectors));
  table(
    'dearest detectors',
    [...detectors].map(([{ rule }, cost]) => [`${rule.id} (${rule.at})`, cost]),
  );
  table(
    'dearest words of anchors',
    [...words].map(([word, cost]) => [JSON.stringify(word), cost]),
  );
}

function table(title: string, rows: readonly (readonly [string, Cost])[]): void {
  console.log(
    `\n${title.padEnd(44)}${['ms/100 MB', 'calls/MB', 'µs/call', 'found'].map((head) => head.padStart(11)).join('')}`,
  );
  for (const [name, cost] of rows.toSorted(([, a], [, b]) => whole(b) - whole(a)).slice(0, shown)) {
    const numbers = [
      ((whole(cost) / bytes) * 1e8).toFixed(1),
      (cost.calls / (bytes / 1e6)).toFixed(1),
      ((whole(cost) / cost.calls) * 1000).toFixed(2),
      String(cost.found),
    ];
    console.log(`${name.slice(0, 43).padEnd(44)}${numbers.map((number) => number.padStart(11)).join('')}`);
  }
}

/** What all calls took, as far as those that were timed tell. */
function whole({ calls, timed: count, ms }: Cost): number {
  return count === 0 ? 0 : (ms / count) * calls;
}

function total(costs: ReadonlyMap<unknown, Cost>): number {
  return [...costs.values()].reduce((sum, cost) => sum + whole(cost), 0);
}

/** Regular files below a folder, on its file system alone: /proc and the like have no end. */
function* filesIn(root: string): Generator<string> {
  const device = statSync(root).dev;
  const folders = [root];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    for (const entry of entriesOf(next)) {
      const file = path.join(next, entry.name);
      if (entry.isDirectory() && statSync(file).dev === device) folders.push(file);
      else if (entry.isFile() && statSync(file).size < 2 ** 30) yield file;
    }
  }
}

/** Entries in an order that does not change from run to run; none where the folder may not be read. */
function entriesOf(parent: string): Dirent[] {
  try {
    return readdirSync(parent, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
