/**
 * A parser of the regular expressions gitleaks rules are written in: RE2's (https://github.com/google/re2/wiki/Syntax), as
 * Go compiles them without flags. The tree is of bytes, since contents are seen as bytes: classes and letter case are
 * resolved into sets here, a character beyond ASCII becomes the bytes of its UTF-8, so that only shapes are left to write out.
 */

import { type CharSet, charSet, digitSet, foldCase, invert, union, wordSet } from './char-set.ts';

/** What an assertion of RE2 demands of its place. */
export type Place = 'textStart' | 'textEnd' | 'lineStart' | 'lineEnd' | 'word' | 'notWord';

/** A regular expression as a tree; capture groups are numbered from 1, in the order they open. */
export type RegexNode =
  | { readonly kind: 'set'; readonly set: CharSet }
  | { readonly kind: 'sequence'; readonly items: readonly RegexNode[] }
  | { readonly kind: 'choice'; readonly items: readonly RegexNode[] }
  | {
      readonly kind: 'repeat';
      readonly item: RegexNode;
      readonly min: number;
      readonly max: number;
      readonly lazy: boolean;
    }
  | { readonly kind: 'group'; readonly item: RegexNode; readonly index: number }
  | { readonly kind: 'assertion'; readonly place: Place };

/** A parsed regular expression. */
export interface Regex {
  readonly tree: RegexNode;
  readonly groups: number;
}

/** Parses a regular expression. @throws SyntaxError where it is none, or uses what bytes can't tell (Unicode classes) */
export function parseRegex(source: string): Regex {
  return new RegexParser(source).parse();
}

interface Flags {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
  readonly multiline: boolean;
  readonly swapGreed: boolean;
}

/** Groups within groups, at most; Go stops at a thousand. */
const deepest = 200;
/** Go's limit of a counted repeat. */
const mostTimes = 1000;

const spaces: CharSet = charSet('', '\t\n\f\r ');
const perlClasses: Readonly<Record<string, CharSet>> = {
  d: digitSet,
  D: invert(digitSet),
  w: wordSet,
  W: invert(wordSet),
  s: spaces,
  S: invert(spaces),
};
const posixClasses: Readonly<Record<string, CharSet>> = {
  alnum: charSet('09AZaz'),
  alpha: charSet('AZaz'),
  ascii: charSet('\x00\x7f'),
  blank: charSet('', '\t '),
  cntrl: charSet('\x00\x1f\x7f\x7f'),
  digit: digitSet,
  graph: charSet('!~'),
  lower: charSet('az'),
  print: charSet(' ~'),
  punct: charSet('!/:@[`{~'),
  space: charSet('\t\r  '),
  upper: charSet('AZ'),
  word: wordSet,
  xdigit: charSet('09AFaf'),
};
const controls: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };
const places: Readonly<Record<string, Place>> = { A: 'textStart', z: 'textEnd', b: 'word', B: 'notWord' };
const anyByte: CharSet = charSet('\x00\xff');
const notNewline: CharSet = invert(charSet('', '\n'));

class RegexParser {
  readonly #source: string;
  #at = 0;
  #depth = 0;
  #groups = 0;
  #flags: Flags = { ignoreCase: false, dotAll: false, multiline: false, swapGreed: false };

  constructor(source: string) {
    this.#source = source;
  }

  parse(): Regex {
    const tree = this.#choice();
    if (this.#at < this.#source.length) throw this.#error('unmatched )');
    return { tree, groups: this.#groups };
  }

  #choice(): RegexNode {
    if (++this.#depth > deepest) throw this.#error('groups too deep');
    const outer = this.#flags;
    const items = [this.#sequence()];
    while (this.#take('|')) items.push(this.#sequence());
    // Flags set within a group end with it.
    this.#flags = outer;
    this.#depth--;
    return items.length === 1 ? items[0]! : { kind: 'choice', items };
  }

  #sequence(): RegexNode {
    const items: RegexNode[] = [];
    while (this.#at < this.#source.length && !this.#sees('|') && !this.#sees(')')) {
      if (this.#source.startsWith('\\Q', this.#at)) items.push(...this.#quoted());
      else {
        const item = this.#atom();
        if (item !== undefined) items.push(this.#quantified(item));
      }
    }
    return items.length === 1 ? items[0]! : { kind: 'sequence', items };
  }

  #quantified(item: RegexNode): RegexNode {
    const found = /^(?:([*+?])|\{(\d{1,5})(,?)(\d{0,5})\})(\??)/.exec(this.#source.slice(this.#at, this.#at + 16));
    if (found === null) return item;
    const [text, sign, low, comma, high, mark] = found;
    if (sign === undefined && comma === '' && high !== '') return item;
    this.#at += text.length;
    const min = sign === undefined ? Number(low) : sign === '+' ? 1 : 0;
    const open = sign === '*' || sign === '+' || (comma === ',' && high === '');
    const max = sign === '?' ? 1 : open ? Number.POSITIVE_INFINITY : comma === ',' ? Number(high) : min;
    if (min > mostTimes || (Number.isFinite(max) && max > mostTimes) || max < min) {
      throw this.#error('invalid repeat count');
    }
    if (/^[*+?]/.test(this.#source.slice(this.#at))) throw this.#error('invalid nested repeat');
    return { kind: 'repeat', item, min, max, lazy: (mark === '?') !== this.#flags.swapGreed };
  }

  /** One atom, or nothing where flags are set. */
  #atom(): RegexNode | undefined {
    const char = this.#next();
    switch (char) {
      case '^':
        return { kind: 'assertion', place: this.#flags.multiline ? 'lineStart' : 'textStart' };
      case '$':
        return { kind: 'assertion', place: this.#flags.multiline ? 'lineEnd' : 'textEnd' };
      case '.':
        return { kind: 'set', set: this.#flags.dotAll ? anyByte : notNewline };
      case '(':
        return this.#group();
      case '[':
        return { kind: 'set', set: this.#class() };
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        throw this.#error('repeat of nothing');
      default:
        return this.#literal(char);
    }
  }

  #group(): RegexNode | undefined {
    let index = 0;
    if (this.#sees('?')) {
      const rest = this.#source.slice(this.#at, this.#at + 200);
      const named = /^\?P?<[A-Za-z_]\w*>/.exec(rest);
      const flagged = /^\?([imsU]*)(?:-([imsU]+))?([:)])/.exec(rest);
      if (named !== null) {
        this.#at += named[0].length;
        index = ++this.#groups;
      } else if (flagged !== null) {
        this.#at += flagged[0].length;
        const flags = changed(this.#flags, flagged[1] ?? '', flagged[2] ?? '');
        if (flagged[3] === ')') {
          this.#flags = flags;
          return undefined;
        }
        const outer = this.#flags;
        this.#flags = flags;
        const item = this.#choice();
        this.#flags = outer;
        this.#close();
        return { kind: 'group', item, index: 0 };
      } else throw this.#error('unknown group: RE2 has no look-around');
    } else index = ++this.#groups;
    const item = this.#choice();
    this.#close();
    return { kind: 'group', item, index };
  }

  #close(): void {
    if (!this.#take(')')) throw this.#error('group without an end');
  }

  #escape(): RegexNode {
    const char = this.#source[this.#at] ?? '';
    const place = places[char];
    if (place !== undefined) {
      this.#at++;
      return { kind: 'assertion', place };
    }
    if (char === 'C') {
      this.#at++;
      return { kind: 'set', set: anyByte };
    }
    const set = this.#perlClass();
    if (set !== undefined) return { kind: 'set', set };
    return this.#literal(String.fromCodePoint(this.#escapedCode()));
  }

  /** Text between \Q and \E; a repeat behind it is its last character's. */
  #quoted(): RegexNode[] {
    const end = this.#source.indexOf('\\E', this.#at);
    const text = this.#source.slice(this.#at + 2, end === -1 ? undefined : end);
    this.#at = end === -1 ? this.#source.length : end + 2;
    const items = Array.from(text, (char) => this.#literal(char));
    const last = items.pop();
    return last === undefined ? [] : [...items, this.#quantified(last)];
  }

  #perlClass(): CharSet | undefined {
    const char = this.#source[this.#at] ?? '';
    if (char === 'p' || char === 'P') throw this.#error('Unicode classes (\\p) are not known');
    const set = perlClasses[char];
    if (set !== undefined) this.#at++;
    return set;
  }

  #class(): CharSet {
    const negated = this.#take('^');
    let set = charSet('');
    for (let first = true; first || !this.#sees(']'); first = false) {
      if (this.#at >= this.#source.length) throw this.#error('class without an end');
      const posix = /^\[:(\^?)(\w+):\]/.exec(this.#source.slice(this.#at, this.#at + 16));
      if (posix !== null) {
        const known = posixClasses[posix[2]!];
        if (known === undefined) throw this.#error(`unknown class [:${posix[2]}:]`);
        this.#at += posix[0].length;
        set = union(set, posix[1] === '' ? known : invert(known));
        continue;
      }
      if (this.#sees('\\')) {
        this.#at++;
        const perl = this.#perlClass();
        if (perl !== undefined) {
          set = union(set, perl);
          continue;
        }
        this.#at--;
      }
      set = union(set, this.#range(negated));
    }
    this.#at++;
    if (this.#flags.ignoreCase) set = foldCase(set);
    return negated ? invert(set) : set;
  }

  #range(negated: boolean): CharSet {
    const low = this.#classCode();
    let high = low;
    if (this.#sees('-') && this.#source[this.#at + 1] !== ']' && this.#at + 1 < this.#source.length) {
      this.#at++;
      high = this.#classCode();
      if (high < low) throw this.#error('range out of order');
    }
    const set = charSet('');
    for (let code = low; code <= Math.min(high, 0x7f); code++) set[code] = 1;
    // A negated class takes all bytes of characters beyond ASCII; another one takes all of them or can't be told.
    if (high > 0x7f && !negated) {
      if (high < 0x10ffff) throw this.#error('a class with characters beyond ASCII');
      set.fill(1, 0x80);
    }
    return set;
  }

  #classCode(): number {
    const char = this.#next();
    return char === '\\' ? this.#escapedCode() : char.codePointAt(0)!;
  }

  #escapedCode(): number {
    const rest = this.#source.slice(this.#at, this.#at + 12);
    const numbered = /^(?:x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]{1,6})\}|(0[0-7]{0,2}|[1-7][0-7]{1,2}))/.exec(rest);
    if (numbered !== null) {
      this.#at += numbered[0].length;
      const [, short, long, octal] = numbered;
      const code = octal === undefined ? Number.parseInt(short ?? long ?? '', 16) : Number.parseInt(octal, 8);
      if (code > 0x10ffff) throw this.#error('no such character');
      return code;
    }
    const char = this.#next();
    const control = controls[char];
    if (control !== undefined) return control;
    if (/^[0-9A-Za-z]$/.test(char)) throw this.#error(`unknown escape \\${char}`);
    return char.codePointAt(0)!;
  }

  #literal(char: string): RegexNode {
    const sets = Array.from(new TextEncoder().encode(char), (byte): RegexNode => {
      const set = charSet('');
      set[byte] = 1;
      return { kind: 'set', set: this.#flags.ignoreCase && byte < 0x80 ? foldCase(set) : set };
    });
    return sets.length === 1 ? sets[0]! : { kind: 'sequence', items: sets };
  }

  /** The next character, whole. */
  #next(): string {
    const code = this.#source.codePointAt(this.#at);
    if (code === undefined) throw this.#error('unexpected end');
    const char = String.fromCodePoint(code);
    this.#at += char.length;
    return char;
  }

  #sees(char: string): boolean {
    return this.#source[this.#at] === char;
  }

  #take(char: string): boolean {
    if (!this.#sees(char)) return false;
    this.#at++;
    return true;
  }

  #error(what: string): SyntaxError {
    return new SyntaxError(`${what} at character ${this.#at}`);
  }
}

function changed(flags: Flags, on: string, off: string): Flags {
  const set = (letter: string, before: boolean): boolean => (before || on.includes(letter)) && !off.includes(letter);
  return {
    ignoreCase: set('i', flags.ignoreCase),
    multiline: set('m', flags.multiline),
    dotAll: set('s', flags.dotAll),
    swapGreed: set('U', flags.swapGreed),
  };
}
