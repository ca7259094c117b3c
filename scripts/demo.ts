/**
 * Makes a leaky image on the spot, without docker, and scans it: a key in an ENV, one in a file, one in a file that
 * a later layer deletes, one in a file that a later layer overwrites. The secrets are made up at each run.
 */

import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildImage, type LayerSpec } from '../test/support/build-image.ts';
import { Random } from '../test/support/plant/random.ts';
import { type MadeSecret, secretKinds } from '../test/support/plant/secret-kind.ts';

const random = new Random(randomInt(2 ** 31));

function make(id: string): MadeSecret {
  const kind = secretKinds.find((candidate) => candidate.id === id);
  if (kind === undefined) throw new Error(`no kind of secret is called ${id}`);
  return kind.make(random);
}

const layers: LayerSpec[] = [
  {
    files: { 'etc/os-release': 'NAME="Demo Linux"\n', 'usr/bin/app': '#!/bin/sh\nexec sleep infinity\n' },
    createdBy: 'ADD rootfs.tar / # buildkit',
  },
  {
    files: { 'app/.env': `PORT=8080\nGITHUB_TOKEN=${make('github').secret}\n`, 'app/index.js': 'listen();\n' },
    createdBy: 'COPY . /app # buildkit',
  },
  {
    files: { 'app/deploy.yaml': `payment:\n  stripe_secret_key: "${make('stripe').secret}"\n` },
    createdBy: 'COPY deploy.yaml /app # buildkit',
  },
  { whiteouts: ['app/deploy.yaml'], createdBy: 'RUN /bin/sh -c /app/deploy && rm /app/deploy.yaml # buildkit' },
  {
    files: { 'root/.ssh/id_deploy': make('private-key').file?.content ?? '' },
    createdBy: 'COPY id_deploy /root/.ssh/ # buildkit',
  },
  {
    files: { 'root/.ssh/id_deploy': '' },
    createdBy: 'RUN /bin/sh -c git clone git@git.demo:app && : > /root/.ssh/id_deploy # buildkit',
  },
];

const folder = mkdtempSync(join(tmpdir(), 'whichlayer-demo-'));
try {
  const image = join(folder, 'leaky.tar');
  const env = ['PATH=/usr/local/bin:/usr/bin:/bin', `PEPIPOST_API_KEY=${random.text('0123456789abcdef', 32)}`];
  writeFileSync(image, buildImage({ layers, config: { Env: env }, tags: ['leaky-demo:1'] }));
  console.log(`Made a leaky image with ${layers.length} layers; scanning it: whichlayer scan ${image}\n`);
  const program = fileURLToPath(new URL(`../src/cli/main${extname(import.meta.url)}`, import.meta.url));
  const { status, error } = spawnSync(process.execPath, [program, 'scan', image], { stdio: 'inherit' });
  if (error) throw error;
  // 1 says that secrets were found, which is what the demo is for.
  process.exitCode = status === 1 ? 0 : (status ?? 70) || 70;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
