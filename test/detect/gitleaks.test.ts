import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { compileMatcher } from '../../src/detect/compiled-rules.ts';
import { isToml } from '../../src/detect/is-toml.ts';
import { addGitleaks, loadGitleaks } from '../../src/detect/load-gitleaks.ts';
import { Matcher } from '../../src/detect/matcher.ts';
import type { Detector, Match } from '../../src/detect/rule.ts';
import { digestOf } from '../../src/detect/rule-digest.ts';
import { detector, provider, randomHex, randomText } from './rules.ts';

type Files = Readonly<Record<string, string>>;

function load(files: string | Files): ReturnType<typeof loadGitleaks> {
  const all = typeof files === 'string' ? { 'gitleaks.toml': files } : files;
  return loadGitleaks('gitleaks.toml', [], (file) => all[file]);
}

function detectorOf(text: string): Detector {
  const { provider: own, problems, refused } = load(text);
  assert.deepEqual([problems, refused], [[], []]);
  assert.equal(own.detectors.length, 1);
  return own.detectors[0]!;
}

/** The secrets of a text, and whether each is allowed. */
function secretsIn(files: string | Files, text: string, path?: string): [secret: string, allowed: boolean][] {
  return matchesIn(files, text, path).map(({ secret, allowed }) => [secret, allowed ?? false]);
}

function matchesIn(files: string | Files, text: string, path?: string): readonly Match[] {
  const { provider: own } = load(files);
  let found: readonly Match[] = [];
  const rules = compileMatcher({ digest: '', providers: [own] });
  const matcher = new Matcher(rules, undefined, (_, matches) => {
    found = matches;
  });
  matcher.begin(0, path);
  matcher.write(new TextEncoder().encode(text));
  matcher.end();
  matcher.flush();
  return found;
}

function rule(fields: string): string {
  return `[[rules]]\nid = "acme-token"\n${fields}\n`;
}

const token = `acme_${randomText(1, 20)}`;
const acme = rule(`regex = '''\\b(acme_[0-9A-Za-z]{20})\\b'''\nkeywords = ["acme_"]`);

describe('importGitleaks', () => {
  it('finds a token at the literal it begins with', () => {
    assert.equal(detectorOf(acme).at, 'token');
    assert.deepEqual(secretsIn(acme, `x = "${token}"`), [[token, false]]);
    assert.deepEqual(secretsIn(acme, `x = "${token}x"`), []);
  });

  it('finds a literal within the match, however far the match begins before it', () => {
    const text = rule(`regex = '''(?i)[a-z]{1,12}acmekey["' :=]{1,5}([0-9a-f]{32})'''`);
    const secret = randomHex(1, 32);
    assert.equal(detectorOf(text).at, 'near');
    for (const name of ['xacmekey', 'myverylongacmeKey']) {
      assert.deepEqual(secretsIn(text, `${' '.repeat(500)}${name} = "${secret}"`), [[secret, false]]);
    }
  });

  it('looks near a keyword that the regex does not hold, and says so', () => {
    const text = rule(`regex = '''key-[0-9a-f]{32}'''\nkeywords = ["acme"]`);
    const secret = `key-${randomHex(2, 32)}`;
    assert.equal(load(text).notes.length, 1);
    assert.deepEqual(secretsIn(text, `acme\n${'x'.repeat(600)}\n${secret}`), [[secret, false]]);
    assert.deepEqual(secretsIn(text, `nobody\n${secret}`), []);
  });

  it('takes the group that is asked for, else the first that is not empty', () => {
    const text = `acme_id:${randomHex(3, 8)}-${randomHex(4, 16)}`;
    const regex = `regex = '''acme_id:(x)?([0-9a-f]{8})-([0-9a-f]{16})'''`;
    assert.deepEqual(secretsIn(rule(regex), text), [[text.slice(8, 16), false]]);
    assert.deepEqual(secretsIn(rule(`${regex}\nsecretGroup = 3`), text), [[text.slice(17), false]]);
    assert.equal(load(rule(`${regex}\nsecretGroup = 4`)).problems.length, 1);
  });

  it('takes a long part of a keyword for the keyword', () => {
    const text = rule(`regex = '''hooks.acme.com/[0-9a-f]{16}'''\nkeywords = ["hooks.acme.com"]`);
    assert.equal(load(text).notes.length, 0);
    const secret = `hooks.acme.com/${randomHex(8, 16)}`;
    assert.deepEqual(secretsIn(text, secret), [[secret, false]]);
  });

  it('reads the shape that most rules have, whatever stands before the name', () => {
    const value = '(?:[ \\t\\w.-]{0,20})[\\s\'"]{0,3}(?:=|>|:{1,3}=|\\|\\||:|=>|\\?=|,)[\\x60\'"\\s=]{0,5}';
    const end = '(?:[\\x60\'"\\s;]|\\\\[nr]|$)';
    const text = rule(
      `regex = '''(?i)[\\w.-]{0,50}?(?:acme|(?-i:[Zz]oo|ZOO)|corpkey)${value}([\\w.=-]{10,150}|[a-z0-9][a-z0-9+/]{11,}={0,3})${end}'''\nkeywords = ["acme", "zoo", "corpkey"]`,
    );
    const { at, anchors } = detectorOf(text);
    assert.deepEqual([at, [...anchors].sort()], ['token', ['acme', 'corpkey', 'zoo']]);
    const secret = randomHex(9, 32);
    for (const line of [
      `my.ACME_api-key = '${secret}'`,
      `"zooKey": "${secret}"`,
      `ZOO=${secret}`,
      `corpkey=>${secret};`,
    ]) {
      assert.deepEqual(secretsIn(text, line), [[secret, false]], line);
    }
    assert.deepEqual(secretsIn(text, `zOO=${secret}`), []);
  });

  it('never looks at more than a window', () => {
    const wide = rule(`regex = '''(?:[a-z]{1000}){0,9}[0-9]acme[0-9]{500}'''`);
    assert.equal(load(wide).refused.length, 1);
    for (const regex of ['[a-z]+[0-9]*-acme=[0-9a-f]+', '[\\s\\S]{64,}acme', 'acme[\\s\\S]*?(?:[a-z]{90}){3,}=']) {
      const { provider: own } = load(rule(`regex = '''${regex}'''`));
      assert.equal(own.detectors.length, 1);
      for (const { before, after } of own.detectors) assert.ok(before + after <= 16_384, `${before} ${after}`);
    }
  });

  it('asks an allow-list about the whole match, whatever may be left out for speed', () => {
    const text = `${rule(`regex = '''[a-z_]{0,9}acme=([0-9a-f]{32})'''`)}[rules.allowlist]\nregexTarget = "match"\nregexes = ['''^test_''']\n`;
    const secret = randomHex(6, 32);
    assert.deepEqual(secretsIn(text, `test_acme=${secret}`), [[secret, true]]);
    assert.deepEqual(secretsIn(text, `prod_acme=${secret}`), [[secret, false]]);
  });

  it('demands the entropy', () => {
    const text = `${acme}entropy = 3.5\n`;
    assert.deepEqual(secretsIn(text, token), [[token, false]]);
    assert.deepEqual(secretsIn(text, `acme_${'a'.repeat(20)}`), []);
    assert.equal(secretsIn(acme, `acme_${'a'.repeat(20)}`).length, 1);
  });

  it('finds a long secret whose repeat has no bound', () => {
    const text = rule(`regex = '''-----BEGIN ACME-----[\\s\\S-]{64,}?-----END ACME-----'''`);
    const secret = `-----BEGIN ACME-----\n${randomText(5, 3000)}\n-----END ACME-----`;
    assert.deepEqual(secretsIn(text, secret), [[secret, false]]);
  });

  it('looks only at files whose path fits', () => {
    const text = rule(`regex = '''acme_[0-9A-Za-z]{20}'''\npath = '''(?i)\\.ya?ml$'''`);
    assert.equal(secretsIn(text, token, 'etc/App.YML').length, 1);
    assert.equal(secretsIn(text, token, 'lib/a.jar!conf/app.yaml').length, 1);
    assert.equal(secretsIn(text, token, 'etc/app.yml.txt').length, 0);
    assert.equal(secretsIn(text, token).length, 0);
  });

  it('takes a severity from the tags, a title from the description', () => {
    const { severity, title } = detectorOf(
      `${acme}tags = ["x", "severity:low"]\ndescription = "Acme token, which opens all."`,
    );
    assert.deepEqual([severity, title], ['low', 'Acme token']);
    assert.deepEqual([detectorOf(acme).severity, detectorOf(acme).title], ['high', 'acme-token']);
  });

  it('bounds what it can, and refuses what it can not', () => {
    const competing = rule(`regex = '''acme_(?:(?:[a-z]+)+-?)+$'''`);
    assert.equal(load(competing).refused.length, 1);
    for (const refused of [
      rule(`regex = '''[0-9a-f]{40}'''`),
      rule(`regex = '''[0-9a-f]{40}'''\nkeywords = ["s."]`),
      rule(`regex = '''acme(?=x)'''`),
      rule(`path = '''\\.pfx$'''`),
      `${acme}[[rules.required]]\nid = "x"\n`,
    ]) {
      const { refused: found, provider: own, problems } = load(refused);
      assert.deepEqual(problems, []);
      assert.equal(own.detectors.length, 0);
      assert.deepEqual(
        found.map(({ detector: id, line }) => [id, line]),
        [['acme-token', 1]],
        refused,
      );
    }
  });

  for (const regex of ['acme[a-z]*[a-z0-9]*[a-z_]*=([0-9]{8})', '[a-z]*[a-z0-9]*acme=[a-z]*([0-9]{8})']) {
    it(`is fast with ${regex} on what a backtracking engine is slow on`, () => {
      const text = rule(`regex = '''${regex}'''`);
      const started = performance.now();
      for (const hostile of ['acme', 'acme=', 'aacme=a']) secretsIn(text, hostile.repeat(2000));
      assert.ok(performance.now() - started < 8000, `${performance.now() - started} ms`);
    }).timeout(30_000);
  }

  it('tells what is wrong with the file', () => {
    for (const wrong of ['[[rules]\n', 'title = "x"', '[[rules]]\nregex = "abcd"', rule('regex = 5'), acme + acme]) {
      assert.notDeepEqual(load(wrong).problems, [], wrong);
    }
  });
});

describe('allow-lists', () => {
  const list = (fields: string): string => `${acme}[[rules.allowlists]]\n${fields}\n`;
  const line = `x = "${token}" # demo`;

  it('allow by secret, match or line', () => {
    assert.deepEqual(secretsIn(list(`regexes = ['''^acme_''']`), line), [[token, true]]);
    assert.deepEqual(secretsIn(list(`regexes = ['''demo''']`), line), [[token, false]]);
    assert.deepEqual(secretsIn(list(`regexTarget = "line"\nregexes = ['''demo$''']`), line), [[token, true]]);
    assert.deepEqual(secretsIn(list(`regexTarget = "line"\nregexes = ['''demo''']`), `# demo\n${token}\n# demo`), [
      [token, false],
    ]);
    const named = `[[rules]]\nid = "a"\nregex = '''acmekey=([0-9a-f]{32})'''\n[rules.allowlist]\nregexes = ['''key''']`;
    const secret = randomHex(7, 32);
    assert.deepEqual(secretsIn(named, `acmekey=${secret}`), [[secret, false]]);
    assert.deepEqual(secretsIn(`${named}\nregexTarget = "match"`, `acmekey=${secret}`), [[secret, true]]);
  });

  it('allow by stopword, in any case', () => {
    assert.deepEqual(secretsIn(list(`stopwords = ["${token.slice(6, 12).toUpperCase()}"]`), line), [[token, true]]);
    assert.deepEqual(secretsIn(list(`stopwords = ["demo"]`), line), [[token, false]]);
  });

  it('allow by path, which metadata has none of', () => {
    const text = list(`paths = ['''(?:^|/)samples/''']`);
    assert.deepEqual(secretsIn(text, line, 'app/samples/a'), [[token, true]]);
    assert.deepEqual(secretsIn(text, line, 'app/a'), [[token, false]]);
    assert.deepEqual(secretsIn(text, line), [[token, false]]);
  });

  it('demand all where they say AND', () => {
    const text = list(`condition = "AND"\npaths = ['''samples/''']\nstopwords = ["acme"]`);
    assert.deepEqual(secretsIn(text, line, 'samples/a'), [[token, true]]);
    assert.deepEqual(secretsIn(text, line, 'a'), [[token, false]]);
    assert.deepEqual(secretsIn(`${text}commits = ["abc"]\n`, line, 'samples/a'), [[token, false]]);
  });

  it('of the whole file are for all its rules, or those they name', () => {
    assert.deepEqual(secretsIn(`${acme}[allowlist]\nstopwords = ["acme"]`, line), [[token, true]]);
    const named = (id: string): string => `${acme}[[allowlists]]\ntargetRules = ["${id}"]\nstopwords = ["acme"]`;
    assert.deepEqual(secretsIn(named('acme-token'), line), [[token, true]]);
    assert.deepEqual(secretsIn(named('other'), line), [[token, false]]);
  });

  it('do not hide a secret that another rule finds at the same place', () => {
    const text = `${list('stopwords = ["acme"]')}[[rules]]\nid = "other"\nregex = '''acme_[0-9A-Za-z]{10,}'''\n`;
    assert.deepEqual(
      matchesIn(text, line).map((match) => [match.rule, match.allowed]),
      [['other', undefined]],
    );
  });
});

describe('extend', () => {
  const base = `${acme}[[rules]]\nid = "b"\nregex = '''bbbb_[0-9]{8}'''\n[allowlist]\nstopwords = ["never"]`;
  const top = '[extend]\npath = "base.toml"\n';

  it('goes on from another file, without the rules it disables', () => {
    const files = { 'gitleaks.toml': `${top}disabledRules = ["b"]\n`, 'base.toml': base };
    assert.deepEqual(
      load(files).provider.detectors.map(({ id }) => id),
      ['acme-token'],
    );
  });

  it('changes a rule of the same id', () => {
    const change = `${top}[[rules]]\nid = "acme-token"\n[[rules.allowlists]]\nstopwords = ["acme"]\n`;
    assert.deepEqual(secretsIn({ 'gitleaks.toml': change, 'base.toml': base }, token), [[token, true]]);
  });

  it('is refused where files extend each other', () => {
    assert.notDeepEqual(load({ 'gitleaks.toml': '[extend]\npath = "gitleaks.toml"' }).problems, []);
    assert.notDeepEqual(load('[extend]\npath = "missing.toml"').problems, []);
  });

  it("lets lists of the whole file speak for whichlayer's rules where it extends the default", () => {
    const own = provider('own', [detector({ id: 'own-key', at: 'token', anchors: ['own_'], pattern: 'own_[0-9]{9}' })]);
    const lists = '[allowlist]\npaths = ["samples/"]\n[[rules]]\nid = "generic-api-key"\n';
    const add = (text: string): ReturnType<typeof addGitleaks> => addGitleaks(['gitleaks.toml'], [own], () => text);
    const extended = add(`[extend]\nuseDefault = true\n${lists}`);
    assert.equal(extended.providers[0]?.detectors[0]?.allow?.length, 1);
    assert.ok(extended.remarks.every(({ diagnostic }) => diagnostic.effect === 'notice'));
    const alone = add(lists + acme);
    assert.equal(alone.providers[0]?.detectors[0]?.allow, undefined);
    assert.notEqual(digestOf(extended.providers), digestOf([own]));
  });
});

describe('addGitleaks', () => {
  it('keeps names apart from those there are', () => {
    const own = provider('gitleaks', [
      detector({ id: 'acme-token', at: 'token', anchors: ['own_'], pattern: 'own_[0-9]{9}' }),
    ]);
    const { providers } = addGitleaks(['a/gitleaks.toml', 'b/.gitleaks.toml', 'team.toml'], [own], () => acme);
    assert.deepEqual(
      providers.map(({ id, detectors }) => [id, detectors[0]?.id]),
      [
        ['gitleaks', 'acme-token'],
        ['gitleaks-2', 'gitleaks-2-acme-token'],
        ['gitleaks-3', 'gitleaks-3-acme-token'],
        ['gitleaks-team', 'gitleaks-team-acme-token'],
      ],
    );
  });

  it('says of each rule that is not looked for that it is not', () => {
    const { remarks } = addGitleaks(['g.toml'], [], () => rule(`regex = '''[0-9a-f]{40}'''`));
    assert.deepEqual(
      remarks.map(({ rule: id, diagnostic }) => [id, diagnostic.code, diagnostic.effect, diagnostic.subject]),
      [['acme-token', 'RULE_UNSUPPORTED', 'incomplete', 'g.toml:1: acme-token']],
    );
  });
});

describe('isToml', () => {
  it('goes by the name, then by the first line', () => {
    assert.ok(isToml('x.toml', ''));
    assert.ok(!isToml('x.yaml', 'id = "x"'));
    assert.ok(isToml('x', '# comment\n\ntitle = "x"'));
    assert.ok(isToml('x', '[[rules]]'));
    assert.ok(!isToml('x', 'id: acme\nname: x'));
  });
});
