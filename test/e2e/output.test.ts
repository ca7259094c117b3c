/** What leaves the program: JSON that the schema knows, a table, no secret in clear; and how it ends when told to. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { after, before, describe, it } from 'mocha';
import type { ImageReport, Report } from '../../src/scan/finding.ts';
import { buildImage, type LayerSpec } from '../support/build-image.ts';
import { onlyImage, program, scanJson, whichlayer } from '../support/plant/cli.ts';
import { Random } from '../support/plant/random.ts';
import { type MadeSecret, secretKinds } from '../support/plant/secret-kind.ts';
import { createWorkspace, removeWorkspace } from '../support/real/workspace.ts';

describe('output', () => {
  const random = new Random(42);
  const made = new Map<string, MadeSecret>(secretKinds.map((kind) => [kind.id, kind.make(random)]));
  let folder = '';
  let path = '';

  before(() => {
    folder = createWorkspace('output');
    path = join(folder, 'leaky.tar');
    writeFileSync(path, leakyImage(made));
  });
  after(() => removeWorkspace(folder));

  it('is JSON that the published schema describes', async () => {
    const { stdout, code } = await whichlayer(['scan', '--format', 'json', path]);
    assert.equal(code, 1);
    validate(JSON.parse(stdout));
  });

  it('is JSON that the schema describes with secrets shown, errors and weak findings', async () => {
    const args = ['--format', 'json', '--show-secrets', '--min-confidence', 'low'];
    const { stdout } = await whichlayer(['scan', ...args, path, join(folder, 'missing.tar')]);
    validate(JSON.parse(stdout));
  });

  it('finds each of the secrets', async () => {
    const { findings } = onlyImage(await scanJson([path]));
    const missed = [...made].filter(
      ([, { secret }]) => !findings.some((finding) => finding.secret.value?.includes(secret)),
    );
    assert.deepEqual(
      missed.map(([id]) => id),
      [],
    );
  });

  for (const args of [
    ['scan', '--format', 'table'],
    ['scan', '--format', 'table', '--verbose', '--min-confidence', 'low'],
    ['scan', '--format', 'json', '--min-confidence', 'low'],
    ['scan', '--format', 'json', '--debug'],
    ['env', '--format', 'table'],
    ['env', '--format', 'json'],
  ]) {
    it(`never shows a secret: ${args.join(' ')}`, async () => {
      const { stdout, stderr } = await whichlayer([...args, path]);
      assert.notEqual(stdout, '');
      const shown = [...made].filter(([, { secret }]) => (stdout + stderr).includes(secret));
      assert.deepEqual(
        shown.map(([id]) => id),
        [],
      );
    });
  }

  it('is written to files as well', async () => {
    const file = join(folder, 'report.json');
    const { stdout } = await whichlayer(['scan', '--format', 'table', '--output', `json=${file}`, path]);
    assert.doesNotMatch(stdout, /schemaVersion/);
    validate(JSON.parse(readFileSync(file, 'utf8')));
  });

  it('is a table that names provider, place, instruction, exposure and what to do', async () => {
    const { stdout } = await whichlayer(['scan', path]);
    // A pipe has no width; the table then fits a wide terminal.
    const wide = stdout.split('\n').filter((row) => [...row].length > 120);
    assert.deepEqual(wide, []);
    for (const part of [
      /Pepipost API key/,
      /ENV PEPIPOST/,
      /app\/github\.env/,
      /deleted in layer 2/,
      /Create API Key/,
    ]) {
      assert.match(stdout, part);
    }
    assert.doesNotMatch(stdout, new RegExp(String.fromCharCode(27)), 'colour codes in a pipe');
  });

  it('says what it scanned on standard error, and nothing with --quiet', async () => {
    assert.equal((await whichlayer(['scan', '--quiet', path])).stderr, '');
  });

  it('exits with 0 for findings where --exit-zero says so', async () => {
    assert.equal((await whichlayer(['scan', '--exit-zero', path])).code, 0);
  });

  it('takes a closed pipe for no error', async () => {
    const child = spawn(process.execPath, [program, 'scan', '--format', 'json', path], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    const errors: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, 1);
    assert.doesNotMatch(Buffer.concat(errors).toString(), /EPIPE|INTERNAL|\n\s+at /);
  });

  for (const [signal, expected] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`ends with ${expected} at ${signal}`, async () => {
      // A registry that takes the call and never answers: once it is called, the scan is under way.
      const silent = createServer();
      silent.listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const address = silent.address();
      assert.ok(typeof address === 'object' && address !== null);
      const image = `docker://127.0.0.1:${address.port}/app:1`;
      const child = spawn(process.execPath, [program, 'scan', image], { stdio: ['ignore', 'pipe', 'pipe'] });
      const called = once(silent, 'connection');
      const closed = once(child, 'close') as Promise<[number | null]>;
      const [socket] = (await called) as [import('node:net').Socket];
      child.kill(signal);
      const [code] = await closed;
      socket.destroy();
      silent.close();
      assert.equal(code, expected);
    });
  }
});

const ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false });
const schema = fileURLToPath(new URL('../../schemas/report.schema.json', import.meta.url)).replace('/dist/', '/');

function validate(report: unknown): void {
  const check = ajv.compile<Report>(JSON.parse(readFileSync(schema, 'utf8')) as object);
  assert.ok(check(report), JSON.stringify(check.errors?.slice(0, 3), null, 2));
  // An image without an error is a whole report.
  const images = (report as Report).images.filter((image): image is ImageReport => 'layers' in image);
  assert.ok(images.length > 0);
}

/** Every kind of secret once: in a file each, Pepipost's in an ENV too; one file is deleted. */
function leakyImage(made: ReadonlyMap<string, MadeSecret>): Buffer {
  const files: Record<string, string> = { 'etc/hostname': 'leaky\n' };
  for (const [id, { file, name, value, secret, beside }] of made) {
    if (file !== undefined) files[`srv/${id}/${file.path}`] = file.content;
    else {
      const pairs = [...Object.entries(beside ?? {}), [name, value ?? secret]];
      files[`app/${id}.env`] = pairs.map(([key, text]) => `${key}=${text}\n`).join('');
    }
  }
  const deleted = Object.keys(files).find((path) => path.includes('stripe'))!;
  const layers: LayerSpec[] = [
    { files: { 'etc/os-release': 'NAME=test\n' } },
    { files, createdBy: 'COPY . / # buildkit' },
    { whiteouts: [deleted], createdBy: `RUN /bin/sh -c rm /${deleted} # buildkit` },
  ];
  return buildImage({
    layers,
    tags: ['leaky:1'],
    config: { Env: ['PATH=/bin', `PEPIPOST_API_KEY=${made.get('pepipost')?.secret}`] },
  });
}
