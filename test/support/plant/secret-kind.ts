/**
 * The kinds of secret a test plants: each makes one up with the right alphabet, length and checksum, and knows the
 * names, files and commands people use it with. Written from the vendors' descriptions, never from our rules.
 */

import { createHmac } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { heartOf, makePrivateKey, makeRsaPkcs8 } from './private-key.ts';
import { base62, base64Url, digits, hex, lower, type Random, upper } from './random.ts';

/** A made-up secret and the ways it is written down; each has a `name` or a `file`. */
export interface MadeSecret {
  /** Text that the reported value must hold. */
  readonly secret: string;
  /** Other values beside it that a report may call secrets, too. */
  readonly also?: readonly string[];
  /** As an environment variable. */
  readonly name?: string;
  /** What the variable holds, where that is more than the secret. */
  readonly value?: string;
  /** Harmless variables that belong to it. */
  readonly beside?: Readonly<Record<string, string>>;
  /** A file that is its own. */
  readonly file?: { readonly path: string; readonly content: string };
  /** A shell command that uses it; of a program that busybox does not have, so that no build ever sends it anywhere. */
  readonly command?: string;
}

/** One kind of secret. */
export interface SecretKind {
  readonly id: string;
  /** Whose rule may claim it. */
  readonly providers: readonly string[];
  /** Too long, or of a kind nobody writes into a label or a command. */
  readonly bulky?: true;
  /** Only a hint: it may be reported with low confidence. */
  readonly weak?: true;
  readonly make: (random: Random) => MadeSecret;
}

/** Every kind, in no order. */
export const secretKinds: readonly SecretKind[] = [
  { id: 'pepipost', providers: ['pepipost'], make: pepipost },
  { id: 'freshchat', providers: ['freshchat'], make: freshchat },
  { id: 'wechat', providers: ['wechat'], make: wechat },
  { id: 'private-key', providers: ['privatekey'], bulky: true, make: privateKey },
  { id: 'aws', providers: ['aws'], make: aws },
  { id: 'google-service-account', providers: ['google'], bulky: true, make: serviceAccount },
  { id: 'google-api-key', providers: ['google'], make: googleApiKey },
  { id: 'azure-storage', providers: ['azure'], make: azureStorage },
  { id: 'azure-client', providers: ['azure'], make: azureClient },
  { id: 'github', providers: ['github'], make: github },
  { id: 'gitlab', providers: ['gitlab'], make: gitlab },
  { id: 'npm', providers: ['npm'], make: npm },
  { id: 'npmrc-auth', providers: ['npm'], make: npmrcAuth },
  { id: 'pypi', providers: ['pypi'], make: pypi },
  { id: 'docker-hub', providers: ['docker'], make: dockerHub },
  { id: 'docker-config', providers: ['docker'], make: dockerConfig },
  { id: 'slack', providers: ['slack'], make: slack },
  { id: 'stripe', providers: ['stripe'], make: stripe },
  { id: 'sendgrid', providers: ['sendgrid'], make: sendgrid },
  { id: 'mailgun', providers: ['mailgun'], make: mailgun },
  { id: 'twilio', providers: ['twilio'], make: twilio },
  { id: 'openai', providers: ['openai'], make: openai },
  { id: 'anthropic', providers: ['anthropic'], make: anthropic },
  { id: 'huggingface', providers: ['huggingface'], make: huggingface },
  { id: 'vault', providers: ['vault', 'hashicorp', 'hashicorpvault'], make: vault },
  { id: 'postgres', providers: ['postgres', 'postgresql'], make: (random) => database(random, 'postgres') },
  { id: 'mysql', providers: ['mysql'], make: (random) => database(random, 'mysql') },
  { id: 'mongodb', providers: ['mongodb'], make: (random) => database(random, 'mongodb+srv') },
  { id: 'redis', providers: ['redis'], make: (random) => database(random, 'redis') },
  { id: 'netrc', providers: ['netrc'], make: netrc },
  { id: 'generic', providers: ['generic'], weak: true, make: generic },
];

function pepipost(random: Random): MadeSecret {
  const secret = random.text(random.oneIn(3) ? base62 : hex, 32);
  return {
    secret,
    name: random.pick(['PEPIPOST_API_KEY', 'PEPIPOST_KEY', 'NETCORE_EMAIL_API_KEY', 'PEPIPOST_TOKEN']),
    command: `curl -fsS https://${random.pick(['api.pepipost.com/v5.1', 'emailapi.netcorecloud.net/v5.1'])}/mail/send -H "api_key: ${secret}" -H "content-type: application/json"`,
    ...(random.oneIn(3) ? { file: { path: 'srv/mail/send.php', content: pepipostCode(secret) } } : {}),
  };
}

function pepipostCode(secret: string): string {
  return `<?php
$curl = curl_init('https://api.pepipost.com/v5.1/mail/send');
curl_setopt($curl, CURLOPT_HTTPHEADER, ['api_key: ${secret}', 'content-type: application/json']);
`;
}

function freshchat(random: Random): MadeSecret {
  const header = { alg: 'HS256', typ: 'JWT', kid: 'custom-oauth-keyid' };
  const claims = { sub: random.uuid(), aud: 'freshchat', iss: 'freshchat', iat: 1_690_000_000, jti: random.uuid() };
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const secret = `${signed}.${createHmac('sha256', random.bytes(32)).update(signed).digest('base64url')}`;
  return {
    secret,
    name: random.pick(['FRESHCHAT_TOKEN', 'FRESHCHAT_API_TOKEN', 'CHAT_BEARER']),
    command: `curl -fsS -H "Authorization: Bearer ${secret}" https://acme.freshchat.com/v2/agents`,
  };
}

function wechat(random: Random): MadeSecret {
  const secret = random.text(hex, 32);
  const appId = `wx${random.text(hex, 16)}`;
  const url = `https://api.weixin.qq.com/cgi-bin/token?grant_type=client_credential&appid=${appId}&secret=${secret}`;
  const made = { secret, command: `curl -fsS "${url}"` };
  if (random.oneIn(3)) return { ...made, name: 'TOKEN_URL', value: url };
  return {
    ...made,
    name: random.pick(['WECHAT_APP_SECRET', 'WEIXIN_SECRET', 'WX_APP_SECRET']),
    beside: { WECHAT_APP_ID: appId },
  };
}

function privateKey(random: Random): MadeSecret {
  const key = makePrivateKey(random);
  const folder = key.includes('OPENSSH') ? 'root/.ssh/id_ed25519' : 'etc/ssl/private/server.key';
  return {
    secret: heartOf(key),
    name: random.pick(['TLS_PRIVATE_KEY', 'JWT_SIGNING_KEY', 'SSH_KEY']),
    value: key.trimEnd(),
    file: { path: folder, content: key },
  };
}

function aws(random: Random): MadeSecret {
  const id = `${random.pick(['AKIA', 'AKIA', 'ASIA'])}${random.text(`${upper}234567`, 16)}`;
  const secret = random.text(`${base62}+/`, 40);
  return {
    secret,
    also: [id],
    name: 'AWS_SECRET_ACCESS_KEY',
    beside: { AWS_ACCESS_KEY_ID: id, AWS_DEFAULT_REGION: 'eu-central-1' },
    command: `AWS_ACCESS_KEY_ID=${id} AWS_SECRET_ACCESS_KEY=${secret} aws s3 cp s3://acme-artifacts/app.tgz .`,
    ...(random.oneIn(2)
      ? {
          file: {
            path: 'root/.aws/credentials',
            content: `[default]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`,
          },
        }
      : {}),
  };
}

function serviceAccount(random: Random): MadeSecret {
  const key = makeRsaPkcs8(random);
  const project = `acme-${random.text(lower, 6)}`;
  const keyId = random.text(hex, 40);
  const account = {
    type: 'service_account',
    project_id: project,
    private_key_id: keyId,
    private_key: key,
    client_email: `deploy@${project}.iam.gserviceaccount.com`,
    client_id: random.text(digits, 21),
    auth_uri: 'https://accounts.google.com/o/oauth2/auth',
    token_uri: 'https://oauth2.googleapis.com/token',
  };
  return {
    secret: escaped(heartOf(key)),
    also: [keyId],
    file: { path: 'app/service-account.json', content: `${JSON.stringify(account, null, 2)}\n` },
  };
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function googleApiKey(random: Random): MadeSecret {
  const secret = `AIza${'Sy'}${random.text(base64Url, 32)}${random.text(base62, 1)}`;
  return { secret, name: random.pick(['GOOGLE_MAPS_API_KEY', 'FIREBASE_API_KEY', 'GEMINI_API_KEY']) };
}

function azureStorage(random: Random): MadeSecret {
  const secret = random.bytes(64).toString('base64');
  const account = `acme${random.text(lower, 8)}`;
  return {
    secret,
    name: 'AZURE_STORAGE_CONNECTION_STRING',
    value: `DefaultEndpointsProtocol=https;AccountName=${account};AccountKey=${secret};EndpointSuffix=core.windows.net`,
  };
}

function azureClient(random: Random): MadeSecret {
  const secret = `${random.text(base62, 3)}${random.text(digits, 1)}Q~${random.text(`${base62}_.~-`, 33)}${random.text(base62, 1)}`;
  return {
    secret,
    name: random.pick(['AZURE_CLIENT_SECRET', 'ARM_CLIENT_SECRET']),
    beside: { AZURE_TENANT_ID: random.uuid(), AZURE_CLIENT_ID: random.uuid() },
  };
}

function github(random: Random): MadeSecret {
  const secret = checksummed(random, random.pick(['ghp_', 'gho_', 'ghs_']));
  return {
    secret,
    name: random.pick(['GITHUB_TOKEN', 'GH_TOKEN', 'COMPOSER_AUTH_TOKEN']),
    command: `git clone https://x-access-token:${secret}@github.com/acme/app.git /src`,
  };
}

/** A token that ends in the CRC-32 of its random part, in six digits of base 62. */
function checksummed(random: Random, prefix: string): string {
  const body = random.text(base62, 30);
  let rest = crc32(body);
  let check = '';
  const alphabet = digits + upper + lower;
  for (let place = 0; place < 6; place++) {
    check = alphabet.charAt(rest % 62) + check;
    rest = Math.floor(rest / 62);
  }
  return prefix + body + check;
}

function gitlab(random: Random): MadeSecret {
  const secret = `glpat-${random.text(base62, 19)}${random.text(base64Url, 1)}`.replace(/[-_]$/, '7');
  return {
    secret,
    name: random.pick(['GITLAB_TOKEN', 'CI_JOB_ACCESS', 'GL_TOKEN']),
    command: `git clone https://oauth2:${secret}@gitlab.com/acme/app.git /src`,
  };
}

function npm(random: Random): MadeSecret {
  const secret = checksummed(random, 'npm_');
  return {
    secret,
    name: 'NPM_TOKEN',
    command: `npm config set //registry.npmjs.org/:_authToken=${secret}`,
    file: {
      path: 'root/.npmrc',
      content: `registry=https://registry.npmjs.org/\n//registry.npmjs.org/:_authToken=${secret}\nalways-auth=true\n`,
    },
  };
}

function npmrcAuth(random: Random): MadeSecret {
  const password = random.text(base62, 18);
  const secret = Buffer.from(`deploy:${password}`).toString('base64');
  return {
    secret,
    file: {
      path: 'app/.npmrc',
      content: `registry=https://npm.acme-corp.net/\n//npm.acme-corp.net/:_auth=${secret}\n`,
    },
  };
}

function pypi(random: Random): MadeSecret {
  // A macaroon: version 2, the location pypi.org, then an identifier and its signature.
  const head = Buffer.from([2, 1, 8, ...Buffer.from('pypi.org'), 2, 36]);
  const macaroon = Buffer.concat([head, Buffer.from(random.uuid()), Buffer.from([0, 0, 6, 32]), random.bytes(64)]);
  const secret = `pypi-${macaroon.toString('base64url')}`;
  return {
    secret,
    name: random.pick(['PYPI_TOKEN', 'TWINE_PASSWORD', 'POETRY_PYPI_TOKEN_PYPI']),
    file: {
      path: 'root/.pypirc',
      content: `[distutils]\nindex-servers =\n    pypi\n\n[pypi]\nusername = __token__\npassword = ${secret}\n`,
    },
  };
}

function dockerHub(random: Random): MadeSecret {
  const secret = `dckr_pat_${random.text(base62, 27)}`;
  return {
    secret,
    name: random.pick(['DOCKERHUB_TOKEN', 'DOCKER_PASSWORD']),
    command: `echo ${secret} | docker login -u acme --password-stdin`,
  };
}

function dockerConfig(random: Random): MadeSecret {
  const secret = Buffer.from(`acme:${random.text(base62, 20)}`).toString('base64');
  const config = { auths: { 'https://index.docker.io/v1/': { auth: secret } }, HttpHeaders: {} };
  return { secret, file: { path: 'root/.docker/config.json', content: `${JSON.stringify(config, null, '\t')}\n` } };
}

function slack(random: Random): MadeSecret {
  const last = random.text(base62, 24);
  if (random.oneIn(3)) {
    const place = `T${random.text(digits + upper, 10)}/B${random.text(digits + upper, 10)}`;
    const value = `https://hooks.slack.com/services/${place}/${last}`;
    return { secret: last, name: 'SLACK_WEBHOOK_URL', value };
  }
  const secret = `xoxb-${random.between(1, 9)}${random.text(digits, 11)}-${random.between(1, 9)}${random.text(digits, 12)}-${last}`;
  return { secret, name: random.pick(['SLACK_BOT_TOKEN', 'SLACK_TOKEN', 'ALERTS_TOKEN']) };
}

function stripe(random: Random): MadeSecret {
  const prefix = random.pick(['sk', 'rk']);
  const secret = `${prefix}_live_${random.oneIn(2) ? `51${random.text(base62, 97)}` : random.text(base62, 24)}`;
  return {
    secret,
    name: random.pick(['STRIPE_SECRET_KEY', 'STRIPE_API_KEY', 'PAYMENT_KEY']),
    command: `curl -fsS https://api.stripe.com/v1/charges -u ${secret}:`,
  };
}

function sendgrid(random: Random): MadeSecret {
  const secret = `SG.${random.text(base64Url, 22)}.${random.text(base64Url, 42)}${random.text(base62, 1)}`;
  return { secret, name: random.pick(['SENDGRID_API_KEY', 'SMTP_PASS', 'MAIL_KEY']) };
}

function mailgun(random: Random): MadeSecret {
  const old = random.oneIn(2);
  const secret = old
    ? `key-${random.text(hex, 32)}`
    : `${random.text(hex, 32)}-${random.text(hex, 8)}-${random.text(hex, 8)}`;
  return {
    secret,
    name: random.pick(['MAILGUN_API_KEY', 'MAILGUN_PRIVATE_KEY']),
    command: `curl -fsS --user "api:${secret}" https://api.mailgun.net/v3/mg.acme-corp.net/messages`,
  };
}

function twilio(random: Random): MadeSecret {
  const secret = random.text(hex, 32);
  const account = `AC${random.text(hex, 32)}`;
  return {
    secret,
    name: 'TWILIO_AUTH_TOKEN',
    beside: { TWILIO_ACCOUNT_SID: account },
    command: `curl -fsS -u ${account}:${secret} https://api.twilio.com/2010-04-01/Accounts.json`,
  };
}

function openai(random: Random): MadeSecret {
  const mark = 'T3BlbkFJ';
  const secret = random.oneIn(2)
    ? `sk-proj-${random.text(base64Url, 74)}${mark}${random.text(base64Url, 73)}A`
    : `sk-${random.text(base62, 20)}${mark}${random.text(base62, 20)}`;
  return { secret, name: random.pick(['OPENAI_API_KEY', 'LLM_KEY', 'OPENAI_KEY']) };
}

function anthropic(random: Random): MadeSecret {
  const secret = `sk-ant-api03-${random.text(base64Url, 93)}AA`;
  return { secret, name: random.pick(['ANTHROPIC_API_KEY', 'CLAUDE_API_KEY']) };
}

function huggingface(random: Random): MadeSecret {
  const secret = `hf_${random.text(upper + lower, 34)}`;
  return {
    secret,
    name: random.pick(['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN', 'HUGGINGFACE_TOKEN']),
    command: `huggingface-cli login --token ${secret}`,
  };
}

function vault(random: Random): MadeSecret {
  const secret = `hvs.${random.text(base64Url, random.pick([24, 91]))}`.replace(/[-_]$/, 'x');
  return { secret, name: 'VAULT_TOKEN', beside: { VAULT_ADDR: 'https://vault.acme-corp.net:8200' } };
}

function database(random: Random, scheme: 'postgres' | 'mysql' | 'mongodb+srv' | 'redis'): MadeSecret {
  const password = random.text(base62, random.between(14, 24));
  const user = random.pick(['shop', 'billing', 'svc_orders']);
  const host = `${random.pick(['db', 'primary', 'pg-1'])}.${random.text(lower, 6)}.acme-corp.net`;
  const urls = {
    postgres: [random.pick(['POSTGRES_URL', 'DATABASE_URL']), `postgresql://${user}:${password}@${host}:5432/orders`],
    mysql: [
      random.pick(['MYSQL_URL', 'DATABASE_URL']),
      `mysql://${user}:${password}@${host}:3306/orders?charset=utf8mb4`,
    ],
    'mongodb+srv': ['MONGODB_URI', `mongodb+srv://${user}:${password}@${host}/orders?retryWrites=true&w=majority`],
    redis: [random.pick(['REDIS_URL', 'CACHE_URL']), `redis://:${password}@${host}:6379/0`],
  } as const;
  const [name, value] = urls[scheme];
  return { secret: password, name, value };
}

function netrc(random: Random): MadeSecret {
  const secret = random.text(base62, random.between(16, 30));
  const machine = random.pick(['artifactory.acme-corp.net', 'api.heroku.com']);
  return {
    secret,
    file: { path: 'root/.netrc', content: `machine ${machine}\n  login deploy@acme-corp.net\n  password ${secret}\n` },
  };
}

function generic(random: Random): MadeSecret {
  return {
    // A password without a digit is told from a word by nobody.
    secret: `${random.text(base62, random.between(15, 27))}${random.text(digits, 1)}`,
    name: random.pick(['ADMIN_PASSWORD', 'SESSION_SECRET', 'INTERNAL_API_TOKEN', 'SMTP_PASSWORD']),
  };
}
