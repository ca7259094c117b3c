/** Why an image that the user named as a base is none, in words: rebuilt since, squashed, another platform, another image. */

import type { ImageRecord } from '../source/source.ts';
import type { KnownBase } from './base-image.ts';
import type { LayerScan } from './layer-scan.ts';
import type { Secret } from './secret.ts';

/** A clause without a full stop. */
export function whyNotBase(
  { name, records }: KnownBase,
  { platform }: Pick<ImageRecord, 'platform'>,
  scans: readonly (LayerScan<Secret> | undefined)[],
): string {
  const same = records.filter((record) => record.platform === platform);
  const platforms = [...new Set(records.map((record) => record.platform))];
  const elsewhere = same.length > 0 ? '' : ` (which has no image for ${platform}, but for ${platforms.join(', ')})`;
  const stacks = (same.length > 0 ? same : records).map(({ config }) => config.diffIds);
  const stack = stacks.toSorted((a, b) => leading(b, scans) - leading(a, scans))[0] ?? [];
  const count = leading(stack, scans);
  const subject = `${name}${elsewhere}`;
  if (stack.length === 0) return `${subject} names no layers to compare`;
  if (count > 0 && scans[count] === undefined && scans.length > count)
    return `layer ${count} could not be read, so that it can't be compared with ${subject}`;
  if (count > 0) {
    return `its lowest layers are those of ${subject} only up to ${count} of ${stack.length}: it was updated since, or is not its base`;
  }
  const own = new Set(scans.map((scan) => scan?.diffId));
  if (stack.some((diffId) => own.has(diffId)))
    return `its lowest layers are not those of ${subject}, though it has some`;
  return `it has none of the layers of ${subject}: it was squashed, that was updated since, or is not its base`;
}

function leading(stack: readonly string[], scans: readonly (LayerScan<Secret> | undefined)[]): number {
  const first = stack.findIndex((diffId, index) => scans[index]?.diffId !== diffId);
  return first < 0 ? stack.length : first;
}
