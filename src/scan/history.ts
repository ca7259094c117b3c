/**
 * Matches an image's history to its layers: the n-th entry that is not empty made the n-th layer, but
 * only where the counts agree and one step alone can have made the layer. Images of Bazel, Nix or ko have a short history or none: that is said,
 * and their layers are scanned like any others.
 */

import { type Diagnostic, notice } from '../errors.ts';
import { parseCreatedBy } from '../oci/created-by.ts';
import type { HistoryEntry } from '../oci/image-config.ts';

/** For each layer, lowest first, the index of the history entry that made it; undefined where nobody can tell. */
export interface Alignment {
  readonly layers: readonly (number | undefined)[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Aligns `layerCount` layers with a history; `isBuildah` where buildah has built the image, or what it is built upon. */
export function alignHistory(
  history: readonly HistoryEntry[] | undefined,
  layerCount: number,
  isBuildah = false,
): Alignment {
  const unknown = new Array<undefined>(layerCount).fill(undefined);
  if (history === undefined || (history.length === 0 && layerCount > 0)) {
    if (layerCount === 0) return { layers: unknown, diagnostics: [] };
    return {
      layers: unknown,
      diagnostics: [mismatch('the image has no history, so no instruction can be named for its layers')],
    };
  }
  const made = history.filter((entry) => !entry.emptyLayer).map((entry) => entry.index);
  if (made.length === layerCount) {
    const together = made.map((index, layer) => stepsTogether(history, made[layer - 1] ?? -1, index, isBuildah));
    return {
      layers: made.map((index, layer) => (together[layer] === undefined ? index : undefined)),
      diagnostics: together.flatMap((first, layer) =>
        first === undefined
          ? []
          : [
              mismatch(
                `layer ${layer} was made by steps ${first} to ${made[layer]} together, so no one of them is named`,
              ),
            ],
      ),
    };
  }
  const counts = `${made.length} history entries for ${layerCount} layers`;
  return {
    layers: unknown,
    diagnostics: [mismatch(`the history does not fit the layers (${counts}), so no instruction can be named for them`)],
  };
}

/**
 * The first of several steps that one layer was made by: buildah, unless it is told to make layers, makes one of all its steps and
 * says that the last of them made it. The others are marked as empty, which a COPY never is, and a RUN is where classic docker
 * saw it change nothing. Undefined where it was one step.
 */
function stepsTogether(
  history: readonly HistoryEntry[],
  before: number,
  made: number,
  isBuildah: boolean,
): number | undefined {
  const maker = instructionOf(history[made]);
  // Other words are those of builders of their own, which may mean anything.
  const isMetadata = maker !== undefined && !makers.has(maker);
  const first = history.slice(before + 1, made).find((entry) => {
    const instruction = instructionOf(entry);
    return instruction === 'COPY' || instruction === 'ADD' || (instruction === 'RUN' && (isBuildah || isMetadata));
  });
  return first?.index;
}

const makers: ReadonlySet<string> = new Set(['ADD', 'COPY', 'FROM', 'RUN', 'WORKDIR']);

function instructionOf(entry: HistoryEntry | undefined): string | undefined {
  return entry === undefined ? undefined : parseCreatedBy(entry.createdBy).instruction;
}

function mismatch(message: string): Diagnostic {
  return notice('HISTORY_MISMATCH', 'history', message);
}
