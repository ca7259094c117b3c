import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { configPlatform, parseImageConfig } from '../../src/oci/image-config.ts';

describe('parseImageConfig', () => {
  it('reads every field', () => {
    const json = {
      os: 'linux',
      architecture: 'arm',
      variant: 'v7',
      created: '2026-01-01T00:00:00Z',
      author: 'me',
      config: {
        Env: ['A=b', 'C='],
        Labels: { l: 'm', n: null },
        Cmd: ['sh'],
        Entrypoint: 'run',
        Healthcheck: { Test: ['CMD', 'x'] },
        OnBuild: ['RUN y'],
        Shell: ['/bin/sh', '-c'],
        User: 'root',
        WorkingDir: '/w',
        Volumes: { '/v': {} },
      },
      container_config: { Env: ['Z=1'] },
      rootfs: { diff_ids: ['sha256:1'] },
      history: [{ created_by: 'ENV A=b', empty_layer: true }, null, { comment: 'c' }],
    };
    const { raw, ...config } = parseImageConfig(json);
    assert.equal(raw, json);
    assert.deepEqual(config, {
      os: 'linux',
      architecture: 'arm',
      variant: 'v7',
      created: '2026-01-01T00:00:00Z',
      author: 'me',
      user: 'root',
      workingDir: '/w',
      env: ['A=b', 'C='],
      labels: { l: 'm' },
      cmd: ['sh'],
      entrypoint: ['run'],
      healthcheck: ['CMD', 'x'],
      onBuild: ['RUN y'],
      shell: ['/bin/sh', '-c'],
      volumes: ['/v'],
      diffIds: ['sha256:1'],
      history: [
        { index: 0, createdBy: 'ENV A=b', emptyLayer: true },
        { index: 1, createdBy: '', emptyLayer: false },
        { index: 2, createdBy: '', emptyLayer: false, comment: 'c' },
      ],
    });
    assert.equal(configPlatform({ raw, ...config }), 'linux/arm/v7');
  });

  it('takes null, nothing and the wrong type for absent', () => {
    for (const json of [
      {},
      { config: null, history: null, rootfs: null },
      { config: [], history: {}, os: 5, rootfs: { diff_ids: 'x'.length } },
    ]) {
      const config = parseImageConfig(json);
      assert.deepEqual([config.env, config.labels, config.diffIds, config.history], [[], {}, [], undefined]);
    }
    assert.equal(configPlatform(parseImageConfig({})), 'linux/amd64');
  });

  it('finds a field in other letters, as the daemon does', () => {
    assert.deepEqual(parseImageConfig({ CONFIG: { env: ['A=b'] } }).env, ['A=b']);
  });

  it('refuses what is no object', () => {
    for (const json of [null, [], 'x', 5]) assert.throws(() => parseImageConfig(json), { code: 'MANIFEST_INVALID' });
  });

  it('reads any object', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        (json) => void parseImageConfig({ ...json, config: json, history: [json] }),
      ),
    );
  });
});
