/** Text that is base64 by its alphabet and length, in either alphabet. */

import { decodeBase64 } from '../base64.ts';

/** True where the secret decodes as base64. */
export function base64(secret: string): boolean {
  return decodeBase64(secret) !== undefined;
}
