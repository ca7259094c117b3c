/**
 * What a user's rule file allows, as gitleaks' allow-lists say it: by the secret, by the match or line it stands in, by
 * the path of its file. A match that is allowed is not dropped but marked, so that the report can count it.
 */

import type { AllowList } from './rule.ts';

/** A list ready to be asked. */
export interface CompiledAllowList {
  readonly list: AllowList;
  readonly paths: readonly RegExp[];
  readonly regexes: readonly RegExp[];
}

/** What is asked about; texts have one character a byte. */
export interface Allowable {
  readonly secret: string;
  readonly match: string;
  /** The line the match stands in. */
  readonly line: () => string;
  /** Path of the file, and of members inside it behind `!`; undefined for metadata. */
  readonly path: string | undefined;
}

/** Detectors of a file share their lists. */
const compiled = new WeakMap<AllowList, CompiledAllowList>();

/** Makes lists ready. @throws SyntaxError where a pattern is none */
export function compileAllowLists(lists: readonly AllowList[] = []): readonly CompiledAllowList[] {
  return lists.map((list) => {
    const known = compiled.get(list);
    if (known !== undefined) return known;
    const ready = {
      list,
      paths: list.paths.map((pattern) => new RegExp(pattern)),
      regexes: list.regexes.map((pattern) => new RegExp(pattern)),
    };
    compiled.set(list, ready);
    return ready;
  });
}

/** Whether one of the lists allows it. */
export function isAllowed(lists: readonly CompiledAllowList[], asked: Allowable): boolean {
  return lists.some(({ list, paths, regexes }) => {
    const tests: (() => boolean)[] = [];
    if (paths.length > 0) tests.push(() => isPathIn(paths, asked.path));
    if (regexes.length > 0) {
      tests.push(() => {
        const text = list.target === 'line' ? asked.line() : asked[list.target];
        return regexes.some((regex) => regex.test(text));
      });
    }
    if (list.stopwords.length > 0) {
      tests.push(() => {
        const secret = asked.secret.toLowerCase();
        return list.stopwords.some((word) => secret.includes(word));
      });
    }
    return tests.length > 0 && (list.all ? tests.every((test) => test()) : tests.some((test) => test()));
  });
}

/** Whether a file's path matches one of the patterns. */
export function isPathIn(patterns: readonly RegExp[], path: string | undefined): boolean {
  if (path === undefined) return false;
  const bytes = Array.from(new TextEncoder().encode(path), (byte) => String.fromCharCode(byte)).join('');
  return patterns.some((pattern) => pattern.test(bytes));
}
