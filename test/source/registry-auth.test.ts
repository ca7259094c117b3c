import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { parseChallenges } from '../../src/source/registry/challenge.ts';
import { findCredentials } from '../../src/source/registry/credential.ts';
import { isBeyond, reachOf, registryEndpoint } from '../../src/source/registry/endpoint.ts';

describe('parseChallenges', () => {
  const read = (header: string) => parseChallenges(header).map(({ scheme, params }) => [scheme, { ...params }]);

  it('reads what registries send', () => {
    assert.deepEqual(
      read('Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"'),
      [
        [
          'bearer',
          { realm: 'https://auth.docker.io/token', service: 'registry.docker.io', scope: 'repository:a/b:pull,push' },
        ],
      ],
    );
    assert.deepEqual(read('Basic realm="test"'), [['basic', { realm: 'test' }]]);
    assert.deepEqual(read('BASIC Realm = test , charset="UTF-8"'), [['basic', { realm: 'test', charset: 'UTF-8' }]]);
  });

  it('reads several challenges in one header', () => {
    assert.deepEqual(read('Negotiate, Bearer realm="a", Basic realm="b\\"c"'), [
      ['negotiate', {}],
      ['bearer', { realm: 'a' }],
      ['basic', { realm: 'b"c' }],
    ]);
  });

  it('takes the first of a parameter given twice, and names of JavaScript as names', () => {
    assert.deepEqual(read('Bearer realm="a",realm="b",__proto__="c",constructor=d')[0]?.[1], {
      realm: 'a',
      ['__proto__']: 'c',
      constructor: 'd',
    });
  });

  it('ends on anything, in time that grows with its length alone', () => {
    fc.assert(fc.property(fc.string(), (header) => Array.isArray(parseChallenges(header))));
    const parts = fc.constantFrom('Bearer', 'realm', '=', '"', '\\', ',', ' ', 'a', 'é');
    fc.assert(fc.property(fc.array(parts, { maxLength: 60 }), (list) => Array.isArray(parseChallenges(list.join('')))));
    const began = performance.now();
    for (const hostile of ['"', '\\', ', ', 'a=', 'a="', 'Bearer ']) parseChallenges(hostile.repeat(8000));
    assert.ok(performance.now() - began < 2000);
  });

  it('gives back any quoted value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), (value) => {
        const quoted = value.replace(/["\\]/g, '\\$&');
        assert.equal(parseChallenges(`Bearer a=b, realm="${quoted}"`)[0]?.params['realm'], value);
      }),
    );
  });
});

describe('registryEndpoint', () => {
  it('takes plain HTTP for the loopback and what is marked insecure, HTTPS for all else', () => {
    const origin = (host: string, insecure?: string[]) => registryEndpoint(host, insecure).origin;
    assert.equal(origin('docker.io'), 'https://registry-1.docker.io');
    assert.equal(origin('ghcr.io'), 'https://ghcr.io');
    assert.equal(origin('r.corp:5000'), 'https://r.corp:5000');
    assert.equal(origin('r.corp:5000', ['r.corp:5000']), 'http://r.corp:5000');
    assert.equal(origin('r.corp:5000', ['r.corp']), 'http://r.corp:5000');
    assert.equal(origin('r.corp:5001', ['r.corp:5000']), 'https://r.corp:5001');
    for (const host of ['localhost', 'localhost:5000', '127.0.0.1:5000', '[::1]:5000'])
      assert.match(origin(host), /^http:/);
    for (const host of ['localhost.evil.example', '127.0.0.1.nip.example', '10.0.0.1'])
      assert.match(origin(host), /^https:/);
  });
});

describe('reachOf', () => {
  it('tells addresses of this machine and its networks from the internet', () => {
    const expected = {
      local: ['127.0.0.1', '127.9.9.9', '0.0.0.0', '169.254.169.254', '::1', '::', 'fe80::1', '::ffff:127.0.0.1'],
      private: ['10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', 'fd00::1', '::ffff:10.0.0.1'],
      public: ['8.8.8.8', '172.32.0.1', '2606:4700::1', '192.169.0.1', '::ffff:8.8.8.8'],
    };
    for (const [reach, addresses] of Object.entries(expected)) {
      for (const address of addresses) assert.equal(reachOf(address), reach, address);
    }
  });
});

describe('isBeyond', () => {
  it('lets a registry name what is as near as itself, and no nearer', () => {
    assert.equal(isBeyond('local', 'private'), true);
    assert.equal(isBeyond('private', 'public'), true);
    assert.equal(isBeyond('private', 'private'), false);
    assert.equal(isBeyond('private', 'local'), false);
  });
});

describe('findCredentials', () => {
  const encoded = (text: string) => ({ auth: Buffer.from(text).toString('base64') });
  const find = (host: string, config: unknown) =>
    findCredentials(host, {
      env: { DOCKER_CONFIG: '/cfg' },
      home: '/home/u',
      readFile: (path) => (path === '/cfg/config.json' ? JSON.stringify(config) : undefined),
    });

  it('reads auths for exactly the host asked', () => {
    const config = { auths: { 'r.corp:5000': encoded('me:a:b'), 'r.corp': { username: 'you', password: 'c' } } };
    assert.deepEqual(find('r.corp:5000', config), { username: 'me', password: 'a:b' });
    assert.deepEqual(find('r.corp', config), { username: 'you', password: 'c' });
    for (const host of ['corp', 'x.r.corp', 'r.corp:5001', 'r.corp.evil.example'])
      assert.equal(find(host, config), undefined);
  });

  it('knows the spellings of keys, and that of Docker Hub', () => {
    assert.equal(find('ghcr.io', { auths: { 'https://ghcr.io/v2/': encoded('me:a') } })?.username, 'me');
    assert.equal(find('docker.io', { auths: { 'https://index.docker.io/v1/': encoded('me:a') } })?.username, 'me');
    assert.equal(find('ghcr.io', { auths: { 'ghcr.io/team': encoded('me:a') } }), undefined);
  });

  it('passes over what it does not understand', () => {
    for (const config of [
      null,
      7,
      {},
      { auths: null },
      { auths: { h: null } },
      { auths: { h: { auth: '!' } } },
      { auths: { h: { identitytoken: 'x' } } },
    ]) {
      assert.equal(find('h', config), undefined);
    }
  });
});
