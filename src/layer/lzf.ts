/** LZF (liblzf), which Redis deflates strings with: literals, and copies from at most 8 KiB before. */

/** What it inflates to; undefined where that is not `sizeBytes` long, or makes no sense. */
export function inflateLzf(packed: Uint8Array, sizeBytes: number): Buffer | undefined {
  const output = Buffer.alloc(Math.min(sizeBytes, packed.length * mostRatio));
  let filled = 0;
  for (let at = 0; at < packed.length; ) {
    const control = packed[at++] as number;
    if (control < 32) {
      const literal = packed.subarray(at, at + control + 1);
      if (literal.length !== control + 1 || filled + literal.length > output.length) return undefined;
      output.set(literal, filled);
      filled += literal.length;
      at += literal.length;
      continue;
    }
    let length = (control >> 5) + 2;
    if (length === 9) length += packed[at++] ?? 0;
    const from = filled - ((control & 31) << 8) - (packed[at++] ?? 0) - 1;
    if (at > packed.length || from < 0 || filled + length > output.length) return undefined;
    for (let copied = 0; copied < length; copied++) output[filled + copied] = output[from + copied] as number;
    filled += length;
  }
  return filled === sizeBytes ? output : undefined;
}

/** A copy of 264 bytes is written in three. */
const mostRatio = 88;
