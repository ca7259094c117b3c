/**
 * Literals every match of a regular expression holds, so that the automaton can look for them: of the places in it where
 * only few texts can stand, the one that says most, with how far from the match's beginning it may be.
 */

import { maxAnchorBytes, minNeedleBytes } from './anchor.ts';
import type { CharSet } from './char-set.ts';
import { lengthOf } from './gitleaks-pattern.ts';
import type { RegexNode } from './gitleaks-regex.ts';
import { isGlue } from './name-words.ts';

/** Texts of which every match holds one; where they begin, in bytes from the match's beginning. */
export interface RequiredLiterals {
  /** Lower case. */
  readonly texts: readonly string[];
  readonly from: number;
  readonly to: number;
}

/** Texts one place may have, at most: more cost the automaton more than they tell. */
const mostTexts = 32;
/** Bytes a single place may have to be spelled out. */
const mostBytes = 8;

/** All that may serve as anchors, the most telling first. */
export function requiredLiterals(tree: RegexNode): RequiredLiterals[] {
  return collect(tree, { from: 0, to: 0 })
    .filter(({ texts }) => texts.every((text) => text.length >= minNeedleBytes))
    .sort((a, b) => worthOf(b) - worthOf(a));
}

/** How much a set of literals tells: its shortest text, and how few there are; words anybody uses tell less. */
function worthOf({ texts, from, to }: RequiredLiterals): number {
  const lengths = texts.map((text) => Math.min(text.length, 12) - (isGlue(text) ? 4 : 0));
  return Math.min(...lengths) - Math.log2(texts.length) / 2 + (from === 0 && to === 0 ? 1 : 0);
}

interface Offset {
  readonly from: number;
  readonly to: number;
}

function collect(node: RegexNode, at: Offset): RequiredLiterals[] {
  switch (node.kind) {
    case 'assertion':
      return [];
    case 'group':
      return collect(node.item, at);
    case 'repeat':
      return node.min > 0 ? [...ofExact(node, at), ...collect(node.item, at)] : [];
    case 'choice':
      return [...ofExact(node, at), ...ofAlternatives(node.items, at)];
    case 'set':
    case 'sequence':
      return ofSequence(flatten(node), at);
  }
}

function ofExact(node: RegexNode, at: Offset): RequiredLiterals[] {
  const texts = exactTexts(node);
  return texts === undefined ? [] : [literals(texts, at)];
}

/** One of each alternative's. */
function ofAlternatives(items: readonly RegexNode[], at: Offset): RequiredLiterals[] {
  const best = items.map((item) => requiredLiteralsAt(item, at));
  if (best.some((found) => found === undefined)) return [];
  const all = best.map((found) => found!);
  const texts = [...new Set(all.flatMap((found) => found.texts))];
  if (texts.length > mostTexts) return [];
  return [{ texts, from: Math.min(...all.map(({ from }) => from)), to: Math.max(...all.map(({ to }) => to)) }];
}

function requiredLiteralsAt(node: RegexNode, at: Offset): RequiredLiterals | undefined {
  return collect(node, at)
    .filter(({ texts }) => texts.every((text) => text.length >= minNeedleBytes))
    .sort((a, b) => worthOf(b) - worthOf(a))[0];
}

/** Neighbours that are spelled out make one literal: `gh`, `[po]`, `_` are `ghp_` and `gho_`. */
function ofSequence(items: readonly RegexNode[], begin: Offset): RequiredLiterals[] {
  const found: RequiredLiterals[] = [];
  let at = begin;
  let run: { texts: readonly string[]; at: Offset } = { texts: [''], at };
  const flush = (): void => {
    if (run.texts.some((text) => text !== '')) found.push(literals(run.texts, run.at));
  };
  for (const item of items) {
    const texts = exactTexts(item);
    const joined = texts === undefined ? undefined : cross(run.texts, texts);
    const { min, max } = lengthOf(item);
    const next = { from: at.from + min, to: at.to + max };
    if (joined !== undefined) run = { ...run, texts: joined };
    else {
      flush();
      found.push(...(item.kind === 'set' ? [] : collect(item, at)));
      run = texts === undefined ? { texts: [''], at: next } : { texts, at };
    }
    at = next;
  }
  flush();
  return found;
}

function literals(texts: readonly string[], { from, to }: Offset): RequiredLiterals {
  return { texts: [...new Set(texts.map((text) => text.slice(0, maxAnchorBytes)))], from, to };
}

/** Groups have no say in what stands beside what. */
function flatten(node: RegexNode): readonly RegexNode[] {
  if (node.kind === 'sequence') return node.items.flatMap(flatten);
  return node.kind === 'group' && node.item.kind !== 'choice' ? flatten(node.item) : [node];
}

/** Everything a node can match, lower case, where that are few texts without a space (in an anchor it is no literal). */
function exactTexts(node: RegexNode): readonly string[] | undefined {
  switch (node.kind) {
    case 'assertion':
      return [''];
    case 'set':
      return bytesOf(node.set);
    case 'group':
      return exactTexts(node.item);
    case 'sequence':
      return node.items.reduce<readonly string[] | undefined>(
        (texts, item) => {
          const own = texts === undefined ? undefined : exactTexts(item);
          return own === undefined ? undefined : cross(texts!, own);
        },
        [''],
      );
    case 'choice': {
      const texts = node.items.map(exactTexts);
      if (texts.some((own) => own === undefined)) return undefined;
      const all = new Set(texts.flatMap((own) => own!));
      return all.size > mostTexts ? undefined : [...all];
    }
    case 'repeat': {
      if (node.min !== node.max || node.max > 8) return undefined;
      const own = exactTexts(node.item);
      let texts: readonly string[] | undefined = own === undefined ? undefined : [''];
      for (let times = 0; times < node.min && texts !== undefined; times++) texts = cross(texts, own!);
      return texts;
    }
  }
}

function bytesOf(set: CharSet): readonly string[] | undefined {
  const chars = new Set<string>();
  for (let byte = 0; byte < 256; byte++) {
    if (set[byte] !== 1) continue;
    // Anchors are compared as UTF-8 text, so a byte beyond ASCII is none of theirs.
    if (byte <= 0x20 || byte >= 0x7f) return undefined;
    chars.add(String.fromCharCode(byte).toLowerCase());
    if (chars.size > mostBytes) return undefined;
  }
  return [...chars];
}

function cross(left: readonly string[], right: readonly string[]): readonly string[] | undefined {
  if (left.length * right.length > mostTexts) return undefined;
  return [...new Set(left.flatMap((head) => right.map((tail) => head + tail)))];
}
