/**
 * Files that tools keep credentials in, as those tools write them, through the built-in rules: issue 6, point 4. Formats that are packed
 * or binary have tests of their own (test/layer/sqlite.test.ts, string-prefix.test.ts, decode/).
 */

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { readRuleFolder } from '../../src/detect/load-rules.ts';
import { compileMatcher, detect } from '../../src/detect/matcher.ts';
import { randomHex, randomText } from './rules.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const upper = 'ABCDEFGHJKLMNPQRSTUVWXYZ234567';
const word = (seed: number): string => randomText(seed, 16);
/** Cut, so that no scanner takes this file for what it tests. */
const joined = (...parts: readonly string[]): string => parts.join('');

interface Format {
  readonly secret: string;
  readonly text: string;
  readonly user?: string;
}

const awsSecret = randomText(1, 40);
const githubToken = joined('gh', 'p_', randomText(3, 36));
const gcloudToken = joined('1', '//0g', randomText(4, 60));
const kubeToken = randomText(5, 48);
const jenkins = joined('AQAAABAAAA', 'AQ', randomText(6, 64));
const maven = `{${base64(randomText(7, 32))}}`;

const formats: Readonly<Record<string, Format>> = {
  'AWS profile': {
    secret: awsSecret,
    text: `[default]\naws_access_key_id = ${joined('AK', 'IA', randomText(2, 16, upper))}\naws_secret_access_key = ${awsSecret}\n`,
  },
  'gcloud profile': {
    secret: gcloudToken,
    text: JSON.stringify({
      client_id: '1.apps.googleusercontent.com',
      refresh_token: gcloudToken,
      type: 'authorized_user',
    }),
  },
  'Azure CLI profile': {
    secret: `0.AXoA${randomText(8, 600)}`,
    text: `{"RefreshToken": {"x": {"credential_type": "RefreshToken", "secret": "0.AXoA${randomText(8, 600)}"}}}`,
  },
  '.npmrc of a registry': { secret: randomText(9, 32), text: `//npm.shop7.io/:_authToken=${randomText(9, 32)}\n` },
  '.npmrc with user and password': {
    secret: base64(`ci:${word(10)}`),
    text: `//npm.shop7.io/:_auth=${base64(`ci:${word(10)}`)}\n`,
    user: 'ci',
  },
  'docker config.json': {
    secret: base64(`shop7:${word(11)}`),
    text: JSON.stringify({ auths: { 'reg.shop7.io': { auth: base64(`shop7:${word(11)}`) } } }),
    user: 'shop7',
  },
  'docker config.json in a Secret': {
    secret: base64(`shop7:${word(11)}`),
    text: `kind: Secret\ndata:\n  .dockerconfigjson: ${base64(
      JSON.stringify({ auths: { 'reg.shop7.io': { auth: base64(`shop7:${word(11)}`) } } }),
    )}\n`,
    user: 'shop7',
  },
  '.pypirc': {
    secret: word(12),
    text: `[shop7]\nrepository = https://pypi.shop7.io\nusername = ci\npassword = ${word(12)}\n`,
  },
  'pip.conf': { secret: word(13), text: `[global]\nindex-url = https://ci:${word(13)}@pypi.shop7.io/simple\n` },
  "Composer's auth.json": {
    secret: githubToken,
    text: JSON.stringify({ 'github-oauth': { 'github.com': githubToken } }),
  },
  'NuGet.Config': {
    secret: word(14),
    text: `<packageSourceCredentials><shop7><add key="ClearTextPassword" value="${word(14)}" /></shop7></packageSourceCredentials>`,
  },
  "Cargo's credentials.toml": {
    secret: joined('ci', 'o', randomText(15, 32)),
    text: `[registry]\ntoken = "${joined('ci', 'o', randomText(15, 32))}"\n`,
  },
  'gradle.properties': { secret: word(16), text: `shop7MavenUser=ci\nshop7MavenPassword=${word(16)}\n` },
  'Maven settings.xml': {
    secret: word(17),
    text: `<settings><servers><server>\n<id>a</id><username>ci</username>\n<password>${word(17)}</password>\n</server></servers></settings>`,
  },
  'Maven settings.xml, encrypted': {
    secret: maven.slice(1, -1),
    text: `<settings><servers><server><username>ci</username><password>${maven}</password></server></servers></settings>`,
  },
  kubeconfig: {
    secret: kubeToken,
    text: `apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user:\n    token: ${kubeToken}\n`,
  },
  '.pgpass': { secret: word(18), text: `db7.shop7.io:5432:shop:shop:${word(18)}\n` },
  '.netrc': { secret: word(19), text: `machine api.shop7.io\n  login ci\n  password ${word(19)}\n` },
  '.git-credentials': { secret: githubToken, text: `https://ci:${githubToken}@github.com\n` },
  'shell history': { secret: word(20), text: `ls\nmysql -u root -p${word(20)} shop\ncd\n` },
  'extended shell history': { secret: word(21), text: `: 1700000000:0;export DB_PASSWORD=${word(21)}\n` },
  'Terraform state': {
    secret: word(22),
    text: JSON.stringify(
      { type: 'random_password', instances: [{ attributes: { id: 'none', length: 16, result: word(22) } }] },
      null,
      2,
    ),
  },
  "Jenkins' credentials.xml": { secret: jenkins, text: `<username>ci</username>\n<password>{${jenkins}}</password>\n` },
  'hex password of a .my.cnf': {
    secret: randomHex(23, 24),
    text: `[client]\nuser=root\npassword="${randomHex(23, 24)}"\n`,
  },
};

describe('formats that hold credentials', () => {
  it('are read, down to the user', async function () {
    this.timeout(60_000);
    const rules = compileMatcher(await readRuleFolder('rules'));
    for (const [name, { secret, text, user }] of Object.entries(formats)) {
      const found = detect(rules, text);
      const match = found.find((one) => one.secret === secret);
      assert.ok(match !== undefined, `${name}: ${found.map(({ rule }) => rule).join(', ') || 'nothing'}`);
      if (user !== undefined) assert.equal(match.details?.['user'], user, name);
    }
  });
});
