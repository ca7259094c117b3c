/**
 * Do the rules' examples notice a defect? `node scripts/mutate-rules.ts [--survivors] [PROVIDER…]` puts defects into
 * every detector, one at a time, and prints how many the examples and counter-examples catch; with `--survivors` also
 * which ones they don't. The tests hold the share for tokens of high confidence (test/mutation).
 */

import { readFileSync } from 'node:fs';
import { ruleFilesIn } from '../src/detect/load-rules.ts';
import { parseRules } from '../src/detect/parse-rules.ts';
import { type MutantResult, mutationGround, runMutants } from '../test/mutation/mutation-run.ts';
import { survivorClass } from '../test/mutation/survivor-class.ts';

const arguments_ = process.argv.slice(2);
const ids = arguments_.filter((argument) => !argument.startsWith('--'));
const providers = ruleFilesIn('rules').flatMap((path) => parseRules(readFileSync(path, 'utf8'), path).provider ?? []);
const ground = mutationGround(providers);
const results = providers
  .filter(({ id }) => ids.length === 0 || ids.includes(id))
  .flatMap((provider) => provider.detectors.flatMap((detector) => runMutants(ground, provider, detector)));

const survivors = results.filter(({ killed }) => !killed);
if (arguments_.includes('--survivors')) {
  for (const { detector, mutant } of survivors) {
    console.log(`${detector.id}: ${mutant.change.slice(0, 160)} (${survivorClass(detector, mutant)})`);
  }
}
print('of high-confidence tokens', ({ detector }) => `${detector.confidence} ${detector.at}` === 'high token');
for (const kind of [...new Set(results.map(({ mutant }) => mutant.kind))].sort()) {
  print(kind, ({ mutant }) => mutant.kind === kind);
}
print('all', () => true);
const classes = Map.groupBy(survivors, ({ detector, mutant }) => survivorClass(detector, mutant));
for (const [name, members] of classes) console.log(`${String(members.length).padStart(6)} survive: ${name}`);

function print(name: string, belongs: (result: MutantResult) => boolean): void {
  const members = results.filter(belongs);
  if (members.length === 0) return;
  const killed = members.filter((result) => result.killed).length;
  console.log(
    `${name.padEnd(28)} ${killed} of ${members.length} killed, ${((100 * killed) / members.length).toFixed(1)} %`,
  );
}
