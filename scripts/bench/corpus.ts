/**
 * The image that is measured on: one the user names, or ordinary content gathered on the spot from this machine: an apt layer
 * of /usr, an npm layer of this repository's packages, a pip layer of what Python has installed.
 */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Dirent, existsSync, lstatSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseReference } from '../../src/oci/reference.ts';
import { openImage } from '../../src/source/open.ts';
import type { Blob } from '../../src/source/source.ts';
import { type BenchImage, imageOf } from './image-file.ts';
import { adoptLayer, type LayerFile, packLayer } from './layer-file.ts';

/** What goes into one layer. */
interface LayerSource {
  readonly name: string;
  readonly folders: readonly string[];
  readonly mostBytes: number;
}

/** The layers of the (first) image of what whichlayer can open, copied beside each other. @throws ScanError */
export async function importImage(reference: string, folder: string): Promise<BenchImage> {
  const { signal } = new AbortController();
  const source = await openImage(parseReference(reference), { signal });
  try {
    const files = new Map<string, LayerFile>();
    for await (const blob of source.blobs(signal)) {
      if (blob.name === undefined) files.set(blob.key, await adopt(blob, join(folder, `${files.size}.tar.gz`), signal));
    }
    const [image] = await source.images();
    if (image === undefined) throw new Error(`${reference} holds no image`);
    const layers = image.layers.map(({ blob, digest }) => {
      const file = files.get(blob ?? '');
      if (file === undefined) throw new Error(`${reference} does not hold its layer ${digest ?? blob}`);
      return file;
    });
    return imageOf(reference, layers);
  } finally {
    await source.close();
  }
}

async function adopt(blob: Blob, file: string, signal: AbortSignal): Promise<LayerFile> {
  return adoptLayer(await blob.open(signal), file);
}

/** Ordinary content of this machine, at most so many bytes. */
export async function gatherImage(folder: string, mostBytes: number): Promise<BenchImage> {
  const layers: LayerFile[] = [];
  const names: string[] = [];
  for (const { name, folders, mostBytes: most } of layerSources(mostBytes)) {
    const files = filesOf(folders, most);
    if (files.length === 0) continue;
    process.stderr.write(`packing the ${name} layer: ${files.length} files\n`);
    const list = join(folder, `${name}.list`);
    writeFileSync(list, files.map((file) => `${file.slice(1)}\0`).join(''));
    names.push(name);
    layers.push(await packLayer(tarOf(list), join(folder, `${name}.tar.gz`), 6));
  }
  return imageOf(`this machine's ${names.join(', ')} layers`, layers);
}

function layerSources(mostBytes: number): LayerSource[] {
  const system = ['/usr/bin', '/usr/sbin', '/usr/lib', '/usr/libexec', '/usr/share'].filter((folder) =>
    existsSync(folder),
  );
  return [
    { name: 'apt', folders: system, mostBytes: mostBytes / 2 },
    { name: 'npm', folders: [join(process.cwd(), 'node_modules')], mostBytes: mostBytes / 4 },
    { name: 'pip', folders: pythonFolders(), mostBytes: mostBytes / 4 },
  ];
}

function pythonFolders(): string[] {
  const script = 'import sysconfig; print(sysconfig.get_path("stdlib"))';
  try {
    const stdlib = execFileSync('python3', ['-c', script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return [stdlib, '/usr/lib/python3/dist-packages'].filter((folder) => existsSync(folder));
  } catch {
    return [];
  }
}

/** What a tar has for each file besides its content. */
const headerBytes = 512;

/** Files and symlinks below folders, in an order that does not change; where there are more bytes, as many of each kind as that leaves. */
export function filesOf(folders: readonly string[], mostBytes: number): string[] {
  const all = folders.flatMap((folder) => [...walk(folder, statSync(folder).dev)]);
  const share = mostBytes / all.reduce((sum, { size }) => sum + size, 0);
  if (share >= 1) return all.map(({ path }) => path);
  let [due, taken] = [0, 0];
  return all.flatMap(({ path, size }) => {
    due += size * share;
    if (taken + size > due) return [];
    taken += size;
    return [path];
  });
}

function* walk(folder: string, device: number): Generator<{ readonly path: string; readonly size: number }> {
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && statSync(path).dev === device) yield* walk(path, device);
    else if (entry.isFile() || entry.isSymbolicLink()) yield { path, size: headerBytes + lstatSync(path).size };
  }
}

/** Sorted; none where the folder may not be read. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}

async function* tarOf(list: string): AsyncGenerator<Uint8Array> {
  const args = ['-C', '/', '-cf', '-', '--no-recursion', '--null', '-T', list];
  const tar = spawn('tar', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const closed = once(tar, 'close') as Promise<[number]>;
  yield* tar.stdout as AsyncIterable<Buffer>;
  const [code] = await closed;
  // 1: a file changed while it was read, which is no matter here.
  if (code > 1) throw new Error(`tar ended with ${code}`);
}
