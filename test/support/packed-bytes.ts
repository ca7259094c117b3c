/** Archives and packages put together by hand from their formats' descriptions: ar, deb, cpio, rpm, asar. */

import { packTar } from './tar-writer.ts';

/** Names and contents, in their order. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A tar of files. */
export function tarOf(files: Files): Buffer {
  return packTar(Object.entries(files).map(([path, content]) => ({ path, content })));
}

/** An ar archive; long names go into GNU's table, or in front of the content as BSD has them. */
export function arOf(files: Files, style: 'gnu' | 'bsd' = 'gnu'): Buffer {
  const parts: Buffer[] = [Buffer.from('!<arch>\n')];
  const member = (name: string, content: Uint8Array): void => {
    const header = `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(content.length).padEnd(10)}\`\n`;
    parts.push(Buffer.from(header), Buffer.from(content), Buffer.from(content.length % 2 === 1 ? '\n' : ''));
  };
  const longNames = Object.keys(files).filter((name) => name.length > 15);
  const table = Buffer.from(longNames.map((name) => `${name}/\n`).join(''));
  if (style === 'gnu' && longNames.length > 0) member('//', table);
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    if (!longNames.includes(name)) member(style === 'gnu' ? `${name}/` : name, bytes);
    else if (style === 'gnu') member(`/${table.indexOf(`${name}/\n`)}`, bytes);
    else member(`#1/${name.length}`, Buffer.concat([Buffer.from(name), bytes]));
  }
  return Buffer.concat(parts);
}

/** A Debian package (deb(5)) of tars that are there, packed or not. */
export function debOf(controlName: string, control: Uint8Array, dataName: string, data: Uint8Array): Buffer {
  return arOf({ 'debian-binary': '2.0\n', [controlName]: control, [dataName]: data });
}

/** A cpio archive: "new ASCII" (`newc`), the same with checksums, or POSIX's octal form. */
export function cpioOf(files: Files, format: 'newc' | 'crc' | 'odc' = 'newc'): Buffer {
  const entry = (name: string, content: Uint8Array, mode: number): Buffer => {
    const nameBytes = Buffer.from(`${name}\0`);
    if (format === 'odc') {
      const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');
      const fields = [0, 1, mode, 0, 0, 1, 0].map((value) => octal(value, 6)).join('');
      const header = `070707${fields}${octal(0, 11)}${octal(nameBytes.length, 6)}${octal(content.length, 11)}`;
      return Buffer.concat([Buffer.from(header), nameBytes, content]);
    }
    const sum = format === 'crc' ? content.reduce((total, byte) => (total + byte) >>> 0, 0) : 0;
    const fields = [1, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, nameBytes.length, sum];
    const hex = fields.map((value) => value.toString(16).padStart(8, '0')).join('');
    const magic = format === 'crc' ? '070702' : '070701';
    return Buffer.concat([
      fill(Buffer.concat([Buffer.from(magic + hex), nameBytes]), 4),
      fill(Buffer.from(content), 4),
    ]);
  };
  const entries = Object.entries(files).map(([name, content]) => entry(name, Buffer.from(content), 0o100644));
  return Buffer.concat([...entries, entry('TRAILER!!!', Buffer.alloc(0), 0)]);
}

/** An rpm package around a payload; the text stands in a tag of the header. */
export function rpmOf(payload: Uint8Array, tagText = ''): Buffer {
  const lead = Buffer.alloc(96);
  lead.writeUInt32BE(0xedabeedb, 0);
  lead.writeUInt8(3, 4);
  const header = (store: Buffer): Buffer => {
    const intro = Buffer.alloc(16);
    intro.writeUInt32BE(0x8eade801, 0);
    intro.writeUInt32BE(1, 8);
    intro.writeUInt32BE(store.length, 12);
    return Buffer.concat([intro, Buffer.alloc(16), store]);
  };
  return Buffer.concat([lead, fill(header(Buffer.alloc(13, 1)), 8), header(Buffer.from(`${tagText}\0`)), payload]);
}

/** An Electron archive. */
export function asarOf(files: Files): Buffer {
  const root: Record<string, object> = {};
  let offset = 0;
  for (const [path, content] of Object.entries(files)) {
    const parts = path.split('/');
    let folder = root;
    for (const part of parts.slice(0, -1)) {
      folder[part] ??= { files: {} };
      folder = (folder[part] as { files: Record<string, object> }).files;
    }
    folder[parts.at(-1)!] = { size: Buffer.byteLength(content), offset: String(offset) };
    offset += Buffer.byteLength(content);
  }
  const contents = Object.values(files).map((content) => Buffer.from(content));
  return Buffer.concat([asarHeader(JSON.stringify({ files: root })), ...contents]);
}

/** The pickled header of an Electron archive, whatever its text. */
export function asarHeader(text: string): Buffer {
  const bytes = Buffer.from(text);
  const padded = fill(bytes, 4);
  const sizes = Buffer.alloc(16);
  for (const [index, size] of [4, padded.length + 8, padded.length + 4, bytes.length].entries()) {
    sizes.writeUInt32LE(size, index * 4);
  }
  return Buffer.concat([sizes, padded]);
}

function fill(bytes: Buffer, alignment: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((alignment - (bytes.length % alignment)) % alignment)]);
}
