/**
 * GitLab's routable tokens end in a checksum of themselves: `<prefix><payload>.[<version>.]<length><crc>`, where the
 * length is the payload's in two base36 digits and the CRC-32 of all before it has seven. One in 79 milliards passes by chance.
 */

import { crc32 } from './crc32-base62.ts';

const crcDigits = 7;
const lengthDigits = 2;

/** True where a token with dots in it ends in its payload's length and its CRC-32; one without dots passes. */
export function gitlabRoutable(secret: string): boolean {
  const dot = secret.indexOf('.');
  if (dot === -1) return true;
  const payload = secret.slice(0, dot).replace(/^gl[a-z]{2,8}-(?:t\d_)?/, '');
  const length = secret.slice(-crcDigits - lengthDigits, -crcDigits);
  const crc = crc32(secret.slice(0, -crcDigits)).toString(36).padStart(crcDigits, '0');
  return Number.parseInt(length, 36) === payload.length && secret.slice(-crcDigits) === crc;
}

/** True where they are not: such a token is a sample, cut or altered. */
export function notGitlabRoutable(secret: string): boolean {
  return !gitlabRoutable(secret);
}
