import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { compileMatcher } from '../../src/detect/compiled-rules.ts';
import { detect } from '../../src/detect/matcher.ts';
import { detector, randomHex, ruleSet } from './rules.ts';

const rules = compileMatcher(
  ruleSet(
    detector({ id: 'foo-key', at: 'name', anchors: ['foo'], pattern: '[0-9a-f]{32}' }),
    detector({ id: 'box-key', at: 'name', anchors: ['box'], pattern: '[0-9a-f]{30}' }),
    detector({ id: 'any-password', at: 'name', anchors: ['password'], pattern: '[0-9a-f]{28}', generic: true }),
  ),
);
const v = randomHex(11, 32);

const found = [
  `FOO_KEY=${v}`,
  `export FOO_API_KEY="${v}"`,
  `FOO_KEY: ${v}`,
  `FOO_KEY := ${v}`,
  `foo_key ?= "${v}"`,
  `MY_FOO_SECRET='${v}'`,
  `SECRET_FOO=${v}`,
  `curl -H "Authorization: Bearer ${v}" https://api.foo.com/v1`,
  `curl -H 'X-Api-Key: ${v}' \\\n  https://foo.com/v1`,
  `FOO_APIkey=${v}`,
  `FOO_PRIVATE=${v}`,
  `foo access ${v}`,
  `FOO:API_KEY=${v}`,
  `{"fooKey": "${v}"}`,
  `{"fooKey":"${v}","x":1}`,
  `{\\"fooKey\\": \\"${v}\\"}`,
  `foo:\n  api_key: ${v}`,
  `foo:\n  url: https://x.invalid\n  nested:\n    apiToken: '${v}'`,
  `"foo":{"apiKey":"${v}"}`,
  `[foo]\nkey=${v}`,
  `[foo]\nurl = x\nclient_secret = ${v}`,
  `foo.apiKey = '${v}'`,
  `foo['api_key'] = "${v}"`,
  `setFooKey("${v}")`,
  `client.setFooToken('${v}');`,
  `Foo::KEY => '${v}'`,
  `'foo_key' => '${v}',`,
  `define('FOO_KEY', '${v}');`,
  `const string FooKey = "${v}";`,
  `private static final String FOO_KEY = "${v}";`,
  `const FOO_KEY: &'static str = "${v}";`,
  `foo_key: str = "${v}"`,
  `let fooKey: string = '${v}'`,
  `var fooKey string = "${v}"`,
  `#define FOO_KEY "${v}"`,
  `NSString *fooKey = @"${v}";`,
  `.put("foo.key", "${v}")`,
  `System.setProperty("FOO_TOKEN", "${v}")`,
  `os.Setenv("FOO_KEY", "${v}")`,
  `process.env.FOO_KEY || '${v}'`,
  `os.environ.get('FOO_KEY') or '${v}'`,
  `os.getenv("FOO_KEY", "${v}")`,
  `foo_key = os.getenv("K", "${v}")`,
  `FOO_KEY=\${FOO_KEY:-${v}}`,
  `@Value("\${foo.key:${v}}")`,
  `ENV['FOO_KEY'] ||= "${v}"`,
  `--foo-key ${v}`,
  `--foo-key=${v}`,
  `-Dfoo.token=${v}`,
  `<fooKey>${v}</fooKey>`,
  `<foo-key>\n  ${v}\n</foo-key>`,
  `<add key="FooKey" value="${v}"/>`,
  `<string name="foo_api_key">${v}</string>`,
  `<key>fooKey</key>\n<string>${v}</string>`,
  `- name: FOO_TOKEN\n  value: "${v}"`,
  `{"name": "FOO_KEY", "value": "${v}"}`,
  `X-Foo-Key: ${v}`,
  `curl -H "Authorization: Bearer ${v}" # foo`.replace('curl', 'curl https://api.foo.invalid'),
  `X-Foo-Token: Bearer ${v}`,
  `https://x.invalid/?foo_key=${v}&x=1`,
  `https://foo.invalid/?a=b&api_key=${v}`,
  `foo api key ${v}`,
  `foo token is ${v}.`,
  `Foo API Key: ${v}`,
  `ENV FOO_KEY ${v}`,
  `setx FOO_KEY "${v}"`,
  `$env:FOO_KEY = "${v}"`,
  `FOO_KEY=${v}; echo`,
  `FOO_KEY=${v}\\nBAR=1`,
  `myfookey=${v}`.replace('myfoo', 'my_foo'),
];

const nothing = [
  `FOO_URL=${v}`,
  `FOO_KEY_ID=${v}`,
  `API_KEY=${v}\nFOO_URL=https://api.foo.com`,
  `curl -H 'X-Api-Key: ${v}' https://other.com/foo`,
  `foo.key=\${ENV:${v}}`,
  `FOO_KEY_FILE=/run/secrets/foo-key ${v}`,
  `FOO_KEY_FILE="/run/secrets/foo-key" ID="${v}"`,
  `foo_token_sha256=${v}`,
  `FOO_PUBLIC_KEY=${v}`,
  `FOO_KEY=${v}0`,
  `FOO_KEY=${v}-0`,
  `FOO_KEY=x${v}`,
  `FOO_HOST=a\nDATADOG_API_KEY=${v}`,
  `foo:\n  url: x\nother:\n  api_key: ${v}`,
  `"foo": {"a": 1}, "other": {"api_key": "${v}"}`,
  `[foo]\nurl=x\n[other]\napi_key=${v}`,
  `foo key\n${v}`,
  `FOO_KEY=\nBAR=${v}`,
  `food_key=${v}`,
  `foo integrity="sha512-${v}" key`,
];

/** Found with low confidence: no word says that a secret follows, no sign does, or somebody typed it. */
const doubtful = [
  `foo = '${v}'`,
  `foo: "${v}"`,
  `FOO=${v}`,
  `foo '${v}'`,
  `foo = '12', '${v}'`,
  `foo-token-${v}`,
  `fooSECRET-${v}`,
  `foo.private.${v}`,
];

const undecided = [`foo(${v})`, `foo ${v}`, `foo = other`, `my-foo-${v}`, `foo-token-name-${v}`];

describe('assignments', () => {
  for (const text of found) {
    it(`finds the value of ${JSON.stringify(text.replace(v, '…'))}`, () => {
      assert.deepEqual(
        detect(rules, text).map(({ rule, secret }) => [rule, secret]),
        [['foo-key', v]],
      );
    });
  }
  for (const text of doubtful) {
    it(`finds with low confidence the value of ${JSON.stringify(text.replace(v, '…'))}`, () => {
      assert.deepEqual(
        detect(rules, text).map(({ rule, secret, confidence }) => [rule, secret, confidence]),
        [['foo-key', v, 'low']],
      );
    });
  }
  for (const text of [...nothing, ...undecided]) {
    it(`finds nothing in ${JSON.stringify(text.replace(v, '…'))}`, () => assert.deepEqual(detect(rules, text), []));
  }

  it('takes a short anchor for a word of its own only', () => {
    const value = randomHex(12, 30);
    const names = (text: string): boolean => detect(rules, text.replace('=', `=${value}`)).length === 1;
    for (const name of ['BOX_KEY=', 'BOXTOKEN=', 'myBoxToken=', 'box2_key=', 'X_BOX_API_KEY='])
      assert.ok(names(name), name);
    for (const name of ['INBOX_KEY=', 'XBOX_KEY=', 'boxs_key=', 'dropbox_token=', 'boxer_key=', 'letterboxKey='])
      assert.ok(!names(name), name);
  });

  it('takes an anchor that begins with a short word for words of their own only', () => {
    const tell = compileMatcher(
      ruleSet(detector({ id: 'dd-key', at: 'name', anchors: ['dd api'], pattern: '[0-9a-f]{32}' })),
    );
    const count = (text: string): number => detect(tell, text).length;
    for (const name of ['DD_API_KEY', 'DD__API_KEY', 'MY_DD_API_KEY', 'ddApiKey', 'prodDdApiKey'])
      assert.equal(count(`${name}=${v}`), 1, name);
    for (const name of ['ADD_API_KEY', 'addApiKey', 'paddapikey']) assert.equal(count(`${name}=${v}`), 0, name);
  });

  it('gives a generic detector no context', () => {
    const value = randomHex(13, 28);
    assert.equal(detect(rules, `DB_PASSWORD=${value}`).length, 1);
    assert.equal(detect(rules, `# the password\nkey: ${value}`).length, 0);
  });
});
