/** Secrets in programs and in the memory of processes, through the built-in rules: issue 6, point 4. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import { type CompiledRules, compileMatcher } from '../../src/detect/compiled-rules.ts';
import { readRuleFolder } from '../../src/detect/load-rules.ts';
import { detect } from '../../src/detect/matcher.ts';
import { packedKind } from '../../src/layer/magic.ts';
import { coreDump, elfProgram, machOProgram, peProgram, stringsOf } from '../support/programs.ts';
import { requireTools, tool } from '../support/real/tool.ts';
import { randomHex, randomText } from './rules.ts';

const token = `dop_v1_${randomHex(31, 64)}`;
const password = randomText(32, 16);
const texts = ['%s: no such file', token, `postgres://shop:${password}@db7.shop7.io:5432/shop`, 'usage: %s [options]'];

describe('programs', function () {
  this.timeout(60_000);
  let rules: CompiledRules;
  before(async () => {
    rules = compileMatcher(await readRuleFolder('rules'));
  });
  const found = (bytes: Uint8Array): string[] => detect(rules, bytes).map(({ secret }) => secret);

  for (const [name, program] of Object.entries({ elfProgram, peProgram, machOProgram })) {
    it(`have their strings read: ${name}`, () => {
      assert.deepEqual(found(program(stringsOf(texts))), [token, password]);
    });
  }

  it('have their wide strings read, at even and odd places', () => {
    for (const padding of [0, 1]) {
      const data = Buffer.concat([Buffer.alloc(padding), stringsOf(texts, 'utf16le')]);
      assert.deepEqual(found(peProgram(data)).sort(), [token, password].sort());
    }
  });

  it('have their strings read as a compiler puts them', function () {
    requireTools(this, 'gcc');
    const folder = mkdtempSync(join(tmpdir(), 'whichlayer-program-'));
    try {
      const source = join(folder, 'a.c');
      const strings = texts.map((text) => `puts(${JSON.stringify(text)});`).join(' ');
      writeFileSync(source, `#include <stdio.h>\nint main(void) { ${strings} return 0; }\n`);
      execFileSync(tool('gcc'), ['-O2', '-o', join(folder, 'a'), source], { stdio: 'ignore' });
      assert.deepEqual(found(readFileSync(join(folder, 'a'))).sort(), [token, password].sort());
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('leave their environment in a core dump and in /proc', () => {
    const environment = {
      PATH: '/usr/local/bin:/usr/bin',
      DB_PASSWORD: password,
      HOME: '/root',
      DIGITALOCEAN_TOKEN: token,
      MYSQL_PWD: randomText(33, 16),
      LANG: 'C.UTF-8',
    };
    const secrets = [password, token, environment.MYSQL_PWD];
    assert.deepEqual(found(coreDump(['/app/server', '--port', '80'], environment)), secrets);
    const pairs = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
    assert.deepEqual(found(stringsOf(pairs)), secrets);
  });

  it('are no values of the name behind which they stand', () => {
    assert.deepEqual(found(elfProgram(stringsOf(['db_password:', password, 'api_token=', password]))), []);
  });

  it('are named where UPX has packed them', () => {
    const front = Buffer.concat([elfProgram(Buffer.alloc(0)).subarray(0, 232), Buffer.from('00000000', 'hex')]);
    const packed = Buffer.concat([front, Buffer.from('UPX!'), Buffer.alloc(2000)]);
    assert.deepEqual(packedKind(packed), { named: 'program packed by UPX' });
    assert.equal(packedKind(elfProgram(Buffer.from('UPX!'))), undefined);
  });
});
