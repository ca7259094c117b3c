import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseImageConfig } from '../../src/oci/image-config.ts';
import { findBase, type KnownBase, markBase } from '../../src/scan/base-image.ts';
import { DockerfileLines } from '../../src/scan/dockerfile-line.ts';
import type { Draft } from '../../src/scan/draft.ts';
import type { LocationKind } from '../../src/scan/finding.ts';
import type { LayerScan } from '../../src/scan/layer-scan.ts';
import type { ImageRecord } from '../../src/source/source.ts';

const diff = (letter: string): string => `sha256:${letter.repeat(64)}`;
const scanOf = (letter: string): LayerScan => ({ diffId: diff(letter) }) as LayerScan;

function recordOf(letters: string, extra: object = {}, more: Partial<ImageRecord> = {}): ImageRecord {
  const config = parseImageConfig({ rootfs: { diff_ids: [...letters].map(diff) }, ...extra });
  const layers = [...letters].map(() => ({ mediaType: 'x' }));
  return {
    reference: 'app',
    source: 'oci',
    platform: 'linux/amd64',
    repoTags: [],
    diagnostics: [],
    config,
    layers,
    ...more,
  };
}

function find(record: ImageRecord, scans: string, known: readonly KnownBase[] = [], skipBase = false) {
  const lines = new DockerfileLines({ attachments: [], history: record.config.history ?? [] });
  const { base, diagnostics } = findBase({ record, scans: [...scans].map(scanOf), known, lines, skipBase });
  return { base, codes: diagnostics.map(({ code }) => code) };
}

const known = (name: string, ...records: ImageRecord[]): KnownBase => ({ name, records });

describe('findBase', () => {
  it('is the named image whose layers are the lowest, the larger of two', () => {
    const bases = [
      known('small', recordOf('a')),
      known('large', recordOf('x'), recordOf('ab')),
      known('other', recordOf('abd')),
    ];
    assert.deepEqual(find(recordOf('abc'), 'abc', bases), {
      base: { name: 'large', layers: 2, from: 'option', verified: true },
      codes: [],
    });
  });

  it('believes the contents, and not what the image says of them', () => {
    const hostile = recordOf('abc', { config: { Labels: { 'org.opencontainers.image.base.name': 'debian:12' } } });
    assert.deepEqual(find(hostile, 'xyz', [known('debian:12', recordOf('ab'))]), {
      base: { name: 'debian:12', from: 'annotation', verified: false },
      codes: ['DIFF_ID_MISMATCH'],
    });
  });

  it('is not an image without layers, nor one of which a layer could not be read', () => {
    assert.deepEqual(find(recordOf('ab'), 'ab', [known('empty', recordOf(''))]).base, undefined);
    const scans = [undefined, scanOf('b')];
    const lines = new DockerfileLines({ attachments: [], history: [] });
    const record = recordOf('ab');
    assert.equal(
      findBase({ record, scans, known: [known('x', recordOf('a'))], lines, skipBase: true }).base,
      undefined,
    );
  });

  it('takes a name from annotations, and says that it hides nothing', () => {
    const annotations = [{ name: 'org.opencontainers.image.base.name', value: 'docker.io/library/debian:12' }];
    const record = recordOf('ab', {}, { annotations });
    const base = { name: 'docker.io/library/debian:12', from: 'annotation', verified: false };
    assert.deepEqual(find(record, 'ab'), { base, codes: [] });
    assert.deepEqual(find(record, 'ab', [], true), { base, codes: ['HISTORY_MISMATCH'] });
  });

  it('counts the layers that lie below a Dockerfile’s', () => {
    const history = [
      { created_by: 'ADD rootfs /' },
      { created_by: 'CMD ["bash"]', empty_layer: true },
      { created_by: 'RUN /bin/sh -c make # buildkit' },
    ];
    const record = recordOf('ab', { history });
    const dockerfile = { path: 'Dockerfile', text: 'FROM debian:12\nRUN make\n' };
    const lines = new DockerfileLines({ attachments: [], history: record.config.history ?? [], dockerfile });
    const { base } = findBase({ record, scans: ['a', 'b'].map(scanOf), known: [], lines, skipBase: false });
    assert.deepEqual(base, { name: 'debian:12', layers: 1, from: 'dockerfile', verified: false });
  });
});

describe('markBase', () => {
  const base = recordOf('a', {
    config: { Env: ['MODE=secret-mode', 'TOKEN=t-0'], WorkingDir: '/root' },
    history: [{ created_by: 'ADD rootfs /' }, { created_by: 'RUN |1 KEY=k-0 /bin/sh -c make', empty_layer: true }],
  });
  const draftOf = (
    kind: LocationKind,
    name: string | undefined,
    secret: string,
    layer?: number,
    historyIndex = 1,
  ): Draft =>
    ({
      match: { secret },
      location: { kind, ...(name === undefined ? {} : { name }) },
      exposure: layer === undefined ? 'metadata' : 'live',
      alsoAt: [],
      historyIndex,
      ...(layer === undefined ? {} : { layer }),
    }) as unknown as Draft;
  const isBase = (draft: Draft, layers = 1): boolean | undefined => {
    const found = {
      base: { name: 'b', layers, from: 'option', verified: true },
      record: base,
      diagnostics: [],
    } as const;
    return markBase([draft], found)[0]!.isBase;
  };

  it('marks what is in its layers, and what its own variables and arguments hold', () => {
    assert.equal(isBase(draftOf('file', undefined, 'x', 0)), true);
    assert.equal(isBase(draftOf('env', 'TOKEN', 't-0')), true);
    assert.equal(isBase(draftOf('history', 'KEY', 'k-0')), true);
    assert.equal(isBase(draftOf('arg', 'KEY', 'k-0')), true);
    assert.equal(isBase(draftOf('history', undefined, 'make')), true);
  });

  it('marks nothing for a word that stands elsewhere in it', () => {
    assert.notEqual(isBase(draftOf('file', undefined, 'x', 1)), true);
    assert.notEqual(isBase(draftOf('env', 'PASSWORD', 'root')), true);
    assert.notEqual(isBase(draftOf('env', 'PASSWORD', 'secret')), true);
    assert.notEqual(isBase(draftOf('env', 'TOKEN', 't-1')), true);
    assert.notEqual(isBase(draftOf('history', undefined, 'make', undefined, 2)), true);
  });

  it('marks nothing on the word of an image', () => {
    const draft = draftOf('env', 'TOKEN', 't-0');
    const claimed = { base: { name: 'b', layers: 1, from: 'annotation', verified: false }, diagnostics: [] } as const;
    const seen = { base: { name: 'b', layers: 1, from: 'cache', verified: true }, diagnostics: [] } as const;
    for (const found of [claimed, seen]) assert.deepEqual(markBase([draft], found), [draft]);
  });
});
