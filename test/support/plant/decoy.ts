/**
 * What a scanner must not report: text, binaries, checksums, ids, lock files, public keys, placeholders and
 * references. Made from the seed, in the shapes real images are full of.
 */

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { armour, makePublicKey } from './private-key.ts';
import { base62, base64Url, digits, hex, lower, type Random, upper } from './random.ts';

const words =
  'the key of each token holds one secret access password for every user and account which api service client can reach through its private public url header config value name path file layer image build'.split(
    ' ',
  );

/** Decoy files by path in the image. */
export function decoyFiles(random: Random, count = 240): Record<string, string | Buffer> {
  const files: Record<string, string | Buffer> = {};
  for (let index = 0; index < count; index++) {
    const [name, content] = random.pick(makers)(random);
    files[`usr/share/decoy-${index % 12}/${index}-${name}`] = content;
  }
  for (const [index, make] of makers.entries()) {
    const [name, content] = make(random);
    files[`usr/lib/decoy/${index}-${name}`] = content;
  }
  return files;
}

/** Variables and labels that hold no secret. */
export function decoyVariables(random: Random): { env: [string, string][]; labels: [string, string][] } {
  return {
    env: [
      ['NODE_VERSION', '24.21.0'],
      ['GPG_KEY', random.text(`${digits}ABCDEF`, 40)],
      ['PYTHON_SHA256', random.text(hex, 64)],
      ['DB_PASSWORD_FILE', '/run/secrets/db-password'],
      ['API_KEY_HEADER', 'X-Api-Key'],
      ['BUILD_ID', random.uuid()],
      ['OAUTH_ENDPOINT', 'https://login.acme-corp.net/oauth2/token'],
      ['ACME_API_KEY', 'changeme'],
      ['WECHAT_APP_ID_DEFAULT', `wx${random.text(hex, 16)}`],
    ],
    labels: [
      ['org.opencontainers.image.revision', random.text(hex, 40)],
      ['org.opencontainers.image.source', 'https://github.com/acme/app'],
      ['com.acme.config-hash', random.text(hex, 32)],
    ],
  };
}

/** Apart, so that nobody takes the texts below for templates of ours. */
const dollar = '$';

type Maker = (random: Random) => [name: string, content: string | Buffer];

const makers: readonly Maker[] = [
  (random) => ['notes.txt', prose(random, 80)],
  (random) => ['library.so', random.bytes(random.between(500, 6000))],
  (random) => ['data.bin.gz', gzipSync(random.bytes(2000))],
  (random) => ['MD5SUMS', repeat(12, () => `${random.text(hex, 32)}  ./${random.text(lower, 8)}.tgz`)],
  (random) => ['SHA256SUMS', repeat(12, () => `${random.text(hex, 64)}  ${random.text(lower, 8)}.deb`)],
  (random) => ['ids.csv', repeat(20, () => `${random.uuid()},${random.text(lower, 6)},${random.int(9999)}`)],
  (random) => ['package-lock.json', lockFile(random)],
  (random) => [
    'yarn.lock',
    repeat(
      8,
      () =>
        `"${random.text(lower, 7)}@^1.0.0":\n  version "1.0.2"\n  resolved "https://registry.yarnpkg.com/x/-/x-1.0.2.tgz#${random.text(hex, 40)}"\n  integrity sha512-${random.bytes(64).toString('base64')}\n`,
    ),
  ],
  (random) => [
    'go.sum',
    repeat(
      12,
      () => `github.com/acme/${random.text(lower, 6)} v1.2.${random.int(9)} h1:${random.bytes(32).toString('base64')}`,
    ),
  ],
  (random) => ['poetry.lock', repeat(8, () => `    {file = "x.whl", hash = "sha256:${random.text(hex, 64)}"},`)],
  (random) => ['Cargo.lock', repeat(8, () => `[[package]]\nname = "token"\nchecksum = "${random.text(hex, 64)}"\n`)],
  placeholders,
  references,
  kubernetes,
  documentation,
  (random) => ['style.css', `.key{background:url(data:image/png;base64,${random.bytes(900).toString('base64')})}\n`],
  (random) => ['app.min.js', minified(random)],
  (random) => ['app.js.map', JSON.stringify({ version: 3, mappings: random.text(`${base62}+/,;`, 3000) })],
  (random) => ['ca.pem', armour('CERTIFICATE', Buffer.concat([Buffer.from([0x30, 0x82, 3, 0]), random.bytes(768)]))],
  (random) => ['public.pem', makePublicKey(random)],
  (random) => [
    'known_hosts',
    `github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${random.text(base62, 43)}\nweb.acme ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ${random.text(base62, 350)}\n`,
  ],
  (random) => [
    'build.log',
    repeat(
      15,
      () =>
        `${random.int(24)}:12:07 INFO pushed sha256:${random.text(hex, 64)} commit=${random.text(hex, 40)} request_id=${random.uuid()}`,
    ),
  ],
  (random) => ['urls.conf', urls(random)],
  (random) => [
    'page.html',
    `<script src="/a.js" integrity="sha384-${random.bytes(48).toString('base64')}"></script>\n`,
  ],
  (random) => ['stripe.js', `Stripe('pk_live_${random.text(base62, 24)}').elements();\n`],
  (random) => ['version.py', `__commit__ = "${random.text(hex, 40)}"\nkeyring = '${random.text(hex, 16)}'\n`],
];

function repeat(count: number, line: () => string): string {
  return Array.from({ length: count }, () => `${line()}\n`).join('');
}

function prose(random: Random, count: number): string {
  return `${Array.from({ length: count }, () => random.pick(words)).join(' ')}.\n`;
}

function lockFile(random: Random): string {
  const packages = Array.from({ length: 8 }, () => [
    `node_modules/${random.text(lower, 7)}`,
    {
      version: `1.${random.int(20)}.${random.int(9)}`,
      resolved: `https://registry.npmjs.org/token/-/token-1.0.${random.int(9)}.tgz`,
      integrity: `sha512-${random.bytes(64).toString('base64')}`,
    },
  ]);
  return `${JSON.stringify({ lockfileVersion: 3, packages: Object.fromEntries(packages) }, null, 2)}\n`;
}

function placeholders(random: Random): [string, string] {
  const lines = [
    `PEPIPOST_API_KEY=${dollar}{PEPIPOST_API_KEY}`,
    `MYSQL_URL=mysql://app:${dollar}{DB_PASSWORD}@db.acme-corp.net/app`,
    'FRESHCHAT_TOKEN=<your-freshchat-token>',
    'WECHAT_APP_SECRET=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    'GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    'SENDGRID_API_KEY=your_sendgrid_api_key_here',
    'TWILIO_AUTH_TOKEN=your_auth_token',
    'STRIPE_SECRET_KEY=sk_live_...',
    'OPENAI_API_KEY=sk-your-key-here',
    'SLACK_BOT_TOKEN=xoxb-your-token-here',
    'ADMIN_PASSWORD=changeme',
    'SESSION_SECRET=',
    'DATABASE_URL=postgres://user:password@localhost:5432/app',
    'REDIS_URL=redis://localhost:6379/0',
    `AWS_ACCESS_KEY_ID=AKIA${'IOSFODNN7'}EXAMPLE`,
    `AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/${'bPxRfiCY'}EXAMPLEKEY`,
    'NPM_TOKEN=$(cat /run/secrets/npm)',
    'VAULT_TOKEN=%VAULT_TOKEN%',
    'MAILGUN_API_KEY={{ mailgun_api_key }}',
  ];
  return ['.env.example', `${random.shuffle(lines).join('\n')}\n`];
}

function references(random: Random): [string, string] {
  const lines = [
    'const apiKey = process.env.PEPIPOST_API_KEY;',
    'const token = config.get("github.token");',
    'const password = await vault.read("secret/db", "password");',
    'auth = { token: secrets.FRESHCHAT_TOKEN, ttl: 3600 };',
    'if (!password) throw new Error("password is required");',
    'const passwordField = document.querySelector("#password");',
    'export const TOKEN_HEADER = "X-Auth-Token";',
    'client.setApiKey(await readFile("/run/secrets/sendgrid", "utf8"));',
    `const url = \`postgres://${dollar}{user}:${dollar}{password}@${dollar}{host}/app\`;`,
    `const cacheKey = "${random.text(hex, 8)}";`,
  ];
  return ['client.ts', `${random.shuffle(lines).join('\n')}\n`];
}

function kubernetes(random: Random): [string, string] {
  const name = random.text(lower, 5);
  return [
    'deployment.yaml',
    `env:\n  - name: DB_PASSWORD\n    valueFrom:\n      secretKeyRef:\n        name: ${name}-db\n        key: password\nimage: acme/${name}@sha256:${random.text(hex, 64)}\n`,
  ];
}

function documentation(random: Random): [string, string] {
  return [
    'README.md',
    `# Usage\n\nPut your key into \`~/.netrc\`:\n\n    machine api.example.com login USER password PASSWORD\n\nA private key begins with \`-----BEGIN RSA PRIVATE KEY-----\`.\n\n    curl -H "Authorization: Bearer $TOKEN" https://api.example.com/${random.text(lower, 5)}\n`,
  ];
}

function urls(random: Random): string {
  return [
    `cdn=https://cdn.acme-corp.net/assets/${random.text(hex, 32)}/app.js`,
    'db=postgresql://db.acme-corp.net:5432/orders?sslmode=require',
    'proxy=http://proxy.acme-corp.net:3128',
    'mongo=mongodb://mongo-0.mongo:27017,mongo-1.mongo:27017/app?replicaSet=rs0',
    `weixin=https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx${random.text(hex, 16)}&response_type=code`,
    `trace=${random.text(hex, 32)}-${random.text(hex, 16)}-01`,
    '',
  ].join('\n');
}

function minified(random: Random): string {
  const call = (): string =>
    `function ${random.text(lower, 2)}(e,t){return e.key===t.token?"${random.text(base64Url, 11)}":${random.int(1e6)}}`;
  return Array.from({ length: 40 }, call).join(';') + createHash('md5').update(random.text(upper, 9)).digest('hex');
}
