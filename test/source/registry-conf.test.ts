import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { formatImageName, parseImageName } from '../../src/oci/reference.ts';
import { insecureAt, pullPlaces, shortNames } from '../../src/source/registry/mirrors.ts';
import { loadRegistriesConf } from '../../src/source/registry/registries-conf.ts';
import { surroundingsOf } from '../../src/source/registry/surroundings.ts';

type Files = Readonly<Record<string, string>>;

function load(files: Files, env: Record<string, string> = {}) {
  const around = surroundingsOf({
    env,
    home: '/home/me',
    etc: '/etc',
    uid: 7,
    readFile: (path) => files[path],
    listFolder: (folder) =>
      Object.keys(files)
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1))
        .sort(),
  });
  return loadRegistriesConf(around);
}

const main = '/etc/containers/registries.conf';
const conf = (text: string) => load({ [main]: text });

function placesOf(ref: string, text: string): string[] {
  return pullPlaces(parseImageName(ref), conf(text)).map(
    ({ name, insecure, isMirror }) =>
      `${formatImageName(name)}${isMirror ? ' mirror' : ''}${insecure ? ' insecure' : ''}`,
  );
}

const digest = `sha256:${'a'.repeat(64)}`;

describe('pullPlaces', () => {
  it('leaves names alone of which nothing is said', () => {
    assert.deepEqual(placesOf('r.corp/app:1', ''), ['r.corp/app:1']);
    assert.deepEqual(placesOf('r.corp/app:1', '[[registry]]\nlocation = "x.corp"'), ['r.corp/app:1']);
  });

  it('tries the mirrors in order and the registry last', () => {
    const text = `
      [[registry]]
      prefix = "docker.io"
      location = "registry-1.docker.io"
      [[registry.mirror]]
      location = "m1.corp/hub/"
      [[registry.mirror]]
      location = "m2.corp:5000"
      insecure = true
    `;
    assert.deepEqual(placesOf('app:1', text), [
      'm1.corp/hub/library/app:1 mirror',
      'm2.corp:5000/library/app:1 mirror insecure',
      'registry-1.docker.io/library/app:1',
    ]);
  });

  it('takes the longest prefix, at the borders of a path', () => {
    const text = `
      [[registry]]
      prefix = "r.corp"
      location = "a.corp"
      [[registry]]
      prefix = "r.corp/team"
      location = "b.corp/x"
      [[registry]]
      prefix = "*.corp"
      insecure = true
    `;
    assert.deepEqual(placesOf('r.corp/team/app', text), ['b.corp/x/app:latest']);
    assert.deepEqual(placesOf('r.corp/teams/app', text), ['a.corp/teams/app:latest']);
    assert.deepEqual(placesOf('y.corp/app', text), ['y.corp/app:latest insecure']);
    assert.deepEqual(placesOf('corp.example/app', text), ['corp.example/app:latest']);
    assert.deepEqual(placesOf('r.corp:5000/app', text), ['r.corp:5000/app:latest']);
  });

  it('keeps mirrors for digests or for tags, as they are meant', () => {
    const mirror = (rest: string) => `[[registry]]\nlocation = "r.corp"\n${rest}\n`;
    const only = mirror('mirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "m.corp"');
    assert.equal(placesOf('r.corp/app:1', only).length, 1);
    assert.equal(placesOf(`r.corp/app@${digest}`, only).length, 2);
    const tags = mirror('[[registry.mirror]]\nlocation = "m.corp"\npull-from-mirror = "tag-only"');
    assert.equal(placesOf('r.corp/app:1', tags).length, 2);
    assert.equal(placesOf(`r.corp/app@${digest}`, tags).length, 1);
  });

  it('does not go where it is blocked', () => {
    const text = '[[registry]]\nlocation = "r.corp/bad"\nblocked = true';
    assert.throws(() => placesOf('r.corp/bad/app', text), { code: 'SOURCE_UNAVAILABLE' });
    assert.equal(placesOf('r.corp/app', text).length, 1);
  });

  it('says what makes no name', () => {
    assert.throws(() => placesOf('r.corp/app', '[[registry]]\nprefix = "r.corp"\nlocation = "B AD"'), {
      code: 'CONFIG_INVALID',
    });
  });
});

describe('insecureAt', () => {
  it('adds what registries.conf allows to what the user did', () => {
    const text =
      '[[registry]]\nlocation = "r.corp"\ninsecure = true\n[[registry]]\nlocation = "b.corp"\nblocked = true';
    const at = (host: string, repository: string) =>
      insecureAt({ host, repository }, conf(text), { insecureRegistries: ['u.corp'] }).insecureRegistries;
    assert.deepEqual(at('r.corp', 'app'), ['u.corp', 'r.corp']);
    assert.deepEqual(at('r.corp', ''), ['u.corp', 'r.corp']);
    assert.deepEqual(at('x.corp', 'app'), ['u.corp']);
    assert.throws(() => at('b.corp', 'app'), { code: 'SOURCE_UNAVAILABLE' });
  });
});

describe('shortNames', () => {
  const stands = (text: string, toml: string) =>
    shortNames(text, parseImageName(text), conf(toml)).map(formatImageName);
  const search = 'unqualified-search-registries = ["a.corp", "docker.io"]\n';

  it('are docker.io, where nothing else is said', () => {
    assert.deepEqual(stands('app', ''), ['docker.io/library/app:latest']);
    assert.deepEqual(stands('app', 'unqualified-search-registries = []'), ['docker.io/library/app:latest']);
  });

  it('are looked for in the registries of the list', () => {
    assert.deepEqual(stands('app:1', search), ['a.corp/app:1', 'docker.io/library/app:1']);
    assert.deepEqual(stands(`team/app@${digest}`, search), [
      `a.corp/team/app@${digest}`,
      `docker.io/team/app@${digest}`,
    ]);
  });

  it('stand for their alias alone', () => {
    const text = `${search}[aliases]\napp = "q.corp/x/app"\n"team/app" = "q.corp/y"\nnone = ""\n`;
    assert.deepEqual(stands('app:1', text), ['q.corp/x/app:1']);
    assert.deepEqual(stands('team/app', text), ['q.corp/y:latest']);
    assert.equal(stands('none', text).length, 2);
    assert.equal(stands('constructor', text).length, 2);
  });

  it('are no names with a registry', () => {
    for (const name of [
      'docker.io/app',
      'localhost/app',
      'r.corp/app',
      'localhost:5000/app',
      'docker.io/library/app',
    ]) {
      assert.deepEqual(stands(name, search), [formatImageName(parseImageName(name))], name);
    }
  });
});

describe('loadRegistriesConf', () => {
  const search = (name: string) => `unqualified-search-registries = ["${name}"]\n`;
  const rule = (location: string) => `[[registry]]\nprefix = "r.corp"\nlocation = "${location}"\n`;

  it('joins the main file and the drop-ins, later ones winning', () => {
    const files = {
      [main]: `${search('main')}${rule('main')}[aliases]\na = "m/a"\nb = "m/b"\n`,
      '/etc/containers/registries.conf.d/10.conf': `${search('ten')}[aliases]\nb = "ten/b"\n`,
      '/etc/containers/registries.conf.d/20.conf': rule('twenty'),
      '/etc/containers/registries.conf.d/README': 'no [toml',
      '/home/me/.config/containers/registries.conf.d/10.conf': '[aliases]\nc = "user/c"\n',
      '/home/me/.cache/containers/short-name-aliases.conf': '[aliases]\nd = "chosen/d"\n',
    };
    const { rules, aliases, searchRegistries } = load(files);
    assert.deepEqual(
      rules.map(({ location }) => location),
      ['twenty'],
    );
    assert.deepEqual({ ...aliases }, { a: 'm/a', b: 'ten/b', c: 'user/c', d: 'chosen/d' });
    assert.deepEqual(searchRegistries, ['ten']);
  });

  it("takes a user's own main file instead of the system's, and one of the environment before both", () => {
    const files = {
      [main]: search('system'),
      '/etc/containers/registries.conf.d/10.conf': rule('system'),
      '/home/me/.config/containers/registries.conf': search('user'),
      '/conf': search('chosen'),
    };
    assert.deepEqual(load(files).searchRegistries, ['user']);
    assert.deepEqual(load(files).rules, []);
    assert.deepEqual(load(files, { CONTAINERS_REGISTRIES_CONF: '/conf' }).searchRegistries, ['chosen']);
  });

  it('says what is wrong with a file, and quotes nothing of it', () => {
    for (const text of [
      'a = [',
      '[[registry]]\ninsecure = true',
      '[[registry]]\nlocation = "r"\n[[registry.mirror]]',
    ]) {
      assert.throws(() => conf(text), { code: 'CONFIG_INVALID', subject: main });
    }
    assert.throws(
      () => conf('password = "half'),
      ({ message }: Error) => !message.includes('half') && /line 1/.test(message),
    );
  });

  it('reads what is oddly typed as if it were not there', () => {
    for (const text of ['registry = 7', 'aliases = 7', 'unqualified-search-registries = 7', '[aliases]\na = 7']) {
      assert.deepEqual(pullPlaces(parseImageName('r.corp/a'), conf(text)).length, 1);
    }
  });
});
