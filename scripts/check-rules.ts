/** Lints rule files and runs their examples with all rules loaded: `node scripts/check-rules.ts [FILE…]` (default: all of rules/). */

import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { lintAll } from '../src/detect/lint-rules.ts';
import { ruleFilesIn } from '../src/detect/load-rules.ts';
import { formatProblem } from '../src/detect/rule-problem.ts';

const asked = process.argv.slice(2).map((file) => relative('.', file));
const all = new Set([...ruleFilesIn('rules').map((file) => relative('.', file)), ...asked]);
const problems = lintAll(new Map([...all].map((file) => [file, readFileSync(file, 'utf8')]))).filter(
  ({ file }) => asked.length === 0 || asked.includes(file),
);
for (const problem of problems) console.log(formatProblem(problem));
console.log(`${asked.length === 0 ? all.size : asked.length} files, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
