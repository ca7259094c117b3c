import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { harmlessWords, isFileReference, isHarmless, isSecretName } from '../../src/scan/harmless.ts';

const random = 'q8Zr2Lx0Vb7Nw4Kt';

describe('isSecretName', () => {
  const secret = [
    'DB_PASSWORD',
    'dbPassword',
    'stripe.api-key',
    'TOKEN',
    'AWS_SECRET_ACCESS_KEY',
    'MYSQL_ROOT_PASSWORD',
    'SENTRY_DSN',
    'jwtSecret',
    'APIKEY',
  ];
  const not = [
    'PATH',
    'GPG_KEY',
    'PYTHON_VERSION',
    'KEYCLOAK_URL',
    'MONKEY',
    'TOKENIZERS_PARALLELISM',
    'PASSWORD_MIN_LENGTH',
    'DB_PASSWORD_FILE',
    'PUBLIC_KEY',
    'AUTHOR',
    'AWS_ACCESS_KEY_ID',
    'KEYBOARD',
  ];
  for (const name of secret) it(`says yes to ${name}`, () => assert.equal(isSecretName(name), true));
  for (const name of not) it(`says no to ${name}`, () => assert.equal(isSecretName(name), false));
});

describe('isHarmless', () => {
  const shown: [string | undefined, string][] = [
    ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    ['LANG', 'C.UTF-8'],
    ['GPG_KEY', 'A035C8C19219BA821ECEA86B64E628F8D684696D'],
    ['NODE_ENV', 'production'],
    ['PORT', '8080'],
    ['JAVA_HOME', '/opt/java/openjdk'],
    ['API_BASE', 'https://api.example.com/v1/'],
    ['DEBUG', 'true'],
    ['NGINX_RELEASE', '1~bookworm'],
    [undefined, 'nginx -g daemon off;'],
  ];
  const masked: [string | undefined, string][] = [
    ['ANYTHING', random],
    ['DB_PASSWORD', 'hunter'],
    ['SERVICE_URL', 'https://user:pw@example.com/'],
    ['SOMETHING', `https://example.com/hook/${random}`],
    ['TOKEN', 'production'],
    ['LONG', '9f86d081884c7d659a2feaa0c55ad015'],
    ['SESSION', '7b1f9f1e-30c5-4c5c-9d3b-0d1f6a1b2c3d'],
  ];
  for (const [name, value] of shown) it(`shows ${name}=${value}`, () => assert.equal(isHarmless(name, value), true));
  for (const [name, value] of masked) it(`masks ${name}=${value}`, () => assert.equal(isHarmless(name, value), false));
});

describe('harmlessWords', () => {
  it('keeps a command readable', () => {
    const command = '/bin/sh -c nginx -g "daemon off;" --config /etc/nginx/nginx.conf';
    assert.equal(harmlessWords(command), command);
  });
  it('masks what may be a secret', () => {
    const masked = harmlessWords(`app --token short --key=${random} -u admin:pw TOKEN=abc ${random}`);
    assert.equal(masked, 'app --token ******** --key=******** -u ******** TOKEN=******** ********');
  });
});

describe('isFileReference', () => {
  it('knows secret stores and _FILE variables', () => {
    assert.equal(isFileReference('DB_PASSWORD', '/run/secrets/db'), true);
    assert.equal(isFileReference('DB_PASSWORD_FILE', '/etc/db-password'), true);
    assert.equal(isFileReference('DB_PASSWORD', random), false);
    assert.equal(isFileReference('DB_PASSWORD_FILE', `x ${random}`), false);
  });
});
