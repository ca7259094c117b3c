/**
 * From an image's metadata to findings: what a variable holds and the instruction that set it are one
 * finding; a value set and later replaced is still in the history and is one of its own; a build argument
 * that is repeated in every later RUN is one.
 */

import type { Match } from '../detect/rule.ts';
import type { Diagnostic } from '../errors.ts';
import { parseCreatedBy } from '../oci/created-by.ts';
import type { HistoryEntry, ImageConfig } from '../oci/image-config.ts';
import type { Attachment, ImageRecord } from '../source/source.ts';
import { annotationStrings, attachedStrings } from './attached-strings.ts';
import { better, type Draft, type RuleLookup } from './draft.ts';
import type { LocationKind } from './finding.ts';
import type { Masker } from './mask.ts';
import { sayLeftOut } from './match-limits.ts';
import type { TextMatcher, TextMatches } from './match-texts.ts';
import { type MetadataString, metadataStrings, textOf } from './metadata-strings.ts';

/** The field of the configuration that an instruction writes. */
const writes: Readonly<Record<string, LocationKind>> = {
  ENV: 'env',
  LABEL: 'label',
  CMD: 'cmd',
  ENTRYPOINT: 'entrypoint',
  HEALTHCHECK: 'healthcheck',
  ONBUILD: 'onbuild',
  SHELL: 'shell',
  USER: 'user',
  WORKDIR: 'workdir',
  VOLUME: 'volume',
  MAINTAINER: 'author',
};

/** Fields of which an image has one: each instruction replaces what was there. */
const inForce: ReadonlySet<LocationKind> = new Set(['cmd', 'entrypoint', 'healthcheck', 'shell', 'user', 'workdir']);

/** Diagnostics of what was left out, at most; the first says that the scan is incomplete. */
const mostLeftOut = 100;
const mostNameLength = 200;

/** A secret at one place of the metadata, while its history entries are being collected. */
interface Place {
  readonly kind: LocationKind;
  readonly name?: string;
  /** The whole string it stands in. */
  readonly value: string;
  /** True for a field of the configuration, false for a place in the history. */
  readonly field: boolean;
  /** True where the string is a text whose lines count. */
  readonly isWhole?: boolean;
  readonly attachment?: Attachment;
  readonly document?: string;
  match: Match;
  readonly historyIndexes: number[];
}

/** One string and what the rules found in it. */
export interface ScannedString extends TextMatches {
  readonly string: MetadataString;
  /** What it is a string of, where it hangs off the image. */
  readonly attachment?: Attachment;
}

/** Runs the rules over every string of an image's configuration, annotations and attachments. */
export async function scanMetadata(
  { config, annotations = [], attachments = [] }: Pick<ImageRecord, 'config' | 'annotations' | 'attachments'>,
  match: TextMatcher,
): Promise<ScannedString[]> {
  const own = [...metadataStrings(config), ...annotationStrings(annotations)];
  const attached = attachments.map((attachment) => [...attachedStrings(attachment)]);
  const matches = (await match([...own, ...attached.flat()].map(textOf))).values();
  const scan = (string: MetadataString): ScannedString => ({ string, ...matches.next().value! });
  return [
    ...own.map(scan),
    ...attachments.flatMap((attachment, index) =>
      withoutEchoes(attached[index]!.map((string) => ({ ...scan(string), attachment }))),
    ),
  ];
}

/** What was left out of an image's metadata, told once a place. */
export function metadataLeftOut(scanned: readonly ScannedString[], masker: Masker): Diagnostic[] {
  const told = new Map<string, Diagnostic>();
  for (const { string, matches, leftOut } of scanned) {
    if (leftOut === undefined) continue;
    for (const diagnostic of sayLeftOut(subjectOf(string, masker), matches.length, leftOut)) {
      if (told.size >= mostLeftOut) return [...told.values()];
      told.set(`${diagnostic.subject} ${diagnostic.message}`, diagnostic);
    }
  }
  return [...told.values()];
}

function subjectOf({ kind, name, historyIndex }: MetadataString, masker: Masker): string {
  const shown = name === undefined ? '' : ` ${masker.applyToName(name).slice(0, mostNameLength)}`;
  const at = historyIndex === undefined ? '' : ` (step ${historyIndex} of the history)`;
  return `metadata: ${kind}${shown}${at}`.toWellFormed();
}

/** A text that repeats what stands in a string of its own says nothing new. */
function withoutEchoes(scanned: readonly ScannedString[]): ScannedString[] {
  const told = new Set<string>();
  return scanned.map((one) => {
    const { string, matches } = one;
    const kept = string.isWhole === true ? matches.filter(({ secret }) => !told.has(secret)) : matches;
    for (const { secret } of matches) told.add(secret);
    return { ...one, matches: kept };
  });
}

/** Joins what was found in the metadata into one finding a secret and place. */
export function joinMetadata(
  config: ImageConfig,
  scanned: readonly ScannedString[],
  rules: RuleLookup,
): Draft<string>[] {
  const places: Place[] = [];
  const history = config.history ?? [];
  const found = scanned.flatMap(({ matches, ...one }) => matches.map((match) => ({ ...one, match })));
  for (const { string, match, attachment } of found) {
    if (string.historyIndex === undefined) {
      if (string.kind === 'config' && places.some((place) => place.match.secret === match.secret)) continue;
      add(
        places,
        {
          kind: string.kind,
          ...named(string.name),
          value: string.value,
          field: true,
          ...(string.isWhole === true ? { isWhole: true } : {}),
          ...(attachment === undefined ? {} : { attachment }),
          ...(string.document === undefined ? {} : { document: string.document }),
          match,
          historyIndexes: [],
        },
        rules,
      );
    } else {
      addFromHistory(places, history[string.historyIndex]!, string, match, rules);
    }
  }
  const kept = places.filter(
    (place) =>
      place.kind !== 'config' || !places.some((other) => other !== place && other.match.secret === place.match.secret),
  );
  return kept.map((place) => toDraft(place, history));
}

function addFromHistory(
  places: Place[],
  entry: HistoryEntry,
  string: MetadataString,
  match: Match,
  rules: RuleLookup,
): void {
  const instruction =
    string.kind === 'history' && string.name === undefined ? parseCreatedBy(entry.createdBy).instruction : undefined;
  const written = instruction === undefined ? undefined : writes[instruction];
  const name =
    string.name ??
    (written === 'env' || written === 'label' ? nameBefore(string.value, offsetOf(string, match)) : undefined);
  const field = places.find(
    (place) =>
      place.field &&
      place.kind === written &&
      place.match.secret === match.secret &&
      (place.name === undefined || place.name === name || name === undefined),
  );
  if (field !== undefined) {
    field.historyIndexes.push(entry.index);
    return;
  }
  add(
    places,
    { kind: string.kind, ...named(name), value: string.value, field: false, match, historyIndexes: [entry.index] },
    rules,
  );
}

/** Adds a place, or puts it together with the one it repeats. */
function add(places: Place[], place: Place, rules: RuleLookup): void {
  const same = places.find(
    (known) =>
      known.match.secret === place.match.secret &&
      known.name === place.name &&
      (known.kind === place.kind || (isBuildArgument(known) && isBuildArgument(place))),
  );
  if (same === undefined) {
    places.push(place);
    return;
  }
  same.match = better(same.match, place.match, rules);
  for (const index of place.historyIndexes) if (!same.historyIndexes.includes(index)) same.historyIndexes.push(index);
}

function isBuildArgument(place: Place): boolean {
  return place.kind === 'arg' || (place.kind === 'history' && place.name !== undefined);
}

function toDraft(place: Place, history: readonly HistoryEntry[]): Draft<string> {
  const indexes = [...place.historyIndexes].sort((a, b) => a - b);
  // A field holds what its last instruction wrote; a place in the history begins with its first.
  const historyIndex = place.field
    ? (indexes.at(-1) ??
      entryThatSet({ kind: place.kind, value: place.value, ...named(place.name) }, history, place.match.secret))
    : indexes[0];
  return {
    match: place.match,
    location: {
      kind: place.kind,
      ...named(place.name),
      ...(place.isWhole === true ? lineOf(place.match) : {}),
      ...decodedOf(place.match),
    },
    ...(historyIndex === undefined ? {} : { historyIndex }),
    ...(place.attachment === undefined ? {} : { attachment: place.attachment }),
    ...(place.document === undefined ? {} : { document: place.document }),
    alsoAt: indexes.filter((index) => index !== historyIndex),
    exposure: place.kind === 'attestation' ? 'attestation' : 'metadata',
  };
}

/** The history entry that set a field: the last that assigns its name and holds `NAME=value`, or else the secret; without a name, the last that holds it. */
export function entryThatSet(
  string: MetadataString,
  history: readonly HistoryEntry[],
  secret: string = string.value,
): number | undefined {
  const { name } = string;
  const setters = history.filter(
    ({ createdBy }) =>
      writes[parseCreatedBy(createdBy).instruction ?? ''] === string.kind &&
      (name === undefined || assigns(createdBy, name)),
  );
  const last = (text: string): HistoryEntry | undefined =>
    setters.findLast(({ createdBy }) => createdBy.includes(text));
  const exact = last(textOf(string)) ?? (secret === '' ? undefined : last(secret));
  // A command's words stand in the history in the builder's own quotes; the last of its kind is in force.
  const entry = exact ?? (inForce.has(string.kind) ? setters.at(-1) : undefined);
  return entry?.index;
}

/** True where an instruction's text assigns the whole name: `NAME=`, `"NAME"=`, or the old `NAME value`. */
function assigns(text: string, name: string): boolean {
  return new RegExp(`(?:^|[\\s"'])${name.replace(/[^\w]/gu, '\\$&')}["']?[=\\s]`).test(text);
}

/** Where a secret stands in a string. */
function offsetOf(string: MetadataString, { secret, decoded, start }: Match): number {
  return decoded === undefined
    ? string.value.indexOf(secret)
    : Buffer.from(textOf(string)).toString('utf8', 0, start).length - (textOf(string).length - string.value.length);
}

/** The `NAME` of the last `NAME=` or leading `NAME ` (the old form) before an offset in the text of an ENV or LABEL instruction. */
function nameBefore(text: string, offset: number): string | undefined {
  const before = text.slice(0, offset);
  const assigned = [...before.matchAll(/(?:^|\s)["']?([A-Za-z_][\w.\-/]*)["']?=/gu)].at(-1)?.[1];
  return assigned ?? /^([A-Za-z_][\w.\-/]*)\s/u.exec(before)?.[1];
}

function lineOf({ line, column }: Match): { line: number; column?: number } {
  return { line, ...(column === undefined ? {} : { column }) };
}

function decodedOf({ decoded }: Match): { decoded?: readonly string[] } {
  return decoded === undefined ? {} : { decoded };
}

function named(name: string | undefined): { name?: string } {
  return name === undefined ? {} : { name };
}
