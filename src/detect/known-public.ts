/**
 * Secrets that are published with public packages: test keys in libraries and their documentation. They are told
 * by a hash of the secret itself, never by a path or a package database, so a real key in the same folder is found.
 */

import { createHash } from 'node:crypto';

/** Names a published secret: a plain hash does, since the secret is public. Wrapping (line ends, escapes, string concatenation) does not count. */
export function publicSecretHash(secret: string): string {
  const bare = secret.replace(/\\[nr]|[\s"'+,]/gu, '');
  return createHash('sha256').update(bare).digest('hex').slice(0, 32);
}

/** Reads rules/known-public.txt: a hash a line, then where it is published; `#` begins a comment. */
export function parseKnownPublic(text: string): string[] {
  return text.split('\n').flatMap((line) => /^[0-9a-f]{32}\b/u.exec(line)?.[0] ?? []);
}
