/**
 * Several things measured side by side: one run of each, then again from the first, so that a machine that is busy for a minute
 * is busy for all of them; of each the median counts. What takes minutes is run once.
 */

import { type Command, type Measured, measure } from './measure.ts';

/** Something to be run several times. */
export interface Variant {
  readonly name: string;
  /** Made anew for each run: where it needs an empty folder, say. */
  readonly command: () => Command;
  /** True where it is a run of a stage, which tells its own CPU and wall time, without the start of Node.js. */
  readonly tellsItself?: boolean;
}

/** A variant's runs. */
export interface Series {
  readonly name: string;
  readonly runs: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly status: number | string;
  /** Of the last run. */
  readonly stdout: string;
  readonly stderr: string;
}

const longSeconds = 60;

/** Runs each variant so many times, in turns. */
export async function runSeries(variants: readonly Variant[], repeats: number): Promise<Series[]> {
  const runs = new Map<Variant, Measured[]>(variants.map((variant) => [variant, []]));
  for (let round = 0; round < repeats; round++) {
    for (const variant of variants) {
      const earlier = runs.get(variant)!;
      if (earlier.some(({ wallSeconds }) => wallSeconds > longSeconds)) continue;
      process.stderr.write(`${variant.name} (${round + 1} of ${repeats})\n`);
      const measured = await measure(variant.command());
      earlier.push(variant.tellsItself === true ? asTold(measured, variant.name) : measured);
    }
  }
  return variants.map((variant) => summarise(variant.name, runs.get(variant)!));
}

/** What a stage says of itself. */
export interface Told {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
}

function asTold(measured: Measured, name: string): Measured {
  if (measured.status !== 0) throw new Error(`${name} ended with ${measured.status}: ${measured.stderr}`);
  const { wallSeconds, cpuSeconds } = JSON.parse(measured.stdout) as Told;
  return { ...measured, wallSeconds, cpuSeconds };
}

function summarise(name: string, runs: readonly Measured[]): Series {
  const last = runs.at(-1)!;
  return {
    name,
    runs: runs.length,
    wallSeconds: median(runs.map(({ wallSeconds }) => wallSeconds)),
    cpuSeconds: median(runs.map(({ cpuSeconds }) => cpuSeconds)),
    peakBytes: median(runs.map(({ peakBytes }) => peakBytes)),
    status: last.status,
    stdout: last.stdout,
    stderr: last.stderr,
  };
}

/** The middle one; of an even number the lower. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? Number.NaN;
}
