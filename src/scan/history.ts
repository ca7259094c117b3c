/**
 * Matches an image's history to its layers: the n-th entry that is not empty made the n-th layer, but
 * only where the counts agree. Images of Bazel, Nix or ko have a short history or none: that is said,
 * and their layers are scanned like any others.
 */

import { type Diagnostic, notice } from '../errors.ts';
import type { HistoryEntry } from '../oci/image-config.ts';

/** For each layer, lowest first, the index of the history entry that made it; undefined where nobody can tell. */
export interface Alignment {
  readonly layers: readonly (number | undefined)[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Aligns `layerCount` layers with a history. */
export function alignHistory(history: readonly HistoryEntry[] | undefined, layerCount: number): Alignment {
  const unknown = new Array<undefined>(layerCount).fill(undefined);
  if (history === undefined || (history.length === 0 && layerCount > 0)) {
    if (layerCount === 0) return { layers: unknown, diagnostics: [] };
    return {
      layers: unknown,
      diagnostics: [mismatch('the image has no history, so no instruction can be named for its layers')],
    };
  }
  const made = history.filter((entry) => !entry.emptyLayer).map((entry) => entry.index);
  if (made.length === layerCount) return { layers: made, diagnostics: [] };
  const counts = `${made.length} history entries for ${layerCount} layers`;
  return {
    layers: unknown,
    diagnostics: [mismatch(`the history does not fit the layers (${counts}), so no instruction can be named for them`)],
  };
}

function mismatch(message: string): Diagnostic {
  return notice('HISTORY_MISMATCH', 'history', message);
}
