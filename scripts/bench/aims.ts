/** What was set out to be reached, against what was measured in the same run. */

import { availableParallelism } from 'node:os';
import { rowNames, type SideBySide } from './side-by-side.ts';
import type { StartCost } from './start-up.ts';
import type { RuleCost, ShapeCost } from './sweeps.ts';
import { table } from './table.ts';

/** Everything a judgement needs. */
export interface Results {
  readonly sideBySide: SideBySide;
  readonly sizes: readonly ShapeCost[];
  readonly rules: readonly RuleCost[];
  readonly starts: readonly StartCost[];
}

interface Aim {
  readonly what: string;
  readonly most: number;
  readonly measured: number | undefined;
  readonly digits: number;
}

/** The table of aims. */
export function showAims(results: Results): string {
  const rows = [...costAims(results), ...memoryAims(results), ...startAims(results)].map(
    ({ what, most, measured, digits }) =>
      measured === undefined
        ? [what, `≤ ${most}`, '–', 'not measured']
        : [what, `≤ ${most}`, measured.toFixed(digits), measured <= most ? 'reached' : 'not reached'],
  );
  return ['### Aims', table(['', 'aim', 'measured', ''], rows)].join('\n\n');
}

function costAims({ sideBySide, rules }: Results): Aim[] {
  const { rows, image, nestedInflatedBytes, peers } = sideBySide;
  const scan = rows.get(rowNames.all)!;
  // What a limit would take for the archives inside the layers as well, at its speed for the layers.
  const withNested = 1 + nestedInflatedBytes / image.uncompressedBytes;
  const inflating = Math.min(rows.get(rowNames.zlib)!.cpuSeconds, rows.get(rowNames.inflate)!.cpuSeconds);
  const slower = (name: string): number | undefined => {
    const title = peers.find((peer) => peer.name === name)?.title;
    const row = title === undefined ? undefined : rows.get(title);
    return row === undefined ? undefined : scan.wallSeconds / row.wallSeconds;
  };
  const [half, all] = rules.slice(-2);
  const twice = half === undefined || all === undefined ? undefined : all.series.cpuSeconds / half.series.cpuSeconds;
  return [
    {
      what: 'CPU of a scan × `gzip -dc`',
      most: 1,
      measured: scan.cpuSeconds / (rows.get(rowNames.gzip)!.cpuSeconds * withNested),
      digits: 2,
    },
    {
      what: 'CPU of a scan × inflating in process',
      most: 2.5,
      measured: scan.cpuSeconds / (inflating * withNested),
      digits: 2,
    },
    { what: 'wall time × betterleaks', most: 0.35, measured: slower('betterleaks'), digits: 3 },
    { what: 'wall time × Kingfisher', most: 0.05, measured: slower('kingfisher'), digits: 3 },
    {
      what: 'warm rescan of a registry image, s',
      most: 1,
      measured: rows.get(rowNames.registryWarm)?.wallSeconds,
      digits: 2,
    },
    { what: 'CPU × with twice the rules', most: 1.15, measured: twice, digits: 2 },
  ];
}

const [firstWorkerMegabytes, furtherWorkerMegabytes] = [150, 40];

function memoryAims({ sideBySide: { rows }, sizes }: Results): Aim[] {
  const jobs = availableParallelism();
  const peak = (measured: readonly number[]): number => Math.max(...measured) / 1e6;
  const withAll = firstWorkerMegabytes + furtherWorkerMegabytes * (jobs - 1);
  const one = peak([rows.get(rowNames.one)!.peakBytes, ...sizes.map((cost) => cost.one.peakBytes)]);
  const all = peak([rows.get(rowNames.all)!.peakBytes, ...sizes.map((cost) => cost.all.peakBytes)]);
  return [
    { what: 'peak memory, 1 job, MB', most: firstWorkerMegabytes, measured: one, digits: 0 },
    { what: `peak memory, ${jobs} jobs, MB`, most: withAll, measured: all, digits: 0 },
  ];
}

function startAims({ starts: [node, version, scan] }: Results): Aim[] {
  return [
    { what: 'CPU of `--version` above Node.js, ms', most: 80, measured: version!.cpuMs - node!.cpuMs, digits: 0 },
    { what: 'whole scan of a tiny image, wall ms', most: 400, measured: scan!.wallMs, digits: 0 },
  ];
}
