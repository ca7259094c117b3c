/**
 * Files that tools keep credentials in, as those tools write them, through the built-in rules: issue 6, point 4. Formats that are packed
 * or binary have tests of their own (test/layer/sqlite.test.ts, string-prefix.test.ts, decode/).
 */

import assert from 'node:assert/strict';
import { createCipheriv, generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'mocha';
import { compileMatcher } from '../../src/detect/compiled-rules.ts';
import { readRuleFolder } from '../../src/detect/load-rules.ts';
import { detect } from '../../src/detect/matcher.ts';
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
/** As rclone writes it, under the key that its source has. */
function rclone(password: string): string {
  const iv = Buffer.alloc(16, 7);
  const key = Buffer.from('9c935b48730a554d6bfd7c63c886a92bd390198eb8128afbf4de162b8b95f638', 'hex');
  return Buffer.concat([iv, createCipheriv('aes-256-ctr', key, iv).update(password)]).toString('base64url');
}
const lines = (seed: number, count: number): string =>
  Array.from({ length: count }, (_, index) => randomText(seed + index, 64)).join('\n');
const putty = joined(
  'PuTTY-User-Key-',
  `File-2: ssh-rsa\nEncryption: none\nComment: shop\nPublic-Lines: 2\n${lines(50, 2)}\nPrivate-Lines: 3\n${lines(52, 3)}\nPrivate-MAC: ${randomHex(55, 40)}`,
);
const kubeKey = base64(
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'sec1', format: 'pem' }) as string,
);
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
  "rclone's configuration": {
    secret: rclone(word(30)),
    text: `[shop]\ntype = sftp\nhost = h7.shop7.io\nuser = ci\npass = ${rclone(word(30))}\n`,
  },
  "FileZilla's site manager": {
    secret: base64(word(31)),
    text: `<Server><Host>h</Host><User>ci</User><Pass encoding="base64">${base64(word(31))}</Pass></Server>`,
  },
  "Subversion's store": {
    secret: word(32),
    text: `K 8\npasstype\nV 6\nsimple\nK 8\npassword\nV 16\n${word(32)}\nK 8\nusername\nV 2\nci\nEND\n`,
  },
  'a bearer of Composer': { secret: word(33), text: JSON.stringify({ bearer: { 'repo.shop7.io': word(33) } }) },
  '.yarnrc.yml with user and password': { secret: word(34), text: `npmAuthIdent: "ci:${word(34)}"\n` },
  "Bundler's configuration": { secret: word(35), text: `---\nBUNDLE_GEMS__SHOP7__IO: "ci:${word(35)}"\n` },
  "sbt's credentials": {
    secret: word(36),
    text: `credentials += Credentials("Nexus", "nexus.shop7.io", "ci", "${word(36)}")\n`,
  },
  "Poetry's auth.toml": {
    secret: word(37),
    text: `[http-basic.shop7]\nusername = "ci"\npassword = "${word(37)}"\n`,
  },
  'a registry of Cargo': { secret: randomText(38, 40), text: `[registries.shop7]\ntoken = "${randomText(38, 40)}"\n` },
  "Snowflake's connections.toml": {
    secret: word(39),
    text: `[connections.shop]\naccount = "shop7"\nuser = "ci"\npassword = "${word(39)}"\n`,
  },
  'a session of aws sso': {
    secret: joined('aoa', 'AAAAA', randomText(40, 300)),
    text: JSON.stringify({
      accessToken: joined('aoa', 'AAAAA', randomText(40, 300)),
      expiresAt: '2026-11-22T00:00:00Z',
    }),
  },
  "RabbitMQ's cookie": {
    secret: randomText(41, 20, upper),
    text: `ENV RABBITMQ_ERLANG_COOKIE=${randomText(41, 20, upper)}\n`,
  },
  "DBeaver's credentials": {
    secret: word(42),
    text: JSON.stringify({ pg: { '#connection': { user: 'app', password: word(42) } } }),
  },
  "PuTTY's key": {
    secret: putty,
    text: `${putty}\n`,
  },
  's3cmd’s configuration': {
    secret: randomText(43, 40),
    text: `[default]\naccess_key = ${joined('AK', 'IA', randomText(44, 16, upper))}\nsecret_key = ${randomText(43, 40)}\n`,
  },
  'Helm’s repositories.yaml': {
    secret: word(45),
    text: `repositories:\n- name: shop\n  password: ${word(45)}\n  url: https://charts.shop7.io\n  username: ci\n`,
  },
  "Vault's token": {
    secret: joined('hv', 's.', randomText(46, 90)),
    text: joined('hv', 's.', randomText(46, 90)),
  },
  'key of a kubeconfig': { secret: kubeKey, text: `users:\n- name: a\n  user:\n    client-key-data: ${kubeKey}\n` },
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
