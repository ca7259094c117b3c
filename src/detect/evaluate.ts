/**
 * Looks at one hit with one detector: bytes first, then the pattern within the detector's window, then whatever else a
 * match must be. It reads no byte beyond the detector's own bounds, so that what is found does not depend on how much
 * of a content happens to be in the slab.
 */

import { accept, type Secret, type View, type Window } from './accept.ts';
import { isPathIn } from './allow-list.ts';
import type { Span } from './anchor.ts';
import { findValues, nameLookBehind, type ValuePlace, valueLookAhead } from './assignment.ts';
import { beginsWith, holdsByte, holdsRun, holdsStrongRun, mayAssign, mayBeStrong } from './byte-check.ts';
import { latin1 } from './bytes.ts';
import { charSet, wordSet } from './char-set.ts';
import type { CompiledDetector } from './compile-detector.ts';
import { prefixedEnd } from './string-prefix.ts';

/** Bytes read beside a window: escapes before a token, checksum context before a secret. */
export const marginBytes = 32;

/** Bytes before a host that are read for the headers sent to it. */
export const hostLookBehind = 256;

const [slash, colon, newline, backslash] = [0x2f, 0x3a, 0x0a, 0x5c];
/** Bytes of host names. */
const hostSet: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[0-9A-Za-z.-]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

/** What ends in a word character without being part of a word. */
const escapeEnd = /(?:\\[nrtbfv0]|%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\[[0-9;]{0,8}m)$/;

/** What it may end in. */
const escapeEndSet = charSet('09afAF', 'nrtbfv0m');

/** What nearly every hit comes to. */
const none: readonly Secret[] = [];

/** The secrets one detector finds at one anchor; `searchedTo` is where an earlier search of the same content ended. */
export function evaluate(
  detector: CompiledDetector,
  view: View,
  anchor: Span,
  searched: Span | undefined,
): readonly Secret[] {
  if (detector.hasPath && !isPathIn([detector.ready.path!], view.path)) return none;
  switch (detector.at) {
    case 'token':
      return evaluateToken(detector, view, anchor);
    case 'name':
      return evaluateName(detector, view, anchor);
    case 'near':
      return evaluateNear(detector, view, anchor, searched);
  }
}

/** The window a `near` detector searches around an anchor. */
export function nearWindow(detector: CompiledDetector, view: View, anchor: Span): Span {
  return {
    start: Math.max(view.low, anchor.start - detector.before),
    end: Math.min(view.high, anchor.start + detector.after),
  };
}

function evaluateToken(detector: CompiledDetector, view: View, anchor: Span): readonly Secret[] {
  const end = Math.min(view.high, anchor.start + detector.reach);
  if (!beginsWith(view.bytes, anchor.start, end, detector.ready.leading)) return none;
  const stringEnd = prefixedEnd(view.bytes, anchor.start, view.low);
  if (stringEnd !== undefined && stringEnd > anchor.end && stringEnd <= end) {
    // What looks like a length may be none: it is one where the token fills it.
    const whole = { ...view, low: anchor.start, high: stringEnd };
    const secrets = matchToken(detector, whole, anchor, stringEnd).filter((secret) => secret.end === stringEnd);
    if (secrets.length > 0) return secrets;
  }
  return matchToken(detector, view, anchor, end);
}

function matchToken(detector: CompiledDetector, view: View, anchor: Span, end: number): readonly Secret[] {
  if (detector.boundary && !isBoundary(view, anchor.start)) return none;
  if (detector.ready.requiredByte !== undefined) {
    if (!holdsByte(view.bytes, anchor.start + detector.ready.leadingBytes, end, detector.ready.requiredByte))
      return none;
  }
  const window = readWindow(detector, view, { start: anchor.start, end });
  detector.ready.pattern.lastIndex = anchor.start - window.offset;
  return accept(detector, view, window, {
    match: detector.ready.pattern.exec(window.text),
    direct: true,
    doubtful: false,
  });
}

function evaluateName(detector: CompiledDetector, view: View, anchor: Span): readonly Secret[] {
  const { run, needsDigit } = detector.ready;
  const end = Math.min(view.high, anchor.start + detector.reach);
  const before = Math.max(view.low, anchor.start - detector.before);
  const from = detector.generic ? before : Math.min(before, commandStart(view, anchor) ?? before);
  if (detector.generic ? !mayFollow(detector, view, anchor, end) : !holdsRun(view.bytes, from, end, run, needsDigit))
    return none;
  const offset = Math.max(view.low, Math.min(from, anchor.start - nameLookBehind));
  const search = {
    anchor: { start: anchor.start - offset, end: anchor.end - offset },
    region: { start: from - offset, end: Math.min(end, anchor.start + detector.after) - offset },
  };
  let places: ValuePlace[] | undefined;
  if (detector.generic) {
    const nearEnd = Math.min(end, anchor.start + detector.after + valueLookAhead);
    const mayMatch = (start: number): boolean => mayBegin(detector, view, offset + start, end);
    places = findValues(withoutZeros(latin1(view.bytes, offset, nearEnd)), { ...search, mayMatch });
    if (places.length === 0) return none;
  }
  const window = { text: withoutZeros(latin1(view.bytes, offset, end)), offset, end };
  places ??= findValues(window.text, search);
  const secrets: Secret[] = [];
  for (const { start, direct, doubtful } of places) {
    if (start > anchor.start - offset + detector.after) continue;
    if (detector.boundary && wordSet[window.text.charCodeAt(start - 1)] === 1) continue;
    detector.ready.pattern.lastIndex = start;
    secrets.push(
      ...accept(detector, view, window, { match: detector.ready.pattern.exec(window.text), direct, doubtful }),
    );
    if (direct && secrets.length > 0) break;
  }
  return secrets;
}

/**
 * An environment in memory (`/proc/1/environ`, a core dump) has zeros where files have blanks. Behind a name without a value the
 * next string begins, which is none: a dollar sign makes it as good as a variable.
 */
function withoutZeros(text: string): string {
  if (!text.includes('\0')) return text;
  return text.replace(/([:=][ "']{0,2})\0/g, '$1$').replaceAll('\0', '\f');
}

/** Whether a value of a detector of last resort may follow its anchor: an assignment, and somewhere the first run of a value. */
function mayFollow(detector: CompiledDetector, { bytes }: View, anchor: Span, end: number): boolean {
  if (!mayAssign(bytes, anchor.end, end)) return false;
  const first = detector.ready.leading[0];
  if (first === undefined) return true;
  const runEnd = Math.min(end, anchor.start + detector.after + first.min);
  const run = { length: first.min, set: first.set };
  return detector.ready.needsStrong
    ? holdsStrongRun(bytes, anchor.end, runEnd, end, run)
    : holdsRun(bytes, anchor.end, runEnd, run, false);
}

function mayBegin({ ready }: CompiledDetector, { bytes }: View, start: number, end: number): boolean {
  if (!beginsWith(bytes, start, end, ready.leading)) return false;
  const set = ready.needsStrong ? ready.leading[0]?.set : undefined;
  return set === undefined || mayBeStrong(bytes, start, end, set);
}

/** Where the line begins that names a host of the anchor's: its headers stand before it, `curl -H "Authorization: …" https://api.acme.com`. */
function commandStart({ bytes, low }: View, anchor: Span): number | undefined {
  let at = anchor.start;
  const first = Math.max(low, anchor.start - hostLookBehind);
  while (at > first && hostSet[bytes[at - 1]!] === 1) at--;
  if (at - 3 < first || bytes[at - 1] !== slash || bytes[at - 2] !== slash || bytes[at - 3] !== colon) return undefined;
  // A backslash at its end goes on with the same command.
  while (at > first && (bytes[at - 1] !== newline || bytes[at - 2] === backslash)) at--;
  return at;
}

function evaluateNear(
  detector: CompiledDetector,
  view: View,
  anchor: Span,
  searched: Span | undefined,
): readonly Secret[] {
  const { start, end } = nearWindow(detector, view, anchor);
  // Windows of anchors close to each other overlap: only matches that an earlier window may have cut off are left to find.
  const isOverlap = searched !== undefined && searched.start <= start && start < searched.end;
  const from = isOverlap ? Math.max(start, searched.end - detector.maxLength) : start;
  if (!holdsRun(view.bytes, from, end, detector.ready.run, detector.ready.needsDigit)) return none;
  if (detector.ready.requiredByte !== undefined && !holdsByte(view.bytes, from, end, detector.ready.requiredByte))
    return none;
  const window = readWindow(detector, view, { start, end });
  const secrets: Secret[] = [];
  detector.ready.pattern.lastIndex = from - window.offset;
  for (;;) {
    const match = detector.ready.pattern.exec(window.text);
    if (match === null) return secrets;
    if (match[0] === '') detector.ready.pattern.lastIndex++;
    else if (!detector.boundary || isBoundary(view, window.offset + match.index)) {
      secrets.push(...accept(detector, view, window, { match, direct: false, doubtful: false }));
    }
  }
}

/** A window as text; a pattern that looks around is shown some bytes beyond either end. */
function readWindow(detector: CompiledDetector, view: View, { start, end }: Span): Window {
  const margin = detector.looksAround ? marginBytes : 0;
  const offset = Math.max(view.low, start - margin);
  return { text: latin1(view.bytes, offset, Math.min(view.high, end + margin)), offset, end };
}

/** Whether no word goes on before `at`; an escape (`\n`, `%3D`, `\u0022`, a colour) is no word. */
function isBoundary({ bytes, low }: View, at: number): boolean {
  if (at <= low || wordSet[bytes[at - 1] as number] === 0) return true;
  if (escapeEndSet[bytes[at - 1] as number] === 0) return false;
  return escapeEnd.test(latin1(bytes, Math.max(low, at - 12), at));
}
