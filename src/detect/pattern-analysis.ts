/**
 * What can be said of a pattern's matches without running it: how long they are, which bytes they are made of, which
 * bytes they begin with, and the run of bytes that none of them lacks. The matcher asks these before it runs anything.
 */

import { addTo, type CharSet, charSet, overlaps, sizeOf, union } from './char-set.ts';
import type { PatternNode } from './pattern-parser.ts';

/** Length and alphabet of all matches of a pattern. */
export interface Extent {
  readonly min: number;
  readonly max: number;
  readonly set: CharSet;
}

/** A run of so many bytes of a set, which every match holds. */
export interface Run {
  readonly length: number;
  readonly set: CharSet;
}

/** Length and alphabet of a pattern's matches. */
export function extentOf(node: PatternNode): Extent {
  switch (node.kind) {
    case 'set':
      return { min: 1, max: 1, set: node.set };
    case 'look':
    case 'assertion':
      return { min: 0, max: 0, set: charSet('') };
    case 'group':
      return extentOf(node.item);
    case 'repeat': {
      const { min, max, set } = extentOf(node.item);
      return { min: min * node.min, max: max === 0 || node.max === 0 ? 0 : max * node.max, set };
    }
    case 'sequence': {
      let min = 0;
      let max = 0;
      const set = charSet('');
      for (const item of node.items) {
        const extent = extentOf(item);
        min += extent.min;
        max += extent.max;
        addTo(set, extent.set);
      }
      return { min, max, set };
    }
    case 'choice': {
      const extents = node.items.map(extentOf);
      return {
        min: Math.min(...extents.map((extent) => extent.min)),
        max: Math.max(...extents.map((extent) => extent.max)),
        set: extents.map((extent) => extent.set).reduce(union),
      };
    }
  }
}

/** Length of a pattern's longest match. */
export function maxLengthOf(node: PatternNode): number {
  switch (node.kind) {
    case 'set':
      return 1;
    case 'look':
    case 'assertion':
      return 0;
    case 'group':
      return maxLengthOf(node.item);
    case 'repeat': {
      const max = maxLengthOf(node.item);
      return max === 0 || node.max === 0 ? 0 : max * node.max;
    }
    case 'sequence':
      return node.items.reduce((sum, item) => sum + maxLengthOf(item), 0);
    case 'choice':
      return Math.max(...node.items.map(maxLengthOf));
  }
}

/** The run that says most about a pattern: long, and of few different bytes. */
export function requiredRun(node: PatternNode): Run {
  const nodes = itemsOf(node);
  const items = nodes.map(extentOf);
  let best: Run = { length: 0, set: charSet('') };
  let bestScore = 0;
  for (let from = 0; from < items.length; from++) {
    // A run that begins with a literal says little more than the one after it.
    if (from > 0 && nodes[from]?.kind === 'set') continue;
    const set = charSet('');
    let size = 0;
    let length = 0;
    for (const item of items.slice(from)) {
      size += addTo(set, item.set);
      if (item.min === 0) continue;
      length += item.min;
      const score = length * Math.log2(256 / Math.max(1, size));
      if (score > bestScore) {
        best = { length, set: set.slice() };
        bestScore = score;
      }
      // A set of nearly everything tells nothing any more.
      if (size > 200) break;
    }
  }
  return best;
}

/** So many bytes of a set, and then something that is not of it. */
export interface Step {
  readonly set: CharSet;
  readonly min: number;
  readonly max: number;
}

/** How every match begins, as far as bytes can be told off one after another: up to where two steps that may be longer or shorter overlap. */
export function leadingSteps(node: PatternNode): readonly Step[] {
  return leadingWays(node, 1)[0] ?? [];
}

/** The same with choices followed: every match begins in one of these ways, at most `most` of them. */
export function leadingWays(node: PatternNode, most: number): readonly (readonly Step[])[] {
  return takeWays(node, [{ steps: [], isOpen: true }], most).map(({ steps }) => steps);
}

/** The sets of the first bytes of every match, as far as their places are fixed; at most `limit`. */
export function leadingSets(node: PatternNode, limit = 48): CharSet[] {
  const sets: CharSet[] = [];
  for (const { set, min, max } of leadingSteps(node)) {
    for (let times = 0; times < min && sets.length < limit; times++) sets.push(set);
    if (max !== min || sets.length >= limit) break;
  }
  return sets;
}

/** Steps so far; closed where what follows is not to be told from bytes alone. */
interface Way {
  readonly steps: readonly Step[];
  readonly isOpen: boolean;
}

function takeWays(node: PatternNode, ways: readonly Way[], most: number): readonly Way[] {
  switch (node.kind) {
    case 'assertion':
    case 'look':
      return ways;
    case 'set':
      return withStep(ways, { set: node.set, min: 1, max: 1 });
    case 'group':
      return takeWays(node.item, ways, most);
    case 'sequence':
      return node.items.reduce((taken, item) => takeWays(item, taken, most), ways);
    case 'repeat': {
      const { item, min, max } = node;
      const single = item.kind === 'group' ? item.item : item;
      if (single.kind === 'set') return withStep(ways, { set: single.set, min, max });
      return min === 0 && max === 1 ? fork([nothing, item], ways, most) : closed(ways);
    }
    case 'choice':
      return fork(node.items, ways, most);
  }
}

const nothing: PatternNode = { kind: 'sequence', items: [] };

function fork(branches: readonly PatternNode[], ways: readonly Way[], most: number): readonly Way[] {
  const open = ways.filter(({ isOpen }) => isOpen);
  const forked = [
    ...ways.filter(({ isOpen }) => !isOpen),
    ...branches.flatMap((branch) => takeWays(branch, open, most)),
  ];
  return forked.length > most ? closed(ways) : forked;
}

function closed(ways: readonly Way[]): readonly Way[] {
  return ways.map(({ steps }) => ({ steps, isOpen: false }));
}

function withStep(ways: readonly Way[], step: Step): readonly Way[] {
  return ways.map(({ steps, isOpen }) => {
    const taken = isOpen ? [...steps] : undefined;
    return taken !== undefined && takeStep(step, taken) ? { steps: taken, isOpen } : { steps, isOpen: false };
  });
}

function takeStep(step: Step, steps: Step[]): boolean {
  const last = steps.at(-1);
  if (last !== undefined && last.min !== last.max && (step.min === 0 || overlaps(last.set, step.set))) return false;
  if (last !== undefined && last.min === last.max && step.min === step.max && areEqual(last.set, step.set)) {
    steps[steps.length - 1] = { set: step.set, min: last.min + step.min, max: last.max + step.max };
  } else steps.push(step);
  return true;
}

function areEqual(one: CharSet, other: CharSet): boolean {
  return one.every((bit, byte) => bit === other[byte]);
}

/** Bytes text is full of, most frequent first; whatever is not among them is rarer. */
const common = ' etaoinsrhldcumfpgwybv,.-_=/:"\'();0123456789kxjqzETAOINSRHLDCUMFPGWYBVKXJQZ<>[]{}';

/** The rarest byte every match holds beyond its first `skip` places; undefined where there is none. */
export function requiredByte(node: PatternNode, skip: number): number | undefined {
  let best: number | undefined;
  let bestRank = -1;
  let offset = 0;
  for (const item of itemsOf(node)) {
    const isBeyond = offset >= skip;
    offset += extentOf(item).min;
    if (item.kind !== 'set' || !isBeyond || sizeOf(item.set) !== 1) continue;
    const byte = item.set.indexOf(1);
    const found = common.indexOf(String.fromCharCode(byte));
    const rank = found === -1 ? common.length : found;
    if (rank > bestRank) {
      best = byte;
      bestRank = rank;
    }
  }
  return best;
}

/** Whether some assertion looks beyond the match itself. */
export function looksAround(node: PatternNode): boolean {
  switch (node.kind) {
    case 'set':
      return false;
    case 'look':
    case 'assertion':
      return true;
    case 'group':
    case 'repeat':
      return looksAround(node.item);
    case 'sequence':
    case 'choice':
      return node.items.some(looksAround);
  }
}

/** How many capture groups there are. */
export function captureCount(node: PatternNode): number {
  switch (node.kind) {
    case 'set':
    case 'assertion':
      return 0;
    case 'group':
      return captureCount(node.item) + (node.capture ? 1 : 0);
    case 'look':
    case 'repeat':
      return captureCount(node.item);
    case 'sequence':
    case 'choice':
      return node.items.reduce((sum, item) => sum + captureCount(item), 0);
  }
}

function itemsOf(node: PatternNode): readonly PatternNode[] {
  if (node.kind === 'group') return itemsOf(node.item);
  return node.kind === 'sequence'
    ? node.items.flatMap((item) => (item.kind === 'group' ? itemsOf(item) : [item]))
    : [node];
}
