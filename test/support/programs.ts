/** Programs and a core dump put together by hand from their formats' descriptions: headers, one section or segment, no code. */

const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: number): Buffer => Buffer.concat([u32(value), u32(0)]);
const name = (text: string, length: number): Buffer => {
  const bytes = Buffer.alloc(length);
  bytes.write(text, 'latin1');
  return bytes;
};

const elfHeaderBytes = 64;
const programHeaderBytes = 56;

/** ELF for x86-64 (System V ABI): the type, and one segment with what is given at the offset 0x1000. */
function elf(type: number, data: Uint8Array, notes: Uint8Array = Buffer.alloc(0)): Buffer {
  const segments = notes.length > 0 ? 2 : 1;
  const header = Buffer.concat([
    Buffer.from('7f454c46020101000000000000000000', 'hex'),
    u16(type),
    u16(62),
    u32(1),
    u64(0x401000),
    u64(elfHeaderBytes),
    u64(0),
    u32(0),
    ...[elfHeaderBytes, programHeaderBytes, segments, 64, 0, 0].map(u16),
  ]);
  const segment = (kind: number, offset: number, size: number): Buffer =>
    Buffer.concat([u32(kind), u32(4), ...[offset, 0x400000 + offset, 0, size, size, 0x1000].map(u64)]);
  const notesAt = elfHeaderBytes + 2 * programHeaderBytes;
  const headers = [...(notes.length > 0 ? [segment(4, notesAt, notes.length)] : []), segment(1, 0x1000, data.length)];
  const front = Buffer.concat([header, ...headers, notes]);
  return Buffer.concat([front, Buffer.alloc(0x1000 - front.length), data]);
}

/** Strings as a linker puts them into read-only data: each with its zero. */
export function stringsOf(texts: readonly string[], encoding: 'utf8' | 'utf16le' = 'utf8'): Buffer {
  return Buffer.concat(texts.map((text) => Buffer.from(`${text}\0`, encoding)));
}

/** An ELF program with that data. */
export function elfProgram(data: Uint8Array): Buffer {
  return elf(2, data);
}

/** A core dump (ET_CORE) of a process: a note, and its stack with arguments and environment at its end. */
export function coreDump(args: readonly string[], environment: Readonly<Record<string, string>>): Buffer {
  const note = Buffer.concat([u32(5), u32(16), u32(3), name('CORE', 8), Buffer.alloc(16, 1)]);
  const pairs = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
  const stack = Buffer.concat([
    Buffer.alloc(300, 0x7f),
    stringsOf(['x86_64', ...args, ...pairs, args[0] ?? '']),
    Buffer.alloc(8),
  ]);
  return elf(4, stack, note);
}

/** A PE32+ program (the Portable Executable format) with that data in `.rdata`. */
export function peProgram(data: Uint8Array): Buffer {
  const dos = Buffer.concat([name('MZ', 60), u32(64)]);
  const coff = Buffer.concat([name('PE', 4), u16(0x8664), u16(1), u32(0), u32(0), u32(0), u16(240), u16(0x22)]);
  const optional = Buffer.concat([u16(0x20b), Buffer.alloc(106), u32(16), Buffer.alloc(128)]);
  const section = Buffer.concat([
    name('.rdata', 8),
    ...[data.length, 0x1000, data.length, 0x400, 0, 0, 0, 0x40000040].map(u32),
  ]);
  const front = Buffer.concat([dos, coff, optional, section]);
  return Buffer.concat([front, Buffer.alloc(0x400 - front.length), data]);
}

/** A 64-bit Mach-O program with that data in `__TEXT,__cstring`. */
export function machOProgram(data: Uint8Array): Buffer {
  const header = Buffer.concat([0xfeedfacf, 0x01000007, 3, 2, 1, 152, 0, 0].map((value) => u32(value)));
  const command = Buffer.concat([
    u32(0x19),
    u32(152),
    name('__TEXT', 16),
    ...[0x100000000 % 2 ** 32, 0x1000 + data.length, 0, 0x1000 + data.length].map(u64),
    ...[5, 5, 1, 0].map(u32),
    name('__cstring', 16),
    name('__TEXT', 16),
    u64(0x1000),
    u64(data.length),
    ...[0x1000, 0, 0, 0, 2, 0, 0, 0].map(u32),
  ]);
  const front = Buffer.concat([header, command]);
  return Buffer.concat([front, Buffer.alloc(0x1000 - front.length), data]);
}
