import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { ScanError } from '../../src/errors.ts';
import type { ByteStream } from '../../src/layer/byte-stream.ts';
import { type ArchiveStreamOptions, openArchiveStream } from '../../src/source/archive-stream.ts';
import type { ImageSource } from '../../src/source/source.ts';
import { assembleImage, buildImage, type ImageSpec, type Layout, sha256 } from '../support/build-image.ts';
import { codesOf, diffIdsOf, type ReadSource, readAll, readSource } from '../support/read-source.ts';
import { packTar } from '../support/tar-writer.ts';

const layouts: readonly Layout[] = ['docker-old', 'docker-25', 'podman', 'oci'];
const app: ImageSpec = {
  layers: [
    { files: { 'etc/os-release': 'ID=test\n' } },
    { files: { 'app/a.txt': 'x'.repeat(50_000) } },
    { whiteouts: ['app/a.txt'] },
  ],
  tags: ['app:1'],
};
const { signal } = new AbortController();

/** A pipe: read once, forwards, in chunks of a given size; counts what was taken from it. */
class Pipe implements AsyncIterable<Uint8Array> {
  readonly #bytes: Uint8Array;
  readonly #chunk: number;
  readonly #error: Error | undefined;
  taken = 0;
  opened = 0;

  constructor(bytes: Uint8Array, chunk = 1000, error?: Error) {
    this.#bytes = bytes;
    this.#chunk = chunk;
    this.#error = error;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    this.opened++;
    while (this.taken < this.#bytes.length) {
      const piece = this.#bytes.subarray(this.taken, this.taken + this.#chunk);
      this.taken += piece.length;
      yield piece;
    }
    if (this.#error !== undefined) throw this.#error;
  }
}

function open(stream: ByteStream, options: Partial<ArchiveStreamOptions> = {}): Promise<ImageSource> {
  return openArchiveStream({ stream, kind: 'stdin', reference: '-', title: 'standard input', ...options });
}

async function read(stream: ByteStream, options: Partial<ArchiveStreamOptions> = {}): Promise<ReadSource> {
  return readSource(await open(stream, options));
}

describe('openArchiveStream', () => {
  for (const layout of layouts) {
    for (const outer of ['none', 'gzip', 'zstd'] as const) {
      it(`reads a ${layout} tar in one pass, compression ${outer}`, async () => {
        const pipe = new Pipe(buildImage({ ...app, layout, outer }));
        const source = await open(pipe);
        assert.equal(source.sequential, true);
        const result = await readSource(source);
        const [image] = result.images;
        const built = assembleImage(app);
        assert.equal(pipe.opened, 1);
        assert.equal(image?.reference, 'app:1');
        assert.equal(image.source, 'stdin');
        assert.equal(image.configDigest, built.configDigest);
        assert.deepEqual(
          diffIdsOf(result, image),
          built.layers.map((layer) => layer.diffId),
        );
        assert.deepEqual([result.diagnostics, image.diagnostics], [[], []]);
        for (const { blob, bytes } of result.blobs) {
          assert.equal(blob.file, undefined);
          assert.equal(blob.sizeBytes, bytes.length);
          assert.equal(blob.digest, layout === 'docker-25' || layout === 'oci' ? sha256(bytes) : undefined);
        }
      });
    }

    it(`gives the same of a ${layout} tar however it is cut into chunks`, async () => {
      const archive = buildImage({
        layout,
        layers: [{ files: { a: 'b' } }, { files: { [`long/${'n'.repeat(150)}`]: 'c' } }],
      });
      const summary = ({ images, blobs, diagnostics }: ReadSource) => [
        images,
        blobs.map(({ blob, bytes }) => [blob.key, sha256(bytes)]),
        diagnostics,
      ];
      const whole = summary(await read(new Pipe(archive, archive.length)));
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 2000 }), async (chunk) => {
          assert.deepEqual(summary(await read(new Pipe(archive, chunk))), whole);
        }),
        { numRuns: 15, examples: [[511], [512], [513]] },
      );
    });

    it(`gives what came before a ${layout} stream was cut, and says that it was`, async function () {
      this.timeout(20_000);
      const archive = buildImage({ layout, layers: [{ files: { a: 'b' } }, { files: { c: 'd'.repeat(2000) } }] });
      const names = (await read(new Pipe(archive))).blobs.length;
      for (let cut = 0; cut < archive.length - 1024; cut += 256) {
        const outcome = await readTolerantly(new Pipe(archive.subarray(0, cut)));
        if (outcome.error !== undefined) assert.match(outcome.error, /^(BLOB_|ARCHIVE_INVALID)/);
        else assert.ok(outcome.incomplete || (outcome.blobs === names && outcome.broken === 0), `cut at ${cut}`);
      }
    });
  }

  it('asks for no more bytes before the blob it gave is read', async () => {
    const pipe = new Pipe(
      buildImage({ layers: [{ files: { a: 'x'.repeat(100_000) } }, { files: { b: 'y'.repeat(100_000) } }] }),
    );
    const source = await open(pipe);
    const blobs = source.blobs(signal)[Symbol.asyncIterator]();
    const first = await blobs.next();
    for (let turns = 0; turns < 20; turns++) await turn();
    assert.ok(pipe.taken < 40_000, `${pipe.taken} bytes were taken`);
    assert.equal((await readAll(await first.value!.open(signal))).length, first.value!.sizeBytes);
    assert.ok(pipe.taken < 140_000, `${pipe.taken} bytes were taken`);
    await source.close();
  });

  it('goes on where a blob was left half read, or not opened', async () => {
    for (const chunks of [0, 1, 2]) {
      const source = await open(new Pipe(buildImage(app)));
      let blobs = 0;
      for await (const blob of source.blobs(signal)) {
        blobs++;
        if (chunks === 0) continue;
        let seen = 0;
        for await (const _ of await blob.open(signal)) if (++seen === chunks) break;
      }
      assert.equal(blobs, 3);
      assert.equal((await source.images()).length, 1);
    }
  });

  it('gives metadata without giving a layer', async () => {
    const [image] = await (await open(new Pipe(buildImage({ ...app, config: { Env: ['A=b'] } })))).metadata(signal);
    assert.deepEqual(image?.config.env, ['A=b']);
    assert.deepEqual(image?.repoTags, ['app:1']);
  });

  it('opens a blob once, and is read once', async () => {
    const source = await open(new Pipe(buildImage(app)));
    await assert.rejects(source.images(), { code: 'INTERNAL' });
    for await (const blob of source.blobs(signal)) {
      await readAll(await blob.open(signal));
      await assert.rejects(blob.open(signal), { code: 'INTERNAL' });
    }
    await assert.rejects(readSource(source), { code: 'INTERNAL' });
  });

  it('calls the one image of a daemon what the user called it', async () => {
    const { images } = await read(new Pipe(buildImage(app)), { kind: 'docker-daemon', reference: 'sha256:0a0a' });
    assert.deepEqual(
      images.map((image) => [image.reference, image.repoTags]),
      [['sha256:0a0a', ['app:1']]],
    );
  });

  it('narrows to a platform', async () => {
    const images = ['linux/amd64', 'linux/arm64'].map((platform) => ({ ...app, platform }));
    const result = await read(new Pipe(buildImage({ layout: 'oci', nested: true, images })), {
      platform: 'linux/arm64',
    });
    assert.deepEqual(
      result.images.map((image) => image.platform),
      ['linux/arm64'],
    );
    await assert.rejects(read(new Pipe(buildImage(app)), { platform: 'linux/s390x' }), { code: 'PLATFORM_NOT_FOUND' });
  });

  it('refuses what is no tar before anything is scanned', async () => {
    for (const text of ['', 'hello', '{"message": "no such image"}', '<html>']) {
      await assert.rejects(open(new Pipe(Buffer.from(text))), { code: 'ARCHIVE_INVALID' });
    }
  });

  it('refuses a tar without a list of images once it is read', async () => {
    await assert.rejects(
      read(
        new Pipe(
          packTar([
            { path: 'bin/sh', content: 'x' },
            { path: 'etc/passwd', content: 'x' },
          ]),
        ),
      ),
      { code: 'ARCHIVE_INVALID' },
    );
  });

  it('keeps what came before the pipe broke, under the code of what broke it', async () => {
    const archive = buildImage(app);
    const whole = archive.subarray(0, archive.length - 1024);
    const gone = new ScanError('SOURCE_TIMEOUT', 'The daemon has gone quiet.');
    const result = await read(new Pipe(whole, 1000, gone));
    assert.equal(result.images.length, 1);
    assert.deepEqual(codesOf(result.diagnostics, 'incomplete'), ['SOURCE_TIMEOUT']);
    const source = await open(new Pipe(archive.subarray(0, 5000), 1000, gone));
    await assert.rejects(source.metadata(signal), { code: 'SOURCE_TIMEOUT' });
    await assert.rejects(read(new Pipe(archive.subarray(0, 2048), 1000, new Error('EPIPE'))), {
      code: 'BLOB_TRUNCATED',
    });
  });

  it('gives every byte of a layer that was cut off', async () => {
    const archive = buildImage({ layers: [{ files: { a: 'x'.repeat(60_000) } }] });
    const start = archive.indexOf('a\0');
    for (const [cut, chunk, error] of [
      [start + 30_000, 700, undefined],
      [start + 30_000, 30_000, undefined],
      [start + 30_000, 700, new Error('EPIPE')],
    ] as const) {
      const source = await open(new Pipe(archive.subarray(0, cut), chunk, error));
      let given = 0;
      for await (const blob of source.blobs(signal)) {
        const reading = (async () => {
          for await (const bytes of await blob.open(signal)) {
            given += bytes.length;
            for (let turns = 0; turns < 5; turns++) await turn();
          }
        })();
        await assert.rejects(reading, { code: 'BLOB_TRUNCATED' });
      }
      assert.equal(given, 30_000);
    }
  });

  it('says that a compressed stream was cut', async () => {
    for (const outer of ['gzip', 'zstd'] as const) {
      const archive = buildImage({ ...app, outer });
      const outcome = await readTolerantly(new Pipe(archive.subarray(0, archive.length - 20)));
      assert.ok(outcome.incomplete || outcome.error === 'BLOB_TRUNCATED', JSON.stringify(outcome));
    }
  });

  it('keeps a bounded amount of JSON', async function () {
    this.timeout(20_000);
    const filler = Buffer.from(`{"a": "${'x'.repeat(7 * 1024 * 1024)}"}`);
    const entries = Array.from({ length: 10 }, (_, index) => ({ path: `${index}.json`, content: filler }));
    const result = await read(new Pipe(buildImage({ ...app, entries }), 1024 * 1024));
    assert.equal(result.images.length, 1);
    assert.deepEqual(codesOf(result.diagnostics, 'incomplete'), ['LIMIT_EXCEEDED']);
    const before = packTar([...entries, { path: 'manifest.json', content: '[]' }]);
    await assert.rejects(read(new Pipe(before, 1024 * 1024)), { code: 'LIMIT_EXCEEDED' });
  });

  it('stops where it is aborted, and closes the pipe', async () => {
    const controller = new AbortController();
    const archive = buildImage(app);
    const pipe = new Readable({ read() {} });
    pipe.push(archive.subarray(0, 8192));
    const source = await open(pipe);
    const closed = once(pipe, 'close');
    const reading = (async () => {
      for await (const blob of source.blobs(controller.signal)) await readAll(await blob.open(controller.signal));
    })();
    controller.abort(new Error('enough'));
    await assert.rejects(reading, /enough/);
    await closed;
    await source.close();
  });

  it('takes any bytes for an archive or an error', async () => {
    const archive = buildImage({ layers: [{ files: { a: 'b' } }] });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(archive.length - 1), fc.nat(255)), { maxLength: 4 }),
        async (changes) => {
          const bytes = Buffer.from(archive);
          for (const [at, value] of changes) bytes[at] = value;
          await readTolerantly(new Pipe(bytes));
        },
      ),
      { numRuns: 200 },
    );
  });
});

/** Reads as a scan does: a blob that breaks is noted, and the next asked for. */
async function readTolerantly(
  stream: ByteStream,
): Promise<{ error?: string; incomplete?: boolean; blobs: number; broken: number }> {
  let blobs = 0;
  let broken = 0;
  try {
    const source = await open(stream);
    for await (const blob of source.blobs(signal)) {
      blobs++;
      try {
        await readAll(await blob.open(signal));
      } catch (error) {
        assert.ok(error instanceof ScanError, String(error));
        broken++;
      }
    }
    const said = [...source.diagnostics(), ...(await source.images()).flatMap((image) => image.diagnostics)];
    return { incomplete: codesOf(said, 'incomplete').length > 0, blobs, broken };
  } catch (error) {
    assert.ok(error instanceof ScanError, String(error));
    return { error: error.code, blobs, broken };
  }
}
