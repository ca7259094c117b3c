/**
 * The image of known content: Debian with python3 and nodejs, 600 packages of npm, numpy, pandas, django and boto3 of pip, each
 * a layer, pinned as the tests' clean root file system is (docs/clean-root.md). It needs root, debootstrap and their registries.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { installCleanRoot } from '../../test/support/real/clean-root.ts';
import { type BenchImage, imageOf } from './image-file.ts';
import { type LayerFile, packLayer } from './layer-file.ts';

const npm = './srv/app';
const pip = './usr/local/lib/python3';

/** Installs the packages and makes layers of them. */
export async function installImage(folder: string): Promise<BenchImage> {
  const root = join(folder, 'root');
  process.stderr.write('installing packages of apt, npm and pip: some minutes\n');
  await installCleanRoot(root);
  const parts = [['.', `--exclude=${npm}`, `--exclude=${pip}`], [npm], [pip]];
  const layers: LayerFile[] = [];
  for (const [index, part] of parts.entries()) {
    layers.push(await packLayer(tarOf(root, part), join(folder, `${index}.tar.gz`), 6));
  }
  rmSync(root, { recursive: true, force: true });
  return imageOf('the packages of docs/clean-root.md', layers);
}

async function* tarOf(root: string, paths: readonly string[]): AsyncGenerator<Uint8Array> {
  const args = ['-C', root, '--one-file-system', '--sort=name', '-cf', '-', ...paths.toReversed()];
  const tar = spawn('tar', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(tar, 'close') as Promise<[number]>;
  yield* tar.stdout as AsyncIterable<Buffer>;
  const [code] = await closed;
  if (code !== 0) throw new Error(`tar ended with ${code}`);
}
