import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, it } from 'mocha';
import { ScanError } from '../../src/errors.ts';
import { walkLayer } from '../../src/layer/walk-layer.ts';
import { rawEntry, skippableFrame, tarEnd } from '../support/tar-bytes.ts';
import { codesOf, contentsOf, inChunks, recordLayer, typesOf } from './record-layer.ts';

const file = (name: string, content: string | Uint8Array): Buffer => rawEntry({ name }, content);
const digestOf = (bytes: Uint8Array, algorithm = 'sha256'): string =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;

const layer = Buffer.concat([file('a', 'content'), file('b', randomBytes(300_000)), tarEnd]);
const forms = { none: layer, gzip: gzipSync(layer), zstd: zstdCompressSync(layer) };

describe('walkLayer', () => {
  for (const [compression, blob] of Object.entries(forms)) {
    it(`tells digest, diff ID and sizes of a layer: ${compression}`, async () => {
      const { facts } = await recordLayer(blob, { expectedDigest: digestOf(blob), expectedSizeBytes: blob.length });
      assert.deepEqual(facts, {
        blobDigest: digestOf(blob),
        diffId: digestOf(layer),
        sizeBytes: blob.length,
        uncompressedBytes: layer.length,
        compression,
        entries: 2,
        files: 2,
        complete: true,
        diagnostics: [],
      });
    });

    it(`verifies what the blob was asked for by: ${compression}`, async () => {
      const other = digestOf(Buffer.from('other'));
      for (const [options, codes] of [
        [{ expectedDigest: other }, ['BLOB_DIGEST_MISMATCH!']],
        [{ expectedDigest: digestOf(blob, 'sha512') }, []],
        [{ expectedDigest: digestOf(Buffer.from('other'), 'sha512') }, ['BLOB_DIGEST_MISMATCH!']],
        [{ expectedDigest: 'md5:0123' }, ['BLOB_DIGEST_MISMATCH!']],
        [{ expectedDigest: digestOf(blob), expectedSizeBytes: blob.length - 1 }, ['BLOB_SIZE_MISMATCH!']],
        [{ expectedDigest: digestOf(blob), expectedSizeBytes: blob.length + 1 }, ['BLOB_TRUNCATED!']],
      ] as const) {
        const walked = await recordLayer(blob, options);
        assert.deepEqual([codesOf(walked), walked.facts.complete], [codes, codes.length === 0]);
        assert.equal(contentsOf(walked)['a'], 'content');
      }
    });

    it(`scans what there is of a cut blob, and says it once with its cause: ${compression}`, async () => {
      const cut = blob.subarray(0, 250_000);
      const declared = await recordLayer(cut, { expectedDigest: digestOf(blob), expectedSizeBytes: blob.length });
      assert.equal(codesOf(declared)[0], 'BLOB_TRUNCATED!');
      const alone = await recordLayer(cut);
      assert.deepEqual(codesOf(alone), ['BLOB_TRUNCATED!']);
      assert.equal(contentsOf(alone)['a'], 'content');
      assert.ok(contentsOf(alone)['b']!.length > 50_000);
    });
  }

  it('reads the blob to its end where the tar ends or breaks before', async () => {
    for (const blob of [
      Buffer.concat([layer, Buffer.alloc(500_000)]),
      Buffer.concat([forms.gzip, Buffer.alloc(200_000, 'x')]),
      Buffer.concat([forms.zstd, skippableFrame(Buffer.alloc(200_000, 'x'))]),
      Buffer.concat([forms.gzip.subarray(0, 50_000), Buffer.alloc(200_000, 0xff)]),
    ]) {
      const { facts } = await recordLayer(blob, { expectedDigest: digestOf(blob), expectedSizeBytes: blob.length });
      assert.equal(facts.blobDigest, digestOf(blob));
      assert.ok(facts.diagnostics.every(({ code }) => code === 'TRAILING_DATA' || code === 'LAYER_CORRUPT'));
    }
  });

  it('tells whiteouts by what they remove', async () => {
    const walked = await recordLayer(
      Buffer.concat([
        file('etc/.wh.passwd', ''),
        file('./.wh.top', ''),
        file('var/cache/.wh..wh..opq', ''),
        file('.wh..wh..opq', ''),
        rawEntry({ name: '.wh..wh.plnk/', type: '5' }),
        file('.wh..wh.aufs', ''),
        file('etc/.wh...', ''),
        file('etc/.wh.', ''),
        file('etc/x.wh.y', ''),
        tarEnd,
      ]),
    );
    assert.deepEqual(typesOf(walked), [
      'etc/passwd: whiteout',
      'top: whiteout',
      'var/cache: opaque',
      ': opaque',
      '.wh..wh.plnk: directory',
      '.wh..wh.aufs: file',
      'etc/.wh...: file',
      'etc/.wh.: file',
      'etc/x.wh.y: file',
    ]);
  });

  it('scans content that hides in a whiteout', async () => {
    const walked = await recordLayer(Buffer.concat([file('etc/.wh.passwd', 'content'), tarEnd]));
    assert.deepEqual(typesOf(walked), ['etc/passwd: whiteout', 'etc/.wh.passwd: file']);
    assert.deepEqual(contentsOf(walked), { 'etc/.wh.passwd': 'content' });
  });

  it('leaves a Windows layer’s folders as they are', async () => {
    const walked = await recordLayer(
      Buffer.concat([file('Files/Windows/app.ini', 'a'), file('Hives/Software_Delta', 'b'), tarEnd]),
    );
    assert.deepEqual(typesOf(walked), ['Files/Windows/app.ini: file', 'Hives/Software_Delta: file']);
  });

  it('stops where it is interrupted', async () => {
    const abort = new AbortController();
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield layer.subarray(0, 1000);
        abort.abort();
        yield layer.subarray(1000, 2000);
        assert.fail('read on');
      } finally {
        closed = true;
      }
    }
    const none = (): void => {};
    const visitor = {
      entry: none,
      content: none,
      entryEnd: none,
      member: none,
      memberContent: none,
      memberEnd: none,
      diagnostic: none,
    };
    await assert.rejects(
      walkLayer(source(), visitor, { signal: abort.signal }),
      (error: unknown) => error instanceof ScanError && error.code === 'ABORTED',
    );
    assert.equal(closed, true);
  });

  it('passes on what the visitor throws', async () => {
    const none = (): void => {};
    const visitor = {
      entry: none,
      content: () => {
        throw new Error('a defect of ours');
      },
      entryEnd: none,
      member: none,
      memberContent: none,
      memberEnd: none,
      diagnostic: none,
    };
    await assert.rejects(walkLayer(inChunks(layer), visitor), /a defect of ours/);
  });

  it('keeps memory bounded over a layer that expands a thousandfold', async function () {
    this.timeout(20_000);
    const size = 200_000_000;
    const header = rawEntry({ name: 'zeros', size, patch: () => {} });
    const blob = gzipSync(Buffer.concat([header, Buffer.alloc(size)]), { level: 9 });
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    let seen = 0;
    const none = (): void => {};
    const content = (bytes: Uint8Array): void => {
      seen += bytes.length;
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    };
    await walkLayer(inChunks(blob), {
      entry: none,
      content,
      entryEnd: none,
      member: none,
      memberContent: none,
      memberEnd: none,
      diagnostic: none,
    });
    assert.equal(seen, size);
    assert.ok(most < 150_000_000, `${most} bytes`);
  });
});
