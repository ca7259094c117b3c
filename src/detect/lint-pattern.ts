/**
 * Refuses patterns whose cost is not bounded. A regular expression engine that backtracks tries, in the worst case,
 * every way in which a pattern's repeats can share out a text: this counts those ways from above, where two
 * neighbours that may take the same byte multiply, and a repeat around something ambiguous is a power.
 */

import { type CharSet, charSet, overlaps, sizeOf, union, wordSet } from './char-set.ts';
import { captureCount, extentOf } from './pattern-analysis.ts';
import { type PatternNode, parsePattern } from './pattern-parser.ts';

/** Ways to share a text out, at most; ten times that where the match has to end at the end of a word. */
const maxWays = 200_000;
/** `=*` and `[ \t]*` cost nothing; a class of more characters needs a bound. */
const maxUnboundedSet = 2;

/** What is wrong with a pattern; `groups` says how many capture groups it may have. */
export function lintPattern(pattern: string, groups = 1): string[] {
  let tree: PatternNode;
  try {
    tree = parsePattern(pattern);
    new RegExp(pattern);
  } catch (error) {
    return [`is no regular expression rules can use: ${error instanceof Error ? error.message : String(error)}`];
  }
  const problems: string[] = [];
  if (captureCount(tree) > groups)
    problems.push(`has ${captureCount(tree)} capture groups; the secret is one (use (?:…))`);
  if (hasUnbounded(tree)) {
    problems.push(
      'has a repeat without a bound over more than two characters: write {0,64} in place of * and {1,64} in place of +',
    );
  } else if (waysOf(tree, nothing) > maxWays || waysOf(tree, boundary) > 10 * maxWays) {
    problems.push(
      'has repeats that compete for the same characters: their cost grows without bound; make neighbours differ',
    );
  }
  if (extentOf(tree).max === 0) problems.push('matches nothing but the empty text');
  return problems;
}

/** Ways to match a text from one place, from above, for a pattern that is searched for at many. */
export function waysToMatch(pattern: string): number {
  return waysOf(parsePattern(pattern), nothing);
}

/** What may come next, and how many fixed characters must: each way has to meet them before the rest is tried. */
interface Next {
  readonly set: CharSet;
  readonly literal: number;
}

const nothing: Next = { set: charSet(''), literal: 0 };
/** What the engine adds: a match ends where no word goes on. */
const boundary: Next = { set: wordSet, literal: 0 };

function hasUnbounded(node: PatternNode): boolean {
  switch (node.kind) {
    case 'set':
    case 'assertion':
      return false;
    case 'group':
    case 'look':
      return hasUnbounded(node.item);
    case 'repeat':
      if (
        node.max === Number.POSITIVE_INFINITY &&
        (node.item.kind !== 'set' || sizeOf(node.item.set) > maxUnboundedSet)
      )
        return true;
      return hasUnbounded(node.item);
    case 'sequence':
    case 'choice':
      return node.items.some(hasUnbounded);
  }
}

/** How many ways there are to match a text from one place, from above, where `next` follows. */
function waysOf(node: PatternNode, next: Next): number {
  switch (node.kind) {
    case 'set':
    case 'assertion':
      return 1;
    case 'look':
      return waysOf(node.item, nothing);
    case 'group':
      return waysOf(node.item, next);
    case 'choice': {
      const ways = node.items.map((item) => waysOf(item, next));
      const firsts = node.items.map((item) => firstOf(item).set);
      const compete = firsts.some((set, at) => firsts.slice(at + 1).some((other) => overlaps(set, other)));
      return compete ? ways.reduce((sum, way) => sum + way, 0) : Math.max(...ways);
    }
    case 'sequence': {
      let ways = 1;
      let follow = next;
      for (const item of [...node.items].reverse()) {
        const own = waysOf(item, follow);
        // What an assertion tries is tried once for each way that leads to it, beside what follows.
        if (item.kind === 'look') {
          ways += own;
          continue;
        }
        ways *= own;
        const first = firstOf(item);
        follow = {
          set: first.nullable ? union(first.set, follow.set) : first.set,
          literal: item.kind === 'set' && sizeOf(item.set) <= 2 ? follow.literal + 1 : 0,
        };
      }
      return ways;
    }
    case 'repeat':
      return waysOfRepeat(node, next);
  }
}

function waysOfRepeat(node: PatternNode & { readonly kind: 'repeat' }, next: Next): number {
  const first = firstOf(node.item);
  const max = Math.min(node.max, 1 << 14);
  const around = { set: max > 1 ? union(first.set, next.set) : next.set, literal: 0 };
  const inner = waysOf(node.item, around);
  const all = inner === 1 ? 1 : inner ** max;
  const own =
    node.min !== node.max && overlaps(first.set, next.set) ? (max - node.min + 1) / Math.max(1, next.literal) : 1;
  return all * Math.max(1, own);
}

/** The bytes a match may begin with, and whether it may be empty. */
function firstOf(node: PatternNode): { readonly set: CharSet; readonly nullable: boolean } {
  switch (node.kind) {
    case 'set':
      return { set: node.set, nullable: false };
    case 'assertion':
    case 'look':
      return { set: charSet(''), nullable: true };
    case 'group':
      return firstOf(node.item);
    case 'repeat': {
      const { set, nullable } = firstOf(node.item);
      return { set, nullable: nullable || node.min === 0 };
    }
    case 'choice': {
      const firsts = node.items.map(firstOf);
      return { set: firsts.map((first) => first.set).reduce(union), nullable: firsts.some((first) => first.nullable) };
    }
    case 'sequence': {
      let set = charSet('');
      for (const item of node.items) {
        const first = firstOf(item);
        set = union(set, first.set);
        if (!first.nullable) return { set, nullable: false };
      }
      return { set, nullable: true };
    }
  }
}
