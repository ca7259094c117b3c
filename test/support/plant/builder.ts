/**
 * Builders we did not write: buildah, and dockerd's two (the classic one and BuildKit). Each turns a planted image
 * into a tar as its own tools save it.
 */

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startDockerd } from '../real/dockerd.ts';
import { tool } from '../real/tool.ts';
import { createWorkspace, removeWorkspace } from '../real/workspace.ts';
import { type PlantedImage, writeContext } from './image.ts';

export const builders = ['buildah', 'docker-classic', 'docker-buildkit'] as const;

/** What builds an image. */
export type Builder = (typeof builders)[number];

/** An image on disk. */
export interface BuiltArchive {
  readonly builder: Builder;
  /** Its name in the archive and, for dockerd's builders, in the test's dockerd. */
  readonly name: string;
  /** A tar as `docker save` and `podman save` write it. */
  readonly path: string;
}

/** One entry of the history that the builder wrote. */
export interface BuilderHistory {
  readonly created_by?: string;
  readonly empty_layer?: boolean;
}

const run = promisify(execFile);
const environment = { LC_ALL: 'C.UTF-8' };

/** Builds the image into a tar in the folder. */
export async function buildPlanted(image: PlantedImage, builder: Builder, folder: string): Promise<BuiltArchive> {
  const name = `planted-${image.seed}-${builder}:1`;
  const path = join(folder, `${image.seed}-${builder}.tar`);
  const context = createWorkspace('context');
  try {
    writeContext(image, context);
    await buildFolder(context, builder, { name, path, buildArgs: image.buildArgs });
  } finally {
    removeWorkspace(context);
  }
  return { builder, name, path };
}

/** Builds a folder with a Dockerfile into a tar. */
export async function buildFolder(context: string, builder: Builder, options: BuildOptions): Promise<void> {
  if (builder === 'buildah') await withBuildah(context, options);
  else await withDocker(context, options, builder === 'docker-buildkit');
}

/** The history in an archive, read by skopeo. */
export async function historyOf(archive: BuiltArchive): Promise<BuilderHistory[]> {
  const { stdout } = await run(tool('skopeo'), ['inspect', '--config', '--raw', `docker-archive:${archive.path}`], {
    maxBuffer: 2 ** 26,
  });
  return (JSON.parse(stdout) as { history: BuilderHistory[] }).history;
}

/** What to build, and where the tar goes. */
export interface BuildOptions {
  readonly name: string;
  readonly path: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** A stage; the last one without it. */
  readonly target?: string;
  /** True: buildah makes one layer of all steps, as it does unless it is told otherwise. */
  readonly isOneLayer?: boolean;
}

async function withBuildah(context: string, build: BuildOptions): Promise<void> {
  const { name, path } = build;
  const workspace = createWorkspace('buildah');
  try {
    const storage = join(workspace, 'storage.conf');
    writeFileSync(
      storage,
      `[storage]\ndriver = "overlay"\nrunroot = "${workspace}/run"\ngraphroot = "${workspace}/graph"\n`,
    );
    const env = { ...process.env, ...environment, CONTAINERS_STORAGE_CONF: storage, TMPDIR: workspace };
    // OCI's own format has no HEALTHCHECK and no ONBUILD.
    const options = [
      '--isolation=chroot',
      `--layers=${build.isOneLayer !== true}`,
      '--format=docker',
      ...stepOptions(build),
    ];
    await patiently(() => run(tool('buildah'), ['bud', '-q', ...options, '-t', name, context], { env }));
    const target = `docker-archive:${path}:${name}`;
    await run(tool('skopeo'), ['copy', '-q', `containers-storage:localhost/${name}`, target], { env });
  } finally {
    removeWorkspace(workspace);
  }
}

/** Again where buildah could not seal the copy it makes of itself for a RUN step: the kernel says EBUSY now and then. */
async function patiently<T>(build: () => Promise<T>): Promise<T> {
  for (let left = 4; ; left--) {
    try {
      return await build();
    } catch (error) {
      if (left === 0 || !String((error as { stderr?: string }).stderr).includes('sealing memfd')) throw error;
    }
  }
}

async function withDocker(context: string, build: BuildOptions, buildKit: boolean): Promise<void> {
  const { name, path } = build;
  const dockerd = await startDockerd();
  const env = { ...process.env, ...environment, ...dockerd.env, DOCKER_BUILDKIT: buildKit ? '1' : '0' };
  const options = ['--network=none', ...stepOptions(build)];
  await run(tool('docker'), ['build', '-q', ...options, '-t', name, context], { env });
  await run(tool('docker'), ['save', '-o', path, name], { env });
}

function stepOptions({ buildArgs = {}, target }: BuildOptions): string[] {
  const args = Object.entries(buildArgs).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  return [...args, ...(target === undefined ? [] : ['--target', target])];
}
