/**
 * Compiles assembly/automaton.ts: `node scripts/build-automaton.ts [FILE]` (default dist/automaton.wasm). The compiler runs as a
 * program, since importing it would bring its own global types into this project.
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const output = process.argv[2] ?? 'dist/automaton.wasm';
const compiler = fileURLToPath(new URL('../bin/asc.js', import.meta.resolve('assemblyscript/asc')));
mkdirSync(dirname(output), { recursive: true });
execFileSync(
  process.execPath,
  [
    compiler,
    'assembly/automaton.ts',
    '--outFile',
    output,
    '--runtime',
    'stub',
    '--importMemory',
    '--noAssert',
    '--enable',
    'simd',
    '-O3',
    '--converge',
  ],
  { stdio: 'inherit' },
);
