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

  it('ends, whatever its bytes say', () => {
    const inserts = Array.from(
      { length: 300 },
      (_, index) => ['INSERT INTO t VALUES (?)', `${index}`.repeat(40)] as const,
    );
    const bytes = database(512, [['CREATE TABLE t (a TEXT)'], ...inserts]);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 60 }),
        fc.nat(bytes.length),
        (changes, size) => {
          const damaged = Buffer.from(bytes.subarray(0, size));
          for (const [at, byte] of changes) damaged[at] = byte;
          assert.ok(read(damaged).text.length < 8 * bytes.length);
        },
      ),
      { numRuns: 150 },
    );
  });
});
