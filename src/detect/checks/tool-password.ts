/**
 * Passwords that a program writes so that nobody reads them over a shoulder: rclone under a key that its source has
 * (https://rclone.org/commands/rclone_obscure/), FileZilla in base64. That they can be read tells them from anything
 * else; what is reported is the text in the file, since that is what has to be masked.
 */

import { createDecipheriv } from 'node:crypto';
import type { Reading } from './check.ts';

const rcloneKey = Buffer.from('9c935b48730a554d6bfd7c63c886a92bd390198eb8128afbf4de162b8b95f638', 'hex');

/** True where rclone can read it. */
export function isRcloneObscured(secret: string): boolean | Reading {
  const bytes = Buffer.from(secret, 'base64url');
  if (bytes.length < 20) return false;
  const plain = createDecipheriv('aes-256-ctr', rcloneKey, bytes.subarray(0, 16)).update(bytes.subarray(16));
  return isReadable(plain) && { details: { protection: 'none: obscured under a key that rclone publishes' } };
}

/** True where base64 holds one line of text. */
export function isBase64Password(secret: string): boolean {
  return isReadable(Buffer.from(secret, 'base64'));
}

function isReadable(bytes: Buffer): boolean {
  const text = bytes.toString('utf8');
  return text.length >= 4 && /^[^\p{Cc}\ufffd]+$/u.test(text);
}
