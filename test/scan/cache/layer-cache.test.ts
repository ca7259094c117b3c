/** The layer cache through the front door: what a scan says with it and without, what it asks for, and what is in its file. */

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync } from 'node:zlib';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { loadAutomaton, loadRules } from '../../../src/detect/load-rules.ts';
import { planMatches } from '../../../src/detect/match-plan.ts';
import { encodePlan } from '../../../src/detect/plan-bytes.ts';
import type { RuleSet } from '../../../src/detect/rule.ts';
import { detector, ruleSet } from '../../detect/rules.ts';
import { assembleImage, buildImage, type ImageSpec, sha256, writeOciLayout } from '../../support/build-image.ts';
import { type FakeRegistry, startFakeRegistry } from '../../support/fake-registry.ts';
import { Random } from '../../support/plant/random.ts';
import { secretKinds } from '../../support/plant/secret-kind.ts';
import { packZip } from '../../support/plant/zip.ts';
import { packTar } from '../../support/tar-writer.ts';
import { cachedIn, comparable, imageOf, type ScanChanges, scanWith, TestCache } from './cached-scan.ts';

describe('the layer cache', function () {
  this.timeout(120_000);
  let rules: RuleSet;
  let plan: Uint8Array;
  let cache: TestCache;
  let registry: FakeRegistry;

  before(async () => {
    rules = await loadRules([]);
    plan = encodePlan(planMatches(rules));
    registry = await startFakeRegistry();
  });
  after(() => registry?.close());
  beforeEach(() => {
    cache = new TestCache();
    registry.intercept = undefined;
  });
  afterEach(() => cache.remove());

  const scan = (image: string, changes: ScanChanges = {}, isCached = true) =>
    scanWith(image, rules, isCached ? cache : undefined, {
      plan,
      automaton: loadAutomaton(),
      filter: { minConfidence: 'medium', only: [], skip: [] },
      ...changes,
      open: { insecureRegistries: [registry.host], ...changes.open },
    });

  /** Puts an image into a file. */
  function archive(spec: ImageSpec, layout: 'oci' | 'docker-old' | 'docker-25' = 'oci'): string {
    const path = join(cache.folder, `${layout}.tar`);
    writeFileSync(path, buildImage({ ...spec, layout, tags: ['app:1'] }));
    return path;
  }

  /** Puts it into the registry. */
  function pushed(spec: ImageSpec, tag: string): string {
    registry.putImage(assembleImage(spec), tag);
    return `docker://${registry.host}/app:${tag}`;
  }

  const requestsOf = async (action: () => Promise<unknown>): Promise<string[]> => {
    const before = registry.requests.length;
    await action();
    return registry.requests.slice(before).map(({ path }) => path);
  };

  describe('of an image with every kind of secret', () => {
    const { spec, secrets } = leakyImage(1);
    /** Layers without matches. */
    const clean = 2;

    for (const minConfidence of ['medium', 'low'] as const) {
      it(`gives the report that a scan without it gives (${minConfidence})`, async () => {
        const path = archive(spec);
        const filter = { minConfidence, only: [], skip: [] };
        const plain = await scan(path, { filter }, false);
        const cold = await scan(path, { filter });
        const warm = await scan(path, { filter });
        assert.ok(imageOf(plain).findings.length > 40, `${imageOf(plain).findings.length} findings`);
        assert.equal(comparable(cold), comparable(plain));
        assert.equal(comparable(warm), comparable(plain));
        assert.equal(cachedIn(cold), 0);
        assert.equal(cachedIn(warm), spec.layers.length);
        assert.ok(imageOf(warm).layers.every(({ cached }) => cached));
      });
    }

    it('has nothing of them in its file, whole or in halves', async () => {
      await scan(archive(spec), { filter: { minConfidence: 'low', only: [], skip: [] } });
      const bytes = cache.bytes();
      assert.ok(bytes.length > 10_000);
      for (const secret of secrets) {
        const half = Math.ceil(secret.length / 2);
        for (const part of [secret, secret.slice(0, half), secret.slice(-half)]) {
          if (part.length < 7) continue;
          assert.ok(!bytes.includes(part), `${part.length} of ${secret.length} characters are there`);
          assert.ok(!bytes.includes(JSON.stringify(part).slice(1, -1)));
        }
      }
    });

    it('is read for other filters too, and scanned again for what was not told before', async () => {
      const path = archive(spec);
      const low: ScanChanges = { filter: { minConfidence: 'low', only: [], skip: [] } };
      const high: ScanChanges = { filter: { minConfidence: 'high', only: [], skip: [] } };
      await scan(path, high);
      const more = await scan(path, low);
      assert.equal(comparable(more), comparable(await scan(path, low, false)));
      const less = await scan(path, high);
      assert.equal(cachedIn(less), spec.layers.length);
      assert.equal(comparable(less), comparable(await scan(path, high, false)));
      assert.equal(cachedIn(await scan(path, low)), spec.layers.length);
    });

    it('is passed by where secrets are to be shown, which is said', async () => {
      const path = archive({ layers: [...spec.layers, { files: { 'etc/motd': 'hello\n' } }] });
      await scan(path);
      const remarks: string[] = [];
      const shown = await scan(path, {
        showSecrets: true,
        progress: (event) => {
          if (event.kind === 'remark') remarks.push(event.message);
        },
      });
      assert.equal(remarks.length, 1);
      assert.equal(cachedIn(shown), clean + 1);
      assert.ok(imageOf(shown).findings.every(({ secret }) => secret.value !== undefined));
    });

    it('is of no use to another key of the fingerprints', async () => {
      const path = archive(spec);
      await scan(path);
      const keyed = await scan(path, { fingerprintKey: 'ours' });
      assert.equal(cachedIn(keyed), clean);
      const again = await scan(path, { fingerprintKey: 'ours' });
      assert.equal(cachedIn(again), spec.layers.length);
      assert.equal(comparable(again), comparable(await scan(path, { fingerprintKey: 'ours' }, false)));
      assert.equal(cachedIn(await scan(path)), spec.layers.length);
    });

    it('is of no use without the key of its tags', async () => {
      const path = archive(spec);
      await scan(path);
      rmSync(cache.places.keyFile);
      assert.equal(cachedIn(await scan(path)), clean);
      assert.equal(cachedIn(await scan(path)), spec.layers.length);
    });
  });

  it('masks a short secret of a kept layer in instructions, names and proofs', async () => {
    const own = ruleSet(
      detector({
        id: 'acme-pin',
        at: 'name',
        anchors: ['acme_pin'],
        pattern: '([A-Za-z0-9]{8,15})',
        confidence: 'high',
      }),
    );
    const changes: ScanChanges = { ruleSet: own, plan: encodePlan(planMatches(own)) };
    const pin = `q7${new Random(5).text('abcdefghjkmnp23456', 8)}Z`;
    const token = `${pin}${pin}`;
    const spec: ImageSpec = {
      layers: [
        { files: { 'etc/app.conf': `acme_pin=${pin}\n` }, createdBy: `RUN ./setup --with x${pin}y ${token}` },
        { files: { [`srv/${pin}.conf`]: 'acme_pin=n3vermindThis\n' } },
      ],
    };
    const path = archive(spec);
    await scan(path, changes);
    const warm = await scan(path, changes);
    assert.equal(cachedIn(warm), 2);
    assert.equal(imageOf(warm).findings.length, 2);
    assert.ok(!JSON.stringify(warm).includes(pin));
    assert.equal(comparable(warm), comparable(await scan(path, changes, false)));
  });

  it('does not keep a layer with a secret in a name', async () => {
    const token = new Random(6).text('0123456789abcdef', 64);
    const path = archive({ layers: [{ files: { [`srv/dop_v1_${token}/x`]: 'x\n' } }, { files: { a: 'a\n' } }] });
    await scan(path);
    const warm = await scan(path);
    assert.equal(cachedIn(warm), 1);
    assert.ok(!cache.bytes().includes(token.slice(0, 32)));
    assert.equal(comparable(warm), comparable(await scan(path, {}, false)));
  });

  it('has a rescan of a registry image fetch manifest and configuration alone, a rebuild its new layers', async () => {
    const { spec } = leakyImage(2);
    const image = pushed(spec, '1');
    const { layers, configDigest } = assembleImage(spec);
    const blobs = (paths: readonly string[]): string[] =>
      paths.flatMap((path) => /\/blobs\/(.+)$/.exec(path)?.[1] ?? []).sort();
    const open: ScanChanges = { open: { referrers: false } };
    const cold = await requestsOf(() => scan(image, open));
    assert.deepEqual(blobs(cold), [configDigest, ...layers.map(({ digest }) => digest)].sort());
    const warm = await requestsOf(() => scan(image, open));
    assert.deepEqual(blobs(warm), [configDigest]);
    assert.equal(warm.filter((path) => path.includes('/manifests/')).length, 1);
    assert.equal(comparable(await scan(image, open)), comparable(await scan(image, open, false)));

    const rebuilt: ImageSpec = { ...spec, layers: [...spec.layers, { files: { 'app/new': 'new\n' } }] };
    const again = pushed(rebuilt, '2');
    const next = assembleImage(rebuilt);
    const fetched = await requestsOf(() => scan(again, open));
    assert.deepEqual(blobs(fetched), [next.configDigest, next.layers.at(-1)!.digest].sort());
  });

  it('learns nothing from a registry that lies', async () => {
    const spec: ImageSpec = { layers: [{ files: { 'app/.env': envFile(7) } }] };
    const image = pushed(spec, 'lie');
    const [layer] = assembleImage(spec).layers;
    const harmless = gzipSync(packTar([{ path: 'app/nothing', content: 'nothing\n' }]));
    registry.intercept = (request, response) => {
      if (!request.url?.endsWith(layer!.digest)) return false;
      response.end(harmless);
      return true;
    };
    const lied = imageOf(await scan(image));
    assert.equal(lied.coverage.complete, false);
    assert.equal(lied.findings.length, 0);
    registry.intercept = undefined;
    const honest = await scan(image);
    assert.equal(cachedIn(honest), 0);
    assert.equal(imageOf(honest).findings.length, 1);
  });

  it('does not believe the name of a file', async () => {
    const spec: ImageSpec = { layers: [{ files: { 'app/nothing': 'nothing\n' } }] };
    const folder = join(cache.folder, 'layout');
    mkdirSync(folder);
    writeOciLayout(spec, folder);
    await scan(`oci:${folder}`);
    assert.equal(cachedIn(await scan(`oci:${folder}`)), 1);
    const [layer] = assembleImage(spec).layers;
    const file = join(folder, 'blobs/sha256', layer!.digest.slice('sha256:'.length));
    const leaky = gzipSync(packTar([{ path: 'app/.env', content: envFile(8) }]));
    assert.notEqual(sha256(leaky), layer!.digest);
    // Even of the same length: what is behind the end of a gzip member is told, not taken for another size.
    writeFileSync(file, leaky);
    const swapped = await scan(`oci:${folder}`);
    assert.equal(cachedIn(swapped), 0);
    assert.equal(imageOf(swapped).findings.length, 1);
    assert.equal(imageOf(swapped).coverage.complete, false);
  });

  it('knows layers of a docker save by their bytes', async () => {
    const spec: ImageSpec = { layers: [{ files: { 'app/.env': envFile(9) } }, { files: { 'app/x': 'x\n' } }] };
    for (const layout of ['docker-old', 'docker-25'] as const) {
      const path = archive(spec, layout);
      const cold = await scan(path);
      const warm = await scan(path);
      assert.equal(cachedIn(warm), 2, layout);
      assert.equal(comparable(warm), comparable(cold), layout);
    }
  });

  it('is not asked by other rules, limits or versions', async () => {
    const path = archive({ layers: [{ files: { 'app/.env': envFile(10) } }] });
    await scan(path);
    assert.equal(cachedIn(await scan(path)), 1);
    assert.equal(cachedIn(await scan(path, { walk: { limits: { depth: 7 } } })), 0);
    assert.equal(cachedIn(await scan(path, { version: '1.0.1' })), 0);
    const others: RuleSet = { ...rules, digest: sha256('others') };
    assert.equal(cachedIn(await scan(path, { ruleSet: others })), 0);
    assert.equal(cachedIn(await scan(path)), 1);
  });

  it('keeps what limits left out, and nothing that broke', async () => {
    const inner = packZip({ 'b.zip': packZip({ 'c.txt': 'deep\n' }) });
    const limited = archive({ layers: [{ files: { 'a.zip': inner } }] });
    const shallow: ScanChanges = { walk: { limits: { depth: 1 } } };
    const cold = await scan(limited, shallow);
    assert.equal(imageOf(cold).coverage.complete, false);
    const warm = await scan(limited, shallow);
    assert.equal(cachedIn(warm), 1);
    assert.equal(comparable(warm), comparable(cold));

    const tar = packTar([{ path: 'app/x', content: 'x'.repeat(2000) }]);
    const broken = archive({ layers: [{ tar: tar.subarray(0, 1500) }] }, 'docker-25');
    assert.equal(imageOf(await scan(broken)).coverage.complete, false);
    assert.equal(cachedIn(await scan(broken)), 0);
  });

  describe('whatever becomes of its file', () => {
    const spec: ImageSpec = { layers: [{ files: { 'app/.env': envFile(11) } }] };

    it('is the user’s alone', async () => {
      await scan(archive(spec));
      assert.equal(statSync(cache.places.folder).mode & 0o777, 0o700);
      assert.equal(statSync(cache.file).mode & 0o777, 0o600);
      assert.equal(statSync(cache.places.keyFile).mode & 0o777, 0o600);
      assert.ok(!cache.places.keyFile.startsWith(cache.places.folder));
    });

    for (const [what, damage] of [
      ['overwritten', (bytes: Buffer) => Buffer.alloc(bytes.length, 'x')],
      ['cut short', (bytes: Buffer) => bytes.subarray(0, 5000)],
      [
        'broken inside',
        (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 1)]),
      ],
    ] as const) {
      it(`goes on without it where it is ${what}, sets it aside and says so`, async () => {
        const path = archive(spec);
        const sound = await scan(path);
        writeFileSync(cache.file, damage(readFileSync(cache.file)));
        const damaged = await scan(path);
        assert.deepEqual(
          damaged.diagnostics.map(({ code, effect }) => [code, effect]),
          [['CACHE_DAMAGED', 'notice']],
        );
        assert.ok(existsSync(`${cache.file}.damaged`));
        assert.equal(comparable({ ...damaged, diagnostics: [] }), comparable(sound));
        await scan(path);
        const healed = await scan(path);
        assert.deepEqual([cachedIn(healed), healed.diagnostics], [1, []]);
      });
    }

    it('does not believe a record that was changed', async () => {
      const path = archive(spec);
      await scan(path);
      const db = new DatabaseSync(cache.file);
      const { facts } = db.prepare('SELECT facts FROM layer').get() as { facts: Uint8Array };
      const text = Buffer.from(facts)
        .toString()
        .replace(/"contents":.*"secrets":\[.*?\]/s, '"contents":[],"secrets":[]');
      db.prepare('UPDATE layer SET facts = ?').run(Buffer.from(text));
      db.close();
      const report = await scan(path);
      assert.equal(cachedIn(report), 0);
      assert.equal(imageOf(report).findings.length, 1);
    });

    it('does not use a folder that others may write to', async () => {
      mkdirSync(cache.places.folder);
      chmodSync(cache.places.folder, 0o777);
      const path = archive(spec);
      await scan(path);
      assert.deepEqual([cachedIn(await scan(path)), existsSync(cache.file)], [0, false]);
    });

    it('goes on where nothing can be written', async () => {
      writeFileSync(cache.places.folder, 'a file where the folder should be');
      const path = archive(spec);
      const report = await scan(path);
      assert.equal(imageOf(report).findings.length, 1);
      assert.deepEqual(report.diagnostics, []);
    });

    it('drops what was not used for longest', async () => {
      const layers = Array.from({ length: 12 }, (_, index) => ({ files: { [`f${index}`]: `${index}\n` } }));
      await scan(archive({ layers }));
      const { LayerStore } = await import('../../../src/scan/cache/layer-store.ts');
      const open = (limitBytes: number) =>
        LayerStore.open({ folder: cache.places.folder, limitBytes, onTrouble: (_, message) => assert.fail(message) });
      const db = new DatabaseSync(cache.file);
      const rows = db.prepare('SELECT id, bytes FROM layer ORDER BY id').all() as { id: number; bytes: number }[];
      for (const { id } of rows) db.prepare('UPDATE layer SET used_at = ? WHERE id = ?').run(1000 - id, id);
      db.close();
      const all = rows.reduce((sum, { bytes }) => sum + bytes, 0);
      const store = await open(all);
      const record = { keyId: '', facts: Buffer.alloc(10), keys: Buffer.alloc(0), types: Buffer.alloc(0) };
      store.put({ digest: sha256('new'), context: 'c' }, 1, record);
      store.close();
      const after = new DatabaseSync(cache.file);
      const kept = (after.prepare('SELECT id FROM layer ORDER BY id').all() as { id: number }[]).map(({ id }) => id);
      after.close();
      // The last rows were used longest ago; the new one is the most recent.
      assert.ok(kept.length < 13 && kept.length >= 10, `${kept}`);
      assert.deepEqual(kept, [...rows.slice(0, kept.length - 1).map(({ id }) => id), 13]);
    });
  });
});

/** A token of DigitalOcean in a file of variables. */
function envFile(seed: number): string {
  return `DIGITALOCEAN_TOKEN=dop_v1_${new Random(seed).text('0123456789abcdef', 64)}\n`;
}

/** An image with each kind of secret in files, archives in files and variables, and all the secrets. */
function leakyImage(seed: number): { readonly spec: ImageSpec; readonly secrets: readonly string[] } {
  const random = new Random(seed);
  const secrets: string[] = [];
  const files: Record<string, string | Uint8Array> = {};
  const members: Record<string, string> = {};
  for (const kind of secretKinds) {
    for (const into of [files, members]) {
      const made = kind.make(random);
      secrets.push(made.secret);
      const beside = Object.entries(made.beside ?? {}).map(([name, value]) => `${name}=${value}\n`);
      const text = made.file?.content ?? `${made.name ?? 'KEY'}=${made.value ?? made.secret}\n${beside.join('')}`;
      into[`srv/${kind.id}/${made.file?.path ?? '.env'}`] = text;
    }
  }
  const deep = { 'opt/lib.jar': packZip({ 'inner.zip': packZip(members) }) };
  const short = `pw${random.text('23456789', 4)}Xy`;
  secrets.push(short);
  return {
    secrets,
    spec: {
      config: { Env: [`DB_PASSWORD=${random.text('abcdefghjk23456789', 20)}`] },
      layers: [
        {
          files: { ...files, 'etc/db.ini': `password = ${short}\n` },
          createdBy: `RUN ./install --password=${short} && ls`,
        },
        { files: deep },
        { whiteouts: ['srv/slack', 'etc/db.ini'] },
        { files: { 'srv/stripe/.env': 'gone\n' } },
      ],
    },
  };
}
