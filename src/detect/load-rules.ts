/**
 * Where rules come from: the compiled file that ships (dist/rules.json), rule files a user passes, and in a checkout
 * that was not built the YAML files themselves. The one place of this folder that reads files; a YAML parser is loaded
 * only where there is YAML.
 */

import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ScanError, unreadable } from '../errors.ts';
import { readCompiledRules } from './compiled-file.ts';
import { isToml } from './is-toml.ts';
import { digestOfPlan, encodePlan } from './plan-bytes.ts';
import type { Provider, RuleSet } from './rule.ts';
import { digestOf } from './rule-digest.ts';
import { formatProblem, type RuleProblem } from './rule-problem.ts';

/** True where this code runs from its TypeScript sources: what was built last may be older than rules/. */
const isSource = import.meta.url.endsWith('.ts');
const root = new URL(isSource ? '../../' : '../../../', import.meta.url);

/** The built-in rules, and those of the user's files, which replace a built-in provider of the same id. @throws ScanError RULE_INVALID */
export async function loadRules(files: readonly string[] = []): Promise<RuleSet> {
  const builtIn = await loadBuiltInRules();
  if (files.length === 0) return builtIn;
  const isImported = new Map(files.map((file) => [file, isToml(file, readableText(file) ?? '')]));
  const own = await readRuleFiles(files.filter((file) => isImported.get(file) !== true));
  const ids = new Set(own.map((provider) => provider.id));
  const base = ruleSetOf(
    [...builtIn.providers.filter((provider) => !ids.has(provider.id)), ...own],
    builtIn.knownPublic ?? [],
  );
  const configurations = files.filter((file) => isImported.get(file) === true);
  if (configurations.length === 0) return base;
  const { addGitleaks } = await import('./load-gitleaks.ts');
  const { providers, remarks, problems } = addGitleaks(configurations, base.providers, readableText);
  if (problems.length > 0) throw invalid(problems, configurations);
  return { ...ruleSetOf(providers, base.knownPublic), remarks };
}

/** A file's text; undefined where it can't be read, which is told by whoever needs it. */
export function readableText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** A rule set of these providers. */
export function ruleSetOf(providers: readonly Provider[], knownPublic: readonly string[] = []): RuleSet {
  return { digest: digestOf(providers, knownPublic), providers, knownPublic };
}

/** The providers of YAML files. @throws ScanError RULE_INVALID with every problem of all files */
export async function readRuleFiles(files: readonly string[]): Promise<Provider[]> {
  const [{ parseRules }, { lintProvider }] = await Promise.all([import('./parse-rules.ts'), import('./lint-rules.ts')]);
  const problems: RuleProblem[] = [];
  const providers: Provider[] = [];
  for (const file of files) {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      problems.push({ file, message: unreadable(error) });
      continue;
    }
    const parsed = parseRules(text, file);
    problems.push(...parsed.problems);
    if (parsed.provider === undefined) continue;
    problems.push(...lintProvider(parsed.provider, parsed, file));
    providers.push(parsed.provider);
  }
  if (problems.length > 0) throw invalid(problems, files);
  return providers;
}

function invalid(problems: readonly RuleProblem[], files: readonly string[]): ScanError {
  return new ScanError('RULE_INVALID', problems.map(formatProblem).join('\n'), {
    subject: files.length === 1 ? (files[0] ?? '') : `${files.length} rule files`,
    hint: 'See docs/rules.md; whichlayer rules check FILE tells more.',
  });
}

/** A folder of rule files, with its list of published secrets. @throws ScanError RULE_INVALID */
export async function readRuleFolder(folder: string): Promise<RuleSet> {
  const { parseKnownPublic } = await import('./known-public.ts');
  const published = parseKnownPublic(readFileSync(`${folder}/known-public.txt`, 'utf8'));
  return ruleSetOf(await readRuleFiles(ruleFilesIn(folder)), published);
}

/** Paths of the rule files under a folder, sorted. */
export function ruleFilesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** The automaton's WebAssembly module; undefined where it was not built, and plain TypeScript runs in its place. */
export function loadAutomaton(): Uint8Array | undefined {
  const path = fileURLToPath(new URL('dist/automaton.wasm', root));
  return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
}

/** What matching needs of a rule set, as bytes that threads can share: as it was built, or worked out now. */
export async function loadPlan(ruleSet: RuleSet): Promise<Uint8Array> {
  const path = fileURLToPath(new URL('dist/plan.bin', root));
  if (!isSource && existsSync(path)) {
    const built = readShared(path);
    if (digestOfPlan(built) === ruleSet.digest) return built;
  }
  const { planMatches } = await import('./match-plan.ts');
  return encodePlan(planMatches(ruleSet));
}

function readShared(path: string): Uint8Array {
  return readPart(path, new Uint8Array(new SharedArrayBuffer(statSync(path).size)), 0);
}

/** Fills a buffer with what stands in a file from `start` on; it is cut where the file ends. */
function readPart<Bytes extends Uint8Array>(path: string, target: Bytes, start: number): Bytes {
  const file = openSync(path, 'r');
  try {
    let at = 0;
    for (let read = -1; at < target.length && read !== 0; at += read) {
      read = readSync(file, target, at, target.length - at, start + at);
    }
    return target.subarray(0, at) as Bytes;
  } finally {
    closeSync(file);
  }
}

async function loadBuiltInRules(): Promise<RuleSet> {
  if (isSource) return readRuleFolder(fileURLToPath(new URL('rules', root)));
  const path = fileURLToPath(new URL('dist/rules.json', root));
  try {
    return readCompiledRules((start, bytes) => readPart(path, Buffer.alloc(bytes), start));
  } catch (cause) {
    throw new ScanError('INTERNAL', `the compiled rules at ${path} can't be read`, {
      hint: 'Reinstall whichlayer; in a checkout, run make build.',
      cause,
    });
  }
}
