import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { readAuthFile } from '../../src/source/registry/credentials/auth-file.ts';
import { findCredentials } from '../../src/source/registry/credentials/find.ts';
import { askHelper } from '../../src/source/registry/credentials/helper.ts';
import { surroundingsOf } from '../../src/source/registry/surroundings.ts';

const signal = new AbortController().signal;
const encoded = (text: string) => ({ auth: Buffer.from(text).toString('base64') });

describe('readAuthFile', () => {
  const read = (name: string, config: unknown) => {
    const [host = '', ...rest] = name.split('/');
    return readAuthFile(JSON.stringify(config), { host, repository: rest.join('/') });
  };
  const find = (name: string, auths: object) => read(name, { auths }).credentials;

  it('reads auths for exactly the host asked', () => {
    const auths = { 'r.corp:5000': encoded('me:a:b'), 'r.corp': { username: 'you', password: 'c' } };
    assert.deepEqual(find('r.corp:5000/app', auths), { username: 'me', password: 'a:b' });
    assert.deepEqual(find('r.corp/app', auths), { username: 'you', password: 'c' });
    for (const host of ['corp', 'x.r.corp', 'r.corp:5001', 'r.corp.evil.example', 'r.corp@evil.example']) {
      assert.equal(find(`${host}/app`, auths), undefined, host);
    }
  });

  it('knows the spellings of keys, and those of Docker Hub', () => {
    for (const key of ['https://ghcr.io/v2/', 'https://ghcr.io', 'http://ghcr.io/', 'GHCR.io']) {
      assert.ok(find('ghcr.io/team/app', { [key]: encoded('me:a') }), key);
    }
    for (const key of ['https://index.docker.io/v1/', 'docker.io', 'registry-1.docker.io', 'index.docker.io']) {
      assert.ok(find('docker.io/library/app', { [key]: encoded('me:a') }), key);
    }
  });

  it('takes the longest path that holds the repository', () => {
    const auths = {
      'r.corp': encoded('me:host'),
      'r.corp/team': encoded('me:team'),
      'r.corp/team/app': encoded('me:app'),
      'r.corp/team/empty': {},
    };
    const passwordOf = (name: string) => find(name, auths);
    assert.deepEqual(passwordOf('r.corp/team/app'), { username: 'me', password: 'app' });
    assert.deepEqual(passwordOf('r.corp/team/app/sub'), { username: 'me', password: 'app' });
    assert.deepEqual(passwordOf('r.corp/team/apple'), { username: 'me', password: 'team' });
    assert.deepEqual(passwordOf('r.corp/team/empty'), { username: 'me', password: 'team' });
    assert.deepEqual(passwordOf('r.corp/teams/app'), { username: 'me', password: 'host' });
    assert.equal(find('r.corp/other', { 'r.corp/team': encoded('me:team') }), undefined);
  });

  it('tells passwords from tokens', () => {
    assert.deepEqual(find('r/a', { r: { identitytoken: 'i', ...encoded('me:') } }), { identityToken: 'i' });
    assert.deepEqual(find('r/a', { r: { registrytoken: 't' } }), { registryToken: 't' });
  });

  it('names the helper of a registry before the one for all', () => {
    const config = { credHelpers: { 'r.corp': 'own', 'https://index.docker.io/v1/': 'hub' }, credsStore: 'all' };
    assert.equal(read('r.corp/app', config).helper, 'own');
    assert.equal(read('docker.io/library/app', config).helper, 'hub');
    assert.equal(read('x.r.corp/app', config).helper, 'all');
  });

  it('passes over what it does not understand', () => {
    for (const config of [
      null,
      7,
      [],
      {},
      { auths: null },
      { auths: [] },
      { auths: { h: null } },
      { credHelpers: 7 },
    ]) {
      assert.deepEqual(read('h/app', config), {});
    }
    for (const entry of [{ auth: '!' }, { auth: 7 }, { username: 'u' }, { identitytoken: 7 }]) {
      assert.equal(find('h/app', { h: entry }), undefined);
    }
    fc.assert(fc.property(fc.json(), (text) => typeof readAuthFile(text, { host: 'h', repository: 'a' }) === 'object'));
  });
});

describe('askHelper', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wl-helper-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function program(name: string, script: string, where = folder): void {
    const path = join(where, `docker-credential-${name}`);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
  }
  const ask = (name: string, given: { path?: string; timeoutMs?: number; signal?: AbortSignal } = {}) =>
    askHelper(name, 'r.corp', {
      env: { PATH: given.path ?? `${folder}:/usr/bin:/bin`, SEEN: join(folder, 'seen') },
      signal: given.signal ?? signal,
      ...(given.timeoutMs === undefined ? {} : { timeoutMs: given.timeoutMs }),
    });

  it('asks with the registry on standard input, and reads passwords and refresh tokens', async () => {
    program('ok', 'cat > "$SEEN"; echo "$1" >> "$SEEN"; echo \'{"ServerURL":"x","Username":"me","Secret":"s"}\'');
    assert.deepEqual(await ask('ok'), { credentials: { username: 'me', password: 's' } });
    assert.equal(readFileSync(join(folder, 'seen'), 'utf8'), 'r.corp\nget\n');
    program('token', 'echo \'{"Username":"<token>","Secret":"r"}\'');
    assert.deepEqual(await ask('token'), { credentials: { identityToken: 'r' } });
  });

  it('says why there is no answer, and nothing of what was said', async () => {
    const problem = async (name: string, timeoutMs?: number) => {
      const answer = await ask(name, timeoutMs === undefined ? {} : { timeoutMs });
      assert.equal(answer.credentials, undefined);
      return 'problem' in answer ? answer.problem : undefined;
    };
    program('none', 'echo "credentials not found in native keychain"; exit 1');
    assert.equal(await problem('none'), undefined);
    program('broken', 'echo my-secret; echo my-secret >&2; exit 1');
    assert.equal(await problem('broken'), 'it failed');
    program('text', 'echo my-secret');
    assert.equal(await problem('text'), 'its answer is no JSON');
    program('empty', 'echo "{}"');
    assert.equal(await problem('empty'), undefined);
    program('long', 'yes | head -c 1000000');
    assert.equal(await problem('long'), 'its answer is too long');
    program('slow', 'sleep 3 & exec sleep 60');
    assert.match((await problem('slow', 100)) ?? '', /did not answer/);
    assert.equal(await problem('missing'), 'it is not in PATH');
  });

  it('runs plain names alone, from the absolute folders of PATH', async () => {
    const touched = join(folder, 'touched');
    const below = join(folder, 'below');
    mkdirSync(below);
    program('x', `touch ${touched}; echo '{"Username":"u","Secret":"s"}'`, below);
    program('x', `touch ${touched}; echo '{"Username":"u","Secret":"s"}'`);
    const tricky = join(folder, 'docker-credential-below');
    mkdirSync(tricky);
    writeFileSync(join(tricky, 'x'), `#!/bin/sh\ntouch ${touched}\n`);
    chmodSync(join(tricky, 'x'), 0o755);
    for (const name of ['below/x', '../x', 'below/docker-credential-x', 'x;touch y', 'x y', '', '$(id)', 'x\n']) {
      assert.equal((await ask(name)).credentials, undefined, name);
    }
    const before = process.cwd();
    process.chdir(below);
    try {
      for (const path of ['', '.', ':', '::', './', 'below', '../below']) {
        assert.equal((await ask('x', { path })).credentials, undefined, `PATH=${path}`);
      }
    } finally {
      process.chdir(before);
    }
    assert.throws(() => readFileSync(touched));
    assert.ok((await ask('x')).credentials);
  });

  it('ends when the run is aborted', async () => {
    program('slow', 'exec sleep 60');
    const abort = new AbortController();
    const asked = ask('slow', { signal: abort.signal });
    abort.abort(new Error('enough'));
    await assert.rejects(asked, /enough/);
  });
});

describe('findCredentials', () => {
  const name = { host: 'r.corp', repository: 'team/app' };
  const config = (password: string) => JSON.stringify({ auths: { 'r.corp': { username: 'me', password } } });

  const find = (files: Record<string, string | Error>, env: Record<string, string> = {}) => {
    const around = surroundingsOf({
      env,
      home: '/home/me',
      etc: '/etc',
      uid: 7,
      readFile: (path) => {
        const text = files[path];
        if (text instanceof Error) throw text;
        return text;
      },
    });
    return findCredentials(name, { around, timeoutMs: 1000, instanceCredentials: false, signal });
  };

  it('looks at every place in its order', async () => {
    const files: Record<string, string> = {
      '/ci/auth.json': config('registry-auth-file'),
      '/cfg/config.json': config('docker-config'),
      '/run/u/containers/auth.json': config('runtime'),
      '/home/me/.config/containers/auth.json': config('user'),
      '/home/me/.docker/config.json': config('docker'),
      '/run/containers/7/auth.json': config('system-runtime'),
    };
    const env: Record<string, string> = {
      DOCKER_AUTH_CONFIG: config('variable'),
      REGISTRY_AUTH_FILE: '/ci/auth.json',
      DOCKER_CONFIG: '/cfg',
      XDG_RUNTIME_DIR: '/run/u',
    };
    const found: unknown[] = [];
    const take = async (): Promise<void> => {
      const { credentials } = await find(files, env);
      found.push(credentials !== undefined && 'password' in credentials ? credentials.password : credentials);
    };
    await take();
    for (const key of ['DOCKER_AUTH_CONFIG', 'REGISTRY_AUTH_FILE', 'DOCKER_CONFIG', 'XDG_RUNTIME_DIR']) {
      delete env[key];
      await take();
      if (key === 'DOCKER_CONFIG') delete files['/run/u/containers/auth.json'];
    }
    delete files['/run/containers/7/auth.json'];
    await take();
    delete files['/home/me/.config/containers/auth.json'];
    await take();
    delete files['/home/me/.docker/config.json'];
    await take();
    assert.deepEqual(found, [
      'variable',
      'registry-auth-file',
      'docker-config',
      'runtime',
      'system-runtime',
      'user',
      'docker',
      undefined,
    ]);
  });

  it('does not read the configuration that DOCKER_CONFIG stands for', async () => {
    const files = { '/home/me/.docker/config.json': config('docker') };
    assert.equal((await find(files, { DOCKER_CONFIG: '/cfg' })).credentials, undefined);
  });

  it('tells what each place had, and goes on behind one that is broken', async () => {
    const files = {
      '/ci/auth.json': '{ "auths": { "r.corp": { "password": "half',
      '/run/containers/7/auth.json': Object.assign(new Error('denied'), { code: 'EACCES' }),
      '/home/me/.config/containers/auth.json': '{}',
      '/home/me/.docker/config.json': config('docker'),
    };
    const { credentials, tried } = await find(files, { REGISTRY_AUTH_FILE: '/ci/auth.json' });
    assert.deepEqual(credentials, { username: 'me', password: 'docker' });
    assert.deepEqual(tried, [
      '/ci/auth.json (no JSON)',
      "/run/containers/7/auth.json (can't be read)",
      '/home/me/.config/containers/auth.json (nothing for it)',
      '/home/me/.docker/config.json',
    ]);
  });

  it('says which helper had nothing, and takes what the file itself has', async () => {
    const file = { credsStore: 'missing', auths: {} };
    const path = '/home/me/.docker/config.json';
    const { credentials, tried } = await find({ [path]: JSON.stringify(file) });
    assert.equal(credentials, undefined);
    assert.match(tried.at(-1) ?? '', /docker-credential-missing: it is not in PATH/);
    const both = JSON.stringify({ ...file, auths: { 'r.corp': { username: 'me', password: 'p' } } });
    assert.deepEqual((await find({ [path]: both })).credentials, { username: 'me', password: 'p' });
  });
});
