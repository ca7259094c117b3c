import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { type TarHeader, tarEntries } from '../../src/layer/tar-entries.ts';
import { indexTar, type TarIndex } from '../../src/source/tar-index.ts';
import { withFolder } from '../support/read-source.ts';
import { packEntry, packTar, type TarEntry } from '../support/tar-writer.ts';

/** Indexes the bytes as a file; `readBytes` is how much of it was read. */
function index(bytes: Uint8Array): Promise<TarIndex & { readonly readBytes: number }> {
  return withFolder(async (folder) => {
    const path = join(folder, 'a.tar');
    writeFileSync(path, bytes);
    const file = await open(path);
    let readBytes = 0;
    const counting = {
      read: async (...args: Parameters<FileHandle['read']>) => {
        const result = await file.read(...args);
        readBytes += result.bytesRead;
        return result;
      },
    };
    try {
      return { ...(await indexTar(counting as unknown as FileHandle, bytes.length)), readBytes };
    } finally {
      await file.close();
    }
  });
}

describe('indexTar', () => {
  it('finds what a stream of the same bytes gives', async () => {
    const entry: fc.Arbitrary<TarEntry> = fc
      .record({
        path: fc
          .oneof(fc.string({ minLength: 1, maxLength: 20 }), fc.string({ minLength: 150, maxLength: 300 }))
          .map((path) => path.replaceAll('\0', '0')),
        type: fc.constantFrom('file', 'file', 'file', 'symlink', 'hardlink', 'fifo'),
        content: fc.integer({ min: 0, max: 200_000 }).map((length) => 'x'.repeat(length)),
      })
      .map((made) =>
        made.type === 'file' ? made : { ...made, content: '', linkTarget: 'target' },
      ) as fc.Arbitrary<TarEntry>;
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 6 }), fc.nat(2000), async (entries, cut) => {
        const whole = packTar(entries);
        for (const bytes of [whole, whole.subarray(0, whole.length - cut)]) {
          const streamed: TarHeader[] = [];
          try {
            for await (const { content: _, ...header } of tarEntries(Readable.from([bytes]))) streamed.push(header);
          } catch {}
          const { entries: indexed } = await index(bytes);
          assert.deepEqual(
            indexed.map(({ end: _, ...header }) => header),
            streamed,
          );
          for (const { start, end, sizeBytes } of indexed) assert.ok(end <= bytes.length && end <= start + sizeBytes);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('reads headers and no contents', async () => {
    const { entries, readBytes, ending } = await index(
      packTar([
        { path: 'large', content: Buffer.alloc(20_000_000, 1) },
        { path: 'last', content: 'x' },
      ]),
    );
    assert.deepEqual([entries.map(({ name }) => name), ending], [['large', 'last'], 'complete']);
    assert.ok(readBytes < 200_000, `${readBytes} bytes were read`);
  });

  it('believes no size beyond the end of the file', async () => {
    for (const claimedSize of [10_000, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
      const bytes = packEntry({ path: 'x', content: 'y', claimedSize });
      const { entries, ending } = await index(bytes);
      assert.deepEqual([entries.map(({ end }) => end), ending], [[bytes.length], 'truncated']);
    }
  });

  it('takes sizes of PAX records, right or wrong', async () => {
    const content = 'z'.repeat(700);
    const { entries } = await index(
      packTar([{ path: 'x', content, claimedSize: 0, pax: { size: '700' } }, { path: 'next' }]),
    );
    assert.deepEqual(
      entries.map(({ name, sizeBytes }) => [name, sizeBytes]),
      [
        ['x', 700],
        ['next', 0],
      ],
    );
    for (const size of ['-1', 'x', '1e400', '99999999999999999999999']) {
      assert.notEqual((await index(packTar([{ path: 'x', content, pax: { size } }]))).ending, 'complete');
    }
  });

  it('ends with PAX headers that are too large or make no sense', async () => {
    const huge = packEntry({ path: 'h', type: 'pax', claimedSize: 2 ** 33 });
    assert.equal((await index(Buffer.concat([huge, Buffer.alloc(4096)]))).ending, 'damaged');
    for (const records of ['-5 a=b\n', '0 a=b\n', '5\n', '99999 a=b\n', '\0\0\0', '-2 =\n-2 =\n']) {
      await index(packTar([{ path: 'h', type: 'pax', content: records }, { path: 'x' }]));
    }
  });
});
