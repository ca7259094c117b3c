import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { parseReference } from '../../src/oci/reference.ts';
import type { ImageReport } from '../../src/scan/finding.ts';
import { type OpenOptions, openImage } from '../../src/source/open.ts';
import type { ImageSource } from '../../src/source/source.ts';
import { ContentStore, referrer } from '../support/artifacts.ts';
import { assembleImage, writeOciLayout } from '../support/build-image.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { scanJson, whichlayer } from '../support/plant/cli.ts';
import { hex, Random } from '../support/plant/random.ts';
import { codesOf, readSource } from '../support/read-source.ts';
import { type RegistryServer, startRegistry } from '../support/real/registry.ts';
import { requireTools, tool } from '../support/real/tool.ts';

const signal = new AbortController().signal;
const key = new Random(17).text(hex, 32);
const shared = { files: { 'etc/base': 'base' } };
const specs = {
  one: { layers: [shared, { files: { '.env': `PEPIPOST_API_KEY=${key}` } }] },
  two: { layers: [shared, { files: { b: 'two' } }] },
};

async function open(text: string, options: Partial<OpenOptions> = {}): Promise<ImageSource> {
  return openImage(parseReference(text), { signal, env: { DOCKER_CONFIG: '/nonexistent' }, ...options });
}

/** Tags by the image that holds them. */
async function tagsOf(source: ImageSource): Promise<readonly (readonly string[])[]> {
  const records = await source.images();
  return records.map(({ repoTags }) => repoTags.map((tag) => tag.slice(tag.indexOf('/') + 1))).sort();
}

describe('openRepositories on a real registry', () => {
  let registry: RegistryServer;
  let folder: string;
  const team = `wl-repos-${process.pid}`;

  before(async function () {
    requireTools(this, 'docker-registry', 'skopeo');
    this.timeout(60_000);
    registry = await startRegistry();
    folder = mkdtempSync(join(tmpdir(), 'wl-repos-'));
    const copy = ['copy', '-q', '--preserve-digests', '--dest-tls-verify=false'];
    for (const [name, spec] of Object.entries(specs)) {
      writeOciLayout(spec, join(folder, name));
      const tags = name === 'one' ? ['app:1.0', 'app:1.1', 'other:1.0'] : ['app:2.0'];
      for (const tag of tags) {
        const to = `docker://${registry.host}/${team}/${tag}`;
        execFileSync(tool('skopeo'), [...copy, `oci:${join(folder, name)}`, to], { stdio: 'pipe' });
      }
    }
  });
  after(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  it('gives every tag of a repository, an equal manifest and an equal layer once', async () => {
    const source = await open(`docker://${registry.host}/${team}/app:*`);
    assert.match(source.title, /3 tags, 2 images/);
    assert.deepEqual(await tagsOf(source), [[`${team}/app:1.0`, `${team}/app:1.1`], [`${team}/app:2.0`]]);
    const read = await readSource(source);
    assert.equal(read.blobs.length, 3);
    assert.deepEqual(read.diagnostics, []);
  });

  it('gives the tags and repositories that match', async () => {
    const one = await open(`docker://${registry.host}/${team}/app:1.?`);
    assert.deepEqual(await tagsOf(one), [[`${team}/app:1.0`, `${team}/app:1.1`]]);
    await one.close();
    const all = await open(`docker://${registry.host}/${team}/*:1.0`);
    assert.deepEqual(await tagsOf(all), [[`${team}/app:1.0`, `${team}/other:1.0`]]);
    await all.close();
    const catalog = await open(`${registry.host}/*`);
    assert.ok((await tagsOf(catalog)).flat().includes(`${team}/other:1.0`));
    await catalog.close();
  });

  it('says where nothing matches', async () => {
    const missing = { name: 'ScanError', code: 'IMAGE_NOT_FOUND' };
    await assert.rejects(open(`docker://${registry.host}/${team}/app:9.*`), missing);
    await assert.rejects(open(`docker://${registry.host}/${team}/none*`), missing);
    await assert.rejects(open(`docker://${registry.host}/${team}/none:*`), missing);
  });

  it('is what --all-tags asks for, and the findings say which tags hold them', async () => {
    const { images } = await scanJson([`docker://${registry.host}/${team}/app`], { args: ['--all-tags'] });
    const reports = images as readonly ImageReport[];
    const leaking = reports.filter(({ findings }) => findings.length > 0);
    assert.equal(reports.length, 2);
    assert.deepEqual(
      leaking.map(({ repoTags }) => repoTags),
      [[`${registry.host}/${team}/app:1.0`, `${registry.host}/${team}/app:1.1`]],
    );
    const table = await whichlayer(['scan', '--all-tags', `docker://${registry.host}/${team}/app`]);
    assert.match(table.stdout, /app:1\.0 [\s\S]*\n also 1\.1\n/);
    for (const image of [`docker://${registry.host}/${team}/app:1.0`, './image.tar']) {
      assert.equal((await whichlayer(['scan', '--all-tags', image])).code, 2, image);
    }
  }).timeout(30_000);
});

describe('openRepositories on a scripted registry', () => {
  let registry: FakeRegistry;
  let other: FakeRegistry;
  const repositories = ['team/app', 'team/base', 'alone'];

  before(async () => {
    [registry, other] = await Promise.all([startFakeRegistry(), startFakeRegistry()]);
    registry.putImage(assembleImage(specs.one), '1', '2', '3');
  });
  after(async () => {
    await Promise.all([registry.close(), other.close()]);
  });

  /** Answers lists, two names a page; `link` makes the address of the next page. */
  function listing(link: (path: string) => string, tags: readonly string[] = ['1', '2', '3']): void {
    registry.intercept = (request, response) => {
      const url = new URL(request.url ?? '', `http://${registry.host}`);
      const isCatalog = url.pathname === '/v2/_catalog';
      if (!isCatalog && !url.pathname.endsWith('/tags/list')) return false;
      const names = isCatalog ? repositories : tags;
      const from = Number(url.searchParams.get('from') ?? '0');
      const page = names.slice(from, from + 2);
      const next = link(`${url.pathname}?from=${from + 2}`);
      const headers = from + 2 < names.length ? { link: `<${next}>; rel="next"` } : {};
      response.writeHead(200, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(isCatalog ? { repositories: page } : { tags: page }));
      return true;
    };
  }

  it('follows pages of the catalog and of tags at the same registry', async () => {
    for (const link of [(path: string) => path, (path: string) => `http://${registry.host}${path}`]) {
      listing(link);
      const source = await open(`docker://${registry.host}/*`);
      const tags = (await tagsOf(source)).flat();
      assert.equal(tags.length, repositories.length * 3);
      await source.close();
    }
  });

  it('follows a list to no other host', async () => {
    listing((path) => `http://${other.host}${path}`);
    await assert.rejects(open(`docker://${registry.host}/team/app:*`), { code: 'SOURCE_UNAVAILABLE' });
    assert.deepEqual(other.requests, []);
  });

  it('ends where a list goes round in a circle', async () => {
    listing((path) => path.replace(/from=\d+/, 'from=0'));
    const source = await open(`docker://${registry.host}/team/app:*`);
    assert.deepEqual((await tagsOf(source)).flat(), ['team/app:1', 'team/app:2']);
    await source.close();
  });

  it('says which tags could not be read, and reads the others', async () => {
    listing((path) => path, ['1', 'gone']);
    const source = await open(`docker://${registry.host}/team/app:*`);
    assert.deepEqual((await tagsOf(source)).flat(), ['team/app:1']);
    assert.deepEqual(codesOf(source.diagnostics(), 'incomplete'), ['IMAGE_NOT_FOUND']);
    assert.match(source.diagnostics()[0]?.subject ?? '', /team\/app:gone$/);
    await source.close();
  });

  it('takes tags that stand for referrers for no images', async () => {
    const digest = assembleImage(specs.one).manifestDigest.replace(':', '-');
    listing((path) => path, ['1', digest, `${digest}.sig`]);
    const source = await open(`docker://${registry.host}/team/app:*`);
    assert.deepEqual((await tagsOf(source)).flat(), ['team/app:1']);
    await source.close();
  });

  it('reads what hangs off an image in each repository that has it', async () => {
    const image = assembleImage(specs.one);
    const store = new ContentStore();
    const subject = store.image(image);
    const about = ['one', 'two'].map((body) => referrer(store, subject, { type: 'text/plain', body }));
    store.serve(registry);
    listing((path) => path, ['1']);
    const lists = registry.intercept!;
    registry.intercept = (request, response) => {
      const [, repository, digest] = /^\/v2\/(.+)\/referrers\/(.+)$/.exec(request.url ?? '') ?? [];
      if (repository === undefined || digest !== subject.digest) return lists(request, response);
      response.writeHead(200, { 'content-type': 'application/vnd.oci.image.index.v1+json' });
      const manifests = repository === 'team/app' ? [about[0]] : repository === 'alone' ? [about[1]] : [];
      response.end(JSON.stringify({ schemaVersion: 2, manifests }));
      return true;
    };
    const read = await readSource(await open(`docker://${registry.host}/*`));
    const texts = read.blobs.map(({ bytes }) => bytes.toString());
    assert.ok(texts.includes('one') && texts.includes('two'));
    assert.deepEqual(
      read.images[0]?.attachments?.map(({ title }) => title),
      ['text/plain', 'text/plain'],
    );
  });

  it('fetches what tags share once', async () => {
    listing((path) => path);
    const before = registry.requests.length;
    const source = await open(`docker://${registry.host}/team/app:*`);
    await source.close();
    const blobs = registry.requests.slice(before).filter(({ path }) => path.includes('/blobs/'));
    assert.equal(blobs.length, 1);
  });
});
