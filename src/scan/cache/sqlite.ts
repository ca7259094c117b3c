/** `node:sqlite` without its word to the user: Node.js 22 calls it experimental on standard error when it is loaded. */

import { messageOf } from '../../errors.ts';

/** Loads it. @throws what importing throws, where a Node.js was built without it */
export async function loadSqlite(): Promise<typeof import('node:sqlite')> {
  const { emitWarning } = process;
  process.emitWarning = ((warning: string | Error, ...rest: []) => {
    if (!String(warning).includes('SQLite')) emitWarning.call(process, warning, ...rest);
  }) as typeof emitWarning;
  try {
    return await import('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** What SQLite says of an error that it threw, by the names of its result codes that matter here. */
export function sqliteTrouble(error: unknown): 'damaged' | 'busy' | 'unusable' {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
  // SQLITE_CORRUPT, SQLITE_NOTADB; SQLITE_ERROR for a table that somebody has taken away or made another.
  const isOther = code === 1 && /no such|has no column/.test(messageOf(error));
  if (code === 11 || code === 26 || isOther) return 'damaged';
  // SQLITE_BUSY, SQLITE_LOCKED.
  return code === 5 || code === 6 ? 'busy' : 'unusable';
}
