/** Some tokens are base64 of a JSON document (Docker's `auths`, service accounts, session tokens). */

import { decodeBase64Text } from './base64.ts';

/** True where the secret is base64 (either alphabet) of a JSON object or array. */
export function base64Json(secret: string): boolean {
  const text = decodeBase64Text(secret);
  if (text === undefined || !/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
