/** Git's deltas: an object told by another one, in pieces copied from it and bytes of its own (gitformat-pack, "Deltified representation"). */

/** The object a delta makes of its base; `damaged` where it does not fit it, `large` where it is more than `mostBytes`. */
export function applyDelta(base: Buffer, delta: Buffer, mostBytes: number): Buffer | 'damaged' | 'large' {
  const cursor = { at: 0 };
  if (readSize(delta, cursor) !== base.length) return 'damaged';
  const sizeBytes = readSize(delta, cursor);
  if (sizeBytes > mostBytes) return 'large';
  const result = Buffer.allocUnsafeSlow(sizeBytes);
  let filled = 0;
  let at = cursor.at;
  while (at < delta.length) {
    const op = delta[at++]!;
    if (op === 0) return 'damaged';
    if (op < 0x80) {
      if (at + op > delta.length || filled + op > sizeBytes) return 'damaged';
      delta.copy(result, filled, at, at + op);
      at += op;
      filled += op;
      continue;
    }
    let from = 0;
    let length = 0;
    for (let bit = 0; bit < 4; bit++) if (op & (1 << bit)) from += (delta[at++] ?? 0) * 2 ** (8 * bit);
    for (let bit = 0; bit < 3; bit++) if (op & (0x10 << bit)) length += (delta[at++] ?? 0) * 2 ** (8 * bit);
    if (length === 0) length = 0x10000;
    if (at > delta.length || from + length > base.length || filled + length > sizeBytes) return 'damaged';
    base.copy(result, filled, from, from + length);
    filled += length;
  }
  return filled === sizeBytes ? result : 'damaged';
}

function readSize(delta: Buffer, cursor: { at: number }): number {
  let size = 0;
  for (let scale = 1; scale < 2 ** 49; scale *= 128) {
    const byte = delta[cursor.at++] ?? 0;
    size += (byte & 0x7f) * scale;
    if (byte < 0x80) return size;
  }
  return Number.POSITIVE_INFINITY;
}
