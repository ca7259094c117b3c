import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { bsdtarPattern, isPrintable, jqString, quote, tarName, tarPattern } from '../../src/scan/proof-shell.ts';
import { packTar } from '../support/tar-writer.ts';

const nasty = fc.string({
  minLength: 1,
  maxLength: 12,
  unit: fc.constantFrom(...'\'"`$()\\*?[]{}!~^-=@%;&|<>#ab \t\n\r\u001b\u0085\u00a0\u202e\u2028é😀'),
});

describe('quote', () => {
  it('gives a shell the very text', () => {
    const texts = fc.sample(nasty, 300);
    const words = texts.map((text) => `printf '%s\\0' ${quote(text)}`).join('\n');
    assert.deepEqual(execFileSync('sh', ['-c', words], { encoding: 'utf8' }).split('\0').slice(0, -1), texts);
  });

  it('leaves plain words as they are', () => {
    assert.deepEqual(['app/.env', 'a@sha256:00', '', '-x'].map(quote), ['app/.env', 'a@sha256:00', "''", '-x']);
  });
});

describe('tarName', () => {
  it('names one entry among many, and nothing in it is done', () => {
    const names = [...new Set(fc.sample(nasty, 120))].filter((name) => !/^\.*$|\/|^ *$/.test(name));
    const tar = packTar(names.map((path) => ({ path, content: `<${path}>` })));
    for (const name of names) {
      for (const argument of [tarName(name), `--wildcards ${tarPattern([name])}`]) {
        assert.ok(isPrintable(argument), argument);
        const { stdout, stderr } = spawnSync('sh', ['-c', `tar -xOf - ${argument}`], { input: tar, encoding: 'utf8' });
        assert.ok(stdout.includes(`<${name}>`), `${JSON.stringify(name)}: ${argument}: ${stderr}`);
        assert.equal(stdout, `<${name}>`, argument);
      }
    }
  }).timeout(60_000);
});

describe('jqString and bsdtarPattern', () => {
  it('are printable whatever the text, and the first is the same JSON', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        assert.ok(isPrintable(jqString(text)) && isPrintable(bsdtarPattern([text])));
        assert.equal(JSON.parse(jqString(text)), text);
      }),
    );
  });
});
