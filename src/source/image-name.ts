/** How an image found in an archive or layout is called in reports: as a person would write it. */

import { isSameName, parseImageName } from '../oci/reference.ts';

/** The names that are tags of a repository, in short form (`app:1`, not `docker.io/library/app:1`), once each. */
export function repoTagsOf(names: readonly string[]): readonly string[] {
  const tags: string[] = [];
  for (const name of names) {
    const short = shorten(name);
    if (isRepoTag(name) && !tags.some((tag) => isSameName(tag, short))) tags.push(short);
  }
  return tags;
}

/** What a report calls the image: its first tag, else the place it was found in. */
export function referenceOf(names: readonly string[], place: string): string {
  const [tag] = repoTagsOf(names);
  if (tag !== undefined) return tag;
  return names[0] === undefined ? place : `${place}:${names[0]}`;
}

/** True where an image's names hold the one asked for: literally, or as the same normalised name. */
export function hasName(names: readonly string[], wanted: string): boolean {
  return names.some((name) => isSameName(name, wanted));
}

// A name without ":" or "/" is a bare tag, which says nothing away from its layout.
function isRepoTag(name: string): boolean {
  return /[/:]/.test(name);
}

function shorten(name: string): string {
  try {
    const { host, repository, tag, digest } = parseImageName(name);
    if (host !== 'docker.io') return name;
    const short = repository.replace(/^library\//, '');
    return `${short}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
  } catch {
    return name;
  }
}
