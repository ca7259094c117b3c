/**
 * What several images of one run say together: a secret that is deleted here may be in plain sight in another tag, or
 * in none, where only who takes layers apart finds it.
 */

import type { Draft } from './draft.ts';
import type { Finding, ImageError, ImageReport } from './finding.ts';
import { lengthOf, maskedForm } from './secret.ts';

/** Images that are named, at most. */
const mostNames = 20;

/** Of drafts that a report does not show, those that are live: how their secrets look, which is all that is known without a slow hash. */
export function liveLooks(hidden: readonly Draft[]): ReadonlySet<string> {
  const live = hidden.filter(({ exposure, location }) => isLive({ exposure, location }));
  return new Set(live.map(({ match: { secret } }) => `${lengthOf(secret)} ${maskedForm(secret)}`));
}

/**
 * The images with `liveIn` told for secrets that no file or variable of their own image has any more. That a secret is in none is
 * not said where it may be in what was not looked at, or be one of those that the user's filters keep from the report (`hidden`).
 */
export function withLiveIn(
  images: readonly (ImageReport | ImageError)[],
  hidden: ReadonlySet<string> = new Set(),
): (ImageReport | ImageError)[] {
  const scanned = images.filter((image): image is ImageReport => !('error' in image));
  if (scanned.length < 2) return [...images];
  const titles = titlesOf(scanned);
  const isAllSeen = scanned.every(({ coverage }) => coverage.complete);
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
      const { length, masked } = finding.secret;
      if (holders.size === 0 && (!isAllSeen || hidden.has(`${length} ${masked}`))) return finding;
      return {
        ...finding,
        liveIn: [...new Set([...holders].map((holder) => titles.get(holder)!))].slice(0, mostNames),
      };
    });
    return { ...image, findings };
  });
}

function isLive({ exposure, location }: Pick<Finding, 'exposure' | 'location'>): boolean {
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
