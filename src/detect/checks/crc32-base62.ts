/**
 * Tokens that end in a checksum of themselves: six base62 digits of the CRC-32 of what stands after the last `_` of
 * the prefix (GitHub's `ghp_…`, npm's `npm_…`). One in 56 milliards of samples passes by chance.
 */

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** True where the last six characters are the base62 CRC-32 of the part between prefix and them. */
export function hasCrc32Base62(secret: string): boolean {
  const body = secret.slice(secret.lastIndexOf('_') + 1, -6);
  return body.length > 0 && base62(crc32(body)) === secret.slice(-6);
}

/** True where they are not: such a token is a sample, cut or altered. */
export function lacksCrc32Base62(secret: string): boolean {
  return !hasCrc32Base62(secret);
}

/** CRC-32 (ISO 3309) of ASCII text, as an unsigned number. */
export function crc32(text: string): number {
  let crc = -1;
  for (let at = 0; at < text.length; at++) {
    crc ^= text.charCodeAt(at);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (-(crc & 1) & 0xedb88320);
  }
  return ~crc >>> 0;
}

function base62(value: number): string {
  let rest = value;
  let text = '';
  for (let place = 0; place < 6; place++) {
    text = digits.charAt(rest % 62) + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}
