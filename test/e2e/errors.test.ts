/** What goes wrong outside of us: each case has its own message, the contract's exit status (design 2.1), and no stack trace. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { ImageError, Report } from '../../src/scan/finding.ts';
import { buildImage, writeOciLayout } from '../support/build-image.ts';
import { type Outcome, type RunOptions, whichlayer } from '../support/plant/cli.ts';
import { Random } from '../support/plant/random.ts';
import { startDockerd } from '../support/real/dockerd.ts';
import { startRegistry } from '../support/real/registry.ts';
import { requireRoot, requireTools } from '../support/real/tool.ts';
import { createWorkspace, removeWorkspace } from '../support/real/workspace.ts';

/** A clean image whose second layer is long enough to be cut. */
const layers = [{ files: { 'etc/motd': 'hello\n' } }, { files: { 'srv/noise': new Random(7).bytes(100_000) } }];

describe('a failing run', () => {
  /** What each failure said on standard error, and all there was said. */
  const messages = new Map<string, string>();
  const texts = new Set<string>();
  let folder = '';
  let good = '';

  before(() => {
    folder = createWorkspace('errors');
    good = join(folder, 'good.tar');
    writeFileSync(good, buildImage({ layers, tags: ['good:1'] }));
  });
  after(() => removeWorkspace(folder));

  /** Runs, and checks what every failure has in common. */
  async function fails(
    title: string,
    code: number,
    args: readonly string[],
    options: RunOptions = {},
  ): Promise<Outcome> {
    const outcome = await whichlayer(args, options);
    const said = outcome.stderr + outcome.stdout;
    assert.equal(outcome.code, code, said);
    assert.doesNotMatch(said, /\n\s+at .+:\d+/, 'a stack trace');
    assert.doesNotMatch(said, /INTERNAL|undefined|\[object/, 'a message of the machinery');
    messages.set(title, outcome.stderr.trim());
    texts.add(outcome.stderr.trim() || textOf(outcome));
    return outcome;
  }

  function textOf(outcome: Outcome): string {
    const { images } = JSON.parse(outcome.stdout) as Report;
    return images
      .map((image) => ('error' in image ? image.error.message : JSON.stringify(image.coverage.skipped)))
      .join();
  }

  function errorCode(outcome: Outcome): string | undefined {
    const [image] = (JSON.parse(outcome.stdout) as Report).images;
    return (image as ImageError | undefined)?.error?.code;
  }

  function skippedCodes(outcome: Outcome): string[] {
    const report = JSON.parse(outcome.stdout) as Report;
    const skipped = report.images.flatMap((image) => ('error' in image ? [] : image.coverage.skipped));
    return [...skipped, ...report.diagnostics].filter(({ effect }) => effect === 'incomplete').map(({ code }) => code);
  }

  it('is no failure where nothing is wrong', async () => {
    const { code, stderr } = await whichlayer(['scan', good]);
    assert.equal(code, 0, stderr);
  });

  it('says that a tar ends early', async () => {
    const path = join(folder, 'truncated.tar');
    writeFileSync(path, buildImage({ layers, layout: 'docker-25', tags: ['good:1'] }));
    truncateSync(path, 60_000);
    const outcome = await fails('truncated tar', 3, ['scan', '--format', 'json', path]);
    assert.equal(errorCode(outcome), 'BLOB_TRUNCATED');
  });

  it('says that a tar on standard input ends early', async () => {
    const path = join(folder, 'truncated-stdin.tar');
    writeFileSync(path, buildImage({ layers, layout: 'docker-25', tags: ['good:1'] }));
    truncateSync(path, 60_000);
    const outcome = await fails('truncated stdin', 3, ['scan', '--format', 'json', '-'], { stdin: path });
    assert.equal(errorCode(outcome), 'BLOB_TRUNCATED');
  });

  it('says that a layer has another digest than the manifest says', async () => {
    const layout = join(folder, 'layout');
    writeOciLayout({ layers, tags: ['good:1'] }, layout);
    const blobs = join(layout, 'blobs/sha256');
    const largest = readdirSync(blobs)
      .map((name) => join(blobs, name))
      .sort((a, b) => readFileSync(b).length - readFileSync(a).length)[0]!;
    const bytes = readFileSync(largest);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(largest, bytes);
    const outcome = await fails('wrong digest', 4, ['scan', '--format', 'json', `oci:${layout}`]);
    assert.ok(skippedCodes(outcome).includes('BLOB_DIGEST_MISMATCH'), outcome.stdout);
  });

  it('says that an archive has no image of that name', async () => {
    const outcome = await fails('unknown name', 3, ['scan', '--format', 'json', `docker-archive:${good}:other:2`]);
    assert.equal(errorCode(outcome), 'IMAGE_NOT_FOUND');
  });

  it('says that a file is not there', async () => {
    const outcome = await fails('missing file', 3, ['scan', '--format', 'json', join(folder, 'missing.tar')]);
    assert.match(errorCode(outcome) ?? '', /^(?:IMAGE_NOT_FOUND|SOURCE_UNAVAILABLE)$/);
  });

  it('says that a file is no image', async () => {
    const path = join(folder, 'text.tar');
    writeFileSync(path, 'this is no tar\n'.repeat(100));
    const outcome = await fails('no image', 3, ['scan', '--format', 'json', path]);
    assert.equal(errorCode(outcome), 'ARCHIVE_INVALID');
  });

  it('says that a daemon is not there', async () => {
    const env = { DOCKER_HOST: `unix://${folder}/nobody.sock` };
    const outcome = await fails('no daemon', 3, ['scan', '--format', 'json', 'docker-daemon:app:1'], { env });
    assert.equal(errorCode(outcome), 'SOURCE_UNAVAILABLE');
    assert.match(outcome.stderr + outcome.stdout, /nobody\.sock/);
  });

  it('says that nobody answers at a registry', async () => {
    // Port 1 of the loopback: nobody listens there.
    const outcome = await fails('no registry', 3, ['scan', '--format', 'json', 'docker://127.0.0.1:1/app:1']);
    assert.equal(errorCode(outcome), 'SOURCE_UNAVAILABLE');
  });

  it('says that a daemon does not know the tag', async function () {
    requireRoot(this);
    requireTools(this, 'dockerd');
    this.timeout(60_000);
    const { env } = await startDockerd();
    const outcome = await fails('unknown tag in a daemon', 3, ['scan', '--format', 'json', 'docker-daemon:app:nope'], {
      env,
    });
    assert.equal(errorCode(outcome), 'IMAGE_NOT_FOUND');
  });

  it('says that a registry does not know the tag', async function () {
    requireTools(this, 'docker-registry');
    this.timeout(60_000);
    const { host } = await startRegistry();
    const outcome = await fails('unknown tag', 3, ['scan', '--format', 'json', `docker://${host}/app:nope`]);
    assert.equal(errorCode(outcome), 'IMAGE_NOT_FOUND');
  });

  it('says that a registry wants a password', async function () {
    requireTools(this, 'docker-registry', 'htpasswd');
    this.timeout(60_000);
    const { host } = await startRegistry({ htpasswd: { username: 'scanner', password: 'only-on-the-loopback' } });
    const outcome = await fails('401', 3, ['scan', '--format', 'json', `docker://${host}/app:1`]);
    assert.equal(errorCode(outcome), 'AUTH_DENIED');
  });

  it('says where a rule file is wrong', async () => {
    const path = join(folder, 'rules.yaml');
    writeFileSync(path, 'id: acme\nname: Acme\ndetectors:\n  - id: acme-key\n    pattern: "(a+)+"\n');
    const outcome = await fails('rule file', 2, ['scan', '--rules', path, good]);
    assert.match(outcome.stderr, /rules\.yaml/);
    assert.equal(outcome.stdout, '');
  });

  it('says where the YAML of a rule file is wrong', async () => {
    const path = join(folder, 'broken.yaml');
    writeFileSync(path, 'id: [acme\n');
    const outcome = await fails('broken YAML', 2, ['scan', '--rules', path, good]);
    assert.match(outcome.stderr, /broken\.yaml/);
  });

  it('says that a rule file is not there', async () => {
    await fails('missing rule file', 2, ['scan', '--rules', join(folder, 'missing.yaml'), good]);
  });

  it('says which flag it does not know', async () => {
    const outcome = await fails('unknown flag', 2, ['scan', '--min-confidense', 'low', good]);
    assert.match(outcome.stderr, /--min-confidense/);
    assert.match(outcome.stderr, /--min-confidence/);
  });

  it('says which values a flag takes', async () => {
    await fails('wrong value', 2, ['scan', '--min-confidence', 'total', good]);
  });

  it('says which commands there are', async () => {
    await fails('unknown command', 2, ['scam', good]);
  });

  it('says that an image is missing', async () => {
    await fails('no operand', 2, ['scan']);
  });

  it('says that a reference is none', async () => {
    await fails('reference', 2, ['scan', 'docker://UPPER CASE']);
  });

  it('goes on to the next image', async () => {
    const missing = join(folder, 'missing.tar');
    const outcome = await fails('one of two', 3, ['scan', '--format', 'json', missing, good]);
    const report = JSON.parse(outcome.stdout) as Report;
    assert.deepEqual(
      report.images.map((image) => 'error' in image),
      [true, false],
    );
  });

  it('is told on standard error, whatever the format of the report', () => {
    const silent = [...messages].filter(([, text]) => text === '');
    assert.deepEqual(
      silent.map(([title]) => title),
      [],
    );
  });

  it('never says the same for different failures', () => {
    assert.ok(messages.size > 10);
    const words = [...texts].map((text) => text.replaceAll(folder, '').replace(/\S*\.(?:tar|yaml)\S*/g, ''));
    assert.equal(new Set(words).size, words.length);
  });
});
