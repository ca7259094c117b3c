/**
 * PAX extended header records (POSIX pax, "length keyword=value\n"), read without loss: bytes that are
 * no UTF-8 become one character a byte, so that two names never fall together.
 */

import { isUtf8 } from 'node:buffer';

/** Records by keyword, the last of a keyword winning; undefined where the body is malformed. */
export type PaxRecords = Map<string, string>;

/** Parses the body of a PAX header. */
export function parsePax(body: Uint8Array): PaxRecords | undefined {
  const records: PaxRecords = new Map();
  let at = 0;
  while (at < body.length) {
    // Padding inside the body: star and some libraries count it.
    if (body[at] === 0) return body.subarray(at).every((byte) => byte === 0) ? records : undefined;
    const space = body.indexOf(0x20, at);
    if (space < 0 || space - at > 10) return undefined;
    const digits = Buffer.from(body.subarray(at, space)).toString('latin1');
    const end = at + Number(digits);
    if (!/^[0-9]+$/.test(digits) || end <= space + 1 || end > body.length || body[end - 1] !== 0x0a) return undefined;
    const equals = body.indexOf(0x3d, space);
    if (equals < 0 || equals >= end) return undefined;
    records.set(toText(body.subarray(space + 1, equals)), toText(body.subarray(equals + 1, end - 1)));
    at = end;
  }
  return records;
}

/** UTF-8 where it is, else one character a byte. */
export function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(isUtf8(bytes) ? 'utf8' : 'latin1');
}
