/**
 * Where rules come from: the compiled file that ships (dist/rules.json), rule files a user passes, and in a checkout
 * that was not built the YAML files themselves. The one place of this folder that reads files, with rule-files.ts.
 */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ScanError } from '../errors.ts';
import type { Provider, RuleSet } from './rule.ts';
import { digestOf } from './rule-digest.ts';

/** True where this code runs from its TypeScript sources: what was built last may be older than rules/. */
const isSource = import.meta.url.endsWith('.ts');
const root = new URL(isSource ? '../../' : '../../../', import.meta.url);

/** The built-in rules, and those of the user's files, which replace a built-in provider of the same id. @throws ScanError RULE_INVALID */
export async function loadRules(files: readonly string[] = []): Promise<RuleSet> {
  const builtIn = await loadBuiltInRules();
  if (files.length === 0) return builtIn;
  const { readRuleFiles } = await import('./rule-files.ts');
  const own = readRuleFiles(files);
  const ids = new Set(own.map((provider) => provider.id));
  return ruleSetOf([...builtIn.providers.filter((provider) => !ids.has(provider.id)), ...own]);
}

/** The rules that ship with this version. @throws ScanError INTERNAL where they are missing */
export async function loadBuiltInRules(): Promise<RuleSet> {
  if (isSource) {
    const { readRuleFolder } = await import('./rule-files.ts');
    return ruleSetOf(readRuleFolder(fileURLToPath(new URL('rules', root))));
  }
  const path = fileURLToPath(new URL('dist/rules.json', root));
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as RuleSet;
  } catch (cause) {
    throw new ScanError('INTERNAL', `the compiled rules at ${path} can't be read`, {
      hint: 'Reinstall whichlayer; in a checkout, run make build.',
      cause,
    });
  }
}

/** A rule set of these providers. */
export function ruleSetOf(providers: readonly Provider[]): RuleSet {
  return { digest: digestOf(providers), providers };
}

/** The automaton's WebAssembly module; undefined where it was not built, and plain TypeScript runs in its place. */
export function loadAutomaton(): Uint8Array | undefined {
  const path = fileURLToPath(new URL('dist/automaton.wasm', root));
  return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
}
