/**
 * What a match must be beside matching: no placeholder, random enough, right by its checks, with its other half beside it. Here a match
 * becomes a secret.
 */

import { isAllowed } from './allow-list.ts';
import type { Span } from './anchor.ts';
import { latin1, toText } from './bytes.ts';
import { wordSet } from './char-set.ts';
import { type Details, runChecks } from './checks/check.ts';
import type { CompiledDetector } from './compile-detector.ts';
import { entropyOf } from './entropy.ts';
import { isMarked, lineAround } from './line-around.ts';
import { isChecksumContext, type Standing, standingOf } from './placeholder.ts';
import type { Detector } from './rule.ts';

/** What of a content lies in the slab. */
export interface View {
  readonly bytes: Uint8Array;
  readonly low: number;
  readonly high: number;
  /** Where the content comes from, for rules that ask; undefined for metadata. */
  readonly path?: string | undefined;
}

/** A secret, at a span of the slab. */
export interface Secret extends Span {
  readonly text: string;
  readonly direct: boolean;
  /** Whether the value looks typed by hand, or nothing but the place says that it is a secret: it may be one. */
  readonly doubtful: boolean;
  readonly companion?: { readonly name: string; readonly value: string };
  readonly details?: Details;
  readonly allowed?: true;
  readonly marked?: true;
}

/** A window as text; `offset` is where the text begins in the slab, `end` where matches must have ended. */
export interface Window {
  readonly text: string;
  readonly offset: number;
  readonly end: number;
}

/** What nearly every match comes to. */
const none: readonly Secret[] = [];

/** Everything a match must be beside matching; one secret or none. */
export function accept(
  detector: CompiledDetector,
  view: View,
  { text, offset, end: windowEnd }: Window,
  found: { readonly match: RegExpExecArray | null; readonly direct: boolean; readonly doubtful: boolean },
): readonly Secret[] {
  const { rule } = detector;
  const { match } = found;
  if (match === null) return none;
  const matchEnd = match.index + match[0].length;
  const next = offset + matchEnd;
  if (next > windowEnd) return none;
  if (rule.boundary && matchEnd === text.length && next < view.high && wordSet[view.bytes[next] as number] === 1)
    return none;
  const [start, end] = (detector.ready.captures ? captured(match) : undefined) ?? [match.index, matchEnd];
  const secret = text.slice(start, end);
  if (secret === '') return none;
  if (detector.ready.not.some((pattern) => pattern.test(secret))) return none;
  const standing: Standing = rule.allowPlaceholder ? 'plain' : standingOf(secret);
  if (isRefused(standing, rule)) return none;
  // What somebody typed does not look random, and is demoted for it.
  const ready = detector.ready;
  if (standing === 'plain' && rule.entropy !== undefined && entropyOf(secret) < rule.entropy) return none;
  const before = latin1(view.bytes, Math.max(view.low, offset + start - 24), offset + start);
  if (rule.imported !== true && rule.at !== 'token' && isChecksumContext(before)) return none;
  const reading = runChecks(standing === 'plain' ? ready.checks : ready.structuralChecks, secret, {
    window: text,
    start,
    end,
    before: () => latin1(view.bytes, Math.max(view.low, offset - rule.before), offset),
    beside: () => findCompanion(detector, view, { start: offset + start, end: offset + end })?.value,
  });
  if (reading === undefined) return none;
  const length = Math.min(reading.length ?? secret.length, secret.length);
  const span = { start: offset + start, end: offset + start + length };
  const companion = findCompanion(detector, view, span);
  if (rule.companion?.required === true && companion === undefined) return none;
  const line = lineAround(view, span);
  const doubt = doubtOf(standing, found.doubtful);
  return [
    {
      ...span,
      text: reading.text ?? toText(secret.slice(0, length)),
      direct: found.direct,
      doubtful: doubt !== undefined,
      ...(companion === undefined ? {} : { companion }),
      ...(reading.details === undefined && doubt === undefined
        ? {}
        : { details: { ...reading.details, ...(doubt === undefined ? {} : { doubt }) } }),
      ...(isAllowed(detector.ready.allow, { secret, match: match[0], line: () => line, path: view.path })
        ? { allowed: true as const }
        : {}),
      ...(isMarked(line) ? { marked: true as const } : {}),
    },
  ];
}

/** The span of the secret in a match: of the one group there is, or in an imported rule of the first that is not empty. */
function captured({ indices = [] }: RegExpExecArray): [number, number] | undefined {
  const groups: (readonly [number, number] | undefined)[] = indices.slice(1);
  const span = groups.find((group) => group !== undefined && group[1] > group[0]) ?? groups[0];
  return span === undefined ? undefined : [span[0], span[1]];
}

/** Why a match may be no secret, in words for the report. */
function doubtOf(standing: Standing, isBare: boolean): string | undefined {
  if (standing !== 'plain') return 'looks typed by hand';
  return isBare ? 'only the name of its service stands beside it' : undefined;
}

/** Typed values may be secrets where a provider's format or name says so; held keys only in a whole token. */
function isRefused(standing: Standing, rule: Detector): boolean {
  if (standing === 'plain') return false;
  return rule.generic || standing === 'placeholder' || (standing === 'held' && rule.at !== 'token');
}

/** What must, or may, stand within so many bytes of the secret: the nearest one that is no part of it. */
function findCompanion(detector: CompiledDetector, view: View, secret: Span): Secret['companion'] {
  const { companion } = detector.rule;
  if (companion === undefined || detector.ready.companion === undefined) return undefined;
  const start = Math.max(view.low, secret.start - companion.within);
  const text = latin1(view.bytes, start, Math.min(view.high, secret.end + companion.within));
  let best: { value: string; distance: number } | undefined;
  for (const match of text.matchAll(detector.ready.companion)) {
    const from = start + match.index;
    const to = from + match[0].length;
    if (match[0] === '' || (from < secret.end && to > secret.start)) continue;
    const distance = from < secret.start ? secret.start - to : from - secret.end;
    if (best === undefined || distance < best.distance) best = { value: toText(match[1] ?? match[0]), distance };
  }
  return best === undefined ? undefined : { name: companion.name, value: best.value };
}
