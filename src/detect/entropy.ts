/** Shannon entropy: how many bits a character carries, as far as the text itself tells. */

/** Bits a character; 0 for an empty or uniform text, at most log2 of its length. */
export function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits += count * Math.log2(count);
  return text.length === 0 ? 0 : Math.log2(text.length) - bits / text.length;
}
