/**
 * Builds the Aho–Corasick automaton over all needles as one dense table: bytes are mapped to classes (ASCII case
 * folded), a state is the byte offset of its row, and states at which a needle ends have the highest numbers, so that
 * the inner loop is one load and one comparison a byte.
 */

/** A table ready to run, in either implementation. */
export interface AutomatonTable {
  /** For each byte its class times four: an offset within a row. */
  readonly classes: Uint16Array;
  /** Rows of offsets of rows (in bytes from the table's beginning). */
  readonly rows: Uint32Array;
  readonly rowBytes: number;
  /** States from here on end a needle. */
  readonly firstHit: number;
  /** For each hit state, by `(state - firstHit) / rowBytes`: the needles that end there, longest first. */
  readonly outputs: readonly (readonly number[])[];
  readonly longestNeedle: number;
}

/** Compiles lower-case needles (one character a byte); a needle is known by its index. */
export function compileAutomaton(needles: readonly string[]): AutomatonTable {
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
  }
  complete(next, ends);
  return layOut(next, ends, classOf, Math.max(1, ...needles.map((needle) => needle.length)));
}

/** Every byte no needle holds is in class 0; letters are in the class of their lower case. */
function byteClasses(needles: readonly string[]): { classOf: Uint16Array; classCount: number } {
  const classOf = new Uint16Array(256);
  let classCount = 1;
  for (const needle of needles) {
    for (let at = 0; at < needle.length; at++) {
      const byte = needle.charCodeAt(at);
      if (classOf[byte] === 0) classOf[byte] = classCount++;
    }
  }
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
): AutomatonTable {
  const classCount = next[0]?.length ?? 1;
  const quiet: number[] = [];
  const hits: number[] = [];
  for (let state = 0; state < next.length; state++) (ends[state]?.length ? hits : quiet).push(state);
  const order = [...quiet, ...hits];
  const placeOf = new Int32Array(next.length);
  for (const [place, state] of order.entries()) placeOf[state] = place;
  const rowBytes = classCount * 4;
  const rows = new Uint32Array(next.length * classCount);
  for (const [place, state] of order.entries()) {
    const row = next[state] as Int32Array;
    for (let step = 0; step < classCount; step++) {
      rows[place * classCount + step] = (placeOf[row[step] as number] as number) * rowBytes;
    }
  }
  return {
    classes: classOf.map((byteClass) => byteClass * 4),
    rows,
    rowBytes,
    firstHit: quiet.length * rowBytes,
    outputs: hits.map((state) => ends[state] ?? []),
    longestNeedle,
  };
}
