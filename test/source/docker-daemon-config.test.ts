import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseImageConfig } from '../../src/oci/image-config.ts';
import { toConfigJson } from '../../src/source/docker-daemon-config.ts';

/** Steps oldest first, as `[created_by, size]`. */
function read(
  steps: readonly (readonly [string, number])[],
  layerCount: number,
): { empty: string; isHistoryMatched: boolean } {
  const history = steps.map(([CreatedBy, Size]) => ({
    Id: '<missing>',
    Created: 1767225600,
    CreatedBy,
    Size,
    Comment: '',
  }));
  const inspect = {
    Id: 'sha256:x',
    RootFS: { Layers: Array.from({ length: layerCount }, (_, index) => `sha256:${index}`) },
  };
  const { json, isHistoryMatched } = toConfigJson(inspect, history.toReversed());
  const empty = parseImageConfig(json)
    .history!.map((entry) => (entry.emptyLayer ? '-' : 'L'))
    .join('');
  return { empty, isHistoryMatched };
}

describe('toConfigJson', () => {
  it('puts history in order and keeps what env audits look at', () => {
    const inspect = {
      Config: { Env: ['A=b c'], Labels: { l: 'v' }, Cmd: ['sh'] },
      ContainerConfig: { Env: ['T=1'] },
      Author: 'me',
      Os: 'linux',
      Architecture: 'arm64',
      Variant: 'v8',
      RootFS: { Layers: ['sha256:1'] },
    };
    const history = [
      { Created: 1, CreatedBy: 'ENV A=b c', Size: 0, Comment: 'second' },
      { Created: 0, CreatedBy: 'COPY a /', Size: 3, Comment: '' },
    ];
    const config = parseImageConfig(toConfigJson(inspect, history).json);
    assert.deepEqual(config.env, ['A=b c']);
    assert.deepEqual(config.labels, { l: 'v' });
    assert.equal(config.variant, 'v8');
    assert.equal(config.author, 'me');
    assert.deepEqual(config.raw['container_config'], { Env: ['T=1'] });
    assert.deepEqual(config.history, [
      { index: 0, createdBy: 'COPY a /', emptyLayer: false, created: '1970-01-01T00:00:00.000Z' },
      { index: 1, createdBy: 'ENV A=b c', emptyLayer: true, created: '1970-01-01T00:00:01.000Z', comment: 'second' },
    ]);
  });

  it('tells layers by size, then by instruction', () => {
    const nop = '/bin/sh -c #(nop) ';
    assert.deepEqual(
      read(
        [
          ['ADD a /', 9],
          ['ENV A=b', 0],
          ['RUN x', 3],
        ],
        2,
      ),
      { empty: 'L-L', isHistoryMatched: true },
    );
    assert.deepEqual(
      read(
        [
          ['ADD a /', 9],
          ['WORKDIR /a', 0],
          ['RUN true', 0],
        ],
        2,
      ),
      { empty: 'L-L', isHistoryMatched: true },
    );
    assert.deepEqual(
      read(
        [
          [`${nop}COPY file:1 in /`, 0],
          [`${nop}WORKDIR /a`, 0],
          [`${nop} CMD ["a"]`, 0],
        ],
        2,
      ),
      {
        empty: 'LL-',
        isHistoryMatched: true,
      },
    );
    assert.deepEqual(
      read(
        [
          ['bazel build //a', 0],
          ['ENV A=b', 0],
        ],
        1,
      ),
      { empty: 'L-', isHistoryMatched: true },
    );
  });

  it('says so where layers can not be told', () => {
    assert.equal(read([['ADD a /', 9]], 3).isHistoryMatched, false);
    assert.equal(
      read(
        [
          ['ADD a /', 9],
          ['ADD b /', 9],
        ],
        1,
      ).isHistoryMatched,
      false,
    );
    assert.equal(read([], 1).isHistoryMatched, false);
  });

  it('takes any answer', () => {
    for (const value of [undefined, null, 7, 'x', [], {}, [null], [{ Created: 1e300, CreatedBy: 7, Size: 'x' }]]) {
      assert.doesNotThrow(() => parseImageConfig(toConfigJson(value, value).json));
    }
  });
});
