/**
 * Whole repositories of a registry as one source: every tag that matches, every repository that matches. Tags and
 * repositories share most of what they hold: an equal manifest is one image with several tags, an equal layer is
 * fetched and scanned once. A tag that can't be read is said and the others go on.
 */

import { type Diagnostic, incomplete, notice, ScanError } from '../errors.ts';
import { subjectOfTag } from '../oci/manifest.ts';
import type { RepositoryPattern } from '../oci/reference.ts';
import { joinAttached } from './attachment.ts';
import { readAttachments } from './registry/attachments.ts';
import { listRepositories, listTags } from './registry/catalog.ts';
import { RepositoryClient } from './registry/client.ts';
import { DocumentFetcher } from './registry/fetch.ts';
import { insecureAt } from './registry/mirrors.ts';
import { loadRegistriesConf } from './registry/registries-conf.ts';
import { type FoundImage, RegistryReader, RegistrySource, type Repository } from './registry/registry-source.ts';
import { type ResolvedImage, resolveImages } from './registry/resolve.ts';
import { surroundingsOf } from './registry/surroundings.ts';
import type { RegistryImageOptions } from './registry.ts';
import type { ImageSource } from './source.ts';

/** Tags of one source at most. */
const maxTags = 20_000;
/** Tags that are resolved at a time. */
const tagsAtOnce = 4;

/** 1.9 before 1.10, on every machine. */
const collator = new Intl.Collator('en', { numeric: true });

/** Opens all that matches. @throws ScanError IMAGE_NOT_FOUND where nothing does */
export async function openRepositories(
  { text, ...pattern }: RepositoryPattern & { readonly text: string },
  options: RegistryImageOptions,
): Promise<ImageSource> {
  const clients: RepositoryClient[] = [];
  try {
    const conf = loadRegistriesConf(surroundingsOf(options));
    const open = (repository: string): RepositoryClient => {
      const name = { host: pattern.host, repository };
      const client = new RepositoryClient(name, { ...options, ...insecureAt(name, conf, options) });
      clients.push(client);
      return client;
    };
    const names = await repositoriesOf(pattern, () => new DocumentFetcher(open(''), options.signal));
    const gathering = new Gathering(pattern, options);
    for (const name of names) await gathering.add(name, open(name));
    return gathering.finish(text, names);
  } catch (error) {
    for (const client of clients) client.close();
    throw error;
  }
}

async function repositoriesOf(
  { host, repository }: RepositoryPattern,
  fetcherOfCatalog: () => DocumentFetcher,
): Promise<readonly string[]> {
  if (!/[*?]/.test(repository)) return [repository];
  const fetcher = fetcherOfCatalog();
  const all = await listRepositories(fetcher, host);
  fetcher.client.close();
  const matching = all.filter(matcherOf(repository));
  if (matching.length > 0) return matching;
  throw new ScanError('IMAGE_NOT_FOUND', `None of the ${all.length} repositories of ${host} matches "${repository}".`, {
    subject: host,
    hint: all.length === 0 ? 'The registry is empty, or shows nothing to you: log in.' : `It has ${some(all)}.`,
  });
}

/** One image while its tags are gathered. */
interface Gathered {
  readonly repository: Repository;
  readonly image: ResolvedImage;
  readonly tags: string[];
  readonly attached: FoundImage['attached'][];
}

/** Gathers the images of several repositories. */
class Gathering {
  readonly #pattern: RepositoryPattern;
  readonly #options: RegistryImageOptions;
  readonly #images = new Map<string, Gathered>();
  readonly #repositories: Repository[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  readonly #failures: ScanError[] = [];
  #tags = 0;

  constructor(pattern: RepositoryPattern, options: RegistryImageOptions) {
    this.#pattern = pattern;
    this.#options = options;
  }

  async add(name: string, client: RepositoryClient): Promise<void> {
    const fetcher = new DocumentFetcher(client, this.#options.signal);
    const repository = { client, fetcher, reader: new RegistryReader(fetcher) };
    this.#repositories.push(repository);
    const full = `${this.#pattern.host}/${name}`;
    const all = await this.#attempt(full, () => listTags(fetcher, full));
    if (all === undefined) return;
    // What hangs off an image has a tag of its own where the registry knows no referrers.
    const wanted = all.filter(matcherOf(this.#pattern.tag)).filter((tag) => subjectOfTag(tag) === undefined);
    const room = Math.max(0, maxTags - this.#tags);
    if (wanted.length > room) {
      const message = `Only ${room} of its ${wanted.length} tags were looked at: ${maxTags} are read at a time.`;
      this.#diagnostics.push(incomplete('LIMIT_EXCEEDED', full, message));
    }
    const tags = wanted.slice(0, room);
    this.#tags += tags.length;
    const own = new Map<string, { image: ResolvedImage; indexes: Set<string> }>();
    await atOnce(tags, tagsAtOnce, async (tag) => {
      const subject = `${full}:${tag}`;
      const { platform } = this.#options;
      const found = await this.#attempt(subject, () => resolveImages(fetcher, { reference: tag, subject, platform }));
      if (found === undefined) return;
      this.#diagnostics.push(...found.diagnostics);
      for (const image of found.images) {
        const known = own.get(image.digest) ?? { image, indexes: new Set() };
        known.indexes.add(found.digest);
        own.set(image.digest, known);
        const gathered = this.#images.get(image.digest) ?? { repository, image, tags: [], attached: [] };
        gathered.tags.push(subject);
        this.#images.set(image.digest, gathered);
      }
    });
    const request = {
      ...repository,
      referrers: this.#options.referrers ?? true,
      tags: new Set(all),
      asked: new Map(),
    };
    await atOnce([...own.values()], tagsAtOnce, async ({ image, indexes }) => {
      const { attached } = this.#images.get(image.digest)!;
      for (const index of indexes) attached.push(await readAttachments(image, index, request));
    });
  }

  finish(text: string, names: readonly string[]): ImageSource {
    const { host, tag } = this.#pattern;
    const images = [...this.#images.values()].map(({ repository, image, tags, attached }): FoundImage => {
      const repoTags = tags.toSorted(collator.compare);
      const joined = joinAttached(attached);
      const attachments = [...new Map(joined.attachments.map((each) => [keyOf(each), each])).values()];
      return { repository, image, attached: { ...joined, attachments }, reference: repoTags[0] ?? text, repoTags };
    });
    images.sort((a, b) => collator.compare(a.reference, b.reference));
    if (images.length === 0) {
      const [failure] = this.#failures;
      if (failure !== undefined) throw failure;
      throw new ScanError(
        'IMAGE_NOT_FOUND',
        `No tag of ${some(names.map((name) => `${host}/${name}`))} matches "${tag}".`,
        {
          subject: text,
          hint: 'skopeo list-tags docker://… shows those there are.',
        },
      );
    }
    const where = names.length === 1 ? `${host}/${names[0]}` : `${host}, ${names.length} repositories`;
    const title = `registry ${where} (${this.#tags} tags, ${images.length} images)`;
    const notices = this.#options.notices ?? [];
    return new RegistrySource(title, images, [...notices, ...this.#diagnostics], this.#repositories);
  }

  /** Undefined where it failed for reasons of its own. */
  async #attempt<T>(subject: string, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ScanError) || ['ABORTED', 'INTERNAL', 'USAGE_INVALID'].includes(error.code)) throw error;
      // Most tags of most repositories are for one platform or another.
      const isOther = error.code === 'PLATFORM_NOT_FOUND';
      if (!isOther) this.#failures.push(error);
      this.#diagnostics.push((isOther ? notice : incomplete)(error.code, subject, error.message));
      return undefined;
    }
  }
}

function keyOf({ title, document, blob }: FoundImage['attached']['attachments'][number]): unknown {
  return blob === undefined ? document : `${title}\n${blob}`;
}

/** True for names that match a pattern: `*` is any characters, `?` one. In time linear in the name for each `*`. */
function matcherOf(pattern: string): (name: string) => boolean {
  return (name) => matches(pattern, name);
}

// Backs up to the last `*` alone: no pattern takes exponential time, as a regular expression of several `.*` does.
function matches(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let index = 0;
  while (index < name.length) {
    if (pattern[at] === '*') {
      star = at++;
      resume = index;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[index])) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++resume;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

function some(names: readonly string[]): string {
  return names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '');
}

/** Runs over items, some at a time. */
async function atOnce<T>(items: readonly T[], limit: number, run: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const worker = async (): Promise<void> => {
    for (const item of rest) await run(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}
