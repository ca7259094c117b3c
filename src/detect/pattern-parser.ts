/**
 * A parser of the regular expressions rules are written in: JavaScript's, seen as bytes (one character each).
 * Rules are refused unless their cost is bounded, and checked by bytes before an expression runs; both need the tree.
 */

import { type CharSet, charSet, digitSet, foldCase, invert, spaceSet, union, wordSet } from './char-set.ts';

/** A pattern as a tree. */
export type PatternNode =
  | { readonly kind: 'set'; readonly set: CharSet }
  | { readonly kind: 'sequence'; readonly items: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly items: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly item: PatternNode; readonly min: number; readonly max: number }
  | { readonly kind: 'group'; readonly item: PatternNode; readonly capture: boolean }
  | { readonly kind: 'look'; readonly item: PatternNode }
  | { readonly kind: 'assertion' };

/** The tree of a pattern. @throws SyntaxError where it is none, or uses what no rule needs (back references) */
export function parsePattern(source: string): PatternNode {
  return new PatternParser(source).parse();
}

const escapes: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, '0': 0 };
const classEscapes: Readonly<Record<string, CharSet>> = {
  d: digitSet,
  D: invert(digitSet),
  w: wordSet,
  W: invert(wordSet),
  s: spaceSet,
  S: invert(spaceSet),
};

/** Single characters are most of all patterns; each is made once. Negative keys ignore case. */
const literals = new Map<number, PatternNode>();

class PatternParser {
  readonly #source: string;
  #at = 0;
  #ignoreCase = false;

  constructor(source: string) {
    this.#source = source;
  }

  parse(): PatternNode {
    const node = this.#choice();
    if (this.#at < this.#source.length) throw this.#error('unmatched )');
    return node;
  }

  #choice(): PatternNode {
    const items = [this.#sequence()];
    while (this.#take('|')) items.push(this.#sequence());
    return items.length === 1 && items[0] !== undefined ? items[0] : { kind: 'choice', items };
  }

  #sequence(): PatternNode {
    const items: PatternNode[] = [];
    while (this.#at < this.#source.length && !'|)'.includes(this.#peek())) items.push(this.#quantified());
    return items.length === 1 && items[0] !== undefined ? items[0] : { kind: 'sequence', items };
  }

  #quantified(): PatternNode {
    const item = this.#atom();
    const found = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/.exec(this.#source.slice(this.#at, this.#at + 24));
    if (found === null) return item;
    this.#at += found[0].length;
    const sign = found[0][0];
    const low = Number(found[1] ?? 0);
    const high = found[3] === '' ? Number.POSITIVE_INFINITY : Number(found[3]);
    if (sign === '*') return { kind: 'repeat', item, min: 0, max: Number.POSITIVE_INFINITY };
    if (sign === '+') return { kind: 'repeat', item, min: 1, max: Number.POSITIVE_INFINITY };
    if (sign === '?') return { kind: 'repeat', item, min: 0, max: 1 };
    return { kind: 'repeat', item, min: low, max: found[2] === '' ? low : high };
  }

  #atom(): PatternNode {
    const char = this.#source[this.#at++] ?? '';
    if (char === '^' || char === '$') return { kind: 'assertion' };
    if (char === '.') return { kind: 'set', set: invert(charSet('', '\n\r')) };
    if (char === '(') return this.#group();
    if (char === '[') return { kind: 'set', set: this.#class() };
    if (char === '\\') return this.#escape();
    return this.#literal(char.charCodeAt(0));
  }

  #group(): PatternNode {
    const head = /^\?(?:[:=!]|<[=!]|<[A-Za-z_$][\w$]*>|([a-z]*)(?:-([a-z]+))?:)/.exec(
      this.#source.slice(this.#at, this.#at + 80),
    );
    if (head === null && this.#peek() === '?') throw this.#error('unknown group');
    const before = this.#ignoreCase;
    const mark = head?.[0] ?? '';
    this.#at += mark.length;
    if (head?.[1]?.includes('i')) this.#ignoreCase = true;
    if (head?.[2]?.includes('i')) this.#ignoreCase = false;
    const item = this.#choice();
    this.#ignoreCase = before;
    if (!this.#take(')')) throw this.#error('group without an end');
    if (/^\?<?[=!]$/.test(mark)) return { kind: 'look', item };
    return { kind: 'group', item, capture: mark === '' || mark.endsWith('>') };
  }

  #escape(): PatternNode {
    const char = this.#peek();
    if (char === 'b' || char === 'B') {
      this.#at++;
      return { kind: 'assertion' };
    }
    if (/[1-9k]/.test(char)) throw this.#error('back reference');
    const set = classEscapes[char];
    if (set !== undefined) {
      this.#at++;
      return { kind: 'set', set };
    }
    return this.#literal(this.#escapedCode());
  }

  #class(): CharSet {
    const negated = this.#take('^');
    let set = charSet('');
    while (!this.#take(']')) {
      if (this.#at >= this.#source.length) throw this.#error('class without an end');
      const low = this.#classItem();
      if (typeof low !== 'number') {
        set = union(set, low);
        continue;
      }
      let high = low;
      if (this.#peek() === '-' && this.#source[this.#at + 1] !== ']') {
        this.#at++;
        const end = this.#classItem();
        if (typeof end !== 'number') throw this.#error('range without an end');
        high = end;
      }
      for (let code = low; code <= Math.min(high, 255); code++) set[code] = 1;
    }
    if (this.#ignoreCase) set = foldCase(set);
    return negated ? invert(set) : set;
  }

  #classItem(): number | CharSet {
    const char = this.#source[this.#at++] ?? '';
    if (char !== '\\') return char.charCodeAt(0);
    const next = this.#peek();
    const set = classEscapes[next];
    if (set !== undefined) {
      this.#at++;
      return set;
    }
    if (next === 'b') {
      this.#at++;
      return 8;
    }
    return this.#escapedCode();
  }

  #escapedCode(): number {
    const hex = /^(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4}))/.exec(this.#source.slice(this.#at, this.#at + 5));
    if (hex !== null) {
      this.#at += hex[0].length;
      return Number.parseInt(hex[1] ?? hex[2] ?? '', 16);
    }
    const char = this.#source[this.#at++];
    if (char === undefined) throw this.#error('lone backslash');
    return escapes[char] ?? char.charCodeAt(0);
  }

  #literal(code: number): PatternNode {
    const key = this.#ignoreCase ? -code : code;
    let node = literals.get(key);
    if (node === undefined) {
      const set = charSet('');
      if (code < 256) set[code] = 1;
      node = { kind: 'set', set: this.#ignoreCase ? foldCase(set) : set };
      literals.set(key, node);
    }
    return node;
  }

  #peek(): string {
    return this.#source[this.#at] ?? '';
  }

  #take(char: string): boolean {
    if (this.#source[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #error(what: string): SyntaxError {
    return new SyntaxError(`${what} at character ${this.#at}`);
  }
}
