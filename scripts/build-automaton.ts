/** Compiles assembly/automaton.ts to dist/automaton.wasm: `node scripts/build-automaton.ts [FILE]`. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import asc from 'assemblyscript/asc';

const output = process.argv[2] ?? 'dist/automaton.wasm';
const stderr = asc.createMemoryStream();
const files = new Map<string, Uint8Array>();
const { error } = await asc.main(
  [
    'assembly/automaton.ts',
    '--outFile',
    'automaton.wasm',
    '--runtime',
    'stub',
    '--importMemory',
    '--noAssert',
    '--optimizeLevel',
    '3',
    '--converge',
  ],
  {
    stderr,
    writeFile: (name: string, contents: Uint8Array | string) => {
      files.set(name, typeof contents === 'string' ? new TextEncoder().encode(contents) : contents.slice());
    },
  },
);
const module = files.get('automaton.wasm');
if (error || module === undefined) {
  console.error(stderr.toString());
  process.exit(1);
}
mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, module);
console.log(`${output}: ${module.length} bytes`);
