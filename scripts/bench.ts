/**
 * What whichlayer costs, measured against limits, against others and against itself: `make bench`. Results are Markdown on standard
 * output, what is going on is on standard error. From the environment: `IMAGE` (any image whichlayer can open; `packages` installs
 * one of known content; else one is made of this machine's files), `PEERS` (folders with other scanners), `BENCH` (smoke, normal, full), `REPEATS`, `BENCH_FOLDER`.
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { showAims } from './bench/aims.ts';
import { gatherImage, importImage } from './bench/corpus.ts';
import type { BenchImage } from './bench/image-file.ts';
import { describeLoad, describeMachine } from './bench/machine.ts';
import { measure } from './bench/measure.ts';
import { installImage } from './bench/packages-image.ts';
import { findPeers } from './bench/peers.ts';
import { planOf } from './bench/plan.ts';
import { measureSideBySide, showSideBySide } from './bench/side-by-side.ts';
import { measureStarts, showStarts } from './bench/start-up.ts';
import { showRules, showShapes, sweepRules, sweepShapes } from './bench/sweeps.ts';
import { gatherContent } from './bench/synthetic.ts';

if (process.platform !== 'linux') throw new Error('the bench reads /proc: it runs on Linux alone');
const { IMAGE = '', PEERS = '', BENCH = 'normal', REPEATS = '', BENCH_FOLDER = tmpdir() } = process.env;
const plan = planOf(BENCH === '' ? 'normal' : BENCH);
const repeats = REPEATS === '' ? plan.repeats : Number(REPEATS);
if (!Number.isInteger(repeats) || repeats < 1) throw new Error(`REPEATS=${REPEATS}: not a number of runs`);
const work = mkdtempSync(join(BENCH_FOLDER, 'whichlayer-bench-'));
const clear = (): void => rmSync(work, { recursive: true, force: true });
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Gigabytes are not to be left behind; what is being measured gets the signal as well.
  process.once(signal, () => {
    clear();
    process.exit(1);
  });
}
try {
  await run();
} finally {
  clear();
}

async function run(): Promise<void> {
  say(
    '## Measured',
    describeMachine(),
    `Of each ${repeats === 1 ? 'one run' : `the median of ${repeats} runs, in turns`}. MB are millions of bytes; MB/s are bytes of layers, inflated, in a second of wall time.`,
  );
  const folder = join(work, 'image');
  mkdirSync(folder);
  const image = await imageIn(folder);
  const sideBySide = await measureSideBySide(image, findPeers(PEERS), work, repeats);
  say(showSideBySide(sideBySide));
  const rules = await sweepRules(image, plan.rules, repeats);
  say(showRules(rules, image.uncompressedBytes));
  say('### The dearest rules', `\`\`\`\n${await dearestRules(image)}\n\`\`\``);
  const content = gatherContent(plan.contentBytes);
  const options = { work, repeats };
  const sizes = await sweepShapes(plan.sizes, content, options);
  say(showShapes('Size', sizes));
  for (const [title, shapes] of [
    ['Layers', plan.layerCounts],
    ['Files', plan.fileCounts],
  ] as const) {
    if (shapes.length > 0) say(showShapes(title, await sweepShapes(shapes, content, options)));
  }
  const starts = await measureStarts(work, plan.starts);
  say(showStarts(starts));
  say(showAims({ sideBySide, sizes, rules, starts }), `Load average at the end ${describeLoad()}.`);
}

function imageIn(folder: string): Promise<BenchImage> {
  if (IMAGE === '') return gatherImage(folder, plan.corpusBytes);
  return IMAGE === 'packages' ? installImage(folder) : importImage(IMAGE, folder);
}

async function dearestRules({ layers }: BenchImage): Promise<string> {
  const script = fileURLToPath(new URL(`./bench-rules${extname(import.meta.url)}`, import.meta.url));
  const args = [script, ...layers.map(({ file }) => file), String(plan.ruleMegabytes)];
  const { status, stdout, stderr } = await measure({ command: process.execPath, args });
  if (status !== 0) throw new Error(`${script} ended with ${status}: ${stderr}`);
  return stdout.trim().replaceAll(`${work}/`, '');
}

function say(...parts: readonly string[]): void {
  console.log(`${parts.join('\n\n')}\n`);
}
