/** Lints rule files and runs their examples with all rules loaded: `node scripts/check-rules.ts [FILE…]` (default: all of rules/). */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { lintProvider, lintRules } from '../src/detect/lint-rules.ts';
import { ruleFilesIn } from '../src/detect/load-rules.ts';
import { parseRules } from '../src/detect/parse-rules.ts';
import type { Provider } from '../src/detect/rule.ts';
import { formatProblem } from '../src/detect/rule-problem.ts';

const all = ruleFilesIn('rules');
const files = process.argv.length > 2 ? process.argv.slice(2) : all;
const providers: Provider[] = [];
for (const file of all) {
  const parsed = parseRules(readFileSync(file, 'utf8'), file);
  // A file with problems of its own must not spoil the others' examples.
  if (parsed.provider !== undefined && lintProvider(parsed.provider, parsed, file).length === 0)
    providers.push(parsed.provider);
}
const given = new Set(files.map((file) => resolve(file)));
const problems = files.flatMap((file) => lintRules(readFileSync(file, 'utf8'), file, providers));
for (const problem of problems) console.log(formatProblem(problem));
console.log(`${given.size} files, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
