/** The automaton's WebAssembly, built from its source: once, however many tests ask for it. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let built: Uint8Array | undefined;

/** The module's bytes; the first call takes seconds. */
export function automatonModule(): Uint8Array {
  if (built === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'whichlayer-wasm-'));
    try {
      const output = join(folder, 'automaton.wasm');
      execFileSync(process.execPath, ['scripts/build-automaton.ts', output]);
      built = new Uint8Array(readFileSync(output));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  return built;
}
