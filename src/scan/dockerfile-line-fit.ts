/**
 * Whether a history entry can have come from an instruction of a Dockerfile. Builders say the same in their own ways:
 * flags go, quotes go, variables are filled in (but for RUN), classic docker copies `file:…  in /app`, lists lose their
 * commas. What both keep is compared, and nothing more is asked.
 */

import { parseCreatedBy } from '../oci/created-by.ts';
import type { DockerfileInstruction, HereDocument } from '../oci/dockerfile.ts';

/** Words of a SHELL that are compared. */
const mostShellWords = 12;

/** True where the entry says what the instruction says. */
export function fits({ keyword, text, documents = [] }: DockerfileInstruction, createdBy: string): boolean {
  const entry = parseCreatedBy(createdBy);
  if (entry.instruction !== keyword) return false;
  const said = withoutFlags(text.slice(keyword.length).trim());
  switch (keyword) {
    case 'RUN':
      return fitsRun(said, documents, withoutFlags(entry.text));
    case 'COPY':
    case 'ADD':
      return fitsCopy(said, entry.text);
    case 'ARG':
      return assignsAll(entry.text, namesOf(said));
    case 'ENV':
    case 'LABEL':
      return fitsPairs(said, entry.text);
    case 'EXPOSE':
      return said
        .split(/\s+/)
        .every((port) => /\$/.test(port) || new RegExp(`\\b${/\d*/.exec(port)![0]}\\b`).test(entry.text));
    case 'HEALTHCHECK': {
      const history = plain(entry.text.replace(/^&\{|\}$/g, ''));
      const probe = plain(said.replace(/^(?:CMD|NONE)\s*/i, ''));
      return matches(history, probe) || matches(history, `$ ${probe} $`) || matches(history, `${probe} $`);
    }
    case 'WORKDIR':
      return matches(plain(entry.text), plain(said)) || matches(plain(entry.text), `$/${plain(said)}`);
    case 'CMD':
    case 'ENTRYPOINT':
      return matches(plain(entry.text), plain(said)) || matches(plain(entry.text), `$ ${plain(said)}`);
    default:
      return matches(plain(entry.text), plain(said));
  }
}

function fitsRun(said: string, documents: readonly HereDocument[], entry: string): boolean {
  if (documents.length > 0) {
    const [only, ...others] = documents;
    const isBare = others.length === 0 && /^<<-?["']?\w+["']?$/.test(said);
    if (!isBare) return runs(entry, said + documents.map(({ text, word }) => `\n${text}\n${word}`).join(''));
    // One with a program of its own to run it is a file for that.
    return only!.text.startsWith('#!') ? dense(entry).endsWith(`/dev/pipes/${only!.word}`) : runs(entry, only!.text);
  }
  const words = jsonWords(said);
  if (words !== undefined) return dense(entry) === dense(parseCreatedBy(`RUN ${words.join(' ')}`).text);
  // Nothing is filled in for a shell, which does that itself.
  return runs(entry, said);
}

/** True where an entry runs a command: as it is, behind a SHELL nobody knows, or behind arguments that nobody can cut. */
function runs(entry: string, command: string): boolean {
  // Where a line goes on inside a word there is no blank, and there may be many between two words.
  const wanted = dense(command);
  const history = dense(entry);
  if (wanted === '' || !history.endsWith(wanted)) return false;
  if (history === wanted) return true;
  if (entry.startsWith('|')) return history.endsWith(`-c${wanted}`);
  const before = history.length - wanted.length;
  const shell: string[] = [];
  for (const word of entry.trim().split(/\s+/, mostShellWords)) {
    shell.push(word);
    if (shell.join('').length >= before) break;
  }
  const [program = '', ...options] = shell;
  const isShell = program.startsWith('/')
    ? options.at(-1)?.startsWith('-') === true
    : /^[a-z]:\\/i.test(program) && /^[-/]/.test(options.at(-1) ?? '');
  return isShell && shell.join('').length === before;
}

function fitsCopy(said: string, entry: string): boolean {
  const words = jsonWords(said) ?? said.split(/\s+/);
  // The classic builder forgets the blank behind an owner.
  const [, classic] = /^(?:--chown=\S*?)?(?:file|dir|multi):[0-9a-f]+ in (.*)$/.exec(entry.trim()) ?? [];
  if (classic === undefined)
    return matches(collapse(withoutFlags(entry)), collapse(words.join(' ').replace(/["']/g, '')));
  const target = (words.at(-1) ?? '').replace(/^\.?\/|\/$/g, '').replace(/^\.$/, '');
  return matches(`/${classic.trim().replace(/^\/|\/$/g, '')}`, `$/${target}`) || target === '';
}

function fitsPairs(said: string, entry: string): boolean {
  const [, oldName, oldValue] = /^([^\s="']+)\s+(.*)$/.exec(said) ?? [];
  const pairs = oldName === undefined ? said : `${oldName}=${oldValue}`;
  const named = namesOf(pairs);
  return named.length > 0 && assignsAll(entry, named) && matches(plain(entry), plain(pairs));
}

/** Names that are assigned: the word before each `=` outside of quotes, or the whole where nothing is. */
function namesOf(text: string): string[] {
  const words = text.match(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])+/g) ?? [];
  return words.map((word) => word.replace(/=.*$/s, '').replace(/["']/g, ''));
}

function assignsAll(text: string, names: readonly string[]): boolean {
  const words = text.replace(/["']/g, '').split(/\s+/);
  const assigned = new Set(words.map((word) => word.replace(/=.*$/s, '')));
  return names.every((name) => name.includes('$') || assigned.has(name));
}

/** The words of a JSON array; undefined where it is none. */
function jsonWords(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const words: unknown = JSON.parse(text);
    return Array.isArray(words) && words.every((word) => typeof word === 'string') ? words : undefined;
  } catch {
    return undefined;
  }
}

function withoutFlags(text: string): string {
  return text.replace(/^(?:--[a-z][\w-]*(?:=(?:"[^"]*"|\S*))?\s+)+/, '');
}

/** A text without what builders put around and between words. */
function plain(text: string): string {
  return collapse(text.replace(/["'\\]/g, '').replace(/[[\],]/g, ' '));
}

function dense(text: string): string {
  return text.replace(/\s+/g, '');
}

function collapse(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** True where the text is the pattern with anything at all in place of each variable; a lone `$` is one. In linear time. */
function matches(text: string, pattern: string): boolean {
  const pieces = pattern.split(/\$(?:\{[^}]*\}?|\w+|(?=\s|\/|$))/);
  if (pieces.length === 1) return text === pattern;
  const [first = ''] = pieces;
  const last = pieces.at(-1)!;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}
