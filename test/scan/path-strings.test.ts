import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'mocha';
import { compileMatcher } from '../../src/detect/compiled-rules.ts';
import type { ContentMatches } from '../../src/scan/layer-scan.ts';
import { scanBlob } from '../../src/scan/scan-blob.ts';
import { detector, ruleSet } from '../detect/rules.ts';
import { zipOf } from '../support/tar-bytes.ts';
import { packTar, type TarEntry } from '../support/tar-writer.ts';

const token = (): string => `tkn_${randomBytes(16).toString('hex')}`;

describe('what a tar says of its entries', () => {
  const rules = compileMatcher(
    ruleSet(
      detector({ id: 'token', anchors: ['tkn_'], at: 'token', pattern: '(tkn_[0-9a-f]{32})' }),
      detector({ id: 'near', anchors: ['globex'], at: 'near', pattern: '([0-9a-f]{32})' }),
    ),
  );

  async function scan(entries: readonly TarEntry[]): Promise<readonly ContentMatches[]> {
    const tar = packTar(entries);
    async function* bytes(): AsyncGenerator<Uint8Array> {
      yield tar;
    }
    const { contents, diagnostics } = await scanBlob(bytes(), { rules, automaton: undefined, seed: 1 }, {});
    assert.deepEqual(diagnostics, []);
    return contents;
  }

  /** Secret, path, chain and attribute of everything found in headers. */
  function told(contents: readonly ContentMatches[]): unknown[] {
    return contents.flatMap(({ matches, path, nested, header }) =>
      header === undefined ? [] : matches.map(({ secret }) => [secret, path, nested, header.attribute]),
    );
  }

  it('is scanned: names, folders, link targets, records, members', async () => {
    const [a, b, c, d, e, f] = Array.from({ length: 6 }, token) as [string, string, string, string, string, string];
    const zip = zipOf([{ name: `in/${e}.txt`, content: Buffer.from('x') }]);
    const found = await scan([
      { path: `dump-${a}.sql`, content: 'x' },
      { path: `${b}/`, type: 'directory' },
      { path: `${b}/one`, content: 'x' },
      { path: 'other', content: 'x' },
      { path: `${b}/two`, content: 'x' },
      { path: 'link', type: 'symlink', linkTarget: `/run/${c}` },
      { path: 'tagged', content: 'x', pax: { 'SCHILY.xattr.user.t': d, comment: `\n${f}\n` } },
      { path: 'a.zip', content: zip },
      { path: `.wh.${token()}` },
    ]);
    assert.deepEqual(told(found), [
      [a, `dump-${a}.sql`, [], undefined],
      [b, b, [], undefined],
      [c, 'link', [], 'link target'],
      [d, 'tagged', [], 'SCHILY.xattr.user.t'],
      [f, 'tagged', [], 'comment'],
      [e, 'a.zip', [`in/${e}.txt`], undefined],
    ]);
  });

  it('is found wherever its batch is cut, and in names of any length', async function () {
    this.timeout(30_000);
    const secrets = new Map<string, string>();
    const entries = Array.from({ length: 6000 }, (_, index): TarEntry => {
      const plain = `lib/${index % 7}/${'n'.repeat(index % 190)}${index}`;
      if (index % 37 !== 0) return { path: plain };
      const secret = token();
      const path = `${plain}-${secret}`;
      secrets.set(secret, path);
      return { path };
    });
    const long = token();
    secrets.set(long, `${'d/'.repeat(40_000)}${long}`);
    const found = await scan([...entries, { path: secrets.get(long)! }]);
    assert.deepEqual(new Map(found.map(({ matches, path }) => [matches[0]!.secret, path])), secrets);
  });

  it('does not take one name for the context of another', async () => {
    const value = randomBytes(16).toString('hex');
    assert.deepEqual(told(await scan([{ path: 'globex' }, { path: value }])), []);
  });
});
