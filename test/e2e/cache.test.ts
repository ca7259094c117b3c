/** The layer cache as a user has it: between processes, by options and variables, and what whichlayer cache says of it. */

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { Report } from '../../src/scan/finding.ts';
import { buildImage, type LayerSpec } from '../support/build-image.ts';
import { type Outcome, whichlayer } from '../support/plant/cli.ts';
import { Random } from '../support/plant/random.ts';

describe('the layer cache between processes', function () {
  this.timeout(120_000);
  let folder: string;
  let env: Record<string, string>;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wl-e2e-cache-'));
    env = {
      WHICHLAYER_NO_CACHE: 'false',
      XDG_CACHE_HOME: join(folder, 'cache'),
      XDG_STATE_HOME: join(folder, 'state'),
    };
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function image(name: string, layers: readonly LayerSpec[]): string {
    const path = join(folder, `${name}.tar`);
    writeFileSync(path, buildImage({ layers, layout: 'oci', tags: [`${name}:1`] }));
    return path;
  }

  const run = (args: readonly string[], more: Record<string, string> = {}): Promise<Outcome> =>
    whichlayer(args, { env: { ...env, ...more } });
  const scan = (path: string, args: readonly string[] = [], more: Record<string, string> = {}): Promise<Outcome> =>
    run(['scan', '--format', 'json', ...args, path], more);

  function cachedIn({ stdout, stderr, code }: Outcome): number {
    assert.ok(code === 0 || code === 1, stderr);
    const [scanned] = (JSON.parse(stdout) as Report).images;
    assert.ok(scanned !== undefined && !('error' in scanned), stdout);
    return scanned.coverage.layersCached ?? 0;
  }

  const layerOf = (seed: number): LayerSpec => ({
    files: { [`app/${seed}/.env`]: `DIGITALOCEAN_TOKEN=dop_v1_${new Random(seed).text('0123456789abcdef', 64)}\n` },
  });

  it('is filled by several at once, and none of them minds', async () => {
    const shared = layerOf(1);
    const images = [2, 3, 4].map((seed) => image(`app${seed}`, [shared, layerOf(seed)]));
    for (const outcome of await Promise.all([...images, images[0]!].map((path) => scan(path)))) {
      assert.equal(outcome.code, 1);
      assert.equal(outcome.stderr, '');
    }
    for (const path of images) {
      const again = await scan(path);
      assert.equal(cachedIn(again), 2);
      assert.equal(again.stderr, '');
    }
  });

  it('is left alone with --no-cache and its variable', async () => {
    const path = image('app', [layerOf(1)]);
    await scan(path, ['--no-cache']);
    await scan(path, [], { WHICHLAYER_NO_CACHE: 'true' });
    assert.equal(existsSync(join(folder, 'cache')), false);
    await scan(path);
    assert.equal(cachedIn(await scan(path, ['--no-cache'])), 0);
    assert.equal(cachedIn(await scan(path)), 1);
  });

  it('is where WHICHLAYER_CACHE_DIR says', async () => {
    const own = { WHICHLAYER_CACHE_DIR: join(folder, 'own') };
    const path = image('app', [layerOf(1)]);
    await scan(path, [], own);
    assert.equal(cachedIn(await scan(path)), 0);
    assert.equal(cachedIn(await scan(path, [], own)), 1);
    assert.equal(JSON.parse((await run(['cache', '--format', 'json'], own)).stdout).folder, own.WHICHLAYER_CACHE_DIR);
  });

  it('is shown and cleared', async () => {
    const info = async (): Promise<Record<string, unknown>> =>
      JSON.parse((await run(['cache', 'info', '--format', 'json'])).stdout);
    assert.deepEqual((await info())['layers'], 0);
    assert.equal(existsSync(join(folder, 'cache')), false);
    const path = image('app', [layerOf(1), { files: { a: 'a\n' } }]);
    await scan(path);
    const { layers, layersWithMatches, sizeBytes } = await info();
    assert.deepEqual([layers, layersWithMatches], [2, 1]);
    assert.ok(Number(sizeBytes) > 0);
    assert.match((await run(['cache'])).stdout, /2 layers/);
    const cleared = await run(['cache', 'clear']);
    assert.equal(cleared.code, 0);
    assert.match(cleared.stdout, /cleared of 2 layers/);
    assert.deepEqual((await info())['layers'], 0);
    assert.equal(cachedIn(await scan(path)), 0);
  });

  it('is told by layer with --verbose', async () => {
    const path = image('app', [layerOf(1)]);
    await scan(path);
    assert.match((await scan(path, ['--verbose'])).stderr, /is known from an earlier scan/);
  });

  it('takes no other subcommand', async () => {
    assert.equal((await run(['cache', 'clean'])).code, 2);
    assert.equal((await run(['cache', 'info', 'more'])).code, 2);
    assert.equal((await run(['env', '--no-cache', 'app'])).code, 2);
  });
});
