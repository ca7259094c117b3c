/** What starting costs: the bare Node.js, a question that needs no rules, a scan of next to nothing. Many starts are measured together, since the kernel counts CPU in hundredths of a second. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildImage } from '../../test/support/build-image.ts';
import { type Command, measure } from './measure.ts';
import { emptyHome, scanCommand, whichlayerCommand } from './program.ts';
import { table } from './table.ts';

/** Milliseconds of CPU and of wall time for one start. */
export interface StartCost {
  readonly name: string;
  readonly cpuMs: number;
  readonly wallMs: number;
}

/** Starts programs in turns. */
export async function measureStarts(work: string, starts: number): Promise<StartCost[]> {
  const file = join(work, 'tiny.tar');
  writeFileSync(file, buildImage({ layers: [{ files: { 'etc/hostname': 'tiny\n' } }], tags: ['tiny:1'] }));
  const home = emptyHome(work);
  const commands: readonly (readonly [string, Command])[] = [
    ['node -e 0', { command: process.execPath, args: ['-e', '0'] }],
    ['whichlayer --version', whichlayerCommand(['--version'])],
    ['whichlayer scan, an image of one file', scanCommand([file], { home })],
  ];
  const sums = commands.map(([name, command]) => ({ name, command, cpuMs: 0, wallMs: 0 }));
  for (let round = 0; round < starts; round++) {
    for (const sum of sums) {
      const { cpuSeconds, wallSeconds } = await measure(sum.command);
      sum.cpuMs += (cpuSeconds * 1000) / starts;
      sum.wallMs += (wallSeconds * 1000) / starts;
    }
  }
  return sums.map(({ name, cpuMs, wallMs }) => ({ name, cpuMs, wallMs }));
}

/** Their table. */
export function showStarts(costs: readonly StartCost[]): string {
  const rows = costs.map(({ name, cpuMs, wallMs }) => [name, cpuMs.toFixed(0), wallMs.toFixed(0)]);
  return ['### Start-up', table(['', 'CPU ms', 'wall ms'], rows)].join('\n\n');
}
