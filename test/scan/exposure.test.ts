import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { EntryType } from '../../src/layer/entry.ts';
import { ExposureTracker, type FileFate } from '../../src/scan/exposure.ts';
import type { Removal } from '../../src/scan/finding.ts';
import { type LayerIndex, LayerIndexBuilder } from '../../src/scan/layer-index.ts';

type Line = readonly [type: EntryType, path: string, target?: string];

function index(...lines: Line[]): LayerIndex {
  const builder = new LayerIndexBuilder(7);
  for (const [type, path, linkTarget] of lines) {
    builder.add({ path, type, sizeBytes: 0, ...(linkTarget === undefined ? {} : { linkTarget }) });
  }
  return builder.build();
}

/** The fate of the first entry of the first layer, or of the one named. */
function fate(layers: (LayerIndex | undefined)[], path = 'app/.env', ordinal = 0, layer = 0) {
  const file = { layer, ordinal, path };
  return new ExposureTracker(layers, [file]).fate(file);
}

const env: Line = ['file', 'app/.env'];

function overwritten(layer: number): FileFate {
  return { exposure: 'overwritten', removedBy: { layer, how: 'replaced' } };
}

function deleted(layer: number, how: Removal): FileFate {
  return { exposure: 'deleted', removedBy: { layer, how } };
}

describe('ExposureTracker', () => {
  const cases: [title: string, layers: (LayerIndex | undefined)[], expected: ReturnType<typeof fate>][] = [
    ['is live in the only layer', [index(env)], { exposure: 'live' }],
    [
      'is live where later layers touch other paths',
      [index(env), index(['file', 'app/.env2'], ['whiteout', 'app/.en'])],
      { exposure: 'live' },
    ],
    ['is live where a later layer repeats its folder', [index(env), index(['directory', 'app'])], { exposure: 'live' }],
    ['is overwritten by a file', [index(env), index(), index(env)], overwritten(2)],
    ['is overwritten by a symlink', [index(env), index(['symlink', 'app/.env'])], overwritten(1)],
    ['is deleted by a whiteout', [index(env), index(['whiteout', 'app/.env'])], deleted(1, 'whiteout')],
    ['is deleted by a whiteout of a folder above', [index(env), index(['whiteout', 'app'])], deleted(1, 'whiteout')],
    [
      'is deleted by an opaque folder',
      [index(env), index(['directory', 'app'], ['opaque', 'app'])],
      deleted(1, 'opaque'),
    ],
    ['is deleted by an opaque root', [index(env), index(['opaque', ''])], deleted(1, 'opaque')],
    ['is deleted by a file at its folder', [index(env), index(['file', 'app'])], deleted(1, 'folder-replaced')],
    ['is deleted by a symlink at its folder', [index(env), index(['symlink', 'app'])], deleted(1, 'folder-replaced')],
    [
      'is overwritten where the whiteout and its successor share a layer',
      [index(env), index(['whiteout', 'app/.env'], env)],
      overwritten(1),
    ],
    [
      'keeps to the first layer that took it away',
      [index(env), index(['whiteout', 'app/.env']), index(env), index(['opaque', 'app'])],
      deleted(1, 'whiteout'),
    ],
    ['is live under an opaque marker of its own layer', [index(env, ['opaque', 'app'])], { exposure: 'live' }],
    ['is live beside a whiteout of its own layer', [index(env, ['whiteout', 'app/.env'])], { exposure: 'live' }],
    ['is overwritten by the same path later in its own layer', [index(env, env)], overwritten(0)],
    [
      'passes over layers that could not be read',
      [index(env), undefined, index(['whiteout', 'app/.env'])],
      deleted(2, 'whiteout'),
    ],
    [
      'lives on under a hard link of its layer',
      [index(env, ['hardlink', 'b', 'app/.env']), index(['whiteout', 'app/.env'])],
      { exposure: 'live' },
    ],
    [
      'lives on under a hard link to a hard link',
      [
        index(env, ['hardlink', 'b', 'app/.env'], ['hardlink', 'c', 'b']),
        index(['whiteout', 'app'], ['whiteout', 'b']),
      ],
      { exposure: 'live' },
    ],
    [
      'lives on under a hard link of a later layer',
      [index(env), index(['hardlink', 'b', 'app/.env']), index(['whiteout', 'app'])],
      { exposure: 'live' },
    ],
    [
      'dies with its last hard link',
      [index(env, ['hardlink', 'b', 'app/.env']), index(['whiteout', 'b']), index(['whiteout', 'app'])],
      deleted(2, 'whiteout'),
    ],
    [
      'is not kept by a link made after it was gone',
      [index(env), index(['whiteout', 'app/.env']), index(['hardlink', 'b', 'app/.env'])],
      deleted(1, 'whiteout'),
    ],
    [
      'is not kept by a link to what replaced it',
      [index(env), index(env, ['hardlink', 'b', 'app/.env'])],
      overwritten(1),
    ],
  ];
  for (const [title, layers, expected] of cases) it(title, () => assert.deepEqual(fate(layers), expected));

  it('tells the two entries of one path in one layer apart', () => {
    const layers = [index(env, env), index(['whiteout', 'app/.env'])];
    assert.deepEqual(fate(layers, 'app/.env', 0), overwritten(0));
    assert.deepEqual(fate(layers, 'app/.env', 1), deleted(1, 'whiteout'));
  });

  describe('of a name', () => {
    const folder: Line = ['directory', 'app'];
    const cases: [title: string, layers: LayerIndex[], expected: FileFate][] = [
      ['lives on where another file has it', [index(folder), index(['file', 'app'])], { exposure: 'live' }],
      ['lives on where its folder is repeated', [index(folder), index(folder)], { exposure: 'live' }],
      ['lives on where the folder is emptied', [index(folder), index(['opaque', 'app'])], { exposure: 'live' }],
      [
        'lives on where it is removed and made again in one layer',
        [index(folder), index(['whiteout', 'app'], folder)],
        { exposure: 'live' },
      ],
      ['goes with a whiteout', [index(folder), index(['whiteout', 'app'])], deleted(1, 'whiteout')],
      ['goes with the opaque root', [index(folder), index(['opaque', ''])], deleted(1, 'opaque')],
    ];
    for (const [title, layers, expected] of cases) {
      it(title, () => {
        const file = { layer: 0, ordinal: 0, path: 'app', isName: true };
        assert.deepEqual(new ExposureTracker(layers, [file]).fate(file), expected);
      });
    }
  });
});
