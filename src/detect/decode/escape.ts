/**
 * Escapes: text in which single characters are written in another way, `\u003d`, `%2F`, `&amp;`. The automaton says where they are (they
 * are rare), and what lies around them is written out. Unlike a run it was readable before: only what an escape
 * hid is new.
 */

/** How characters are escaped; the names reports tell. */
export type EscapeKind = 'backslash' | 'url' | 'xml' | 'shell' | 'php';

/** All of them. */
export const escapeKinds: readonly EscapeKind[] = ['backslash', 'url', 'xml', 'shell', 'php'];

/** `21` … `7e` */
const printableHex: readonly string[] = Array.from({ length: 0x7f - 0x21 }, (_, index) => (index + 0x21).toString(16));

/** `041` … `176`, as `printf` and `$'…'` of a shell have them. */
const printableOctal: readonly string[] = printableHex.map((hex) =>
  Number.parseInt(hex, 16).toString(8).padStart(3, '0'),
);

/** Signs that a backslash stands before in shells, SQL, JSON and `.properties`, and ends of lines that it takes away. */
const signs: readonly string[] = [...'$\'"\\`!&:=#@;%^*?', '\n', '\r'];

/** Accented letters, which `.properties` can't hold. */
const accents: readonly string[] = ['c', 'd', 'e', 'f'].map((digit) => `\\u00${digit}`);

/** What the automaton looks for, lower case. `\n` and `\"` are everywhere, and the rules read them as they are. */
export const escapeNeedles: Readonly<Record<EscapeKind, readonly string[]>> = {
  backslash: [
    ...['\\/', ...printableHex.flatMap((hex) => [`\\u00${hex}`, `\\x${hex}`])],
    ...printableOctal.map((octal) => `\\${octal}`),
    ...signs.map((sign) => `\\${sign}`),
    ...accents,
  ],
  url: printableHex.map((hex) => `%${hex}`),
  xml: ['&amp;', '&quot;', '&apos;', '&lt;', '&gt;', '&#'],
  // The one way to a quote within a shell's single quotes, written in two.
  shell: [`'\\''`, `'"'"'`],
  // `s:8:"password";s:12:"…";`: a string behind a string.
  php: ['";s:'],
};

/** What lies around escapes, as offsets. */
export interface Segment {
  readonly kind: EscapeKind;
  readonly start: number;
  readonly end: number;
}

/** Bytes around an escape that are written out with it. */
const [reachBefore, reachAfter] = [256, 512];

/** A longer stretch of escapes is cut, with an overlap. */
export const mostSegmentBytes: number = 8 * 1024;

/** Gathers escapes of one kind in one content into segments. */
export class EscapeSegments {
  readonly #kind: EscapeKind;
  #start = -1;
  #end = -1;

  constructor(kind: EscapeKind) {
    this.#kind = kind;
  }

  /** Where the segment begins that is not yet given out; -1 where there is none. */
  get pending(): number {
    return this.#start;
  }

  /** An escape at that offset; they come in order. @returns a segment that it closes */
  add(offset: number): Segment | undefined {
    const joins = this.#start !== -1 && offset < this.#end && offset + reachAfter - this.#start <= mostSegmentBytes;
    // What follows the escape may not be there yet.
    if (!joins) this.#end = Math.min(this.#end, offset);
    const closed = joins ? undefined : this.take();
    if (!joins) this.#start = Math.max(0, offset - reachBefore);
    this.#end = offset + reachAfter;
    return closed;
  }

  /** The segment if all of it is there. */
  takeBefore(high: number): Segment | undefined {
    return this.#start !== -1 && this.#end <= high ? this.take() : undefined;
  }

  /** The segment as it is. */
  take(): Segment | undefined {
    if (this.#start === -1) return undefined;
    const segment = { kind: this.#kind, start: this.#start, end: this.#end };
    this.#start = -1;
    return segment;
  }
}
