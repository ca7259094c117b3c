import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { mayLeadTo, type Reach, reachOf } from '../../src/source/registry/address.ts';
import { parseChallenges } from '../../src/source/registry/challenge.ts';
import { registryEndpoint } from '../../src/source/registry/endpoint.ts';

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
  const origins = (host: string, insecure?: string[]) => registryEndpoint(host, insecure).origins;

  it('takes plain HTTP first for the loopback, last for what is marked insecure, and never for all else', () => {
    assert.deepEqual(origins('docker.io'), ['https://registry-1.docker.io']);
    assert.deepEqual(origins('ghcr.io'), ['https://ghcr.io']);
    assert.deepEqual(origins('r.corp:5000'), ['https://r.corp:5000']);
    for (const entry of ['r.corp:5000', 'r.corp', 'R.Corp']) {
      assert.deepEqual(origins('r.corp:5000', [entry]), ['https://r.corp:5000', 'http://r.corp:5000'], entry);
    }
    assert.deepEqual(origins('[fd00::1]:5000', ['[fd00::1]']), ['https://[fd00::1]:5000', 'http://[fd00::1]:5000']);
    for (const entry of ['r.corp:5000', 'corp', 'x.r.corp']) {
      assert.deepEqual(origins('r.corp:5001', [entry]), ['https://r.corp:5001'], entry);
    }
    for (const host of ['localhost', 'a.localhost:80', 'localhost:5000', '127.0.0.1:5000', '[::1]:5000']) {
      assert.match(origins(host)[0], /^http:/, host);
    }
    for (const host of ['localhost.evil.example', '127.0.0.1.nip.example', '10.0.0.1']) {
      assert.match(origins(host).join(), /^https:[^,]*$/, host);
    }
  });
});

describe('reachOf', () => {
  it('tells addresses of this machine and its networks from the internet', () => {
    const expected: Record<Reach, string[]> = {
      loopback: ['127.0.0.1', '127.9.9.9', '0.0.0.0', '::1', '::', '::ffff:127.0.0.1', '64:ff9b::7f00:1'],
      link: [
        '169.254.169.254',
        '169.254.170.2',
        'fe80::1',
        'fe80::1%eth0',
        'fd00:ec2::254',
        '100.100.100.200',
        '192.0.0.192',
        '::ffff:169.254.169.254',
        '64:ff9b::a9fe:a9fe',
        '2002:a9fe:a9fe::1',
      ],
      private: ['10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', 'fd00::1', '::ffff:10.0.0.1'],
      public: ['8.8.8.8', '172.32.0.1', '2606:4700::1', '192.169.0.1', '::ffff:8.8.8.8', '64:ff9b::808:808'],
    };
    for (const [reach, addresses] of Object.entries(expected)) {
      for (const address of addresses) assert.equal(reachOf(address), reach, address);
    }
  });
});

describe('mayLeadTo', () => {
  it('lets a registry name what is as near as itself, and no nearer', () => {
    const reaches = ['public', 'private', 'link', 'loopback'] as const;
    const allowed = (home: Reach) => reaches.filter((target) => mayLeadTo(home, target));
    assert.deepEqual(allowed('public'), ['public']);
    assert.deepEqual(allowed('private'), ['public', 'private']);
    // Who runs a registry on this machine has no business with the cloud's metadata service.
    assert.deepEqual(allowed('loopback'), ['public', 'private', 'loopback']);
    assert.deepEqual(allowed('link'), ['public', 'link']);
  });
});
