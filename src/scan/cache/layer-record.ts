/**
 * A layer's scan as it is kept: everything but the secrets, of which facts stand in their place (`secret.ts`). Any field
 * that a scan or a match has is kept as it is, so that one that is added later is not lost; but where a secret would be
 * in one of them, in a file's name for instance, the scan is not kept at all.
 */

import type { Diagnostic, ErrorCode } from '../../errors.ts';
import type { HardLink } from '../layer-index.ts';
import type { ContentMatches, LayerScan } from '../layer-scan.ts';
import { type FoundMatch, factsOf, KeptSecret, type Secret, type SecretFacts, type TagKey } from '../secret.ts';

/** A scan as bytes. */
export interface LayerRecord {
  /** Names the key its tags are made with; empty where it has no matches. */
  readonly keyId: string;
  /** JSON. */
  readonly facts: Uint8Array;
  /** The index's hashes and types, by entry. */
  readonly keys: Uint8Array;
  readonly types: Uint8Array;
}

/** What a scan is kept with. */
export interface KeepingKit {
  readonly key: TagKey | undefined;
  readonly knownPublic: Pick<ReadonlySet<string>, 'has'>;
  /** The fingerprint of a secret where it is known. */
  readonly fingerprint: (secret: string, tag: string) => string | undefined;
}

interface Facts extends Omit<LayerScan, 'contents' | 'index'> {
  readonly contents: readonly KeptContent[];
  readonly secrets: readonly SecretFacts[];
  readonly index: { readonly seed: number; readonly hardLinks: readonly HardLink[] };
}

type KeptContent = Omit<ContentMatches, 'matches'> & { readonly matches: readonly KeptMatch[] };

/** A match with the positions of its secrets among those of the scan. */
type KeptMatch = Omit<FoundMatch, 'secret' | 'companion'> & {
  readonly secret: number;
  readonly companion?: { readonly name: string; readonly value: number };
};

/** Trouble that the same bytes give each time; all else may be the network's. */
const repeatable: ReadonlySet<ErrorCode> = new Set(['LIMIT_EXCEEDED', 'NOT_UNPACKED']);

/** The record of a scan; undefined where it can't be kept. */
export function toRecord(scan: LayerScan, kit: KeepingKit): LayerRecord | undefined {
  if (!scan.diagnostics.every(isRepeatable)) return undefined;
  const { contents, index, ...rest } = scan;
  const secrets = secretsOf(scan);
  if (secrets.length > 0 && kit.key === undefined) return undefined;
  const positions = new Map(secrets.map((secret, position) => [secret, position]));
  const kept = contents.map(
    (content): KeptContent => ({
      ...content,
      matches: content.matches.map(({ secret, companion, ...match }) => ({
        ...match,
        secret: positions.get(secret)!,
        ...(companion === undefined
          ? {}
          : { companion: { name: companion.name, value: positions.get(companion.value)! } }),
      })),
    }),
  );
  const facts: Facts = {
    ...rest,
    contents: kept,
    secrets: [],
    index: { seed: index.seed, hardLinks: index.hardLinks },
  };
  const text = JSON.stringify(facts);
  if (holdsOne(facts, secrets)) return undefined;
  const key = kit.key;
  const described =
    key === undefined
      ? []
      : secrets.map((secret): SecretFacts => {
          const own = factsOf(secret, key, kit.knownPublic);
          const fingerprint = kit.fingerprint(secret, own.tag);
          return fingerprint === undefined ? own : { ...own, fingerprint };
        });
  return {
    keyId: secrets.length === 0 ? '' : (key?.id ?? ''),
    facts: Buffer.from(secrets.length === 0 ? text : JSON.stringify({ ...facts, secrets: described })),
    keys: new Uint8Array(index.keys.buffer, index.keys.byteOffset, index.keys.byteLength),
    types: index.types,
  };
}

/** The scan of a record; `key` is the one its `keyId` names. */
export function fromRecord(record: Omit<LayerRecord, 'keyId'>, key: TagKey | undefined): LayerScan<Secret> {
  const { contents, secrets, index, ...rest } = factsIn(record);
  const kept = key === undefined ? [] : secrets.map((facts) => new KeptSecret(facts, key));
  return {
    ...rest,
    contents: contents.map((content) => ({
      ...content,
      matches: content.matches.map(({ secret, companion, ...match }) => ({
        ...match,
        secret: kept[secret]!,
        ...(companion === undefined ? {} : { companion: { name: companion.name, value: kept[companion.value]! } }),
      })),
    })),
    // A copy: the array needs bytes that begin at a multiple of eight.
    index: { ...index, keys: new Float64Array(record.keys.slice().buffer), types: record.types },
  };
}

/** The fingerprints in a record, by tag. */
export function fingerprintsIn(record: Pick<LayerRecord, 'facts'>): ReadonlyMap<string, string> {
  return new Map(
    factsIn(record).secrets.flatMap(({ tag, fingerprint }) => (fingerprint === undefined ? [] : [[tag, fingerprint]])),
  );
}

function factsIn({ facts }: Pick<LayerRecord, 'facts'>): Facts {
  return JSON.parse(Buffer.from(facts.buffer, facts.byteOffset, facts.byteLength).toString('utf8')) as Facts;
}

function isRepeatable({ effect, code }: Diagnostic): boolean {
  return effect === 'notice' || repeatable.has(code);
}

function secretsOf({ contents }: LayerScan): string[] {
  const secrets = new Set<string>();
  for (const { matches } of contents) {
    for (const { secret, companion } of matches) {
      secrets.add(secret);
      if (companion !== undefined) secrets.add(companion.value);
    }
  }
  return [...secrets];
}

/** Whether a secret is in any text of a value; not what is a plain word or too short to be told from one. */
function holdsOne(value: unknown, secrets: readonly string[]): boolean {
  const telling = secrets.filter((secret) => secret.length >= 6 && !/^[A-Za-z_-]{1,15}$/.test(secret));
  if (telling.length === 0) return false;
  const texts: string[] = [];
  collectTexts(value, texts);
  const text = texts.join('\n\n');
  return telling.some((secret) => text.includes(secret));
}

function collectTexts(value: unknown, texts: string[]): void {
  if (typeof value === 'string') texts.push(value);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, part] of Object.entries(value)) {
      texts.push(name);
      collectTexts(part, texts);
    }
  }
}
