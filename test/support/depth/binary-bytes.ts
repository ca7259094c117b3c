/**
 * Compiled code and memory put together by hand from their formats' descriptions, small and whole enough for the tools that read them:
 * Python's marshal, Java's class files, ELF programs and core dumps, PE and Mach-O. Strings stand in them as compilers put them there.
 */

/** A compiled module of Python 3.8 whose constants are the strings. */
export function pycOf(strings: readonly string[]): Buffer {
  const u32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  // Short ASCII strings are interned ('Z') where they look like names, as the token of a constant does.
  const string = (text: string): Buffer =>
    text.length < 256
      ? Buffer.concat([Buffer.from('Z'), Buffer.from([text.length]), Buffer.from(text)])
      : Buffer.concat([Buffer.from('a'), u32(text.length), Buffer.from(text)]);
  const tuple = (items: readonly Buffer[]): Buffer =>
    Buffer.concat([Buffer.from(')'), Buffer.from([items.length]), ...items]);
  const bytes = (content: Uint8Array): Buffer => Buffer.concat([Buffer.from('s'), u32(content.length), content]);
  const names = strings.map((_, index) => string(`VALUE_${index}`));
  const code = Buffer.from([...strings.flatMap((_, index) => [100, index, 90, index]), 100, strings.length, 83, 0]);
  return Buffer.concat([
    // Magic of 3.8, no flags, a time and a size of the source; then a code object.
    ...[Buffer.from([0x55, 0x0d, 0x0d, 0x0a]), u32(0), u32(1_700_000_000), u32(64), Buffer.from([0xe3])],
    ...[0, 0, 0, 0, 2, 0x40].map(u32),
    ...[bytes(code), tuple([...strings.map(string), Buffer.from('N')]), tuple(names), tuple([]), tuple([]), tuple([])],
    ...[string('settings.py'), string('<module>'), u32(1), bytes(Buffer.alloc(0))],
  ]);
}

/** A Java class of one field for each string, whose constant value that is. */
export function classOf(strings: readonly string[]): Buffer {
  const u16 = (...values: readonly number[]): Buffer =>
    Buffer.from(values.flatMap((value) => [(value >> 8) & 255, value & 255]));
  const pool: Buffer[] = [];
  const add = (tag: number, ...parts: readonly Buffer[]): number =>
    pool.push(Buffer.concat([Buffer.from([tag]), ...parts]));
  const utf8 = (text: string): number => add(1, u16(Buffer.byteLength(text)), Buffer.from(text));
  const [self, parent] = ['com/acme/Settings', 'java/lang/Object'].map((name) => add(7, u16(utf8(name))));
  const [constantValue, type] = ['ConstantValue', 'Ljava/lang/String;'].map(utf8);
  const fields = strings.map((text, index) => {
    const [name, value] = [utf8(`VALUE_${index}`), add(8, u16(utf8(text)))];
    return Buffer.concat([u16(0x19, name, type!, 1, constantValue!), u16(0, 2), u16(value)]);
  });
  return Buffer.concat([
    ...[Buffer.from('cafebabe', 'hex'), u16(0, 52, pool.length + 1), ...pool, u16(0x21, self!, parent!, 0)],
    ...[u16(fields.length), ...fields, u16(0, 0)],
  ]);
}

/** Strings as C keeps them in read-only data. */
export function cStrings(strings: readonly string[]): Buffer {
  return Buffer.from(strings.map((text) => `${text}\0`).join(''), 'latin1');
}

const bytesOf = (size: number, write: (bytes: Buffer) => void): Buffer => {
  const bytes = Buffer.alloc(size);
  write(bytes);
  return bytes;
};

/** A 64-bit ELF file with one segment: a program (2) or a core dump (4), whose memory that is. */
export function elfOf(type: 2 | 4, content: Uint8Array, notes: Uint8Array = Buffer.alloc(0)): Buffer {
  const from = 64 + 56 * 2;
  const header = bytesOf(64, (bytes) => {
    bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
    bytes.writeUInt16LE(type, 16);
    bytes.writeUInt16LE(62, 18);
    bytes.writeUInt32LE(1, 20);
    bytes.writeBigUInt64LE(0x40_1000n, 24);
    bytes.writeBigUInt64LE(64n, 32);
    for (const [index, value] of [64, 56, 2].entries()) bytes.writeUInt16LE(value, 52 + index * 2);
  });
  const segment = (kind: number, at: number, sizeBytes: number): Buffer =>
    bytesOf(56, (bytes) => {
      bytes.writeUInt32LE(kind, 0);
      bytes.writeUInt32LE(4, 4);
      for (const [index, value] of [at, 0x40_0000, 0x40_0000, sizeBytes, sizeBytes, 4].entries()) {
        bytes.writeBigUInt64LE(BigInt(value), 8 + index * 8);
      }
    });
  const segments = [segment(4, from, notes.length), segment(1, from + notes.length, content.length)];
  return Buffer.concat([header, ...segments, notes, content]);
}

/** A note of a core dump. */
export function noteOf(type: number, content: Uint8Array): Buffer {
  const head = bytesOf(20, (bytes) => {
    for (const [index, value] of [5, content.length, type].entries()) bytes.writeUInt32LE(value, index * 4);
    bytes.write('CORE\0', 12);
  });
  return Buffer.concat([head, content, Buffer.alloc((4 - (content.length % 4)) % 4)]);
}

/** A 64-bit PE program with one section of data. */
export function peOf(content: Uint8Array): Buffer {
  const data = Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
  const head = bytesOf(512, (bytes) => {
    bytes.write('MZ', 0);
    bytes.writeUInt32LE(0x80, 0x3c);
    bytes.write('This program cannot be run in DOS mode.\r\n$', 0x40);
    bytes.write('PE\0\0', 0x80);
    for (const [index, value] of [0x8664, 1].entries()) bytes.writeUInt16LE(value, 0x84 + index * 2);
    for (const [index, value] of [240, 0x22, 0x20b].entries()) bytes.writeUInt16LE(value, 0x94 + index * 2);
    const section = 0x98 + 240;
    bytes.write('.rdata\0\0', section);
    for (const [index, value] of [content.length, 0x1000, data.length, 512].entries()) {
      bytes.writeUInt32LE(value, section + 8 + index * 4);
    }
    bytes.writeUInt32LE(0x4000_0040, section + 36);
  });
  return Buffer.concat([head, data]);
}

/** A 64-bit Mach-O program with one section of C strings. */
export function machOOf(content: Uint8Array): Buffer {
  const from = 32 + 72 + 80;
  const head = bytesOf(from, (bytes) => {
    for (const [index, value] of [0xfeedfacf, 0x0100_000c, 0, 2, 1, 152].entries()) {
      bytes.writeUInt32LE(value, index * 4);
    }
    for (const [index, value] of [0x19, 152].entries()) bytes.writeUInt32LE(value, 32 + index * 4);
    bytes.write('__TEXT', 40);
    bytes.writeBigUInt64LE(BigInt(from + content.length), 80);
    bytes.writeUInt32LE(1, 96);
    bytes.write('__cstring', 104);
    bytes.write('__TEXT', 120);
    bytes.writeBigUInt64LE(BigInt(content.length), 144);
    bytes.writeUInt32LE(from, 152);
  });
  return Buffer.concat([head, content]);
}

/** A JKS keystore (version 2) of one sealed key without certificates. */
export function jksOf(alias: string, sealedKey: Uint8Array, digest: (content: Uint8Array) => Buffer): Buffer {
  const u32 = (...values: readonly number[]): Buffer =>
    bytesOf(values.length * 4, (bytes) => {
      for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
    });
  const name = Buffer.concat([Buffer.from([0, alias.length]), Buffer.from(alias)]);
  const entry = Buffer.concat([u32(1), name, u32(0x18b, 0), u32(sealedKey.length), sealedKey, u32(0)]);
  const content = Buffer.concat([u32(0xfeedfeed, 2, 1), entry]);
  return Buffer.concat([content, digest(content)]);
}
