/** `whichlayer cache [info|clear]`: what is kept of scanned layers, where, and how to be rid of it. */

import { existsSync } from 'node:fs';
import { printable } from '../report/printable.ts';
import { formatBytes, formatCount, formatNumber } from '../report/quantity.ts';
import { cachePlaces } from '../scan/cache/cache-folder.ts';
import { cacheLimitBytes } from '../scan/cache/layer-cache.ts';
import { LayerStore } from '../scan/cache/layer-store.ts';
import { removeTagKey } from '../scan/cache/tag-key.ts';
import type { LowArgs } from './flags.ts';
import type { CommandIo } from './io.ts';

/** Runs a subcommand; returns the exit status. */
export async function cache(
  [action = 'info']: readonly string[],
  { format }: Pick<LowArgs, 'format'>,
  { stdout, stderr }: CommandIo,
): Promise<number> {
  const { folder, keyFile } = cachePlaces();
  const troubles: string[] = [];
  // Looking must not make what is not there.
  const store = existsSync(folder)
    ? await LayerStore.open({
        folder,
        limitBytes: cacheLimitBytes,
        onTrouble: (_, message) => troubles.push(message),
      })
    : undefined;
  const { layers, layersWithMatches, sizeBytes, oldestUse } = store?.figures() ?? {
    layers: 0,
    layersWithMatches: 0,
    sizeBytes: 0,
  };
  if (action === 'clear') {
    store?.clear();
    removeTagKey(keyFile);
  } else store?.close();
  for (const trouble of troubles) stderr.write(`whichlayer: ${printable(trouble)}\n`);
  const cleared = action === 'clear' && troubles.length === 0;
  if (format === 'json') {
    const facts = {
      folder,
      ...(action === 'clear' ? { cleared } : {}),
      layers,
      layersWithMatches,
      sizeBytes,
      limitBytes: cacheLimitBytes,
      ...(oldestUse === undefined ? {} : { oldestUse: new Date(oldestUse).toISOString() }),
    };
    stdout.write(`${JSON.stringify(facts, undefined, 2)}\n`);
  } else {
    const what = `${formatNumber(layers, 'layer')}, ${formatBytes(sizeBytes)}`;
    const more = `${formatCount(layersWithMatches)} with matches, of ${formatBytes(cacheLimitBytes)} at most`;
    stdout.write(cleared ? `${printable(folder)}: cleared of ${what}\n` : `${printable(folder)}: ${what} (${more})\n`);
  }
  return 0;
}
