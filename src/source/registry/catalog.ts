/**
 * The lists of a registry: its repositories and a repository's tags (distribution-spec, "Listing Tags"; the catalog
 * is of Docker's API). They come in pages; where the next one is, the registry says, and it is followed nowhere else.
 */

import { ScanError } from '../../errors.ts';
import { asObject, asTexts, field, parseJson } from '../../oci/json.ts';
import type { DocumentFetcher } from './fetch.ts';

/** Names of one list at most. */
export const maxNames = 20_000;

const pageSize = 1000;
/** A registry may give pages of any size; one that gives nothing but pages is left. */
const maxPages = 2000;

/** The tags of a repository. @throws ScanError IMAGE_NOT_FOUND, AUTH_DENIED … */
export function listTags(fetcher: DocumentFetcher, subject: string): Promise<readonly string[]> {
  return list(fetcher, { path: `tags/list?n=${pageSize}`, name: 'tags', subject: `the tags of ${subject}` });
}

/** The names of a registry's repositories, as far as it tells. @throws ScanError */
export async function listRepositories(fetcher: DocumentFetcher, host: string): Promise<readonly string[]> {
  const subject = `the catalog of ${host}`;
  try {
    return await list(fetcher, { path: `/v2/_catalog?n=${pageSize}`, name: 'repositories', subject });
  } catch (error) {
    if (!(error instanceof ScanError) || !['IMAGE_NOT_FOUND', 'AUTH_DENIED'].includes(error.code)) throw error;
    throw new ScanError(error.code, `${error.message} Without it nobody can say which repositories there are.`, {
      subject: host,
      hint: 'Many registries, Docker Hub and ghcr.io among them, give no catalog: name the repositories (docker://host/name --all-tags).',
      cause: error,
    });
  }
}

async function list(
  fetcher: DocumentFetcher,
  { path, name, subject }: { readonly path: string; readonly name: string; readonly subject: string },
): Promise<readonly string[]> {
  const names = new Set<string>();
  const seen = new Set<string>();
  for (let page: string | undefined = path; page !== undefined; ) {
    seen.add(page);
    const { bytes, next } = await fetcher.api(page, subject);
    for (const item of asTexts(field(asObject(parseJson(bytes, subject)), name))) names.add(item);
    if (names.size > maxNames || seen.size > maxPages) {
      throw new ScanError(
        'LIMIT_EXCEEDED',
        `There are more than ${maxNames} names in ${subject}, or it does not end.`,
        {
          subject,
          hint: 'Ask for fewer with a pattern of the repositories, or name them.',
        },
      );
    }
    page = next === undefined || seen.has(next) ? undefined : next;
  }
  return [...names];
}
