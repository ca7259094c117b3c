/**
 * Files of tools that keep credentials, as those tools write them. Their secrets are what the tools put there: many are passwords that
 * nothing but the place they stand in tells, so that here it does count what a scanner knows.
 */

import { execFileSync } from 'node:child_process';
import { createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { base62, base64Url, upper } from '../plant/random.ts';
import { secretKinds } from '../plant/secret-kind.ts';
import { tool } from '../real/tool.ts';
import { jksOf } from './binary-bytes.ts';
import { type Group, inFile, type Place } from './place.ts';
import type { DepthToken, Tokens } from './token.ts';

const base64 = (text: string | Uint8Array): string => Buffer.from(text as string).toString('base64');

/** A file with a password in it, which rules of the providers may claim. */
function withPassword(
  name: string,
  path: string,
  providers: readonly string[],
  write: (password: string) => string,
): Place {
  return inFile(
    name,
    path,
    {},
    ({ secret }) => write(secret),
    (tokens) => tokens.password(...providers),
  );
}

/** A file with a secret in the form its tool gives it. */
function withOwn(
  name: string,
  path: string,
  providers: readonly string[],
  make: (tokens: Tokens) => string,
  write: (secret: string) => string,
): Place {
  return inFile(
    name,
    path,
    {},
    ({ secret }) => write(secret),
    (tokens) => ({ secret: make(tokens), name: '', providers }),
  );
}

function ofKind(id: string): (tokens: Tokens) => DepthToken {
  const { make, providers } = secretKinds.find((kind) => kind.id === id)!;
  return ({ random }) => ({ secret: make(random).secret, name: '', providers });
}

/** Credentials in the files of tools. */
export const stores: Group = {
  title: 'files of tools',
  folder: 'root',
  places: [
    withPassword('Terraform state', 'infra/terraform.tfstate', ['terraform', 'generic'], (password) =>
      JSON.stringify(
        {
          version: 4,
          resources: [
            {
              type: 'random_password',
              name: 'db',
              instances: [{ attributes: { id: 'none', length: 20, result: password } }],
            },
          ],
        },
        null,
        2,
      ),
    ),
    withOwn(
      'Jenkins credentials.xml',
      '.jenkins/credentials.xml',
      ['jenkins'],
      ({ random }) => `AQAAABAAAA${'AQ'}${random.text(base62, 64)}`,
      (secret) =>
        `<com.cloudbees.plugins.credentials.impl.UsernamePasswordCredentialsImpl>\n<username>ci</username>\n<password>{${secret}}</password>\n</com.cloudbees.plugins.credentials.impl.UsernamePasswordCredentialsImpl>\n`,
    ),
    withPassword(
      'Maven settings.xml',
      '.m2/settings.xml',
      ['maven', 'generic'],
      (password) =>
        `<settings><servers><server>\n<id>releases</id>\n<username>ci</username>\n<password>${password}</password>\n</server></servers></settings>\n`,
    ),
    withOwn(
      'kubeconfig',
      '.kube/config',
      ['kubernetes', 'generic'],
      ({ random }) => random.text(base62, 48),
      (secret) =>
        `apiVersion: v1\nkind: Config\nclusters:\n- name: prod\n  cluster:\n    server: https://k8s.acme-corp.net:6443\nusers:\n- name: deploy\n  user:\n    token: ${secret}\n`,
    ),
    withPassword(
      'shell history',
      '.bash_history',
      ['mysql', 'generic', 'database'],
      (password) => `ls -la\nmysql -h db.acme-corp.net -u root -p${password} shop\nexit\n`,
    ),
    withPassword(
      '.pgpass',
      '.pgpass',
      ['postgresql', 'postgres'],
      (password) => `db.acme-corp.net:5432:orders:shop:${password}\n`,
    ),
    inFile(
      'AWS profile',
      '.aws/credentials',
      {},
      ({ secret, also }) =>
        `[default]\naws_access_key_id = ${also?.[0]}\naws_secret_access_key = ${secret}\nregion = eu-central-1\n`,
      ({ random }) => ({
        secret: random.text(`${base62}+/`, 40),
        also: [`AKIA${random.text(`${upper}234567`, 16)}`],
        name: '',
        providers: ['aws'],
      }),
    ),
    withOwn(
      'gcloud profile',
      '.config/gcloud/application_default_credentials.json',
      ['google'],
      ({ random }) => `1//0${random.text(base62, 1)}${random.text(base64Url, 98)}`,
      (secret) =>
        JSON.stringify(
          {
            client_id: '764086051850-6qr4p6gpi6hn506pt8ejuq83di341hur.apps.googleusercontent.com',
            refresh_token: secret,
            type: 'authorized_user',
          },
          null,
          2,
        ),
    ),
    withOwn(
      'Azure CLI profile',
      '.azure/msal_token_cache.json',
      ['azure'],
      ({ random }) => `0.A${random.text(base62, 1)}oA${random.text(base64Url, 640)}`,
      (secret) =>
        JSON.stringify({
          RefreshToken: { x: { credential_type: 'RefreshToken', environment: 'login.microsoftonline.com', secret } },
        }),
    ),
    inFile(
      'npm .npmrc',
      '.npmrc',
      {},
      ({ secret }) => `//registry.npmjs.org/:_authToken=${secret}\nalways-auth=true\n`,
      ofKind('npm'),
    ),
    withOwn(
      'npm .npmrc, user and password',
      'web/.npmrc',
      ['npm'],
      ({ random }) => base64(`deploy:${random.text(base62, 18)}`),
      (secret) => `registry=https://npm.acme-corp.net/\n//npm.acme-corp.net/:_auth=${secret}\n`,
    ),
    withPassword(
      'pip pip.conf',
      '.config/pip/pip.conf',
      ['pypi', 'basicauth', 'generic', 'pip'],
      (password) => `[global]\nindex-url = https://ci:${password}@pypi.acme-corp.net/simple\n`,
    ),
    inFile(
      'pip .pypirc',
      '.pypirc',
      {},
      ({ secret }) => `[distutils]\nindex-servers = pypi\n\n[pypi]\nusername = __token__\npassword = ${secret}\n`,
      ofKind('pypi'),
    ),
    inFile(
      'Composer auth.json',
      '.composer/auth.json',
      {},
      ({ secret }) => JSON.stringify({ 'github-oauth': { 'github.com': secret } }, null, 4),
      (tokens) => tokens.next('github'),
    ),
    withPassword(
      'NuGet NuGet.Config',
      '.nuget/NuGet/NuGet.Config',
      ['nuget', 'generic'],
      (password) =>
        `<configuration>\n<packageSourceCredentials>\n<acme>\n<add key="Username" value="ci" />\n<add key="ClearTextPassword" value="${password}" />\n</acme>\n</packageSourceCredentials>\n</configuration>\n`,
    ),
    withOwn(
      'Cargo credentials.toml',
      '.cargo/credentials.toml',
      ['cargo', 'crates', 'cratesio'],
      ({ random }) => `ci${'o'}${random.text(base62, 32)}`,
      (secret) => `[registry]\ntoken = "${secret}"\n`,
    ),
    withPassword(
      'Gradle gradle.properties',
      '.gradle/gradle.properties',
      ['gradle', 'generic', 'maven'],
      (password) => `org.gradle.jvmargs=-Xmx2g\nacmeMavenUser=ci\nacmeMavenPassword=${password}\n`,
    ),
    withPassword(
      'netrc',
      '.netrc',
      ['netrc'],
      (password) => `machine artifactory.acme-corp.net\n  login ci\n  password ${password}\n`,
    ),
    inFile(
      '.git-credentials',
      '.git-credentials',
      {},
      ({ secret }) => `https://ci:${secret}@gitlab.acme-corp.net\n`,
      (tokens) => tokens.next('gitlab'),
    ),
  ],
};

/** Keystores; `changeit` is what everybody's are sealed with. */
export const keystores: Group = {
  title: 'keystores and password stores',
  folder: 'etc/keys',
  places: [
    keystore('PKCS#12 with a well-known passphrase', 'shop.p12', () => pkcs12('changeit')),
    keystore('PKCS#12, protected', 'vault.p12', (tokens) => pkcs12(tokens.password().secret)),
    keystore('JKS with a well-known passphrase', 'shop.jks', (tokens) => {
      const sealed = sunSealed('changeit', tokens.random.bytes(20));
      const password = Buffer.from('changeit', 'utf16le').swap16();
      const digest = (content: Uint8Array): Buffer =>
        createHash('sha1').update(password).update('Mighty Aphrodite').update(content).digest();
      return { store: jksOf('shop', sealed.key, digest), secret: base64(sealed.octets) };
    }),
    inFile(
      'private key in DER',
      'server.key',
      {},
      ({ secret }) => Buffer.from(secret, 'base64'),
      () => ({ secret: base64(newKey()), name: '', providers: ['privatekey'] }),
    ),
    named('KeePass database', 'shop.kdbx', 'keystore', ({ random }) => {
      // KDBX 3.1: the fields of the outer header in their order, then what is sealed.
      const field = (id: number, content: Uint8Array): Buffer =>
        Buffer.concat([Buffer.from([id, content.length, 0]), content]);
      const aes = Buffer.from('31c1f2e6bf714350be5805216afc5aff', 'hex');
      const rounds = Buffer.from('70110100000000', 'hex');
      const fields = [
        ...[field(2, aes), field(3, Buffer.from([1, 0, 0, 0])), field(4, random.bytes(32)), field(5, random.bytes(32))],
        ...[field(6, Buffer.concat([rounds, Buffer.alloc(1)])), field(7, random.bytes(16)), field(8, random.bytes(32))],
        ...[field(9, random.bytes(32)), field(10, Buffer.from([2, 0, 0, 0])), field(0, Buffer.from('\r\n\r\n'))],
      ];
      return Buffer.concat([Buffer.from('03d9a29a67fb4bb501000300', 'hex'), ...fields, random.bytes(1024)]);
    }),
    named('GNOME keyring', 'login.keyring', 'keystore', ({ random }) => {
      const name = Buffer.from('\0\0\0\x05Login', 'latin1');
      const times = Buffer.concat([random.bytes(16), Buffer.alloc(8), Buffer.from([0, 0, 7, 0xd0]), random.bytes(24)]);
      return Buffer.concat([Buffer.from('GnomeKeyring\n\r\0\n\0\0\0\0', 'latin1'), name, times, random.bytes(512)]);
    }),
    named('KDE wallet', 'kdewallet.kwl', 'keystore', ({ random }) =>
      Buffer.concat([
        Buffer.from('KWALLET\n\r\0\r\n\0\x01\0\0', 'latin1'),
        Buffer.from([0, 0, 0, 1]),
        random.bytes(512),
      ]),
    ),
    inFile(
      'password in Firefox',
      'firefox/logins.json',
      {},
      ({ secret }) =>
        JSON.stringify({ logins: [{ hostname: 'https://shop.acme-corp.net', encryptedPassword: secret }] }),
      ({ random }) => {
        // DER of the key's id, des-ede3-cbc with its IV, and the password, as NSS seals it.
        const head = '303a0410f8000000000000000000000000000001301406082a864886f70d03070408';
        const parts = [Buffer.from(head, 'hex'), random.bytes(8), Buffer.from('0410', 'hex'), random.bytes(16)];
        return { secret: base64(Buffer.concat(parts)), name: '', providers: ['browser'], weak: true };
      },
    ),
  ],
};

/** A store that is told by its path, since nobody can say how a report shows it. */
function named(name: string, path: string, provider: string, make: (tokens: Tokens) => Buffer): Place {
  return inFile(
    name,
    path,
    {},
    (_, tokens) => make(tokens),
    () => ({ secret: '', name: '', providers: [provider] }),
  );
}

interface Keystore {
  readonly store: Buffer;
  /** The sealed key in base64, as reports have it. */
  readonly secret: string;
}

function keystore(name: string, path: string, make: (tokens: Tokens) => Keystore): Place {
  return {
    name,
    grow: (tokens) => {
      const { store, secret } = make(tokens);
      const token: DepthToken = { secret, name: '', providers: ['keystore'] };
      return { token, files: { [path]: store }, where: { kind: 'file', path } };
    },
  };
}

function newKey(): Buffer {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'der' });
}

/** A store as openssl makes it. */
function pkcs12(passphrase: string): Keystore {
  const key = createPrivateKey({ key: newKey(), format: 'der', type: 'pkcs8' });
  const options = ['pkcs12', '-export', '-nocerts', '-name', 'shop', '-passout', `pass:${passphrase}`];
  const store = execFileSync(tool('openssl'), options, {
    input: key.export({ type: 'pkcs8', format: 'pem' }),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // pkcs8ShroudedKeyBag, then [0] around the EncryptedPrivateKeyInfo; lengths are of two bytes behind 0x81 or three behind 0x82.
  const bag = Buffer.from('060b2a864886f70d010c0a0102', 'hex');
  const outer = store.indexOf(bag) + bag.length;
  const inner = outer + 2 + (store[outer + 1]! & 0x7f);
  const lengthBytes = store[inner + 1]! & 0x7f;
  const length = store.readUIntBE(inner + 2, lengthBytes);
  return { store, secret: base64(store.subarray(inner, inner + 2 + lengthBytes + length)) };
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length < 0x80 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

/** A key under Sun's own protector (1.3.6.1.4.1.42.2.17.1.1), and the octets of it alone. */
function sunSealed(passphrase: string, salt: Buffer): { readonly key: Buffer; readonly octets: Buffer } {
  const password = Buffer.from(passphrase, 'utf16le').swap16();
  const sha1 = (...parts: readonly Uint8Array[]): Buffer => createHash('sha1').update(Buffer.concat(parts)).digest();
  const plain = newKey();
  const body = Buffer.from(plain);
  let digest = salt;
  for (let at = 0; at < body.length; at++) {
    if (at % 20 === 0) digest = sha1(password, digest);
    body[at] = body[at]! ^ digest[at % 20]!;
  }
  const octets = der(0x04, salt, body, sha1(password, plain));
  const algorithm = der(0x30, Buffer.from('060a2b060104012a02110101', 'hex'), Buffer.from([5, 0]));
  return { key: der(0x30, algorithm, octets), octets };
}
