/** Reads a JSON Web Token (RFC 7519) without verifying it: detectors ask who issued it. */

import { decodeBase64Text } from './checks/base64.ts';

/** The two readable parts of a token. */
export interface Jwt {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Header and payload of a signed token; undefined where the text is not one. */
export function decodeJwt(text: string): Jwt | undefined {
  const parts = text.split('.');
  if (parts.length !== 3) return undefined;
  const header = parseObject(parts[0] ?? '');
  const payload = parseObject(parts[1] ?? '');
  if (header === undefined || payload === undefined || typeof header['alg'] !== 'string') return undefined;
  if (parts[2] === '' && header['alg'] !== 'none') return undefined;
  return { header, payload };
}

function parseObject(part: string): Record<string, unknown> | undefined {
  const text = decodeBase64Text(part);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
