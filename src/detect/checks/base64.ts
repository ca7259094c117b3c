/** Base64 (RFC 4648) for checks: either alphabet, padding optional, anything else refused. */

import type { Reading } from './check.ts';

/** The decoded bytes; undefined where the text is not base64. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const binary = decodeBase64Text(text);
  return binary === undefined ? undefined : Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

/** The decoded bytes, one character a byte; undefined where the text is not base64. */
export function decodeBase64Text(text: string): string | undefined {
  const body = text.replace(/={0,2}$/, '');
  if (body.length === 0 || body.length % 4 === 1) return undefined;
  if (!/^(?:[0-9A-Za-z+/]+|[0-9A-Za-z_-]+)$/.test(body)) return undefined;
  return atob(body.replaceAll('-', '+').replaceAll('_', '/'));
}

/** Bytes as text, one character each. */
export function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** True where base64 (with its padding) holds printable text and nothing else: the value of a Kubernetes Secret. */
export function isBase64Text(secret: string): boolean {
  if (secret.length % 4 !== 0) return false;
  const text = decodeBase64Text(secret);
  return text !== undefined && text.length >= 6 && /^[\t\n\r\x20-\x7e]+$/.test(text);
}

/** Passes bytes that are no text; what is reported is their base64. */
export function binary(secret: string): Reading {
  return { text: btoa(secret) };
}
