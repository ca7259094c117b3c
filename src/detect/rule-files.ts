/** Reads rule files in YAML: a user's, and rules/ in a checkout. All problems of all files are told at once. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, ScanError } from '../errors.ts';
import { lintProvider } from './lint-rules.ts';
import { parseRules } from './parse-rules.ts';
import type { Provider } from './rule.ts';
import { formatProblem, type RuleProblem } from './rule-problem.ts';

/** The providers of these files. @throws ScanError RULE_INVALID with every problem */
export function readRuleFiles(files: readonly string[]): Provider[] {
  const problems: RuleProblem[] = [];
  const providers: Provider[] = [];
  for (const file of files) {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      problems.push({ file, message: messageOf(error) });
      continue;
    }
    const parsed = parseRules(text, file);
    problems.push(...parsed.problems);
    if (parsed.provider === undefined) continue;
    problems.push(...lintProvider(parsed.provider, parsed, file));
    providers.push(parsed.provider);
  }
  if (problems.length > 0) {
    throw new ScanError('RULE_INVALID', problems.map(formatProblem).join('\n'), {
      subject: files.length === 1 ? (files[0] ?? '') : `${files.length} rule files`,
      hint: 'See docs/rules.md; whichlayer rules check FILE tells more.',
    });
  }
  return providers;
}

/** The providers of all files under a folder, in order of their paths. @throws ScanError RULE_INVALID */
export function readRuleFolder(folder: string): Provider[] {
  return readRuleFiles(ruleFilesIn(folder));
}

/** Paths of the rule files under a folder, sorted. */
export function ruleFilesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}
