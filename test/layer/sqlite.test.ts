/** SQLite databases as SQLite itself writes them: a value is found whole wherever its pages cut it, behind its column's name. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { after, describe, it } from 'mocha';
import { packedKind } from '../../src/layer/magic.ts';
import type { MemberSink } from '../../src/layer/packed.ts';
import { SqliteReader } from '../../src/layer/sqlite-reader.ts';

const folder = mkdtempSync(join(tmpdir(), 'whichlayer-sqlite-'));

function database(
  pageBytes: number,
  statements: readonly (readonly [sql: string, ...values: (string | Buffer | number)[]])[],
): Buffer {
  const path = join(folder, 'test.db');
  rmSync(path, { force: true });
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA page_size=${pageBytes}`);
  for (const [sql, ...values] of statements) db.prepare(sql).run(...values);
  db.close();
  return readFileSync(path);
}

function read(bytes: Buffer, cut = bytes.length): { readonly text: string; readonly names: string[] } {
  const names: string[] = [];
  const parts: Buffer[] = [];
  const sink: Partial<MemberSink> = {
    begin: (name) => names.push(name) > 0,
    data: (data) => parts.push(Buffer.from(data)) > 0,
    end: () => {},
  };
  const reader = new SqliteReader(sink as MemberSink);
  reader.write(bytes.subarray(0, cut));
  reader.write(bytes.subarray(cut));
  reader.end();
  return { text: Buffer.concat(parts).toString('latin1'), names };
}

describe('SqliteReader', function () {
  this.timeout(60_000);
  after(() => rmSync(folder, { recursive: true }));

  it('puts each value behind the name of its column', () => {
    const bytes = database(4096, [
      [
        'CREATE TABLE "keys" (id INTEGER PRIMARY KEY, \'name\' TEXT, [token] TEXT DEFAULT (max(1,2)), raw BLOB, UNIQUE (name, token))',
      ],
      ['INSERT INTO keys VALUES (1, ?, ?, ?)', 'shop', 'first-token', Buffer.from('blob1')],
      ['INSERT INTO keys VALUES (2, ?, ?, ?)', 'x', 'second-token', 7],
      ['CREATE TABLE other (a TEXT PRIMARY KEY, b TEXT) WITHOUT ROWID'],
      ['INSERT INTO other VALUES (?, ?)', 'left', 'right'],
    ]);
    assert.deepEqual(packedKind(bytes), { opens: 'sqlite' });
    const { text, names } = read(bytes);
    assert.deepEqual(names, ['keys', 'other']);
    assert.equal(text, 'name: shop\ntoken: first-token\nraw: blob1\ntoken: second-token\na: left\nb: right\n');
  });

  it('follows a value over overflow pages, wherever they cut it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(512, 1024, 4096, 65_536),
        fc.array(fc.nat(5000), { minLength: 1, maxLength: 30 }),
        fc.nat(100_000),
        (pageBytes, lengths, cut) => {
          const values = lengths.map((length, index) => `${'x'.repeat(length)}value-${index}-end`);
          const inserts = values.map((value) => ['INSERT INTO t VALUES (?, ?)', 'padding', value] as const);
          const bytes = database(pageBytes, [['CREATE TABLE t (a TEXT, b TEXT)'], ...inserts]);
          const expected = values.map((value) => `a: padding\nb: ${value}\n`).join('');
          assert.equal(read(bytes, cut).text, expected);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('finds deleted rows that lie over pages, behind their columns where those are known', () => {
    for (const pageBytes of [512, 1024, 4096]) {
      const long = `long-${'x'.repeat(3 * pageBytes)}-end`;
      const bytes = database(pageBytes, [
        ['PRAGMA secure_delete=OFF'],
        ['CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, token TEXT)'],
        ['CREATE INDEX i ON t (name)'],
        ...[1, 2, 3, 4].map((id) => ['INSERT INTO t VALUES (?, ?, ?)', id, `name-${id}`, `token-${id}`] as const),
        ['INSERT INTO t VALUES (?, ?, ?)', 5, 'name-5', long],
        ['INSERT INTO t VALUES (?, ?, ?)', 6, 'name-6', 'token-6'],
        ['INSERT INTO t VALUES (?, ?, ?)', 7, 'name-7', long],
        // The first page that is freed is written over by the list of free pages.
        ['DELETE FROM t WHERE id = 7'],
        ['DELETE FROM t WHERE id = 5'],
        ['DELETE FROM t WHERE id = 2'],
      ]);
      const { text, names } = read(bytes);
      assert.deepEqual(names, ['t', 'deleted rows']);
      const deleted = text.slice(text.indexOf('token-6') + 8);
      assert.ok(deleted.includes(`name: name-5\ntoken: ${long}\n`), `${pageBytes}`);
      assert.match(deleted, /^name: name-2\ntoken: token-2$/m, `${pageBytes}`);
      assert.ok(!deleted.includes('token-1'), 'what lives is told once');
    }
  });

  it('finds the rows of a table that was dropped', () => {
    const long = `long-${'x'.repeat(9000)}-end`;
    const { text, names } = read(
      database(1024, [
        ['PRAGMA secure_delete=OFF'],
        ['CREATE TABLE kept (a TEXT)'],
        ['CREATE TABLE gone (a TEXT, b TEXT)'],
        ['INSERT INTO gone VALUES (?, ?)', 'left', long],
        ['DROP TABLE gone'],
      ]),
    );
    assert.deepEqual(names, ['kept', 'deleted rows']);
    assert.ok(text.startsWith(`left\n${long.slice(0, 400)}`));
    assert.ok(text.endsWith(`${long.slice(-6000)}\n`), 'all but where the list of free pages stands now');
    assert.equal(text.length, `left\n${long}\n`.length);
  });

  it('reads a write-ahead log: its tables, then what was overwritten in it', () => {
    const path = join(folder, 'wal.db');
    const db = new DatabaseSync(path);
    db.exec('PRAGMA page_size=1024; PRAGMA secure_delete=OFF; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0');
    db.exec('CREATE TABLE t (name TEXT, token TEXT)');
    const long = `long-${'x'.repeat(5000)}-end`;
    const insert = db.prepare('INSERT INTO t VALUES (?, ?)');
    insert.run('first', long);
    insert.run('second', 'token-2');
    db.exec(`UPDATE t SET token = 'changed' WHERE name = 'first'`);
    const log = readFileSync(`${path}-wal`);
    assert.deepEqual(packedKind(log), { opens: 'sqlite' });
    const { text, names } = read(log);
    assert.equal(names[0], 't');
    assert.ok(text.startsWith('name: first\ntoken: changed\nname: second\ntoken: token-2\n'), text.slice(0, 200));
    assert.ok(text.includes(`${long}\n`), 'a value over pages, overwritten since');
    // Once all is in the database the log begins anew, and what it held stays behind.
    db.exec('PRAGMA wal_checkpoint(RESTART)');
    insert.run('third', 'token-3');
    const renewed = read(readFileSync(`${path}-wal`)).text;
    db.close();
    assert.ok(renewed.includes('token-3\n'));
    assert.ok(renewed.includes(`${long}\n`));
  });

  it('ends, whatever its bytes say', () => {
    const inserts = Array.from(
      { length: 300 },
      (_, index) => ['INSERT INTO t VALUES (?)', `${index}`.repeat(40)] as const,
    );
    const deletes = [['DELETE FROM t WHERE rowid % 3 = 0']] as const;
    const setUp = [['PRAGMA secure_delete=OFF'], ['CREATE TABLE t (a TEXT)']] as const;
    const file = database(512, [...setUp, ...inserts, ...deletes]);
    const frames = Array.from({ length: file.length / 512 }, (_, index) => {
      const header = Buffer.alloc(24, 7);
      header.writeUInt32BE(1 + (index % 40), 0);
      return Buffer.concat([header, file.subarray(index * 512, index * 512 + 512)]);
    });
    const walHeader = Buffer.alloc(32, 7);
    for (const [at, value] of [0x377f0682, 3_007_000, 512].entries()) walHeader.writeUInt32BE(value, 4 * at);
    const log = Buffer.concat([walHeader, ...frames]);
    fc.assert(
      fc.property(
        fc.constantFrom(file, log),
        fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { maxLength: 60 }),
        fc.nat(file.length),
        (bytes, changes, size) => {
          const damaged = Buffer.from(bytes.subarray(0, size));
          for (const [at, byte] of changes) damaged[at] = byte;
          assert.ok(read(damaged).text.length < 8 * bytes.length);
        },
      ),
      { numRuns: 150 },
    );
  });
});
