/**
 * Finds where the value of an assignment begins, in whatever language it is written: ENV files, JSON, YAML, XML,
 * code, command lines, headers, query strings, prose. It reads signs, not grammars: after a name come closing quotes, one of a few
 * operators, opening quotes, and then the value. Everything here is bounded, and sees one window alone.
 */

import type { Span } from './anchor.ts';
import { charSet, wordSet } from './char-set.ts';
import { anchorNamesSecret, isGlue, namesNobody, namesSecret, namesSomethingElse, wordsOf } from './name-words.ts';

/** A place where a value may begin. */
export interface ValuePlace {
  readonly start: number;
  /** Whether the anchor is part of the value's own name, rather than a word above it. */
  readonly direct: boolean;
  /** Whether the name does not say that a secret follows (`acme = v`), or no sign does (`acme-token-v`). */
  readonly doubtful: boolean;
}

/** What the matcher knows of an anchor and its detector. */
export interface NameSearch {
  /** The anchor's span in the window. */
  readonly anchor: Span;
  /** Where other assignments are looked for. */
  readonly region: Span;
  /** A detector of last resort looks only at names its anchor is part of, and only where its pattern may match. */
  readonly mayMatch?: (start: number) => boolean;
}

/** Bytes a name reaches before its anchor, at most. */
export const nameLookBehind = 64;

/** Bytes beyond the place where a value begins that are read to find that place, at most. */
export const valueLookAhead = 256;

const placeLimit = 12;
const nameSet = charSet('09AZaz', '_.$-');
const joinSet = charSet('', '.$-');
const closing = /\\{0,3}["'`]?[)\]}]{0,2}/y;
const moreWords =
  /(?:[ \t]{1,2}(?:api|access|auth|secret|private|client|app|user|account|master|admin|key|keys|token|password|passphrase|credential|credentials|bearer|id)\b){1,3}/iy;
const attribute = /\s{0,8}[,;]?\s{0,60}\\{0,3}["']?(?:value|default|defaultValue|content)\\{0,3}["']?\s{0,4}[:=]/iy;
const typed =
  /[ \t]{0,4}[?!]?:?[ \t]{0,4}(?:&?(?:'static )?(?:const )?(?:str|string|String|std::string|text|Text|SecretStr|SecretString|Optional\[\w{1,20}\]|char ?\*|any|object|bytes|Final(?:\[str\])?))(?:\[\])?(?: \| \w{1,12})?[ \t]{0,4}:?=/y;
const operator =
  /[ \t]{0,16}(?:=>|->|::?=|[?+|&]{1,2}=|={1,3}|:-|::|:|,|\(|>|\|\||\?\?|<\/[\w.:-]{1,24}>\s{0,60}<[\w.:-]{1,24}>|-(?=[ \t])|(?:or|is|was|are)\b)/y;
/** What may join a bare vendor's name to a value: a sign, or a blank before something quoted or random. */
const plainSign =
  /["'\]]{0,2}[ \t]{0,16}:?=?(?<=[:=])[ \t]{0,4}["'`]?[0-9A-Za-z]|[ \t]{1,4}(?:["'`](?=[0-9A-Za-z])|(?=[0-9A-Za-z_-]{0,40}[A-Z])(?=[0-9A-Za-z_-]{0,40}[a-z])(?=[0-9A-Za-z_-]{0,40}[0-9])(?=[0-9A-Za-z_-]{16}))/y;
const blank = /[ \t]{1,16}/y;
/** What a value is wrapped in: signs, and words that begin with a letter. */
const openingSign =
  /\s{1,60}|\\{1,3}(?=["'`])|["'`]{1,3}|[([{<@|>]|!\[CDATA\[|\$\{(?!(?:env|file|sys|secret|secrets|vault):)\w{1,60}:-?/iy;
const openingWord =
  /[rbfu](?=["'])|(?:Bearer|Basic|Token|ApiKey|Api-Key|Key|SSWS|Bot|OAuth|GenieKey|AccessKey)(?:[ \t]{1,4}|%20|\s{0,2}["']\s{0,2}[+.]\s{0,2}["'])|(?:std::)?string(?=[("'])|new(?= )/iy;
/** Jenkins writes which key a value is encrypted with before it. */
const openingCode = /(?:[\w.-]{1,40}[ \t])?AQAAABAAA[ \t]/y;
/** First letters of those words. */
const openingLetters = charSet('', 'rbfutkasognRBFUTKASOGN');
const [dash, dot] = [0x2d, 0x2e];
const identifier = /[A-Za-z_$][\w.$-]{0,80}/g;
const strongOnly = { blank: false };
/** Letters of a vendor's name that may be assigned to without a word for the secret, at least. */
const shortestBare = 3;
/** Half of `private key`, `access token`: behind somebody's name they mean the whole. */
const halfNames: ReadonlySet<string> = new Set(['private', 'access']);

/** Every place where a value for this anchor may begin, nearest first. */
export function findValues(text: string, search: NameSearch): ValuePlace[] {
  const name = nameAround(text, search.anchor);
  const { mayMatch } = search;
  // Nine of ten words that look like names are followed by code: what is dear is asked after that.
  const mayFollow = mayMatch === undefined ? undefined : directValues(text, name).filter(mayMatch);
  if (mayFollow?.length === 0 || !isWhole(text, search.anchor)) return [];
  const anchorWords = wordsOf(text.slice(search.anchor.start, search.anchor.end));
  const words = wordsOf(
    `${text.slice(name.start, search.anchor.start)} ${text.slice(search.anchor.end, name.end)}${name.tail}`,
  );
  const isSecret = namesSecret(words) || anchorNamesSecret(anchorWords) || halfNames.has(words.at(-1) ?? '');
  const places: ValuePlace[] = [];
  if (isSecret && !namesSomethingElse(words)) {
    for (const start of mayFollow ?? directValues(text, name)) places.push({ start, direct: true, doubtful: false });
  }
  if (mayFollow !== undefined) return places;
  if (places.length === 0) addDoubtful(text, search.anchor, name, anchorWords, places);
  addOthers(text, search, { name, isSecret }, places);
  return places;
}

type Name = Span & { readonly tail: string };

/** Where the value of an anchor's own name may begin. */
function directValues(text: string, name: Name): number[] {
  // `/run/secrets/db-password NEXT=…`: the end of a path or a value names nothing that follows a blank.
  const before = text[name.start - 1];
  return valuesAfter(text, name.end + name.tail.length, { blank: before !== '/' && before !== '=' });
}

/** The identifier an anchor stands in, and secret words after it in prose (`acme api key`). */
function nameAround(text: string, anchor: Span): Name {
  let { start, end } = anchor;
  while (start > 0 && anchor.start - start < nameLookBehind && nameSet[text.charCodeAt(start - 1)] === 1) start--;
  while (end < text.length && end - anchor.end < 80 && nameSet[text.charCodeAt(end)] === 1) end++;
  while (end > anchor.end && joinSet[text.charCodeAt(end - 1)] === 1) end--;
  return { start, end, tail: matchAt(moreWords, text, end) };
}

/** A vendor's name that a value is assigned to as it stands (`acme = v`), and values joined to a name (`acme-token-v`). */
function addDoubtful(
  text: string,
  anchor: Span,
  name: Span,
  anchorWords: readonly string[],
  places: ValuePlace[],
): void {
  const isBare = name.start === anchor.start && name.end === anchor.end && anchor.end - anchor.start >= shortestBare;
  if (
    isBare &&
    !anchorNamesSecret(anchorWords) &&
    !/key|token|secret|pass|pwd|auth|cred/i.test(text.slice(anchor.start, anchor.end))
  ) {
    if (matchAt(plainSign, text, name.end) === '') return;
    const start = valuesAfter(text, name.end, { blank: true })[0] ?? text.length;
    for (const at of [start, ...listedAfter(text, start)]) places.push({ start: at, direct: true, doubtful: true });
    return;
  }
  const joint = /[-.]/g;
  joint.lastIndex = anchor.end;
  for (let cut = joint.exec(text); cut !== null && cut.index < name.end && places.length < 3; cut = joint.exec(text)) {
    const words = wordsOf(`${text.slice(name.start, anchor.start)} ${text.slice(anchor.end, cut.index)}`);
    const saysSecret = namesSecret(words) || anchorNamesSecret(anchorWords) || halfNames.has(words.at(-1) ?? '');
    if (saysSecret && !namesSomethingElse(words)) places.push({ start: cut.index + 1, direct: true, doubtful: true });
  }
}

/** Assignments after (or before) the anchor whose names are anybody's: `api_key`, `token`, `value`. */
function addOthers(
  text: string,
  search: NameSearch,
  own: { readonly name: Span; readonly isSecret: boolean },
  places: ValuePlace[],
): void {
  const from = search.region.start;
  const to = endOfBlock(text, search.anchor, search.region.end);
  identifier.lastIndex = from;
  for (let found = identifier.exec(text); found !== null; found = identifier.exec(text)) {
    if (found.index >= to || places.length >= placeLimit) return;
    const end = found.index + found[0].length;
    if (found.index < own.name.end && end > own.name.start) continue;
    const words = wordsOf(found[0]);
    const fits = words.length === 1 && words[0] === 'value' ? own.isSecret : namesSecret(words) && namesNobody(words);
    if (!fits || namesSomethingElse(words)) continue;
    for (const start of valuesAfter(text, end, strongOnly)) places.push({ start, direct: false, doubtful: false });
  }
}

/** Where the block the anchor opens or stands in is over: a closing bracket, an ini section, a line less indented than a YAML key. */
function endOfBlock(text: string, anchor: Span, limit: number): number {
  const lineStart = text.lastIndexOf('\n', anchor.start - 1) + 1;
  const indent = indentAt(text, lineStart);
  let opensBlock = false;
  let depth = 0;
  let ownDepth = -1;
  for (let at = anchor.end; at < limit; at++) {
    const char = text[at];
    // `<id>{acme}</id>`: braces around a text are no block.
    if (char === '}' && text.startsWith('</', at + 1)) {
      if (depth > 0) depth--;
    } else if (char === '{') {
      if (/^["'\]]{0,2}\s{0,8}[:=]?>?\s{0,8}$/.test(text.slice(anchor.end, at))) ownDepth = depth;
      depth++;
    } else if (char === '}') {
      if (--depth < 0 || depth === ownDepth) return at;
    }
    if (char === '\n') {
      if (/^["']?:\s{0,40}$/.test(text.slice(anchor.end, at))) opensBlock = true;
      if (isSection(text, at + 1)) return at;
      if (
        opensBlock &&
        /[^\s#]/.test(text[at + 1 + indentAt(text, at + 1)] ?? '') &&
        indentAt(text, at + 1) <= indent
      ) {
        return at;
      }
    }
  }
  return limit;
}

/** Whether a line is the head of an ini section, and not a log line (`[DEBUG] …`) or a list. */
function isSection(text: string, lineStart: number): boolean {
  return (
    text[lineStart] === '[' &&
    /^\[{1,2}[^[\]\n]{1,80}\]{1,2}[ \t]{0,8}(?:[#;\r\n]|$)/.test(text.slice(lineStart, lineStart + 96))
  );
}

function indentAt(text: string, lineStart: number): number {
  let at = lineStart;
  while (text[at] === ' ' || text[at] === '\t') at++;
  return at - lineStart;
}

/** A short anchor, or one that is anybody's word, must be a word of its own: `box` is not in `inbox`, nor `dd_api_key` in `ADD_API_KEY`. */
function isWhole(text: string, anchor: Span): boolean {
  const own = text.slice(anchor.start, anchor.end);
  const firstWord = wordsOf(own)[0] ?? '';
  const isLong = own.length >= 6 && !namesNobody(wordsOf(own));
  const before = text.slice(Math.max(0, anchor.start - 32), anchor.start);
  // `-Dacme.key=v`: an option's letter is no part of the name.
  const left =
    /(?:^|[^0-9A-Za-z])-[A-Z]$/.test(before) || /^[^0-9A-Za-z]/.test(own)
      ? ''
      : (/[A-Za-z]{0,32}$/.exec(before)?.[0] ?? '');
  const cutLeft = /[a-z]$/.test(left) && /^[A-Z]/.test(own);
  if (isLong) return cutLeft || isGlue(left);
  // `acmeapi_key`: whose API it is stands before it.
  if (firstWord === 'api' && /^api[_.-]?key/i.test(own) && left.length >= 3) return true;
  const right = /^[A-Za-z]{0,32}/.exec(text.slice(anchor.end, anchor.end + 32))?.[0] ?? '';
  const cutRight = /[a-z0-9]$/.test(own) && /^[A-Z]/.test(right);
  return (cutLeft || isGlue(left)) && (cutRight || isGlue(/^[A-Z]+(?![a-z])|^[A-Z]?[a-z]+/.exec(right)?.[0] ?? right));
}

/** Where the value of a name that ends at `end` may begin; empty where no assignment follows. */
function valuesAfter(text: string, end: number, { blank: mayBeBlank }: { readonly blank: boolean }): number[] {
  let at = endOf(closing, text, end);
  const signEnd = firstEnd(text, at);
  if (signEnd > at) at = signEnd;
  else {
    const gapEnd = endOf(blank, text, at);
    if (gapEnd === at || !mayBeBlank) return [];
    at = gapEnd;
  }
  for (let times = 0; times < 10; times++) {
    const opened = openedAt(text, at);
    if (opened === at) break;
    at = opened;
  }
  return at >= text.length ? [] : [at, ...quotedAfter(text, at)];
}

/** Where a sign that assigns ends; `at` where there is none. */
function firstEnd(text: string, at: number): number {
  const attributeEnd = endOf(attribute, text, at);
  if (attributeEnd > at) return attributeEnd;
  const typedEnd = endOf(typed, text, at);
  return typedEnd > at ? typedEnd : endOf(operator, text, at);
}

/** Where something that opens a value ends; `at` where nothing does. */
function openedAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (wordSet[code] !== 1 && code !== dash && code !== dot) return endOf(openingSign, text, at);
  const wordEnd = openingLetters[code] === 1 ? endOf(openingWord, text, at) : at;
  if (wordEnd > at) return wordEnd;
  return text.includes('AQAAABAAA') ? endOf(openingCode, text, at) : at;
}

/** Where the other texts begin of a list whose first quoted text begins at `start`: `= 'a', 'b'`. */
function listedAfter(text: string, start: number): number[] {
  const places: number[] = [];
  if (!/["'`]/.test(text[start - 1] ?? '')) return places;
  const next = /[^"'`\n]{1,200}(["'`])[ \t]{0,4}[,|][ \t]{0,4}\1(?=[^"'`\n])/y;
  for (let at = start; places.length < 3; ) {
    const found = matchAt(next, text, at);
    if (found === '') break;
    at += found.length;
    places.push(at);
  }
  return places;
}

/** The quoted texts of the rest of an expression: `= os.getenv("X", "v")`, `= decode('v')`. */
function quotedAfter(text: string, start: number): number[] {
  const places: number[] = [];
  if (/["'`]/.test(text[start - 1] ?? '')) return places;
  let depth = 0;
  for (let at = start; at < Math.min(text.length, start + 120) && places.length < 4; at++) {
    const char = text[at] as string;
    if (char === '(' || char === '[') depth++;
    else if (char === ')' || char === ']') depth--;
    if (char === '\n' || char === ';' || char === '}' || depth < 0 || (char === ',' && depth === 0)) break;
    if (char === '"' || char === "'" || char === '`') places.push(at + 1);
  }
  return places;
}

/** Where a sticky pattern that begins at `at` ends; `at` where it does not match. */
function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}
