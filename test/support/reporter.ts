/** mocha's spec reporter, closed by the one line our CI reads; a run without a test is a failure. */

import { createRequire } from 'node:module';
import type { reporters as Reporters, Runner } from 'mocha';

// mocha is CommonJS and its types name no ESM export for the reporters.
const mocha = createRequire(import.meta.url)('mocha') as { readonly reporters: typeof Reporters };

/** Prints `N passed, N failed[, N skipped]` alone on the last line. */
class ClosingLine extends mocha.reporters.Spec {
  constructor(runner: Runner, options: ConstructorParameters<typeof Reporters.Spec>[1]) {
    super(runner, options);
    runner.once('end', () => {
      const { passes = 0, failures = 0, pending = 0 } = this.stats ?? {};
      if (passes + failures === 0) process.exitCode = 1;
      console.log(`${passes} passed, ${failures} failed${pending > 0 ? `, ${pending} skipped` : ''}`);
    });
  }
}

// mocha takes a reporter module's default export.
// biome-ignore lint/style/noDefaultExport: mocha's contract
export default ClosingLine;
