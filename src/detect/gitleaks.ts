/**
 * Rules of a gitleaks configuration as detectors of ours. gitleaks runs a rule's regex over every file that holds one of
 * its keywords, anywhere; here a pattern sees a bounded window around an anchor. The anchor is a literal every match must
 * hold, where there is one that implies a keyword (then nothing is lost), else a keyword near the match. What has no
 * anchor, or no bound, is refused and said.
 */

import { minNeedleBytes } from './anchor.ts';
import { type RequiredLiterals, requiredLiterals } from './gitleaks-anchor.ts';
import type { GitleaksAllow, GitleaksFile, GitleaksRule } from './gitleaks-file.ts';
import { boundRepeats, lengthOf, withoutOptionalStart, writePattern } from './gitleaks-pattern.ts';
import { parseRegex, type Regex, type RegexNode } from './gitleaks-regex.ts';
import { lintPattern, waysToMatch } from './lint-pattern.ts';
import { maxWindowBytes } from './parse-rules.ts';
import { type AllowList, type Detector, type Provider, type Severity, severities } from './rule.ts';
import type { RuleProblem } from './rule-problem.ts';

/** What a configuration gives. */
export interface GitleaksImport {
  readonly provider: Provider;
  /** For whichlayer's own rules, which stand in for gitleaks' where the configuration extends those. */
  readonly allow: readonly AllowList[];
  /** Mistakes: gitleaks would not run with them either. */
  readonly problems: readonly RuleProblem[];
  /** Rules that can't be run here: what they look for is not looked for. */
  readonly refused: readonly RuleProblem[];
  /** What is done otherwise than by gitleaks. */
  readonly notes: readonly RuleProblem[];
}

/** Bounds `+` and `*` get, greatest first; a pattern that is searched for in a window has less to go. */
const tokenBounds = [4096, 2048, 1024, 512, 256, 128, 64, 32, 16];
const nearBounds = [512, 256, 128, 64, 32, 16];
/** A bound so small that real matches may be longer is worth a word. */
const smallBound = 64;
/** Bytes between a keyword and a match, at most, where the regex does not hold the keyword itself. */
const keywordReach = 1024;
/** Part of a keyword that tells as much as all of it, in bytes. */
const shortestPart = 5;
/** Steps a pattern may take around one anchor, at most: ways to match times places to begin. */
const mostSteps = 500_000;
const longestMatch = maxWindowBytes - 2 * keywordReach;

/** Makes detectors of a configuration's rules; `taken` are ids other rules have. */
export function importGitleaks(
  config: GitleaksFile,
  options: { readonly provider: string; readonly file: string; readonly taken: ReadonlySet<string> },
): GitleaksImport {
  const importer = new Importer(config, options);
  return importer.run();
}

/** A rule that can't be run here. */
class Refusal extends Error {}

class Importer {
  readonly #problems: RuleProblem[] = [];
  readonly #refused: RuleProblem[] = [];
  readonly #notes: RuleProblem[] = [];
  readonly #config: GitleaksFile;
  readonly #options: { readonly provider: string; readonly file: string; readonly taken: ReadonlySet<string> };

  constructor(
    config: GitleaksFile,
    options: { readonly provider: string; readonly file: string; readonly taken: ReadonlySet<string> },
  ) {
    this.#config = config;
    this.#options = options;
  }

  run(): GitleaksImport {
    const { useDefault, allow, rules } = this.#config;
    const { provider, file } = this.#options;
    if (useDefault) {
      this.#notes.push({ file, message: "extend.useDefault: whichlayer's own rules stand in for those of gitleaks" });
    }
    const everywhere = allow.map((list) => ({ list, made: this.#allowList(list, { file }) }));
    const shared = everywhere.flatMap(({ list, made }) => (made === undefined ? [] : [{ list, made }]));
    const detectors: Detector[] = [];
    const ids = new Set<string>();
    for (const rule of rules) {
      const detector = this.#detector(
        rule,
        shared.filter(({ list }) => list.targetRules.length === 0 || list.targetRules.includes(rule.id)),
      );
      if (detector === undefined) continue;
      if (ids.has(detector.id)) this.#problems.push({ ...placeOf(rule), message: 'id: used twice' });
      ids.add(detector.id);
      detectors.push(detector);
    }
    return {
      provider: providerOf(provider, file, detectors),
      allow: useDefault ? shared.flatMap(({ list, made }) => (list.targetRules.length === 0 ? [made] : [])) : [],
      problems: this.#problems,
      refused: this.#refused,
      notes: this.#notes,
    };
  }

  #detector(rule: GitleaksRule, shared: readonly { readonly made: AllowList }[]): Detector | undefined {
    const place = placeOf(rule);
    if (rule.id === '' || rule.isSilent) return undefined;
    try {
      if (rule.regex === undefined) {
        if (rule.path !== undefined) throw new Refusal('it has no regex: files are looked for by content, not by name');
        if (!this.#config.useDefault) throw new Refusal('it has no regex');
        this.#notes.push({ ...place, message: "it changes a rule of gitleaks' own, which is not loaded" });
        return undefined;
      }
      if (rule.isComposite) throw new Refusal('it needs other rules near it (rules.required)');
      const regex = this.#parse(rule.regex, 'regex');
      const group = rule.secretGroup ?? 0;
      if (group > regex.groups || group < 0) {
        this.#problems.push({ ...place, message: `secretGroup: the regex has ${regex.groups} groups` });
        return undefined;
      }
      const found = this.#place(rule, regex, group);
      const allow = [
        ...rule.allow.flatMap((list) => this.#allowList(list, place) ?? []),
        ...shared.map(({ made }) => made),
      ];
      const path = rule.path === undefined ? undefined : this.#pattern(rule.path, 'path');
      return {
        id: this.#idOf(rule),
        title: titleOf(rule),
        severity: severityOf(rule),
        confidence: 'medium',
        ...found,
        ...(rule.entropy === undefined ? {} : { entropy: rule.entropy }),
        ...(path === undefined ? {} : { path }),
        allow,
        imported: true,
        checks: [],
        not: [],
        boundary: false,
        allowPlaceholder: true,
        generic: rule.id.startsWith('generic'),
        examples: [],
        counterExamples: [],
        knownMisses: [],
      };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#refused.push({ ...place, message: error.message });
      return undefined;
    }
  }

  /** Where its matches are looked for, and the pattern. */
  #place(
    rule: GitleaksRule,
    { tree, groups }: Regex,
    group: number,
  ): Pick<Detector, 'anchors' | 'at' | 'before' | 'after' | 'pattern'> {
    const captures = (index: number): boolean => group === 0 || index === group;
    const keywords = [...new Set(rule.keywords.map((keyword) => keyword.toLowerCase()))];
    const usable =
      keywords.length > 0 && keywords.every((keyword) => new TextEncoder().encode(keyword).length >= minNeedleBytes);
    // A regex may say less than its keyword (`hooks.acme.com` with dots for any character): a long part of it will do.
    const isPart = (text: string, keyword: string): boolean =>
      text.includes(keyword) || (text.length >= shortestPart && keyword.includes(text));
    const implies = ({ texts }: RequiredLiterals): boolean =>
      !usable || texts.every((text) => keywords.some((keyword) => isPart(text, keyword)));
    const isStart = ({ from, to }: RequiredLiterals): boolean => from === 0 && to === 0;
    // A bound changes how far a literal may be from the match's beginning, so both are found together.
    const asksForMatch = [...rule.allow, ...this.#config.allow].some(({ target }) => target === 'match');
    const lean = groups > 0 && !asksForMatch ? withoutOptionalStart(tree) : tree;
    const bounded = this.#bound(rule, lean, captures, (bound, candidate) => {
      const literals = requiredLiterals(candidate).find(implies);
      if (literals !== undefined && !isStart(literals) && bound > nearBounds[0]!) return undefined;
      if (literals === undefined && (!usable || bound > nearBounds[0]!)) return undefined;
      if (literals === undefined) return { literals, starts: 2 * keywordReach };
      const starts = literals.to - literals.from + 1;
      return starts + lengthOf(candidate).max > maxWindowBytes ? undefined : { literals, starts };
    });
    if (bounded === undefined) {
      const hint = keywords.length > 0 && !usable ? `, and a keyword of it has less than ${minNeedleBytes} bytes` : '';
      throw new Refusal(
        `there is nothing to look for it by: it has no keywords, and its regex no fixed text of ${minNeedleBytes} bytes or more${hint}`,
      );
    }
    const { pattern, longest, literals } = bounded;
    if (literals === undefined) {
      this.#notes.push({
        ...placeOf(rule),
        message: `looked for within ${keywordReach} bytes of its keywords, which its regex does not hold`,
      });
      return { at: 'near', anchors: keywords, before: keywordReach, after: keywordReach + longest, pattern };
    }
    if (isStart(literals))
      return { at: 'token', anchors: literals.texts, before: 0, after: Math.max(longest, 16), pattern };
    return { at: 'near', anchors: literals.texts, before: literals.to, after: longest - literals.from, pattern };
  }

  /** The greatest bound under which a pattern is cheap, short enough, and has an anchor; undefined where only the anchor is missing. */
  #bound<Found extends { readonly starts: number }>(
    rule: GitleaksRule,
    tree: RegexNode,
    captures: (index: number) => boolean,
    fits: (bound: number, tree: RegexNode) => Found | undefined,
  ): (Found & { readonly pattern: string; readonly longest: number }) | undefined {
    let trouble: string | undefined;
    for (const bound of tokenBounds) {
      const candidate = boundRepeats(tree, bound);
      const longest = lengthOf(candidate).max;
      if (longest > longestMatch) {
        trouble ??= `its matches are longer than ${longestMatch} bytes`;
        continue;
      }
      const found = fits(bound, candidate);
      if (found === undefined) continue;
      const pattern = writePattern(candidate, captures);
      if (waysToMatch(pattern) * found.starts > mostSteps) {
        trouble =
          'its regex has repeats that compete for the same characters: there are too many ways to match one text';
        continue;
      }
      if (bound < smallBound && isUnbounded(tree)) {
        this.#notes.push({ ...placeOf(rule), message: `its repeats without a bound are followed for ${bound} times` });
      }
      return { ...found, pattern, longest };
    }
    if (trouble !== undefined && fits(nearBounds.at(-1)!, boundRepeats(tree, nearBounds.at(-1)!)) !== undefined) {
      throw new Refusal(trouble);
    }
    return undefined;
  }

  #allowList(allow: GitleaksAllow, place: Omit<RuleProblem, 'message'>): AllowList | undefined {
    if (allow.hasCommits) {
      this.#notes.push({ ...place, message: 'the commits of an allow-list say nothing about an image' });
      // Commits that must hold, never do.
      if (allow.isAnd) return undefined;
    }
    const patterns = (sources: readonly string[], what: string): string[] =>
      sources.flatMap((source) => {
        try {
          return [this.#pattern(source, what)];
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          this.#notes.push({ ...place, message: `${what}: not applied: ${error.message}` });
          return [];
        }
      });
    const made: AllowList = {
      all: allow.isAnd,
      target: allow.target,
      paths: patterns(allow.paths, 'allowlist.paths'),
      regexes: patterns(allow.regexes, 'allowlist.regexes'),
      stopwords: allow.stopwords.map((word) => word.toLowerCase()),
    };
    // Where all must hold and one can't be asked, the rest would allow more than was meant.
    const isShort = made.paths.length < allow.paths.length || made.regexes.length < allow.regexes.length;
    return allow.isAnd && isShort ? undefined : made;
  }

  /** A regex that is tested against a short text. */
  #pattern(source: string, what: string): string {
    const { tree } = this.#parse(source, what);
    let trouble = '';
    for (const bound of tokenBounds) {
      const pattern = writePattern(boundRepeats(tree, bound));
      trouble =
        lintPattern(pattern, Number.POSITIVE_INFINITY).find((problem) => !problem.startsWith('matches nothing')) ?? '';
      if (trouble === '') return pattern;
    }
    throw new Refusal(`its ${what} ${trouble}`);
  }

  #parse(source: string, what: string): Regex {
    try {
      return parseRegex(source);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new Refusal(`its ${what} can't be read: ${error.message}`);
    }
  }

  #idOf({ id }: GitleaksRule): string {
    const own = slugOf(id);
    return this.#options.taken.has(own) ? `${this.#options.provider}-${own}` : own;
  }
}

/** An id as ours are: lower case, digits and dashes. */
export function slugOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
}

function isUnbounded(node: RegexNode): boolean {
  return lengthOf(node).max === Number.POSITIVE_INFINITY;
}

function placeOf({ file, line, id }: GitleaksRule): Omit<RuleProblem, 'message'> {
  return { file, ...(line === undefined ? {} : { line }), ...(id === '' ? {} : { detector: id }) };
}

/** gitleaks describes a rule in a sentence on what may come of it; a title is what stands before that. */
function titleOf({ id, description = '' }: GitleaksRule): string {
  const clause = description.split(/[,.;:](?:\s|$)/)[0]!.trim();
  return clause === '' || clause.length > 80 ? id : clause;
}

/** gitleaks has no severities; many write them as tags. */
function severityOf({ tags }: GitleaksRule): Severity {
  const words = tags.map((tag) => tag.toLowerCase().replace(/^severity[:=-]/, ''));
  return severities.find((severity) => words.includes(severity)) ?? 'high';
}

function providerOf(id: string, file: string, detectors: readonly Detector[]): Provider {
  return {
    id,
    name: `your rules in ${file}`,
    about: `Rules imported from the gitleaks configuration ${file}.`,
    url: 'https://github.com/gitleaks/gitleaks#configuration',
    categories: ['custom'],
    rotation: {
      summary: 'Make a new one where this one was issued, move services over, revoke this one',
      opens: `Whatever the rule in ${file} was written for: whoever wrote it knows.`,
      abuse: [
        'The access log of the service that issued it: calls with this secret from addresses that are not yours.',
      ],
      steps: [
        'Make a new secret where this one was issued, with no more rights than it had.',
        'Put it where each service reads it at run time (a secret store, a mounted file; not the image) and restart them.',
        'Revoke this one and check that it is refused.',
        'Rebuild the image without it: a later layer that deletes a file leaves it in every pull.',
      ],
      breaks: 'Every service that still uses it, from the moment it is revoked.',
    },
    detectors,
  };
}
