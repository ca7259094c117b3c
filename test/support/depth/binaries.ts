/** Databases, compiled code and memory: what is no text, and has the text cut or joined in its own way. */

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { classOf, cStrings, elfOf, machOOf, noteOf, peOf, pycOf } from './binary-bytes.ts';
import { type Group, inFile } from './place.ts';
import type { DepthToken } from './token.ts';

const neighbours = ['Usage: %s [-v] FILE', 'connection refused', '/etc/shop/settings.conf'];
const stringsOf = ({ secret }: DepthToken): readonly string[] => [neighbours[0]!, secret, ...neighbours.slice(1)];

/** Databases are made in the folder, and removed when they are read. */
export function binaries(folder: string): Group {
  function database(pageBytes: number, fill: (database: DatabaseSync) => void): Buffer {
    const path = join(folder, 'depth.db');
    rmSync(path, { force: true });
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA page_size=${pageBytes}`);
    fill(database);
    database.close();
    return readFileSync(path);
  }

  /** A row whose token a page's end cuts in two: no search through the file's bytes finds it. */
  function cutRow({ secret }: DepthToken): Buffer {
    for (let padding = 100; padding < 300; padding++) {
      const bytes = database(512, (database) => {
        database.exec('CREATE TABLE jobs (id INTEGER PRIMARY KEY, log TEXT)');
        const insert = database.prepare('INSERT INTO jobs (log) VALUES (?)');
        // SQLite fills the last page, so that what counts is how far from the end the token is.
        insert.run(`${'started. '.repeat(100)}token ${secret}${' done.'.repeat(padding)}`);
      });
      if (!bytes.includes(secret)) return bytes;
    }
    throw new Error('no page cuts the token');
  }

  return {
    title: 'databases, compiled code, memory',
    folder: 'opt',
    places: [
      inFile('SQLite row', 'shop.db', { nested: ['settings'] }, ({ name, secret }) =>
        database(4096, (database) => {
          database.exec('CREATE TABLE settings (name TEXT, value TEXT)');
          database.prepare('INSERT INTO settings VALUES (?, ?)').run(name, secret);
        }),
      ),
      inFile('SQLite row cut over overflow pages', 'jobs.db', { nested: ['jobs'] }, cutRow),
      // Known miss: a token that has its anchor in the middle (Terraform's), behind a length that is a letter.
      inFile(
        'Python bytecode',
        '__pycache__/settings.cpython-38.pyc',
        {},
        (token) => pycOf(stringsOf(token)),
        (tokens) => tokens.next('github'),
      ),
      inFile("Java class's constant pool", 'Settings.class', {}, (token) => classOf(stringsOf(token))),
      inFile('ELF data', 'bin/shop', {}, (token) => elfOf(2, cStrings(stringsOf(token)))),
      inFile('PE data', 'shop.exe', {}, (token) => peOf(cStrings(stringsOf(token)))),
      inFile('PE data, UTF-16', 'shop.dll', { decoded: ['utf-16'] }, (token) =>
        peOf(Buffer.from(stringsOf(token).join('\0'), 'utf16le')),
      ),
      inFile('Mach-O data', 'bin/shop-darwin', {}, (token) => machOOf(cStrings(stringsOf(token)))),
      inFile('core dump, environment in memory', 'core.4711', {}, ({ name, secret }) => {
        const stack = cStrings(['/opt/bin/shop', 'PATH=/usr/bin', `${name}=${secret}`, 'HOME=/root']);
        return elfOf(4, Buffer.concat([Buffer.alloc(4096, 0xcc), stack]), noteOf(1, Buffer.alloc(336)));
      }),
    ],
  };
}
