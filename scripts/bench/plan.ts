/** How much is measured: `BENCH=smoke` for a test that the bench works, nothing for minutes, `full` for half an hour and twenty gigabytes of disk. */

import type { Shape } from './synthetic.ts';

/** How much of everything. */
export interface BenchPlan {
  readonly repeats: number;
  /** Of the content gathered on this machine. */
  readonly corpusBytes: number;
  /** Of the content that synthetic images repeat. */
  readonly contentBytes: number;
  readonly sizes: readonly Shape[];
  readonly layerCounts: readonly Shape[];
  readonly fileCounts: readonly Shape[];
  /** Numbers of detectors, beside all and half of them. */
  readonly rules: readonly number[];
  /** Megabytes that the dearest rules are looked for in. */
  readonly ruleMegabytes: number;
  /** Starts of a program that are measured together. */
  readonly starts: number;
}

const gigabyte = 1e9;
const megabyte = 1e6;

/** The plan of a name. @throws Error for one there is not */
export function planOf(name: string): BenchPlan {
  const plan = plans[name];
  if (plan === undefined) throw new Error(`BENCH=${name}: there are ${Object.keys(plans).join(', ')}`);
  return plan;
}

const normal: BenchPlan = {
  repeats: 3,
  corpusBytes: 1.6 * gigabyte,
  contentBytes: 200 * megabyte,
  sizes: [ofSize(0.1), ofSize(1)],
  layerCounts: [1, 10, 40, 120].map((layers) => ofLayers(layers, 240 * megabyte)),
  fileCounts: [10, 1000, 100_000].map((files) => ofFiles(files, 200 * megabyte)),
  rules: [100, 500],
  ruleMegabytes: 500,
  starts: 20,
};

const plans: Readonly<Record<string, BenchPlan>> = {
  // Layers and files grow by the same code as sizes do.
  smoke: {
    repeats: 1,
    corpusBytes: 4 * megabyte,
    contentBytes: 2 * megabyte,
    sizes: [{ ...ofSize(0.002), layers: 3, files: 90 }],
    layerCounts: [],
    fileCounts: [],
    rules: [100],
    ruleMegabytes: 1,
    starts: 1,
  },
  normal,
  full: {
    ...normal,
    sizes: [
      ...normal.sizes,
      ofSize(4),
      { ...ofSize(10), title: '10 GB, 4 GB of it one file', largeFileBytes: 4 * gigabyte },
    ],
    fileCounts: [...normal.fileCounts, ofFiles(1_000_000, 200 * megabyte)],
    rules: [100, 200, 500, 1000, 2000],
  },
};

function ofSize(gigabytes: number): Shape {
  return { title: `${gigabytes} GB`, bytes: gigabytes * gigabyte, layers: Math.max(1, Math.ceil(gigabytes * 2)) };
}

function ofLayers(layers: number, bytes: number): Shape {
  return { title: layers === 1 ? '1 layer' : `${layers} layers`, bytes, layers };
}

function ofFiles(files: number, bytes: number): Shape {
  return { title: `${files.toLocaleString('en')} files`, bytes, layers: 2, files };
}
