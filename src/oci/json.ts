/**
 * JSON from an image or a registry, which is hostile input: bounded in size, in depth and in the number of
 * values before the parser sees it (8 MiB of `[[[[…` would become half a gigabyte of arrays and break
 * whoever walks them), and read afterwards by accessors that take nothing for granted.
 */

import { ScanError } from '../errors.ts';

/** Bytes of the largest JSON document that is read: manifest, index or configuration. */
export const maxJsonBytes: number = 8 * 1024 * 1024;

const maxDepth = 128;
const maxContainers = 500_000;

/** A JSON object whose fields may hold anything. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Parses a document called `subject`. @throws ScanError MANIFEST_INVALID, LIMIT_EXCEEDED */
export function parseJson(bytes: Uint8Array, subject: string): unknown {
  checkBounds(bytes, subject);
  let text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (text.startsWith('\ufeff')) text = text.slice(1);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's own message quotes the document, which may hold a secret.
    throw new ScanError('MANIFEST_INVALID', `${subject} is not valid JSON.`, { subject });
  }
}

/** The value if it is an object. */
export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

/** The items if the value is an array, else none. */
export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

/** The value if it is a string that is not empty. */
export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The strings among the items; one string alone is a list of it. */
export function asTexts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return asArray(value).filter((item): item is string => typeof item === 'string');
}

/** The fields of an object that are strings. */
export function asTextRecord(value: unknown): Readonly<Record<string, string>> {
  const pairs = Object.entries(asObject(value) ?? {});
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
}

/** A field by its name or, as Go's decoder would find it, by its name in other letters. */
export function field(object: JsonObject | undefined, name: string): unknown {
  if (object === undefined) return undefined;
  if (Object.hasOwn(object, name)) return object[name];
  const folded = name.toLowerCase();
  const other = Object.keys(object).findLast((key) => key.toLowerCase() === folded);
  return other === undefined ? undefined : object[other];
}

function checkBounds(bytes: Uint8Array, subject: string): void {
  if (bytes.length > maxJsonBytes) {
    throw new ScanError('LIMIT_EXCEEDED', `${subject} is larger than ${maxJsonBytes >> 20} MiB.`, { subject });
  }
  let depth = 0;
  let containers = 0;
  let inString = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (inString) {
      if (byte === 0x5c) index++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      containers++;
      depth++;
      if (depth > maxDepth || containers > maxContainers) {
        const what = depth > maxDepth ? `nested more than ${maxDepth} deep` : `of more than ${maxContainers} objects`;
        throw new ScanError('LIMIT_EXCEEDED', `${subject} is JSON ${what}.`, { subject });
      }
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
}
