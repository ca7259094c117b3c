/** The Huffman codes of bzip2 blocks: canonical, of up to twenty bits, told by their lengths alone. */

export const mostCodeBits = 20;
/** Codes of up to so many bits are told at once. */
export const fastBits = 10;

/** A Huffman code as tables: short codes at once, longer ones by the first code of each length. */
export interface Code {
  /** `symbol << 5 | bits` by the next `fastBits` bits; 0 where the code is longer. */
  readonly fast: Int32Array;
  /** For each length the largest code of it, -1 where there is none, and what makes a symbol's rank of a code. */
  readonly limits: Int32Array;
  readonly bases: Int32Array;
  readonly symbols: Int32Array;
}

/** The code of symbols with these lengths; undefined where there are more of them than bits can tell apart. */
export function compileCode(lengths: Uint8Array): Code | undefined {
  const fast = new Int32Array(1 << fastBits);
  const limits = new Int32Array(mostCodeBits + 2).fill(-1);
  const bases = new Int32Array(mostCodeBits + 2);
  const symbols = new Int32Array(lengths.length);
  let rank = 0;
  let code = 0;
  for (let width = 1; width <= mostCodeBits; width++) {
    bases[width] = code - rank;
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== width) continue;
      symbols[rank++] = symbol;
      if (width <= fastBits) {
        const from = code << (fastBits - width);
        fast.fill((symbol << 5) | width, from, from + (1 << (fastBits - width)));
      }
      limits[width] = code++;
    }
    // More codes than bits can tell apart.
    if (code > 1 << width) return undefined;
    code <<= 1;
  }
  return { fast, limits, bases, symbols };
}
