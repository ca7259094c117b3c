/**
 * A gitleaks configuration (https://github.com/gitleaks/gitleaks#configuration) as its author wrote it: types checked,
 * keys in any case (as gitleaks reads them), the older spellings of allow-lists beside the newer. What its rules mean here
 * is in gitleaks.ts.
 */

import { parse, TomlError } from 'smol-toml';
import type { RuleProblem } from './rule-problem.ts';

/** One `[[rules]]`. */
export interface GitleaksRule {
  readonly file: string;
  readonly line?: number;
  readonly id: string;
  readonly description?: string;
  readonly regex?: string;
  readonly path?: string;
  readonly secretGroup?: number;
  readonly entropy?: number;
  readonly keywords: readonly string[];
  readonly tags: readonly string[];
  readonly allow: readonly GitleaksAllow[];
  /** Whether other rules must match near it (`[[rules.required]]`). */
  readonly isComposite: boolean;
  /** Whether it only serves others (`skipReport`). */
  readonly isSilent: boolean;
}

/** One allow-list. */
export interface GitleaksAllow {
  readonly isAnd: boolean;
  readonly target: 'secret' | 'match' | 'line';
  readonly paths: readonly string[];
  readonly regexes: readonly string[];
  readonly stopwords: readonly string[];
  readonly hasCommits: boolean;
  /** Of a global one: the only rules it is for; empty for all. */
  readonly targetRules: readonly string[];
}

/** A whole configuration. */
export interface GitleaksFile {
  readonly rules: readonly GitleaksRule[];
  readonly allow: readonly GitleaksAllow[];
  readonly useDefault: boolean;
  /** The configuration this one goes on from. */
  readonly extends?: string;
  readonly disabledRules: readonly string[];
}

/** A configuration that says nothing. */
export const emptyGitleaks: GitleaksFile = { rules: [], allow: [], useDefault: false, disabledRules: [] };

/** Parses a configuration; what is wrong with it goes to `problems`. */
export function parseGitleaks(text: string, file: string, problems: RuleProblem[]): GitleaksFile {
  let root: unknown;
  try {
    root = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The rest of the message quotes the file.
    problems.push({ file, line: error.line, message: error.message.split('\n')[0]! });
    return emptyGitleaks;
  }
  const top = new Table(root, file, problems);
  const heads = text.split('\n').flatMap((line, index) => (/^\s*\[\[\s*rules\s*\]\]/i.test(line) ? [index + 1] : []));
  const rules = top.tables('rules').map((table, index) => readRule(table, heads[index]));
  if (rules.length === 0 && top.tables('extend').length === 0 && top.get('extend') === undefined) {
    top.problem('a gitleaks configuration has [[rules]] or [extend]');
  }
  const extend = top.table('extend');
  const base = extend?.text('path');
  return {
    rules,
    allow: readAllowLists(top),
    useDefault: extend?.flag('usedefault') ?? false,
    ...(base === undefined ? {} : { extends: base }),
    disabledRules: extend?.texts('disabledrules') ?? [],
  };
}

/** A configuration on top of the one it extends: its rules change those of the same id, everything else adds up. */
export function extendGitleaks(file: GitleaksFile, base: GitleaksFile): GitleaksFile {
  const own = new Map(file.rules.map((rule) => [rule.id, rule]));
  const inherited = base.rules
    .filter(({ id }) => !file.disabledRules.includes(id))
    .map((rule) => {
      const change = own.get(rule.id);
      own.delete(rule.id);
      return change === undefined ? rule : changedRule(rule, change);
    });
  return {
    rules: [...inherited, ...own.values()],
    allow: [...base.allow, ...file.allow],
    useDefault: file.useDefault || base.useDefault,
    disabledRules: [...base.disabledRules, ...file.disabledRules],
  };
}

function changedRule(rule: GitleaksRule, change: GitleaksRule): GitleaksRule {
  return {
    ...rule,
    ...change,
    keywords: [...rule.keywords, ...change.keywords],
    tags: [...rule.tags, ...change.tags],
    allow: [...rule.allow, ...change.allow],
  };
}

function readRule(table: Table, line: number | undefined): GitleaksRule {
  if (line !== undefined) table.line = line;
  const id = table.text('id');
  if (id === undefined) table.problem('a rule needs an id');
  table.detector = id;
  const optional = {
    description: table.text('description'),
    regex: table.text('regex'),
    path: table.text('path'),
    secretGroup: table.number('secretgroup'),
    entropy: table.number('entropy'),
  };
  return {
    file: table.file,
    ...(line === undefined ? {} : { line }),
    id: id ?? '',
    ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as Partial<
      Pick<GitleaksRule, 'description' | 'regex' | 'path' | 'secretGroup' | 'entropy'>
    >),
    keywords: table.texts('keywords'),
    tags: table.texts('tags'),
    allow: readAllowLists(table),
    isComposite: table.tables('required').length > 0,
    isSilent: table.flag('skipreport') ?? false,
  };
}

function readAllowLists(table: Table): GitleaksAllow[] {
  const older = table.table('allowlist');
  return [...(older === undefined ? [] : [older]), ...table.tables('allowlists')].map(readAllow);
}

function readAllow(table: Table): GitleaksAllow {
  const condition = (table.text('condition') ?? 'or').toLowerCase();
  if (!['or', 'and', '||', '&&'].includes(condition)) table.problem('an allow-list has the condition "OR" or "AND"');
  const target = (table.text('regextarget') ?? 'secret').toLowerCase();
  if (target !== 'secret' && target !== 'match' && target !== 'line') {
    table.problem('the regexTarget of an allow-list is "secret", "match" or "line"');
  }
  return {
    isAnd: condition === 'and' || condition === '&&',
    target: target === 'match' || target === 'line' ? target : 'secret',
    paths: table.texts('paths'),
    regexes: table.texts('regexes'),
    stopwords: table.texts('stopwords'),
    hasCommits: table.texts('commits').length > 0,
    targetRules: table.texts('targetrules'),
  };
}

/** A TOML table whose fields are read by type. */
class Table {
  readonly file: string;
  line: number | undefined;
  detector: string | undefined;
  readonly #fields = new Map<string, unknown>();
  readonly #problems: RuleProblem[];

  constructor(value: unknown, file: string, problems: RuleProblem[], from?: Table) {
    this.file = file;
    this.line = from?.line;
    this.detector = from?.detector;
    this.#problems = problems;
    if (isTable(value)) for (const [key, field] of Object.entries(value)) this.#fields.set(key.toLowerCase(), field);
  }

  get(key: string): unknown {
    return this.#fields.get(key);
  }

  problem(message: string): void {
    const { file, line, detector } = this;
    this.#problems.push({
      file,
      ...(line === undefined ? {} : { line }),
      ...(detector === undefined ? {} : { detector }),
      message,
    });
  }

  text(key: string): string | undefined {
    const value = this.get(key);
    if (value === undefined || typeof value === 'string') return value === '' ? undefined : value;
    this.problem(`${key} must be text`);
    return undefined;
  }

  texts(key: string): string[] {
    const value = this.get(key);
    if (value === undefined) return [];
    if (Array.isArray(value) && value.every((item) => typeof item === 'string'))
      return value.filter((item) => item !== '');
    this.problem(`${key} must be a list of texts`);
    return [];
  }

  number(key: string): number | undefined {
    const value = this.get(key);
    if (value === undefined || typeof value === 'number') return value;
    this.problem(`${key} must be a number`);
    return undefined;
  }

  flag(key: string): boolean | undefined {
    const value = this.get(key);
    if (value === undefined || typeof value === 'boolean') return value;
    this.problem(`${key} must be true or false`);
    return undefined;
  }

  table(key: string): Table | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    if (isTable(value)) return new Table(value, this.file, this.#problems, this);
    // `[[allowlist]]` and `[[extend]]` are seen too; a single one means the same.
    if (Array.isArray(value) && value.length === 1) return new Table(value[0], this.file, this.#problems, this);
    this.problem(`${key} must be a table`);
    return undefined;
  }

  tables(key: string): Table[] {
    const value = this.get(key);
    if (value === undefined) return [];
    if (Array.isArray(value) && value.every(isTable)) {
      return value.map((item) => new Table(item, this.file, this.#problems, this));
    }
    if (isTable(value)) return [new Table(value, this.file, this.#problems, this)];
    this.problem(`${key} must be a list of tables`);
    return [];
  }
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
