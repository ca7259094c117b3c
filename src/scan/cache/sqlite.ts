/** `node:sqlite` without its word to the user: Node.js 22 calls it experimental on standard error when it is loaded. */

import type { DatabaseSync, StatementSync } from 'node:sqlite';

export type { DatabaseSync, StatementSync };

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
  // SQLITE_CORRUPT, SQLITE_NOTADB; a table that is not there (SQLITE_ERROR) is one that somebody has broken.
  if (code === 11 || code === 26 || code === 1) return 'damaged';
  // SQLITE_BUSY, SQLITE_LOCKED.
  return code === 5 || code === 6 ? 'busy' : 'unusable';
}
