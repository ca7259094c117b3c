/**
 * The compiled rules as a file (dist/rules.json): a first line that every run reads, then sections of which each is read when it is asked
 * for. A report tells of the providers of its findings alone, and parsing all of them took ten megabytes.
 */

import type { KnownRule, Provider, RuleSet } from './rule.ts';

/** A run of bytes of the file, behind its first line. */
type Section = readonly [at: number, bytes: number];

interface Head extends Required<Pick<RuleSet, 'digest' | 'counts'>> {
  readonly knownPublic: Section;
  readonly providers: Section;
  readonly index: Section;
}

/** Of each provider where it stands, and its rules. */
type Index = readonly (readonly [...Section, rules: readonly string[]])[];

/** The first line has no more bytes. */
const mostHeadBytes = 1024;

/** Reads bytes of the file from `start` on; fewer where it ends. */
type ReadBytes = (start: number, bytes: number) => Buffer;

/** The text of the file. */
export function writeCompiledRules({ digest, providers, knownPublic = [] }: RuleSet): string {
  const index: [number, number, string[]][] = [];
  const texts: string[] = [];
  let at = 1;
  for (const provider of providers) {
    const text = JSON.stringify(provider);
    const bytes = Buffer.byteLength(text);
    index.push([at, bytes, provider.detectors.map(({ id }) => id)]);
    texts.push(text);
    at += bytes + 2;
  }
  const sections = [JSON.stringify(knownPublic), `[${texts.join(',\n')}]`, JSON.stringify(index)];
  let end = 0;
  const [known, all, places] = sections.map((text): Section => {
    const section = [end, Buffer.byteLength(text)] as const;
    end += section[1] + 1;
    return section;
  });
  const counts = { providers: providers.length, rules: index.reduce((sum, [, , rules]) => sum + rules.length, 0) };
  const head: Head = { digest, counts, knownPublic: known!, providers: all!, index: places! };
  return `${[JSON.stringify(head), ...sections].join('\n')}\n`;
}

/** The rules of such a file. @throws SyntaxError for another one */
export function readCompiledRules(read: ReadBytes): RuleSet {
  const start = read(0, mostHeadBytes);
  const cut = start.indexOf('\n');
  const { digest, counts, ...sections } = JSON.parse(start.toString('utf8', 0, cut)) as Head;
  const parse = <T>([at, bytes]: Section): T => JSON.parse(read(cut + 1 + at, bytes).toString('utf8')) as T;
  const knownPublic = once(() => parse<string[]>(sections.knownPublic));
  const providers = once(() => parse<Provider[]>(sections.providers));
  const places = once(() => {
    const index = parse<Index>(sections.index);
    return new Map(index.flatMap(([at, bytes, rules]) => rules.map((rule) => [rule, [at, bytes] as const] as const)));
  });
  const met = new Map<number, Provider>();
  const find = (rule: string): KnownRule | undefined => {
    const place = places().get(rule);
    if (place === undefined) return undefined;
    const [at, bytes] = place;
    const provider = met.get(at) ?? parse<Provider>([sections.providers[0] + at, bytes]);
    met.set(at, provider);
    const detector = provider.detectors.find(({ id }) => id === rule);
    return detector && { detector, provider };
  };
  return {
    digest,
    counts,
    find,
    get providers() {
      return providers();
    },
    get knownPublic() {
      return knownPublic();
    },
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
