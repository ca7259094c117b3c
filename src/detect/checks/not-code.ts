/**
 * Is a value assigned to `password` or `token` one that somebody chose, or what code and documents put there: the name
 * of a type, a property, a file, a regular expression, the next word of a sentence? Rules of last resort look at
 * anybody's names, so they ask. What stands in quotes or makes up the rest of a line may read like a word; what stands
 * bare amid code or prose may not.
 */

import type { CheckContext } from './check.ts';

/** What no secret looks like, quoted or not. */
const otherThings: readonly RegExp[] = [
  // Regular expressions.
  /\[\^?(?:[A-Za-z0-9]-[A-Za-z0-9]|\\[dws])|\\[dws][+*{]|\(\?[:=!<]|(?:a-z|A-Z|A-z|0-9).{0,6}(?:a-z|A-Z|A-z|0-9)/,
  // Dates, e-mail addresses, ARNs, lines of passwd(5).
  /^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ][\d:.+Z-]{0,30})?$/,
  /^[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}$/,
  /^arn:[\w-]+:/,
  /^[\w*!-]{0,32}:[^:]{0,16}:\d{1,10}:\d{1,10}:|^[A-Za-z_]{1,30}(?::[A-Za-z_]{1,30}){3,9}$/,
  // Files by their relative path; names of C++, Rust and CloudFormation; keyword arguments.
  /^(?:\.{0,2}\/)?(?:[\w@+.-]{1,60}\/){1,20}[\w@+.-]{1,60}\.[A-Za-z]\w{0,5}$/,
  /^\w{1,60}(?:::\w{1,60}){1,6}$/,
  /^[a-z_]{1,20}\d{0,4}=[a-z_.]{1,30}$/,
  // Constants: TR31_K1_KEY_BLOCK_PROTECTION_KEY, SCRAM-SHA-512.
  /^(?=\w{0,40}[A-Z]{4})[A-Z][A-Z0-9]{1,20}(?:_[A-Z0-9]{1,20}){2,10}$/,
  /^[A-Z]{3,12}(?:-(?:[A-Z]{3,12}|\d{1,4})){1,4}$/,
];

/** Versions of packages, and the fingerprint of a public key. */
const bareThings = /^\d{1,8}(?:[.:]\d{1,8}){1,4}[\w.+~:-]{0,60}$|^[0-9A-F]{40}$/;

/** Names of tokens that open nothing: where a list goes on, which request this is. */
const harmlessName =
  /(?:next|page|paging|pagination|continuation|continue|resume|sync|delta|cursor|sequence|change|lifecycle[-_]?action|client[-_]?request|idempotency|cancellation|starting)[-_. ]?token["'`\\]{0,3}\s{0,4}(?:[:=]|=>)\s{0,4}["'`\\]{0,3}$/i;

/** Names that go on after the secret's word, to say something about it: `PasswordLastUsed`, `MasterKeySpec`. */
const aboutName =
  /(?:[Ll]ast[-_]?(?:[Uu]sed|[Cc]hanged|[Mm]odified|[Ss]et|[Uu]pdated)|Spec|Usage|State|Status|Generation|[a-z]At)["'`\\]{0,3}\s{0,4}(?:[:=]|=>)\s{0,4}["'`\\]{0,3}$/;

/** Bytes before a value that tell how it is assigned. */
const lookBehind = 96;

/** True where the value is none of the things that code and documents assign to such names. */
export function notCode(secret: string, { window, start, end }: CheckContext): boolean {
  if (otherThings.some((thing) => thing.test(secret)) || isForeignWord(secret)) return false;
  const before = window.slice(Math.max(0, start - lookBehind), start);
  const next = window[end] ?? '';
  if (next === '(' || harmlessName.test(before) || aboutName.test(before)) return false;
  const quote = /["'`]$/.test(before);
  // `man/passwd.1, man/newgrp.1`, `password.html,sha256=…`, `"getToken","getSession"`: a list goes on.
  if (/,\s{0,60}["'`]?$/.test(before) && (!quote || isIdentifier(secret))) return false;
  // `' key '+this.key`: what follows the end of a text.
  if (quote) return !(/^[+.]/.test(secret) && isIdentifier(secret.replace(/^[+.]|[+.]$/g, '')));
  if (bareThings.test(secret)) return false;
  return fillsLine(before, next) || !isIdentifier(secret);
}

/** Whether an unquoted value is the rest of a line, or a word of a command: `.env`, YAML, ini, `--token v`. */
function fillsLine(before: string, next: string): boolean {
  // Connection strings: `Server=db;Password=v;`.
  if (/(?:^|[;"'])[A-Za-z ]{1,30}=$/.test(before) && (next === '' || /[;\s"'\\]/.test(next))) return true;
  const isWord = /(?:^|[\n"'`\s&|?])[-\w.]{1,80}=$|(?:^|\s)--?[\w-]{1,60}[ =]$/.test(before);
  if (isWord) return next === '' || /[\s"'`&\\]/.test(next);
  return (
    /^(?:[\r\n"'\\]|$)/.test(next) && /(?:^|\n)[ \t-]{0,40}(?:\w{1,8} )?[-\w.]{1,80}\s{0,8}[:=]\s{0,8}$/.test(before)
  );
}

/** Whether a value is made of words as names in code are: `reader.readStringNT`, `XmlStringMaxLen256`. */
function isIdentifier(text: string): boolean {
  if (!/^[A-Za-z_$][\w$]*(?:(?:\.|->|::|-)[A-Za-z_$][\w$]*)*$/.test(text)) return false;
  // `String2048`: a number at the end belongs to the name.
  const parts = text.replace(/(?<=[a-z])\d{1,4}$/, '').match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+/g) ?? [];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const digits = parts.join('').replace(/[^0-9]/g, '').length;
  return length >= 2.6 * parts.length && digits * 5 <= length;
}

/** A word with letters beyond ASCII, as UTF-8 read byte by byte: `contraseña`. */
function isForeignWord(text: string): boolean {
  return /[\x80-\xff]/.test(text) && /^[A-Za-z\x80-\xff]+$/.test(text);
}
