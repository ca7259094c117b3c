/**
 * Platforms of an index of which only the lists are in a place, as containerd's image store saves an image that was
 * pulled for one platform: said, but no hole, as long as another platform is whole.
 */

import { type Diagnostic, notice } from '../errors.ts';
import { formatPlatform } from '../oci/platform.ts';
import type { ImageCandidate } from './image-candidate.ts';
import type { ImageRecord } from './source.ts';

/** A candidate and what became of it. */
export interface ResolvedCandidate {
  readonly candidate: ImageCandidate;
  readonly record: ImageRecord;
}

/** Leaves out platforms without content; `absent` are those of which not even the configuration is there. */
export function withoutAbsent(
  resolved: readonly ResolvedCandidate[],
  absent: readonly ImageCandidate[],
): {
  present: readonly ResolvedCandidate[];
  notices: readonly { candidate: ImageCandidate; diagnostic: Diagnostic }[];
} {
  const isWhole = ({ record }: ResolvedCandidate): boolean => record.layers.every(({ blob }) => blob !== undefined);
  const families = new Set(resolved.filter(isWhole).flatMap(({ candidate }) => candidate.family ?? []));
  const isLeftOut = ({ candidate, record }: ResolvedCandidate): boolean =>
    families.has(candidate.family ?? '') &&
    record.layers.length > 0 &&
    record.layers.every(({ blob }) => blob === undefined) &&
    record.diagnostics.every(({ code }) => code === 'BLOB_MISSING');
  const left = [
    ...resolved.filter(isLeftOut).map(({ candidate }) => candidate),
    ...absent.filter(({ family }) => families.has(family ?? '')),
  ];
  return {
    present: resolved.filter((each) => !isLeftOut(each)),
    notices: left.map((candidate) => {
      const platform = candidate.platform === undefined ? 'one platform' : formatPlatform(candidate.platform);
      const subject = `${platform} ${candidate.manifestDigest?.slice(0, 19) ?? ''}`.trim();
      const message = `Of ${platform} only the manifest is in this place, none of its content.`;
      return { candidate, diagnostic: notice('BLOB_MISSING', subject, message) };
    }),
  };
}
