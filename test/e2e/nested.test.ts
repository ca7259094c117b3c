/** Archives inside an image, from the command line: where a secret in them is told to be, and how bombs end. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { after, before, describe, it } from 'mocha';
import type { Report } from '../../src/scan/finding.ts';
import { buildImage } from '../support/build-image.ts';
import { debOf, tarOf } from '../support/packed-bytes.ts';
import { onlyImage, scanJson, whichlayer } from '../support/plant/cli.ts';
import { Random } from '../support/plant/random.ts';
import { secretKinds } from '../support/plant/secret-kind.ts';
import { requireTools, tool } from '../support/real/tool.ts';
import { createWorkspace, removeWorkspace } from '../support/real/workspace.ts';
import { zipOf } from '../support/tar-bytes.ts';

describe('nested content in an image', function () {
  this.timeout(120_000);
  const { secret, name } = secretKinds.find(({ id }) => id === 'github')!.make(new Random(7));
  const text = `${name}=${secret}`;
  let folder = '';

  before(function () {
    requireTools(this, 'xz');
    folder = createWorkspace('nested');
  });
  after(() => {
    if (folder !== '') removeWorkspace(folder);
  });

  const xz = (content: Uint8Array): Buffer =>
    execFileSync(tool('xz'), ['-0', '-c'], { input: content, maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'ignore'] });

  function imageOf(name: string, files: Readonly<Record<string, Uint8Array>>): string {
    const path = join(folder, `${name}.tar`);
    writeFileSync(
      path,
      buildImage({ layers: [{ files: { 'etc/x': 'x' } }, { files, createdBy: 'COPY . /srv' }], tags: ['app:1'] }),
    );
    return path;
  }

  it('is told with its chain: a jar in a war in a package in a tar.xz', async () => {
    const jar = zipOf([{ name: 'db.properties', content: Buffer.from(`# settings\n${text}\n`) }]);
    const war = zipOf([{ name: 'WEB-INF/lib/x.jar', content: jar, descriptor: 'signed' }]);
    const deb = debOf(
      'control.tar.gz',
      gzipSync(tarOf({ control: 'Package: x\n' })),
      'data.tar.xz',
      xz(tarOf({ './opt/app.war': war })),
    );
    const path = imageOf('chain', { 'srv/backup.tar.xz': xz(tarOf({ 'packages/app.deb': deb })) });
    const image = onlyImage(await scanJson([path]));
    const found = image.findings.filter((finding) => finding.secret.value?.includes(secret));
    assert.ok(found.length > 0);
    for (const { location, layer, exposure } of found) {
      assert.equal(location.path, 'srv/backup.tar.xz');
      assert.deepEqual(location.nested, [
        'backup.tar',
        'packages/app.deb',
        'data.tar.xz',
        'data.tar',
        'opt/app.war',
        'WEB-INF/lib/x.jar',
        'db.properties',
      ]);
      assert.deepEqual([layer?.index, exposure], [1, 'live']);
    }
    assert.equal(image.coverage.complete, true);
    const shallow = onlyImage(await scanJson([path], { args: ['--max-depth', '2'] }));
    assert.equal(shallow.coverage.complete, false);
    assert.ok(!shallow.findings.some((finding) => finding.secret.value?.includes(secret)));
  });

  it('that is a bomb ends with a diagnostic and exit status 4', async () => {
    let deep: Buffer = Buffer.from('deepest');
    for (let depth = 0; depth < 40; depth++) deep = zipOf([{ name: 'a.zip', content: deep }]);
    for (const [name, content] of [
      ['deep', deep],
      ['expanding', xz(Buffer.alloc(100_000_000))],
    ] as const) {
      const outcome = await whichlayer(['scan', '--format', 'json', imageOf(name, { 'srv/bomb': content })]);
      assert.equal(outcome.code, 4, outcome.stderr);
      const [image] = (JSON.parse(outcome.stdout) as Report).images;
      assert.ok(image !== undefined && 'coverage' in image);
      const told = image.coverage.skipped.filter(({ effect }) => effect === 'incomplete');
      assert.deepEqual(
        told.map(({ code }) => code),
        ['LIMIT_EXCEEDED'],
      );
      assert.match(told[0]!.subject, /srv\/bomb/);
    }
  });
});
