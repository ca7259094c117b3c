/** A key that public packages publish is told by its hash alone: what stands beside it, or what a package's own lists vouch for, is found. */

import assert from 'node:assert/strict';
import { createHash, createPrivateKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { Finding, Report } from '../../src/scan/finding.ts';
import { buildImage } from '../support/build-image.ts';
import { scanJson } from '../support/plant/cli.ts';
import { heartOf, makePrivateKey } from '../support/plant/private-key.ts';
import { Random } from '../support/plant/random.ts';
import { createWorkspace, removeWorkspace } from '../support/real/workspace.ts';

/** The key of RFC 8410, 10.3, which OpenSSL tests with. */
const seed = 'd4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842';

describe('published keys', () => {
  const random = new Random(4);
  const [inDocs, inWheel, inPackage] = [makePrivateKey(random), makePrivateKey(random), makePrivateKey(random)];
  const published = ed25519(Buffer.from(seed, 'hex'));
  let folder = '';
  let image = '';

  before(() => {
    folder = createWorkspace('published');
    image = join(folder, 'image.tar');
    const files = {
      'usr/share/doc/openssl/test/tested25519.pem': published,
      'usr/share/doc/openssl/test/server.pem': inDocs,
      'opt/keys/one-line.json': JSON.stringify({ key: published }),
      'usr/lib/python3/dist-packages/acme/key.pem': inWheel,
      'usr/lib/python3/dist-packages/acme-1.0.dist-info/RECORD': `acme/key.pem,sha256=${digest(inWheel)},${inWheel.length}\n`,
      'etc/acme/key.pem': inPackage,
      'var/lib/dpkg/info/acme.list': '/etc/acme/key.pem\n',
      'var/lib/dpkg/info/acme.md5sums': `${createHash('md5').update(inPackage).digest('hex')}  etc/acme/key.pem\n`,
    };
    writeFileSync(image, buildImage({ layers: [{ files }], tags: ['published:1'] }));
  });
  after(() => removeWorkspace(folder));

  it('are counted, not shown, wherever they stand and however they are wrapped', async () => {
    const report = await scanJson([image]);
    assert.deepEqual(report.summary.suppressed, { published: 2 });
    assert.ok(findingsOf(report).every((finding) => finding.published === undefined));
  });

  it('are shown where the user asks for them', async () => {
    const report = await scanJson([image], { args: ['--show-published'] });
    assert.equal(report.summary.suppressed, undefined);
    assert.equal(findingsOf(report).filter((finding) => finding.published === true).length, 2);
  });

  it('do not hide a key in the same folder, a wheel or a package of the image', async () => {
    const found = findingsOf(await scanJson([image], { args: ['--min-confidence', 'medium'] }));
    for (const [path, key] of [
      ['usr/share/doc/openssl/test/server.pem', inDocs],
      ['usr/lib/python3/dist-packages/acme/key.pem', inWheel],
      ['etc/acme/key.pem', inPackage],
    ] as const) {
      const finding = found.find(({ location }) => location.path === path);
      assert.ok(finding?.secret.value?.includes(heartOf(key)), path);
    }
    assert.equal(found.length, 3);
  });
});

function findingsOf(report: Report): Finding[] {
  return report.images.flatMap((one) => ('error' in one ? [] : one.findings));
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** A private key in PEM from its 32 bytes (RFC 8410, 7). */
function ed25519(bytes: Uint8Array): string {
  const head = Buffer.from('302e020100300506032b657004220420', 'hex');
  const key = createPrivateKey({ key: Buffer.concat([head, bytes]), format: 'der', type: 'pkcs8' });
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
