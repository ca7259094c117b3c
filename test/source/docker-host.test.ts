import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { type DaemonEngine, endpointName, resolveDaemonEndpoints } from '../../src/source/docker-host.ts';
import { type SshAddress, sshArguments } from '../../src/source/ssh-agent.ts';

const home = '/home/u';

function resolve(
  env: Record<string, string>,
  files: Record<string, string> = {},
  engine: DaemonEngine = 'docker',
): ReturnType<typeof resolveDaemonEndpoints> {
  return resolveDaemonEndpoints(engine, { env, home, readFile: (path) => files[path] });
}

function names(...args: Parameters<typeof resolve>): readonly string[] {
  return resolve(...args).map(endpointName);
}

function context(name: string, docker: object): Record<string, string> {
  const id = createHash('sha256').update(name).digest('hex');
  const meta = { Name: name, Metadata: {}, Endpoints: { docker } };
  return { [`${home}/.docker/contexts/meta/${id}/meta.json`]: JSON.stringify(meta) };
}

const tlsFolder = (name: string) =>
  `${home}/.docker/contexts/tls/${createHash('sha256').update(name).digest('hex')}/docker`;

describe('resolveDaemonEndpoints for docker', () => {
  it('takes DOCKER_HOST before DOCKER_CONTEXT, and that before config.json', () => {
    const files = {
      ...context('ci', { Host: 'unix:///ci.sock' }),
      ...context('dev', { Host: 'unix:///dev.sock' }),
      [`${home}/.docker/config.json`]: '{"currentContext":"dev"}',
    };
    assert.deepEqual(names({ DOCKER_HOST: 'unix:///x.sock', DOCKER_CONTEXT: 'ci' }, files), ['unix:///x.sock']);
    assert.deepEqual(names({ DOCKER_CONTEXT: 'ci' }, files), ['unix:///ci.sock']);
    assert.deepEqual(names({}, files), ['unix:///dev.sock']);
    assert.equal(names({ DOCKER_CONTEXT: 'default' }, files).includes('unix:///dev.sock'), false);
  });

  it('tries the known sockets where nothing is said, and config.json is broken or empty', () => {
    const sockets = [
      'unix:///var/run/docker.sock',
      'unix:///run/user/1/docker.sock',
      `unix://${home}/.docker/run/docker.sock`,
      `unix://${home}/.docker/desktop/docker.sock`,
    ];
    for (const config of [
      '{',
      '[]',
      '{}',
      '{"currentContext":""}',
      '{"currentContext":"default"}',
      '{"currentContext":7}',
    ]) {
      const files = { [`${home}/.docker/config.json`]: config };
      assert.deepEqual(names({ XDG_RUNTIME_DIR: '/run/user/1' }, files), sockets);
    }
    assert.equal(names({ DOCKER_HOST: '' }).length, 3);
  });

  it('reads tcp hosts in all their spellings', () => {
    const cases: Record<string, string> = {
      'tcp://10.0.0.1:2375': 'tcp://10.0.0.1:2375',
      'tcp://host': 'tcp://host:2375',
      'host:80': 'tcp://host:80',
      'tcp://[::1]:2376/': 'tcp://::1:2376',
      'unix://': 'unix:///var/run/docker.sock',
    };
    for (const [value, expected] of Object.entries(cases)) assert.deepEqual(names({ DOCKER_HOST: value }), [expected]);
  });

  it('takes TLS material from DOCKER_CERT_PATH only where TLS is asked for', () => {
    const files = { '/certs/ca.pem': 'CA', '/certs/cert.pem': 'CERT', '/certs/key.pem': 'KEY' };
    const env = { DOCKER_HOST: 'tcp://host', DOCKER_CERT_PATH: '/certs' };
    const material = { ca: 'CA', cert: 'CERT', key: 'KEY' };
    assert.deepEqual(resolve(env, files)[0]?.address, { kind: 'tcp', host: 'host', port: 2375 });
    const verified = { kind: 'tcp', host: 'host', port: 2376, tls: { verify: true, ...material } };
    assert.deepEqual(resolve({ ...env, DOCKER_TLS_VERIFY: '1' }, files)[0]?.address, verified);
    const unverified = { ...verified, tls: { verify: false, ...material } };
    assert.deepEqual(resolve({ ...env, DOCKER_TLS: '1' }, files)[0]?.address, unverified);
  });

  it('takes TLS material and the waiver of verification from a context', () => {
    const files = context('ci', { Host: 'tcp://host:2376' });
    const withTls = { ...files, [`${tlsFolder('ci')}/ca.pem`]: 'CA' };
    const address = { kind: 'tcp', host: 'host', port: 2376 };
    const env = { DOCKER_CONTEXT: 'ci' };
    assert.deepEqual(resolve(env, files)[0]?.address, address);
    assert.deepEqual(resolve(env, withTls)[0]?.address, { ...address, tls: { verify: true, ca: 'CA' } });
    const waived = context('ci', { Host: 'tcp://host:2376', SkipTLSVerify: true });
    assert.deepEqual(resolve(env, waived)[0]?.address, { ...address, tls: { verify: false } });
  });

  it('takes an ssh host apart', () => {
    const address = (host: string): unknown => resolve({ DOCKER_HOST: host })[0]?.address;
    assert.deepEqual(address('ssh://me@host'), { kind: 'ssh', user: 'me', host: 'host' });
    assert.deepEqual(address('ssh://host:2222/run/docker.sock'), {
      kind: 'ssh',
      host: 'host',
      port: 2222,
      path: '/run/docker.sock',
    });
    assert.deepEqual(address('ssh://me@[::1]:22/'), { kind: 'ssh', user: 'me', host: '::1', port: 22 });
    assert.deepEqual(resolve({ DOCKER_CONTEXT: 'ci' }, context('ci', { Host: 'ssh://ci@far' }))[0]?.address, {
      kind: 'ssh',
      user: 'ci',
      host: 'far',
    });
  });

  it('refuses an ssh host that ssh or a shell could take for anything else', () => {
    const hostile = [
      'ssh://-oProxyCommand=id',
      'ssh://-oProxyCommand=id@host',
      'ssh://me@-oProxyCommand=id/x',
      'ssh://me:secret@host',
      'ssh://host;id',
      'ssh://host/run/$(id).sock',
      'ssh://host/run/a b',
      'ssh://host/-x',
      'ssh://host:99999',
      'ssh://',
      'ssh://host\n-x',
    ];
    for (const host of hostile) {
      const error = { name: 'ScanError', code: 'SOURCE_UNAVAILABLE' };
      assert.throws(() => resolve({ DOCKER_HOST: host }), error, host);
    }
  });

  it('gives ssh words alone, whatever a host is made of', () => {
    const part = fc.string({ unit: fc.constantFrom(...'a-o=@:/. ;$()`\n[]'), maxLength: 12 });
    fc.assert(
      fc.property(part, (text) => {
        let address: unknown;
        try {
          address = resolve({ DOCKER_HOST: `ssh://${text}` })[0]?.address;
        } catch {
          return;
        }
        const words = sshArguments('docker', address as SshAddress);
        const end = words.indexOf('--');
        const options = words.slice(0, end).filter((word) => word.startsWith('-'));
        assert.ok(options.every((word) => ['-l', '-p', '-o', '-T'].includes(word)));
        assert.match(words[end + 1] ?? '', /^[A-Za-z0-9_:]/);
        assert.ok(words.slice(end + 2).every((word) => /^(docker|system|dial-stdio|--host|unix:[\w./-]+)$/.test(word)));
      }),
    );
  });

  it('says what is wrong with a context that is not there, and nonsense', () => {
    const unavailable = { name: 'ScanError', code: 'SOURCE_UNAVAILABLE' };
    assert.throws(() => resolve({ DOCKER_CONTEXT: 'gone' }), unavailable);
    assert.throws(() => resolve({ DOCKER_CONTEXT: 'ci' }, context('ci', {})), unavailable);
    assert.throws(() => resolve({ DOCKER_HOST: 'fd://' }), unavailable);
    assert.throws(() => resolve({ DOCKER_HOST: 'tcp://' }), unavailable);
  });
});

describe('resolveDaemonEndpoints for podman', () => {
  it('takes CONTAINER_HOST, else the rootless socket before the system one; DOCKER_HOST is not for it', () => {
    assert.deepEqual(names({ CONTAINER_HOST: 'unix:///p.sock', DOCKER_HOST: 'unix:///d.sock' }, {}, 'podman'), [
      'unix:///p.sock',
    ]);
    assert.deepEqual(names({ XDG_RUNTIME_DIR: '/run/user/1', DOCKER_HOST: 'unix:///d.sock' }, {}, 'podman'), [
      'unix:///run/user/1/podman/podman.sock',
      'unix:///run/podman/podman.sock',
    ]);
  });
});
