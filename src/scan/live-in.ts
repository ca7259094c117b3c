/**
 * What several images of one run say together: a secret that is deleted here may be in plain sight in another tag, or
 * in none, where only who takes layers apart finds it.
 */

import type { Finding, ImageError, ImageReport } from './finding.ts';

/** Images that are named, at most. */
const mostNames = 20;

/** The images with `liveIn` told for secrets that no file or variable of their own image has any more. */
export function withLiveIn(images: readonly (ImageReport | ImageError)[]): (ImageReport | ImageError)[] {
  const scanned = images.filter((image): image is ImageReport => !('error' in image));
  if (scanned.length < 2) return [...images];
  const titles = titlesOf(scanned);
  const live = new Map<string, Set<ImageReport>>();
  for (const image of scanned) {
    for (const { fingerprint } of image.findings.filter(isLive)) {
      live.set(fingerprint, (live.get(fingerprint) ?? new Set()).add(image));
    }
  }
  return images.map((image) => {
    if ('error' in image) return image;
    const findings = image.findings.map((finding): Finding => {
      const holders = live.get(finding.fingerprint) ?? new Set();
      if (holders.has(image)) return finding;
      return {
        ...finding,
        liveIn: [...new Set([...holders].map((holder) => titles.get(holder)!))].slice(0, mostNames),
      };
    });
    return { ...image, findings };
  });
}

function isLive({ exposure, location }: Finding): boolean {
  return exposure === 'live' || (exposure === 'metadata' && location.kind === 'env');
}

/** Names, with the platform where it takes one to tell two images apart. */
function titlesOf(images: readonly ImageReport[]): ReadonlyMap<ImageReport, string> {
  const byReference = Map.groupBy(images, ({ reference }) => reference);
  return new Map(
    images.map((image) => {
      const { reference, platform } = image;
      return [image, byReference.get(reference)!.length > 1 ? `${reference} (${platform})` : reference];
    }),
  );
}
