/**
 * The same image in every place whichlayer reads images from: tars of all layouts, standard input, OCI layouts,
 * real daemons, real registries. Copies between places are made by skopeo, docker and podman, not by us; only the
 * tar of Docker 25 and later is put together here, since no Debian has one that writes it.
 */

import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import type { ImageReport } from '../../../src/scan/finding.ts';
import { startDockerd } from '../real/dockerd.ts';
import { startPodman } from '../real/podman.ts';
import { startRegistry } from '../real/registry.ts';
import { tool } from '../real/tool.ts';
import { packTar, type TarEntry } from '../tar-writer.ts';
import type { BuiltArchive } from './builder.ts';
import { onlyImage, scanJson } from './cli.ts';

/** One way to name the image to whichlayer. */
export interface Place {
  readonly name: string;
  readonly reference: string;
  /** The file for standard input. */
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** True where skopeo wrote the configuration anew in OCI's form, which knows neither HEALTHCHECK nor ONBUILD. */
  readonly oci: boolean;
  /** True where its environment contradicts that of other places. */
  readonly alone?: true;
}

/** Scans the image in each place and gives the reports by place; places that can share a run do. */
export async function scanPlaces(places: readonly Place[]): Promise<Map<string, ImageReport>> {
  const reports = new Map<string, ImageReport>();
  const shared = places.filter((place) => place.stdin === undefined && place.alone !== true);
  const alone = places.filter((place) => !shared.includes(place));
  for (const place of alone) reports.set(place.name, onlyImage(await scanJson([place.reference], place)));
  const env = Object.assign({}, ...shared.map((place) => place.env)) as Record<string, string>;
  const references = shared.map((place) => place.reference);
  const { images } = await scanJson(references, { env });
  if (images.length !== shared.length) throw new Error(`${images.length} reports for ${shared.length} images`);
  for (const [index, image] of images.entries()) {
    const { name } = shared[index]!;
    if ('error' in image) throw new Error(`${name}: ${image.error.code} ${image.error.message}`);
    reports.set(name, image);
  }
  return reports;
}

/** The tar on disk and on standard input: needs nothing but the tar. */
export function fastPlaces(archive: BuiltArchive): Place[] {
  return [
    { name: 'docker-archive', reference: `docker-archive:${archive.path}`, oci: false },
    { name: 'stdin', reference: '-', stdin: archive.path, oci: false },
  ];
}

/** All places, with the image put into each. */
export async function everyPlace(archive: BuiltArchive, folder: string): Promise<Place[]> {
  return [
    ...fastPlaces(archive),
    { name: 'path', reference: archive.path, oci: false },
    ...(await layouts(archive, folder)),
    ...(await daemons(archive)),
    ...(await registries(archive, folder)),
    ...(await buildahs(archive, folder)),
  ];
}

const run = promisify(execFile);
const account = { username: 'scanner', password: 'only-on-the-loopback' };

async function skopeo(...args: readonly string[]): Promise<void> {
  await run(tool('skopeo'), ['copy', '-q', ...args]);
}

async function layouts(archive: BuiltArchive, folder: string): Promise<Place[]> {
  const stem = join(folder, `${archive.builder}-${archive.name.replace(/\W/g, '-')}`);
  const from = `docker-archive:${archive.path}`;
  await skopeo(from, `oci:${stem}-oci:${archive.name}`);
  await skopeo(from, `oci-archive:${stem}-oci.tar:${archive.name}`);
  await skopeo('--dest-compress-format', 'zstd', from, `oci:${stem}-zstd:${archive.name}`);
  await skopeo('--dest-compress-format', 'zstd:chunked', from, `oci:${stem}-chunked:${archive.name}`);
  writeFileSync(`${stem}-docker25.tar`, docker25(`${stem}-oci`, archive.name));
  return [
    { name: 'oci', reference: `oci:${stem}-oci`, oci: true },
    { name: 'oci with its name', reference: `oci:${stem}-oci:${archive.name}`, oci: true },
    { name: 'oci-archive', reference: `oci-archive:${stem}-oci.tar`, oci: true },
    { name: 'oci-archive on stdin', reference: '-', stdin: `${stem}-oci.tar`, oci: true },
    { name: 'oci zstd', reference: `oci:${stem}-zstd`, oci: true },
    { name: 'oci zstd:chunked', reference: `oci:${stem}-chunked`, oci: true },
    { name: 'docker 25', reference: `${stem}-docker25.tar`, oci: true },
    { name: 'docker 25 on stdin', reference: '-', stdin: `${stem}-docker25.tar`, oci: true },
  ];
}

/** An OCI layout as Docker 25 and later save it: a manifest.json beside the index. */
function docker25(layout: string, name: string): Buffer {
  const read = (path: string): Buffer => readFileSync(join(layout, path));
  const blobOf = (digest: string): string => `blobs/${digest.replace(':', '/')}`;
  const index = JSON.parse(read('index.json').toString()) as { manifests: { digest: string }[] };
  const manifest = JSON.parse(read(blobOf(index.manifests[0]!.digest)).toString()) as {
    config: { digest: string };
    layers: { digest: string }[];
  };
  const summary = {
    Config: blobOf(manifest.config.digest),
    RepoTags: [name],
    Layers: manifest.layers.map((layer) => blobOf(layer.digest)),
  };
  const files = readdirSync(layout, { recursive: true, encoding: 'utf8' })
    .map((path) => join(layout, path))
    .filter((path) => statSync(path).isFile())
    .sort();
  const entries = files.map((path): TarEntry => ({ path: relative(layout, path), content: readFileSync(path) }));
  return packTar([...entries, { path: 'manifest.json', content: JSON.stringify([summary]) }]);
}

async function daemons(archive: BuiltArchive): Promise<Place[]> {
  const dockerd = await startDockerd();
  const podman = await startPodman();
  await run(tool('docker'), ['load', '-q', '-i', archive.path], { env: { ...process.env, ...dockerd.env } });
  await run(tool('podman'), ['load', '-q', '-i', archive.path], { env: { ...process.env, ...podman.env } });
  const viaDockerHost = { DOCKER_HOST: `unix://${podman.socket}` };
  return [
    { name: 'docker-daemon', reference: `docker-daemon:${archive.name}`, env: dockerd.env, oci: false },
    { name: 'bare name', reference: archive.name, env: dockerd.env, oci: false },
    { name: 'podman', reference: `podman:${archive.name}`, env: podman.env, oci: false },
    {
      name: 'podman as DOCKER_HOST',
      reference: `docker-daemon:${archive.name}`,
      env: viaDockerHost,
      oci: false,
      alone: true,
    },
  ];
}

async function registries(archive: BuiltArchive, folder: string): Promise<Place[]> {
  const open = await startRegistry();
  const closed = await startRegistry({ htpasswd: account });
  const [repository] = archive.name.split(':');
  const stem = join(folder, `${archive.builder}-${archive.name.replace(/\W/g, '-')}`);
  const plain = '--dest-tls-verify=false';
  // Told the format: else skopeo takes zstd blobs it has seen there, and an OCI configuration with them.
  const docker = ['--format', 'v2s2', plain];
  const credentials = `${account.username}:${account.password}`;
  await skopeo(...docker, `docker-archive:${archive.path}`, `docker://${open.host}/${repository}:gzip`);
  // As a registry that has the gzip blob would be asked to use it, the zstd ones are pushed as they are; and under the
  // host's other name, since skopeo remembers what it has seen at a host and offers it to later pushes of any format.
  const otherName = open.host.replace('127.0.0.1', 'localhost');
  for (const layout of ['oci', 'zstd', 'chunked']) {
    await skopeo(plain, '--preserve-digests', `oci:${stem}-${layout}`, `docker://${otherName}/${repository}:${layout}`);
  }
  await skopeo(
    ...docker,
    '--dest-creds',
    credentials,
    `docker-archive:${archive.path}`,
    `docker://${closed.host}/${repository}:1`,
  );
  const config = join(folder, 'docker-config');
  mkdirSync(config, { recursive: true });
  const auths = { [closed.host]: { auth: Buffer.from(credentials).toString('base64') } };
  writeFileSync(join(config, 'config.json'), JSON.stringify({ auths }));
  return [
    { name: 'registry', reference: `docker://${open.host}/${repository}:gzip`, oci: false },
    { name: 'registry OCI', reference: `docker://${open.host}/${repository}:oci`, oci: true },
    { name: 'registry zstd', reference: `docker://${open.host}/${repository}:zstd`, oci: true },
    { name: 'registry zstd:chunked', reference: `docker://${open.host}/${repository}:chunked`, oci: true },
    {
      name: 'registry with a password',
      reference: `docker://${closed.host}/${repository}:1`,
      env: { DOCKER_CONFIG: config },
      oci: false,
    },
  ];
}

/** What buildah writes out of a storage of its own: archives, and an index of two platforms of which one is asked for. */
async function buildahs(archive: BuiltArchive, folder: string): Promise<Place[]> {
  const { host } = await startRegistry();
  const stem = join(folder, `${archive.builder}-${archive.name.replace(/\W/g, '-')}-buildah`);
  mkdirSync(stem, { recursive: true });
  const storage = join(stem, 'storage.conf');
  // vfs: overlay would want mounts that have to be undone.
  writeFileSync(storage, `[storage]\ndriver = "vfs"\nrunroot = "${stem}/run"\ngraphroot = "${stem}/graph"\n`);
  const env = { ...process.env, CONTAINERS_STORAGE_CONF: storage };
  const buildah = async (...args: readonly string[]): Promise<string> =>
    (await run(tool('buildah'), args, { env })).stdout.trim();
  // Its id: what the archive calls it depends on who wrote it.
  const image = await buildah('pull', '-q', `docker-archive:${archive.path}`);
  await buildah('push', '-q', image, `docker-archive:${stem}/docker.tar:${archive.name}`);
  await buildah('push', '-q', image, `oci-archive:${stem}/oci.tar:${archive.name}`);
  await buildah('manifest', 'create', 'platforms');
  await buildah('manifest', 'add', 'platforms', image);
  // Another image: an index of buildah's has each digest once.
  await buildah('from', '--name', 'other', 'scratch');
  await buildah('commit', '-q', 'other', 'localhost/other');
  await buildah('manifest', 'add', '--os', 'linux', '--arch', 's390x', 'platforms', 'localhost/other');
  const [repository] = archive.name.split(':');
  const index = `${host.replace('127.0.0.1', 'localhost')}/${repository}-platforms:1`;
  await buildah('manifest', 'push', '-q', '--all', '--tls-verify=false', 'platforms', `docker://${index}`);
  return [
    { name: 'docker-archive of buildah', reference: `docker-archive:${stem}/docker.tar`, oci: false },
    { name: 'oci-archive of buildah', reference: `oci-archive:${stem}/oci.tar`, oci: true },
    {
      name: 'registry index of two platforms',
      reference: `docker://${host}/${repository}-platforms:1`,
      env: { WHICHLAYER_PLATFORM: 'linux/amd64' },
      oci: true,
      alone: true,
    },
  ];
}
