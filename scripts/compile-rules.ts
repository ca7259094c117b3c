/** Compiles rules/ into what is loaded at start: `node scripts/compile-rules.ts [FILE]` (default dist/rules.json), and plan.bin beside it. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeCompiledRules } from '../src/detect/compiled-file.ts';
import { readRuleFolder } from '../src/detect/load-rules.ts';
import { planMatches } from '../src/detect/match-plan.ts';
import { encodePlan } from '../src/detect/plan-bytes.ts';
import { messageOf } from '../src/errors.ts';

const output = process.argv[2] ?? 'dist/rules.json';
try {
  const { digest, providers, knownPublic = [] } = await readRuleFolder('rules');
  // Examples are for authors and tests: they are a third of the bytes and none of the meaning.
  const lean = providers.map((provider) => ({
    ...provider,
    detectors: provider.detectors.map((detector) => ({
      ...detector,
      examples: [],
      counterExamples: [],
      knownMisses: [],
    })),
  }));
  const rules = providers.reduce((sum, provider) => sum + provider.detectors.length, 0);
  const text = writeCompiledRules({ digest, providers: lean, knownPublic });
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, text);
  writeFileSync(`${dirname(output)}/plan.bin`, encodePlan(planMatches({ digest, providers })));
  console.log(`${output}: ${providers.length} providers, ${rules} detectors, ${text.length} bytes`);
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
