/** A detector made ready to run: expressions compiled, what bytes can tell beforehand worked out, bounds made sure. */

import { type CompiledAllowList, compileAllowLists } from './allow-list.ts';
import type { Check } from './checks/check.ts';
import { checks } from './checks/index.ts';
import { foldCase } from './fold-case.ts';
import {
  captureCount,
  leadingSets,
  leadingSteps,
  looksAround,
  maxLengthOf,
  type Run,
  requiredByte,
  requiredRun,
  type Step,
} from './pattern-analysis.ts';
import { type PatternNode, parsePattern } from './pattern-parser.ts';
import type { Anchoring, Detector } from './rule.ts';

/** How far a detector reads. */
export interface DetectorBounds {
  /** Whether the pattern looks beyond its match: it is shown some bytes before it. */
  readonly looksAround: boolean;
  /** Length of a match at most, within the greatest window. */
  readonly maxLength: number;
  /** Bytes after an anchor that may be read for it, value and all. */
  readonly reach: number;
}

/**
 * A detector whose bounds are known; the rest is made when an anchor of it is met for the first time. A class with what a hit asks for as
 * fields of its own: rules are objects of many shapes, and looking into them is dear at millions of hits.
 */
export class CompiledDetector implements DetectorBounds {
  readonly index: number;
  readonly rule: Detector;
  readonly provider: string;
  readonly at: Anchoring;
  readonly boundary: boolean;
  readonly generic: boolean;
  readonly hasPath: boolean;
  readonly before: number;
  readonly after: number;
  readonly looksAround: boolean;
  readonly maxLength: number;
  readonly reach: number;
  #ready: ReadyDetector | undefined;

  constructor(rule: Detector, provider: string, index: number, bounds: DetectorBounds) {
    this.index = index;
    this.rule = rule;
    this.provider = provider;
    this.at = rule.at;
    this.boundary = rule.boundary;
    this.generic = rule.generic;
    this.hasPath = rule.path !== undefined;
    this.before = rule.before;
    this.after = rule.after;
    this.looksAround = bounds.looksAround;
    this.maxLength = bounds.maxLength;
    this.reach = bounds.reach;
  }

  /** What it takes to run it. */
  get ready(): ReadyDetector {
    this.#ready ??= makeReady(this.rule, parsePattern(this.rule.pattern));
    return this.#ready;
  }
}

/** What it takes to run a detector. */
export interface ReadyDetector {
  /** Sticky (`token`, `name`) or global (`near`). */
  readonly pattern: RegExp;
  readonly captures: boolean;
  readonly not: readonly RegExp[];
  readonly checks: readonly Check[];
  /** Those of the checks that read a format, and don't ask how random a secret looks. */
  readonly structuralChecks: readonly Check[];
  readonly companion: RegExp | undefined;
  /** How a token or a value begins. */
  readonly leading: readonly Step[];
  /** How many of its first bytes have a fixed place. */
  readonly leadingBytes: number;
  /** Whether `strong-password` is among the checks. */
  readonly needsStrong: boolean;
  /** A rare byte every match holds, beyond its leading ones. */
  readonly requiredByte: number | undefined;
  /** The run of bytes every match holds. */
  readonly run: Run;
  readonly needsDigit: boolean;
  readonly path: RegExp | undefined;
  readonly allow: readonly CompiledAllowList[];
}

/** Checks of what a secret is made of: a random one fails them hardly ever, a typed one as like as not. */
const looksChecks: ReadonlySet<string> = new Set([
  'digit',
  'letter',
  'mixed',
  'not-word',
  'not-hex',
  'strong-password',
]);
/** Characters of an alphabet in a row from which on hardly any text has them. */
const longRun = 24;
const maxMatchBytes = 16 * 1024;
/** Tokens and words near an anchor end where no word goes on. */
const wordEnd = '(?![0-9A-Za-z_])';
/** Values end where neither a word nor a joined part of the same value goes on. */
const valueEnd = '(?![0-9A-Za-z_]|[-./+@:~$!^*=][0-9A-Za-z])';

/** How far a detector reads. @throws SyntaxError where its pattern is none */
export function boundsOf(rule: Detector): DetectorBounds {
  const tree = parsePattern(rule.pattern);
  const around = looksAround(tree);
  const maxLength = Math.min(maxLengthOf(tree), maxMatchBytes);
  const most = rule.at === 'token' && !around ? Math.min(rule.after, maxLength) : rule.after;
  return { looksAround: around, maxLength, reach: rule.at === 'name' ? rule.after + maxLength : most };
}

function makeReady(rule: Detector, tree: PatternNode): ReadyDetector {
  const end = rule.at === 'name' ? valueEnd : wordEnd;
  const source = rule.boundary ? `(?:${rule.pattern})${end}` : rule.pattern;
  const captures = captureCount(tree) > 0;
  const leadingBytes = rule.at === 'token' ? leadingSets(tree).length : 0;
  const run = requiredRun(tree);
  return {
    pattern: new RegExp(foldCase(source), `${captures ? 'd' : ''}${rule.at === 'near' ? 'g' : 'y'}`),
    captures,
    not: rule.not.map((pattern) => new RegExp(foldCase(`^(?:${pattern})$`))),
    checks: rule.checks.map(checkNamed),
    structuralChecks: rule.checks.filter((name) => !looksChecks.has(name)).map(checkNamed),
    companion: rule.companion === undefined ? undefined : new RegExp(foldCase(rule.companion.pattern), 'g'),
    leading: rule.at === 'near' ? [] : leadingSteps(tree),
    leadingBytes,
    needsStrong: rule.checks.includes('strong-password'),
    requiredByte: requiredByte(tree, leadingBytes),
    run,
    needsDigit: needsDigit(rule, run),
    path: rule.path === undefined ? undefined : new RegExp(rule.path),
    allow: compileAllowLists(rule.allow),
  };
}

/** Whether a run without a digit tells that a rule finds nothing in it. A long one is rare, and then typed by somebody: it needn't be told beforehand. */
export function needsDigit(rule: Detector, { length }: Run): boolean {
  return length < longRun && rule.checks.some((name) => name === 'digit' || name === 'mixed');
}

function checkNamed(name: string): Check {
  const check = checks[name];
  if (check === undefined) {
    throw new TypeError(`unknown check ${name}; known are ${Object.keys(checks).sort().join(', ')}`);
  }
  return check;
}
