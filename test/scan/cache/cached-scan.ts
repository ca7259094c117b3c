/** Scans with a cache of the test's own, in this process. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RuleSet } from '../../../src/detect/rule.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import type { CachePlaces } from '../../../src/scan/cache/cache-folder.ts';
import type { ImageReport, Report } from '../../../src/scan/finding.ts';
import { noProgress } from '../../../src/scan/progress.ts';
import { type RunOptions, runScan } from '../../../src/scan/run.ts';
import type { OpenOptions } from '../../../src/source/open.ts';
import { openImage } from '../../../src/source/open.ts';

/** A cache in a folder of its own. */
export class TestCache {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'wl-cache-'));
  readonly places: CachePlaces = {
    folder: join(this.folder, 'cache'),
    keyFile: join(this.folder, 'state', 'cache.key'),
  };

  /** Every byte in the cache's folder. */
  bytes(): Buffer {
    const { folder } = this.places;
    return Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))));
  }

  get file(): string {
    return join(this.places.folder, 'layers-1.sqlite');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What a test scans otherwise than usual. */
export interface ScanChanges extends Partial<RunOptions> {
  readonly open?: Partial<OpenOptions>;
}

/** Scans an image. */
export async function scanWith(
  image: string,
  ruleSet: RuleSet,
  cache: TestCache | undefined,
  { open, ...changes }: ScanChanges = {},
): Promise<Report> {
  const reference = parseReference(image);
  return runScan(
    [{ text: image, reference, open: (signal) => openImage(reference, { signal, source: 'auto', ...open }) }],
    {
      version: '1.0.0',
      ruleSet,
      automaton: undefined,
      filter: { minConfidence: 'low', only: [], skip: [] },
      showSecrets: false,
      fingerprintKey: undefined,
      jobs: 2,
      walk: {},
      signal: new AbortController().signal,
      progress: noProgress,
      ...(cache === undefined ? {} : { cachePlaces: cache.places }),
      ...changes,
    },
  );
}

/** The image of a report of one. */
export function imageOf(report: Report): ImageReport {
  const [image] = report.images;
  if (image === undefined || 'error' in image) throw new Error(JSON.stringify(image));
  return image;
}

/** Layers that came from the cache. */
export function cachedIn(report: Report): number {
  return imageOf(report).coverage.layersCached ?? 0;
}

/** A report without what tells how it was made. */
export function comparable(report: Report): string {
  const { startedAt: _, durationMs: __, ...rest } = report;
  return JSON.stringify({ ...rest, images: report.images.map((image) => ('error' in image ? image : plain(image))) });
}

function plain(image: ImageReport): object {
  const { layersCached: _, ...coverage } = image.coverage;
  return { ...image, coverage, layers: image.layers.map((layer) => ({ ...layer, cached: false })) };
}
