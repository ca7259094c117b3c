/**
 * One image, everything in turns: the limits (`gzip -dc`, inflating in process), the stages of a scan, whole scans cold and
 * warm, other scanners.
 */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { buildImage } from '../../test/support/build-image.ts';
import { type BenchImage, writeArchive, writeLayout } from './image-file.ts';
import { measure } from './measure.ts';
import type { Peer } from './peers.ts';
import { emptyHome, hasLayerCache, imageReportOf, scanCommand, stageCommand } from './program.ts';
import { runSeries, type Series, type Variant } from './series.ts';
import { serveLayout } from './serve-layout.ts';
import type { Yield } from './stages.ts';
import { megabytes, rate, seconds, table } from './table.ts';

/** Names of rows that aims are judged by. */
export const rowNames: Readonly<
  Record<'gzip' | 'zlib' | 'inflate' | 'one' | 'all' | 'warm' | 'registryCold' | 'registryWarm', string>
> = {
  gzip: 'gzip -dc',
  zlib: 'node:zlib, createGunzip',
  inflate: 'inflate',
  one: 'whole scan, 1 job',
  all: `whole scan, ${availableParallelism()} jobs`,
  warm: 'the same again, warm cache',
  registryCold: 'from a registry, cold cache',
  registryWarm: 'from a registry, warm cache',
};

/** Stages in their order, and what they are called in the table. */
const stageRows: readonly (readonly [stage: string, title: string])[] = [
  ['inflate', rowNames.inflate],
  ['hashes', '+ both digests'],
  ['tar', '+ tar walk'],
  ['nested', '+ nested archives'],
  ['automaton', '+ automaton'],
  ['rules', '+ rules'],
];

/** What was measured of an image. */
export interface SideBySide {
  readonly image: BenchImage;
  readonly rows: ReadonlyMap<string, Series>;
  /** Inflated out of archives inside the layers. */
  readonly nestedInflatedBytes: number;
  readonly peers: readonly Peer[];
  /** What went over the wire in a warm scan of a registry's image. */
  readonly warmBlobBytes?: number;
}

/** Measures an image in all ways there are. */
export async function measureSideBySide(
  image: BenchImage,
  peers: readonly Peer[],
  work: string,
  repeats: number,
): Promise<SideBySide> {
  const archive = join(work, 'image.tar');
  await writeArchive(image, archive);
  const layout = join(work, 'layout');
  const registry = await serveLayout(layout, writeLayout(image, layout));
  const files = image.layers.map(({ file }) => file);
  const stage = (name: string, title: string): Variant => ({
    name: title,
    command: () => stageCommand(name, files),
    tellsItself: true,
  });
  const isCached = hasLayerCache();
  const kept = { archive: emptyHome(work), registry: emptyHome(work) };
  const local = `docker-archive:${archive}`;
  const remote = { args: ['--insecure-registry', registry.host] };
  const name = `docker://${registry.host}/bench:1`;
  const home = await homeOfPeers(peers, work);
  const variants: Variant[] = [
    {
      name: rowNames.gzip,
      command: () => ({ command: 'sh', args: ['-c', 'exec gzip -dc "$@" >/dev/null', 'sh', ...files] }),
    },
    stage('node:zlib', rowNames.zlib),
    ...stageRows.map(([each, title]) => stage(each, title)),
    { name: rowNames.one, command: () => scanCommand([local], { jobs: 1, home: emptyHome(work) }) },
    { name: rowNames.all, command: () => scanCommand([local], { home: emptyHome(work) }) },
    { name: rowNames.registryCold, command: () => scanCommand([name], { ...remote, home: emptyHome(work) }) },
    ...peers.map((peer): Variant => ({ name: peer.title, command: () => peer.command(archive, home) })),
  ];
  const warm: Variant[] = [
    { name: rowNames.warm, command: () => scanCommand([local], { home: kept.archive }) },
    { name: rowNames.registryWarm, command: () => scanCommand([name], { ...remote, home: kept.registry }) },
  ];
  try {
    const rows = await runSeries(variants, repeats);
    let warmBlobBytes: number | undefined;
    if (isCached) {
      // Fills the caches: what is measured is the second scan.
      await runSeries(warm, 1);
      const before = registry.blobBytes();
      rows.push(...(await runSeries(warm, repeats)));
      warmBlobBytes = (registry.blobBytes() - before) / repeats;
    }
    const [counted] = await runSeries(
      [{ name: 'nested bytes', command: () => stageCommand('unpacked bytes', files), tellsItself: true }],
      1,
    );
    const { nestedInflatedBytes = 0 } = JSON.parse(counted!.stdout) as Yield;
    const byName = new Map(rows.map((row) => [row.name, row]));
    return {
      image,
      rows: byName,
      nestedInflatedBytes,
      peers,
      ...(warmBlobBytes === undefined ? {} : { warmBlobBytes }),
    };
  } finally {
    registry.close();
  }
}

/** Lets each scanner make what it makes once for a user (compiled rules), so that it is not counted. @returns their home folder */
async function homeOfPeers(peers: readonly Peer[], work: string): Promise<string> {
  const home = mkdtempSync(join(work, 'home-'));
  const tiny = join(home, 'tiny.tar');
  writeFileSync(tiny, buildImage({ layers: [{ files: { 'etc/hostname': 'tiny\n' } }], tags: ['tiny:1'] }));
  for (const peer of peers) await measure(peer.command(tiny, home));
  return home;
}

/** The tables, in Markdown. */
export function showSideBySide({ image, rows, nestedInflatedBytes, peers, warmBlobBytes }: SideBySide): string {
  const { coverage, findings } = imageReportOf(rows.get(rowNames.all)!);
  const perByte = image.uncompressedBytes + nestedInflatedBytes;
  const line = (name: string): string[][] => {
    const row = rows.get(name);
    if (row === undefined) return [];
    const cells = [rate(image.uncompressedBytes, row.wallSeconds), seconds(row.wallSeconds), seconds(row.cpuSeconds)];
    return [[name, ...cells, megabytes(row.peakBytes), String(row.runs), String(row.status)]];
  };
  const heads = ['', 'MB/s', 'wall s', 'CPU s', 'peak MB', 'runs', 'exit'];
  const scans = [rowNames.one, rowNames.all, rowNames.warm, rowNames.registryCold, rowNames.registryWarm];
  let before = 0;
  const stages = [...stageRows.map(([, title]) => title), rowNames.one].map((title) => {
    const { cpuSeconds, wallSeconds } = rows.get(title)!;
    const added = cpuSeconds - before;
    before = cpuSeconds;
    return [title, seconds(cpuSeconds), seconds(added), rate(image.uncompressedBytes, added), seconds(wallSeconds)];
  });
  return [
    `${image.title}: ${image.layers.length} gzip layers of ${megabytes(image.sizeBytes)} MB, ${megabytes(image.uncompressedBytes)} MB inflated, in which archives hold ${megabytes(nestedInflatedBytes)} MB more (${megabytes(perByte)} MB inflated altogether); ${coverage.filesScanned} files, ${findings.length} findings shown; the scan was ${coverage.complete ? 'complete' : 'incomplete'}.`,
    '### Side by side',
    table(heads, [rowNames.gzip, rowNames.zlib, ...scans, ...peers.map(({ title }) => title)].flatMap(line)),
    ...(warmBlobBytes === undefined
      ? ['This build has no layer cache: no warm scans.']
      : [`A warm scan from the registry fetched ${megabytes(warmBlobBytes)} MB of blobs.`]),
    '### Stages, one thread scanning',
    'Each with all before it, layer by layer; inflating runs on the thread pool beside the scan. The last row is the program, with its start.',
    table(['', 'CPU s', 'adds', 'adds at MB/s', 'wall s'], stages),
  ].join('\n\n');
}
