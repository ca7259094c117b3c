/** Logs of LevelDB and dumps of Redis, as their own programs write them. */

/** A log of batches, each one value kept by one key, in blocks of 32 KiB. */
export function levelDbLog(
  values: readonly string[],
  { isRecycled = false }: { readonly isRecycled?: boolean } = {},
): Buffer {
  const headerBytes = isRecycled ? 11 : 7;
  const parts: Buffer[] = [];
  let offset = 0;
  const push = (bytes: Buffer): void => {
    parts.push(bytes);
    offset += bytes.length;
  };
  for (const [index, value] of values.entries()) {
    const head = Buffer.alloc(12);
    head.writeUIntLE(index + 1, 0, 6);
    head.writeUInt32LE(1, 8);
    let rest = Buffer.concat([
      head,
      Buffer.from([1, 3]),
      Buffer.from('key'),
      varint(Buffer.byteLength(value)),
      Buffer.from(value),
    ]);
    for (let isFirst = true; isFirst || rest.length > 0; isFirst = false) {
      let left = 32_768 - (offset % 32_768);
      if (left < headerBytes) push(Buffer.alloc(left));
      left = 32_768 - (offset % 32_768);
      const part = rest.subarray(0, left - headerBytes);
      rest = rest.subarray(part.length);
      const isLast = rest.length === 0;
      const header = Buffer.alloc(headerBytes);
      // A checksum nobody asks for.
      header.writeUInt32LE(0xc0ffee, 0);
      header.writeUInt16LE(part.length, 4);
      header[6] = (isFirst ? (isLast ? 1 : 2) : isLast ? 4 : 3) + (isRecycled ? 4 : 0);
      push(Buffer.concat([header, part]));
    }
  }
  return Buffer.concat(parts);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left >>>= 7) {
    if (left < 0x80) return Buffer.from([...bytes, left]);
    bytes.push((left & 0x7f) | 0x80);
  }
}

/** A string of a Redis dump, deflated or not. */
export function redisString(text: string, isDeflated = false): Buffer {
  const bytes = Buffer.from(text);
  if (!isDeflated) return Buffer.concat([redisLength(bytes.length), bytes]);
  const packed = lzfOf(bytes);
  return Buffer.concat([Buffer.from([0xc3]), redisLength(packed.length), redisLength(bytes.length), packed]);
}

/** A length of a Redis dump. */
export function redisLength(length: number): Buffer {
  if (length < 64) return Buffer.from([length]);
  if (length < 16_384) return Buffer.from([0x40 | (length >> 8), length & 0xff]);
  const bytes = Buffer.from([0x80, 0, 0, 0, 0]);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

/** A dump of such values, each a type and what follows it. */
export function redisDump(...values: readonly (readonly [type: number, ...parts: readonly Buffer[]])[]): Buffer {
  const aux = Buffer.concat([Buffer.from([250]), redisString('redis-ver'), redisString('7.2.4')]);
  const bits = Buffer.concat([Buffer.from([250]), redisString('redis-bits'), Buffer.from([0xc0, 64])]);
  const base = Buffer.from([254, 0, 251, 2, 0]);
  const all = values.flatMap(([type, ...parts]) => [Buffer.from([type]), ...parts]);
  return Buffer.concat([Buffer.from('REDIS0011'), aux, bits, base, ...all, Buffer.from([255]), Buffer.alloc(8, 7)]);
}

/** LZF: what stood within the last 8 KiB is copied from there. */
export function lzfOf(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  const literals: number[] = [];
  const flush = (): void => {
    for (let at = 0; at < literals.length; at += 32) {
      const part = literals.slice(at, at + 32);
      parts.push(Buffer.from([part.length - 1, ...part]));
    }
    literals.length = 0;
  };
  for (let at = 0; at < bytes.length; ) {
    const from = bytes.lastIndexOf(bytes.subarray(at, at + 3), at - 1);
    let length = 0;
    if (at > 0 && from >= 0 && at - from <= 8192 && at + 3 <= bytes.length) {
      while (length < 264 && at + length < bytes.length && bytes[from + length] === bytes[at + length]) length++;
    }
    if (length < 3) {
      literals.push(bytes[at++]!);
      continue;
    }
    flush();
    const back = at - from - 1;
    const code = length - 2;
    parts.push(
      code < 7
        ? Buffer.from([(code << 5) | (back >> 8), back & 0xff])
        : Buffer.from([0xe0 | (back >> 8), code - 7, back & 0xff]),
    );
    at += length;
  }
  flush();
  return Buffer.concat(parts);
}
