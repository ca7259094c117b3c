/** From the matches in an image's layers to findings in files: which layer, which instruction, still there or not. */

import { better, type Draft, type RuleLookup } from './draft.ts';
import { ExposureTracker, type FilePlace } from './exposure.ts';
import type { Location } from './finding.ts';
import type { ContentMatches, LayerScan } from './layer-scan.ts';
import type { FoundMatch, Secret } from './secret.ts';

/** How an image's layers are to be read. */
export interface LayerReading {
  /** False where they do not lie on one another, as in a chart or a build cache: then only a layer's own entries replace each other. */
  readonly isStack: boolean;
  /** True where a file's path in the container is the one below `Files/` (OCI image-spec, layers of Windows). */
  readonly isWindows: boolean;
}

/** Joins layers (lowest first, undefined where one could not be read) with the history entries that made them. */
export function joinFiles(
  layers: readonly (LayerScan<Secret> | undefined)[],
  madeBy: readonly (number | undefined)[],
  rules: RuleLookup,
  reading: LayerReading = { isStack: true, isWindows: false },
): Draft[] {
  if (!reading.isStack) {
    return layers.flatMap((scan, layer) =>
      joinFiles([scan], [], rules, { ...reading, isStack: true }).map(({ removedBy, ...draft }) => ({
        ...draft,
        layer,
        ...(removedBy === undefined ? {} : { removedBy: { ...removedBy, layer } }),
      })),
    );
  }
  const places = layers.flatMap((scan, layer) => (scan?.contents ?? []).map((content) => ({ layer, content })));
  const tracker = new ExposureTracker(
    layers.map((scan) => scan?.index),
    places.map(({ layer, content }) => filePlace(layer, content)),
  );
  return places.flatMap(({ layer, content }) => {
    const fate = tracker.fate(filePlace(layer, content));
    const historyIndex = madeBy[layer];
    return oneASecret(content.matches, rules).map((match) => ({
      match,
      location: locate(content, match, reading),
      layer,
      stored: storedEntry(content),
      ...(historyIndex === undefined ? {} : { historyIndex }),
      alsoAt: [],
      ...fate,
    }));
  });
}

function storedEntry(content: ContentMatches<Secret>): NonNullable<Draft['stored']> {
  const { path, rawName = path, ordinal, header, containers } = content;
  return {
    path,
    rawName,
    ordinal,
    ...(header === undefined ? {} : { header }),
    ...(containers === undefined ? {} : { containers }),
  };
}

function filePlace(layer: number, { ordinal, path, nested, header }: ContentMatches<Secret>): FilePlace {
  const isName = header !== undefined && header.attribute === undefined && nested.length === 0;
  return { layer, ordinal, path, isName };
}

/** A secret that stands in a content more than once is one finding, at its first place. */
export function oneASecret(matches: readonly FoundMatch[], rules: RuleLookup): FoundMatch[] {
  const bySecret = new Map<Secret, FoundMatch>();
  for (const match of matches) {
    const known = bySecret.get(match.secret);
    bySecret.set(match.secret, known === undefined ? match : better(known, match, rules));
  }
  return [...bySecret.values()];
}

function locate(content: ContentMatches<Secret>, match: FoundMatch, { isWindows }: LayerReading): Location {
  const path = isWindows ? content.path.replace(/^Files\//i, '') : content.path;
  if (content.header !== undefined) return locateInHeader(content, path);
  return {
    kind: 'file',
    path,
    line: match.line,
    ...(match.column === undefined ? {} : { column: match.column }),
    offset: match.start,
    ...(content.nested.length === 0 ? {} : { nested: content.nested }),
    ...(match.decoded === undefined ? {} : { decoded: match.decoded }),
    ...(content.git === undefined ? {} : { git: content.git }),
  };
}

/** Where a secret is in what a header says of an entry. */
function locateInHeader({ nested, header }: ContentMatches<Secret>, path: string): Location {
  return {
    kind: 'path',
    ...(header?.attribute === undefined ? {} : { name: header.attribute }),
    path,
    ...(nested.length === 0 ? {} : { nested }),
  };
}
