/** From the matches in an image's layers to findings in files: which layer, which instruction, still there or not. */

import type { Match } from '../detect/rule.ts';
import { better, type Draft, type KnownRule } from './draft.ts';
import { ExposureTracker } from './exposure.ts';
import type { Location } from './finding.ts';
import type { ContentMatches, LayerScan } from './layer-scan.ts';

/** Joins layers (lowest first, undefined where one could not be read) with the history entries that made them. */
export function joinFiles(
  layers: readonly (LayerScan | undefined)[],
  madeBy: readonly (number | undefined)[],
  rules: ReadonlyMap<string, KnownRule>,
): Draft[] {
  const places = layers.flatMap((scan, layer) => (scan?.contents ?? []).map((content) => ({ layer, content })));
  const tracker = new ExposureTracker(
    layers.map((scan) => scan?.index),
    places.map(({ layer, content }) => ({ layer, ordinal: content.ordinal, path: content.path })),
  );
  return places.flatMap(({ layer, content }) => {
    const fate = tracker.fate({ layer, ordinal: content.ordinal, path: content.path });
    const historyIndex = madeBy[layer];
    return oneASecret(content.matches, rules).map((match) => ({
      match,
      location: locate(content, match),
      layer,
      ...(historyIndex === undefined ? {} : { historyIndex }),
      alsoAt: [],
      ...fate,
    }));
  });
}

/** A secret that stands in a content more than once is one finding, at its first place. */
function oneASecret(matches: readonly Match[], rules: ReadonlyMap<string, KnownRule>): Match[] {
  const bySecret = new Map<string, Match>();
  for (const match of matches) {
    const known = bySecret.get(match.secret);
    bySecret.set(match.secret, known === undefined ? match : better(known, match, rules));
  }
  return [...bySecret.values()];
}

function locate(content: ContentMatches, match: Match): Location {
  return {
    kind: 'file',
    path: content.path,
    line: match.line,
    ...(match.column === undefined ? {} : { column: match.column }),
    offset: match.start,
    ...(content.nested.length === 0 ? {} : { nested: content.nested }),
  };
}
