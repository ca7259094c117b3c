/**
 * The depth image: a token at each place that issue 6 names, and what a report must say of it. The same seed plants the same tokens,
 * but for keys that openssl and Node make. Each group has a layer; a file that later layers take away is in a layer of its own.
 */

import { join } from 'node:path';
import type { Exposure, Finding } from '../../../src/scan/finding.ts';
import type { ImageSpec, LayerSpec } from '../build-image.ts';
import { Random } from '../plant/random.ts';
import { packages, streams, tars, zips } from './archives.ts';
import { binaries } from './binaries.ts';
import { encodings } from './encodings.ts';
import { configPlaces, fileMetadata } from './metadata.ts';
import type { Group, Whereabouts } from './place.ts';
import { repositories } from './repositories.ts';
import { keystores, stores } from './stores.ts';
import { type DepthToken, plainContexts, settings, Tokens, tokenFormats } from './token.ts';

/** A token, and where a report must find it. */
export interface DepthPlant {
  readonly group: string;
  readonly place: string;
  readonly token: DepthToken;
  readonly where: Whereabouts;
  /** Of the layer, where it is in one. */
  readonly layer?: number;
  readonly historyIndex?: number;
  readonly removedBy?: NonNullable<Finding['removedBy']>;
}

/** The image, to be built in any layout. */
export interface DepthImage {
  readonly spec: ImageSpec;
  readonly plants: readonly DepthPlant[];
}

const exposureTitle = 'layers';

/** What each layer on top does to a file of the layer below them all. */
const removals: readonly {
  readonly place: string;
  readonly path: string;
  readonly exposure: Exposure;
  readonly how?: NonNullable<DepthPlant['removedBy']>['how'];
  readonly layer?: LayerSpec;
}[] = [
  { place: 'live', path: 'live.env', exposure: 'live' },
  {
    place: 'overwritten',
    path: 'replaced.env',
    exposure: 'overwritten',
    how: 'replaced',
    layer: { files: { 'app/replaced.env': 'PORT=1\n' } },
  },
  {
    place: 'deleted',
    path: 'deleted.env',
    exposure: 'deleted',
    how: 'whiteout',
    layer: { whiteouts: ['app/deleted.env'] },
  },
  {
    place: 'deleted with its folder',
    path: 'gone/x.env',
    exposure: 'deleted',
    how: 'whiteout',
    layer: { whiteouts: ['app/gone'] },
  },
  {
    place: 'hidden by an opaque folder',
    path: 'opaque/x.env',
    exposure: 'deleted',
    how: 'opaque',
    layer: { opaque: ['app/opaque'] },
  },
  {
    place: 'hidden by a file in place of its folder',
    path: 'folder/x.env',
    exposure: 'deleted',
    how: 'folder-replaced',
    layer: { files: { 'app/folder': 'now a file\n' } },
  },
  {
    place: 'deleted, but for a hard link',
    path: 'linked.env',
    exposure: 'live',
    layer: { whiteouts: ['app/linked.env'] },
  },
];

/** Plants a token at every place; what git and SQLite write goes through the folder. */
export function depthImage(seed: number, folder: string): DepthImage {
  const tokens = new Tokens(new Random(seed));
  const plants: DepthPlant[] = [];
  const layers: LayerSpec[] = [
    { files: { 'etc/os-release': 'NAME="Depth Linux"\n' }, createdBy: 'ADD rootfs.tar / # buildkit' },
  ];
  const groups = [
    ...[zips, tars, streams, packages, repositories(join(folder, 'repositories')), encodings],
    ...[binaries(folder), stores, keystores, fileMetadata],
  ];
  for (const group of groups) plantGroup(group);
  plantRemovals();
  const history = layers.map(({ createdBy }) => ({ created_by: createdBy }));
  return { plants, spec: { layers, history: history, ...plantConfig(history), tags: ['depth:1'] } };

  function plantGroup(group: Group): void {
    const files: Record<string, string | Uint8Array> = {};
    const entries = group.places.flatMap(({ name, grow }) => {
      const { token, where, files: own = {}, entries = [] } = grow(tokens);
      for (const [path, content] of Object.entries(own)) files[`${group.folder}/${path}`] = content;
      const path = where.path === undefined ? {} : { path: `${group.folder}/${where.path}` };
      const place = { layer: layers.length, historyIndex: layers.length };
      plants.push({ group: group.title, place: name, token, where: { exposure: 'live', ...where, ...path }, ...place });
      return entries;
    });
    layers.push({ files, entries, createdBy: `COPY ${group.folder} /${group.folder} # buildkit` });
  }

  function plantRemovals(): void {
    const index = layers.length;
    const taken = removals.filter(({ layer }) => layer !== undefined);
    const files: Record<string, string> = {};
    for (const removal of removals) {
      const { place, path, exposure, how } = removal;
      const token = tokens.next();
      files[`app/${path}`] = settings(token);
      const by = index + taken.indexOf(removal) + 1;
      plants.push({
        ...{ group: exposureTitle, place, token, layer: index, historyIndex: index },
        where: { kind: 'file', path: `app/${path}`, exposure },
        ...(how === undefined ? {} : { removedBy: { layer: by, historyIndex: by, how } }),
      });
    }
    layers.push({
      files,
      links: { 'app/kept.env': { hardlink: 'app/linked.env' } },
      createdBy: 'COPY . /app # buildkit',
    });
    for (const { layer, place } of taken)
      layers.push({ ...layer, createdBy: `RUN /bin/sh -c tidy '${place}' # buildkit` });
  }

  function plantConfig(history: Record<string, unknown>[]): Pick<ImageSpec, 'config' | 'extra' | 'annotations'> {
    const config: Record<string, unknown> = {};
    const extra: Record<string, unknown> = {};
    const annotations: Record<string, string> = {};
    for (const place of configPlaces) {
      const { token, where, instruction, comment, ...part } = place.grow(tokens);
      Object.assign(config, part.config);
      Object.assign(extra, part.extra);
      Object.assign(annotations, part.annotations);
      const historyIndex = instruction === undefined ? {} : { historyIndex: history.length };
      if (instruction !== undefined) history.push({ created_by: instruction, empty_layer: true, comment });
      plants.push({ group: 'configuration and manifest', place: place.name, token, where, ...historyIndex });
    }
    return { config, extra, annotations };
  }
}

/** A token in a plain file. */
export interface ControlFile {
  readonly path: string;
  readonly text: string;
  readonly token: DepthToken;
}

/** Tokens of each format in plain files, whatever stands around them: what a scanner misses here, it does not know. */
export function controlFiles(seed: number): readonly ControlFile[] {
  const tokens = new Tokens(new Random(seed));
  return tokenFormats.flatMap((format) =>
    Object.values(plainContexts).map((write, index) => {
      const token = tokens.next(format);
      return { path: `${format}-${index}.txt`, text: write(token), token };
    }),
  );
}
