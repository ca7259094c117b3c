/**
 * Tokens that carry a structure of their own: a checksum, an id or JSON in base64. Looking inside tells a real token
 * from text that only has its shape, and lets a rule match without any context around it.
 */

import { decodeBase64Text } from './base64.ts';
import { crc32 } from './crc32-base62.ts';

/** True where a Grafana token `glsa_<secret>_<crc>` ends in the CRC-32 of what stands before, in little-endian hex. */
export function hasGrafanaChecksum(secret: string): boolean {
  const cut = secret.lastIndexOf('_');
  const crc = crc32(secret.slice(0, cut));
  const bytes = [crc, crc >>> 8, crc >>> 16, crc >>> 24].map((byte) => (byte & 0xff).toString(16).padStart(2, '0'));
  return bytes.join('') === secret.slice(cut + 1).toLowerCase();
}

/** True where the first part of a Discord bot token is the base64 of the bot's id: 17 to 20 digits. */
export function hasDiscordBotId(secret: string): boolean {
  const id = decodeBase64Text(secret.slice(0, secret.indexOf('.')));
  return id !== undefined && /^[1-9][0-9]{16,19}$/.test(id);
}

/** True where some part of the token, split at its `.` and `_`, is base64 of a JSON object. */
export function hasBase64JsonPart(secret: string): boolean {
  return secret.split(/[._]/).some((part) => isJsonObject(decodeBase64Text(part)));
}

/** True where the whole secret is base64 of printable ASCII with a colon in it: `id:key`, as Elasticsearch writes it. */
export function isBase64Pair(secret: string): boolean {
  const text = decodeBase64Text(secret);
  return text !== undefined && /^[\x21-\x39\x3b-\x7e]{4,128}:[\x21-\x39\x3b-\x7e]{4,128}$/.test(text);
}

function isJsonObject(text: string | undefined): boolean {
  if (text === undefined || !text.startsWith('{')) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
