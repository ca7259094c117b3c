/** How cost grows: with the image's size, with its layers, with its files, with the rules. */

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchImage, writeLayout } from './image-file.ts';
import { emptyHome, imageReportOf, scanCommand, stageCommand } from './program.ts';
import { runSeries, type Series } from './series.ts';
import type { Yield } from './stages.ts';
import { type Shape, synthesise } from './synthetic.ts';
import { megabytes, rate, seconds, table } from './table.ts';

/** A shape and what its scans took. */
export interface ShapeCost {
  readonly shape: Shape;
  readonly image: BenchImage;
  readonly one: Series;
  readonly all: Series;
}

/** Scans images of these shapes in turns, with one job and with all. */
export async function sweepShapes(
  shapes: readonly Shape[],
  content: Buffer,
  { work, repeats }: { readonly work: string; readonly repeats: number },
): Promise<ShapeCost[]> {
  const made: { shape: Shape; image: BenchImage; folder: string }[] = [];
  for (const [index, shape] of shapes.entries()) {
    const folder = join(work, `shape-${index}`);
    mkdirSync(folder);
    const image = await synthesise(shape, content, folder);
    writeLayout(image, join(folder, 'layout'));
    made.push({ shape, image, folder });
  }
  const variants = made.flatMap(({ shape, folder }) =>
    [1, undefined].map((jobs) => ({
      name: `${shape.title}, ${jobs ?? 'all'} jobs`,
      command: () =>
        scanCommand([`oci:${join(folder, 'layout')}`], {
          home: emptyHome(work),
          ...(jobs === undefined ? {} : { jobs }),
        }),
    })),
  );
  const rows = await runSeries(variants, repeats);
  for (const { folder } of made) rmSync(folder, { recursive: true });
  return made.map(({ shape, image }, index) => ({ shape, image, one: rows[2 * index]!, all: rows[2 * index + 1]! }));
}

/** Their table. */
export function showShapes(title: string, costs: readonly ShapeCost[]): string {
  const rows = costs.map(({ shape, image, one, all }) => {
    const { filesScanned } = imageReportOf(all).coverage;
    const shapeCells = [megabytes(image.uncompressedBytes), String(image.layers.length), String(filesScanned)];
    const costCells = (row: Series): string[] => [
      seconds(row.wallSeconds),
      seconds(row.cpuSeconds),
      megabytes(row.peakBytes),
    ];
    return [
      shape.title,
      ...shapeCells,
      ...costCells(one),
      ...costCells(all),
      rate(image.uncompressedBytes, all.cpuSeconds),
    ];
  });
  const heads = [
    '',
    'MB',
    'layers',
    'files',
    '1 job: wall s',
    'CPU s',
    'peak MB',
    'all: wall s',
    'CPU s',
    'peak MB',
    'MB/CPU s',
  ];
  return [`### ${title}`, table(heads, rows)].join('\n\n');
}

/** Cost of one stage of the scan with so many detectors. */
export interface RuleCost {
  readonly detectors: number;
  readonly matches: number;
  readonly series: Series;
}

/** Scans the image's layers with parts of the rules, in turns; the last two are half of them and all. */
export async function sweepRules(image: BenchImage, counts: readonly number[], repeats: number): Promise<RuleCost[]> {
  const files = image.layers.map(({ file }) => file);
  const run = async (limits: readonly number[], times: number): Promise<RuleCost[]> => {
    const rows = await runSeries(
      limits.map((limit) => ({
        name: `${limit} rules`,
        command: () => stageCommand('some rules', files, limit),
        tellsItself: true,
      })),
      times,
    );
    return rows.map((series) => {
      const { detectors = 0, matches = 0 } = JSON.parse(series.stdout) as Yield;
      return { detectors, matches, series };
    });
  };
  const all = await detectorCount();
  return run([...counts.filter((count) => count < all), Math.floor(all / 2), all], repeats);
}

async function detectorCount(): Promise<number> {
  const { loadRules } = await import('../../src/detect/load-rules.ts');
  return (await loadRules()).providers.reduce((sum, { detectors }) => sum + detectors.length, 0);
}

/** Their table. */
export function showRules(costs: readonly RuleCost[], bytes: number): string {
  const rows = costs.map(({ detectors, matches, series }) => [
    `${detectors} detectors`,
    seconds(series.cpuSeconds),
    seconds(series.wallSeconds),
    rate(bytes, series.cpuSeconds),
    String(matches),
  ]);
  return ['### Rules', table(['', 'CPU s', 'wall s', 'MB/CPU s', 'matches'], rows)].join('\n\n');
}
