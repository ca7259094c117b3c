/**
 * Builds the Aho–Corasick automaton over all needles as one dense table. Bytes are mapped to classes (ASCII case folded), the
 * frequent ones first; a state's steps for 32 classes are one line of a cache, and lie beside those of other states in a plane, with the
 * other classes in planes of their own: what text walks through is a fifth of the table. States at which a needle ends
 * have the highest numbers, so that the inner loop is two loads and one comparison a byte.
 */

/** A table ready to run, in either implementation. */
export interface AutomatonTable {
  /** For each byte where its steps begin in `rows`: its plane and class. */
  readonly columns: Uint32Array;
  /** The state after state `s` for byte `b` is at `columns[b] + s * stepsPerLine`. */
  readonly rows: Uint16Array;
  /** States from here on end a needle. */
  readonly firstHit: number;
  readonly longestNeedle: number;
}

/** A table, and what its hits mean. */
export interface CompiledAutomaton extends AutomatonTable {
  /** For each hit state, by `state - firstHit`: the needles that end there, longest first. */
  readonly outputs: readonly (readonly number[])[];
}

/** Classes of one plane; two bytes each. */
export const stepsPerLine = 32;

/** States are counted with two bytes. */
export const mostStates = 65_535;

/** Bytes in the order in which files are full of them. */
const frequent = '\x00 etaoinsrldcupmhfgb.y_/wvk-x0"\'1,:=;()2\n';

/** Compiles lower-case needles (one character a byte); a needle is known by its index. @returns undefined where there are more states than `mostStates` */
export function compileAutomaton(needles: readonly string[]): CompiledAutomaton | undefined {
  const { classOf, classCount } = byteClasses(needles);
  const next: Int32Array[] = [];
  const ends: number[][] = [];
  const addState = (): number => {
    ends.push([]);
    return next.push(new Int32Array(classCount).fill(-1)) - 1;
  };
  addState();
  for (const [index, needle] of needles.entries()) {
    let state = 0;
    for (let at = 0; at < needle.length; at++) {
      const row = next[state] as Int32Array;
      const step = classOf[needle.charCodeAt(at)] ?? 0;
      if (row[step] === -1) row[step] = addState();
      state = row[step] as number;
    }
    ends[state]?.push(index);
    if (next.length > mostStates) return undefined;
  }
  complete(next, ends);
  return layOut(next, ends, classOf, Math.max(1, ...needles.map((needle) => needle.length)));
}

/** Every byte no needle holds is in class 0; letters are in the class of their lower case. */
function byteClasses(needles: readonly string[]): { classOf: Uint16Array; classCount: number } {
  const held = new Set<number>();
  for (const needle of needles) for (let at = 0; at < needle.length; at++) held.add(needle.charCodeAt(at));
  const rankOf = (byte: number): number => {
    const rank = frequent.indexOf(String.fromCharCode(byte));
    return rank === -1 ? frequent.length + byte : rank;
  };
  const classOf = new Uint16Array(256);
  let classCount = 1;
  for (const byte of [...held].sort((a, b) => rankOf(a) - rankOf(b))) classOf[byte] = classCount++;
  for (let upper = 65; upper <= 90; upper++) classOf[upper] = classOf[upper + 32] ?? 0;
  return { classOf, classCount };
}

/** Turns the trie into a complete automaton, breadth first: missing steps go where the failure link would. */
function complete(next: readonly Int32Array[], ends: readonly number[][]): void {
  const failure = new Int32Array(next.length);
  const queue = [0];
  for (let head = 0; head < queue.length; head++) {
    const state = queue[head] as number;
    const row = next[state] as Int32Array;
    const fallback = next[failure[state] ?? 0] as Int32Array;
    for (let step = 0; step < row.length; step++) {
      const child = row[step] as number;
      const other = state === 0 ? 0 : (fallback[step] as number);
      if (child === -1) {
        row[step] = other;
        continue;
      }
      failure[child] = other;
      ends[child]?.push(...(ends[other] ?? []));
      queue.push(child);
    }
  }
}

function layOut(
  next: readonly Int32Array[],
  ends: readonly number[][],
  classOf: Uint16Array,
  longestNeedle: number,
): CompiledAutomaton {
  const classCount = next[0]?.length ?? 1;
  const quiet: number[] = [];
  const hits: number[] = [];
  for (const state of byDepth(next)) (ends[state]?.length ? hits : quiet).push(state);
  const placeOf = new Int32Array(next.length);
  for (const [place, state] of [...quiet, ...hits].entries()) placeOf[state] = place;
  const planeSteps = next.length * stepsPerLine;
  const columnOf = (byteClass: number): number =>
    Math.floor(byteClass / stepsPerLine) * planeSteps + (byteClass % stepsPerLine);
  const rows = new Uint16Array(Math.ceil(classCount / stepsPerLine) * planeSteps);
  for (const [state, row] of next.entries()) {
    const line = (placeOf[state] as number) * stepsPerLine;
    for (let step = 0; step < classCount; step++) rows[columnOf(step) + line] = placeOf[row[step] as number] as number;
  }
  return {
    columns: Uint32Array.from(classOf, columnOf),
    rows,
    firstHit: quiet.length,
    outputs: hits.map((state) => ends[state] ?? []),
    longestNeedle,
  };
}

/** States near the root are visited all the time: they lie side by side. */
function byDepth(next: readonly Int32Array[]): number[] {
  const order = [0];
  const isKnown = new Uint8Array(next.length);
  isKnown[0] = 1;
  for (let head = 0; head < order.length; head++) {
    for (const state of next[order[head] as number] as Int32Array) {
      if (isKnown[state] === 1) continue;
      isKnown[state] = 1;
      order.push(state);
    }
  }
  return order;
}
