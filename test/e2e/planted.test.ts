/**
 * Secrets planted at random in images that others build, found through every source with their layer, instruction
 * and exposure. A failure names the seed; `plantImage(seed)` makes the same image again.
 */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { type Builder, type BuiltArchive, builders, buildPlanted, historyOf } from '../support/plant/builder.ts';
import { whichlayer } from '../support/plant/cli.ts';
import { disagreements, problemsOf } from '../support/plant/expectation.ts';
import { type PlantedImage, plantImage } from '../support/plant/image.ts';
import { everyPlace, fastPlaces, type Place, scanPlaces } from '../support/plant/image-source.ts';
import { requireRoot, requireTools } from '../support/real/tool.ts';
import { createWorkspace, removeWorkspace } from '../support/real/workspace.ts';

/** Through every builder and every source. */
const thorough = [1, 2, 3, 4];
/** Through buildah and the sources that need nothing else. */
const quick = Array.from({ length: 16 }, (_, index) => 5 + index);

describe('planted secrets', () => {
  let folder = '';

  before(function () {
    requireRoot(this);
    requireTools(this, 'busybox', 'buildah', 'skopeo');
    folder = createWorkspace('planted');
  });
  after(() => {
    if (folder !== '') removeWorkspace(folder);
  });

  for (const [index, seed] of quick.entries()) {
    it(`of seed ${seed} are found in a tar and on standard input`, async function () {
      this.timeout(180_000);
      const { image, archive } = await build(seed, 'buildah');
      // The next image is built while this one is scanned; where that fails, its own test says so.
      const next = quick[index + 1];
      if (next !== undefined) build(next, 'buildah').catch(() => {});
      await checkAll(image, archive, fastPlaces(archive));
    });
  }

  for (const builder of builders) {
    for (const seed of thorough) {
      it(`of seed ${seed}, built by ${builder}, are found through every source`, async function () {
        requireTools(this, 'docker', 'dockerd', 'podman', 'crun', 'docker-registry', 'htpasswd');
        this.timeout(180_000);
        const { image, archive } = await build(seed, builder);
        await checkAll(image, archive, await everyPlace(archive, folder));
      });

      it(`of seed ${seed}, built by ${builder}, are never shown`, async function () {
        requireTools(this, 'docker', 'dockerd');
        this.timeout(180_000);
        const { image, archive } = await build(seed, builder);
        await checkMasked(image, archive);
      });
    }
  }

  const built = new Map<string, Promise<{ image: PlantedImage; archive: BuiltArchive }>>();

  function build(seed: number, builder: Builder): Promise<{ image: PlantedImage; archive: BuiltArchive }> {
    const key = `${seed} ${builder}`;
    const result = built.get(key) ?? make(seed, builder);
    built.set(key, result);
    return result;
  }

  async function make(seed: number, builder: Builder): Promise<{ image: PlantedImage; archive: BuiltArchive }> {
    const image = plantImage(seed);
    assert.equal(image.plants.length, 30);
    const archive = await buildPlanted(image, builder, folder);
    assert.deepEqual(disagreements(image, builder, await historyOf(archive)), [], `seed ${seed}: the truth is wrong`);
    return { image, archive };
  }
});

async function checkAll(image: PlantedImage, archive: BuiltArchive, places: readonly Place[]): Promise<void> {
  const problems: Record<string, string[]> = {};
  const reports = await scanPlaces(places);
  for (const place of places) {
    const found = problemsOf(image, { builder: archive.builder, oci: place.oci }, reports.get(place.name)!);
    if (found.length > 0) problems[place.name] = found;
  }
  assert.deepEqual(problems, {}, `seed ${image.seed} built by ${archive.builder}`);
}

/** No output shows a secret, unless it was asked for. */
async function checkMasked(image: PlantedImage, archive: BuiltArchive): Promise<void> {
  const runs = [
    ['scan', '--format', 'table', '--verbose', '--output', `json=${archive.path}.json`, archive.path],
    ['scan', '--format', 'json', '--min-confidence', 'low', archive.path],
    ['env', '--format', 'table', archive.path],
    ['env', '--format', 'json', archive.path],
  ];
  for (const args of runs) {
    const { stdout, stderr } = await whichlayer(args);
    const shown = image.plants.filter(({ made }) => (stdout + stderr).includes(made.secret));
    const told = shown.map((plant) => `${plant.where}: ${plant.kind.id}`);
    assert.deepEqual(told, [], `seed ${image.seed}: shown by ${args.slice(0, 3).join(' ')}`);
  }
}
