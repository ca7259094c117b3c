import assert from 'node:assert/strict';
import { createVerify, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { signRequest } from '../../src/source/registry/credentials/amazon.ts';
import { azureCredentials } from '../../src/source/registry/credentials/azure.ts';
import type { CloudRequest } from '../../src/source/registry/credentials/cloud-kit.ts';
import { findCredentials } from '../../src/source/registry/credentials/find.ts';
import { surroundingsOf } from '../../src/source/registry/surroundings.ts';
import { type Seen, startWitness, type Witness } from '../support/witness.ts';

const signal = new AbortController().signal;
let service: Witness;
let answer: (seen: Seen, response: ServerResponse) => unknown;

beforeEach(async () => {
  answer = (_, response) => response.writeHead(500).end();
  service = await startWitness((seen, response) => answer(seen, response));
});
afterEach(() => service.close());

function answers(json: object): void {
  answer = (_, response) => response.end(JSON.stringify(json));
}

function find(
  host: string,
  env: Record<string, string>,
  given: { files?: Record<string, string>; instanceCredentials?: boolean } = {},
) {
  const { files = {}, instanceCredentials = false } = given;
  const around = surroundingsOf({ env, home: '/nonexistent', etc: '/nonexistent', readFile: (path) => files[path] });
  return findCredentials({ host, repository: 'app' }, { around, timeoutMs: 2000, instanceCredentials, signal });
}

describe('Credentials of Amazon ECR', () => {
  const host = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
  const secret = randomBytes(20).toString('hex');
  const keys = () => ({
    AWS_ACCESS_KEY_ID: 'AKID',
    AWS_SECRET_ACCESS_KEY: secret,
    AWS_ENDPOINT_URL_ECR: `http://${service.host}`,
  });

  it("signs as the specification's example says", () => {
    // "Signature Version 4 test suite", post-x-www-form-urlencoded, made anew with its published keys cut in two.
    const signed = signRequest({
      url: new URL('https://example.amazonaws.com/'),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'Param1=value1',
      keys: { id: `AKID${'EXAMPLE'}`, secret: `wJalrXUtnFEMI/K7MDENG+${'bPxRfiCYEXAMPLEKEY'}` },
      region: 'us-east-1',
      service: 'service',
      at: new Date('2015-08-30T12:36:00Z'),
    });
    assert.equal(
      signed['authorization'],
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    );
  });

  it('are a password that the API gives for signed keys, which stay here', async () => {
    answers({ authorizationData: [{ authorizationToken: Buffer.from('AWS:pass:word').toString('base64') }] });
    const { credentials, tried } = await find(host, { ...keys(), AWS_SESSION_TOKEN: 'session' });
    assert.deepEqual(credentials, { username: 'AWS', password: 'pass:word' });
    assert.equal(tried.at(-1), 'AWS_ACCESS_KEY_ID');
    const [seen] = service.seen;
    assert.equal(seen?.method, 'POST');
    assert.match(
      seen.headers.authorization ?? '',
      /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-west-1\/ecr\/aws4_request/,
    );
    assert.equal(seen.headers['x-amz-target'], 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken');
    assert.equal(seen.headers['x-amz-security-token'], 'session');
    assert.doesNotMatch(service.text(), new RegExp(secret));
  });

  it('are taken by a role with the token of a cluster', async () => {
    answer = ({ body }, response) => {
      const form = new URLSearchParams(body);
      const Credentials = { AccessKeyId: 'ASIA', SecretAccessKey: 's', SessionToken: 't' };
      if (form.get('Action') === 'AssumeRoleWithWebIdentity') {
        assert.equal(form.get('WebIdentityToken'), 'jwt');
        const AssumeRoleWithWebIdentityResult = { Credentials };
        response.end(JSON.stringify({ AssumeRoleWithWebIdentityResponse: { AssumeRoleWithWebIdentityResult } }));
      } else {
        response.end(JSON.stringify({ authorizationData: [{ authorizationToken: btoa('AWS:p') }] }));
      }
    };
    const env = {
      AWS_WEB_IDENTITY_TOKEN_FILE: '/token',
      AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/r',
      AWS_ENDPOINT_URL: `http://${service.host}`,
    };
    const { credentials } = await find(host, env, { files: { '/token': 'jwt\n' } });
    assert.deepEqual(credentials, { username: 'AWS', password: 'p' });
    assert.match(service.seen[1]?.headers.authorization ?? '', /Credential=ASIA/);
  });

  it('are asked for by names of ECR alone', async () => {
    for (const other of [
      'ecr.evil.example',
      `${host}.evil.example`,
      `x${host}`,
      'ecr.eu-west-1.amazonaws.com',
      `${host}:80`,
    ]) {
      assert.equal((await find(other, keys())).credentials, undefined, other);
    }
    assert.equal((await find(host, {})).credentials, undefined);
    assert.equal(service.seen.length, 0);
  });

  it('that are refused leave us nobody, and that is told without the answer', async () => {
    answer = (_, response) => response.writeHead(403).end(`{"message":"${secret}"}`);
    const { credentials, tried } = await find(host, keys());
    assert.equal(credentials, undefined);
    assert.match(tried.at(-1) ?? '', /refuses credentials.*403/);
    assert.doesNotMatch(tried.join(), new RegExp(secret));
  });

  it('are not fetched over plain http from afar', async () => {
    const { credentials } = await find(host, { ...keys(), AWS_ENDPOINT_URL_ECR: 'http://api.ecr.example/' });
    assert.equal(credentials, undefined);
  });

  it("are the machine's only where the user says so", async () => {
    answer = ({ method, path, headers }, response) => {
      if (method === 'PUT' && path === '/latest/api/token') return response.end('session');
      if (path === '/')
        return response.end(JSON.stringify({ authorizationData: [{ authorizationToken: btoa('AWS:p') }] }));
      assert.equal(headers['x-aws-ec2-metadata-token'], 'session');
      if (path.endsWith('/security-credentials/')) return response.end('role\n');
      return response.end(JSON.stringify({ AccessKeyId: 'ASIA', SecretAccessKey: 's', Token: 't' }));
    };
    const env = {
      AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://${service.host}`,
      AWS_ENDPOINT_URL_ECR: `http://${service.host}`,
    };
    assert.equal((await find(host, env)).credentials, undefined);
    assert.equal(service.seen.length, 0);
    const { credentials } = await find(host, env, { instanceCredentials: true });
    assert.deepEqual(credentials, { username: 'AWS', password: 'p' });
  });
});

describe('Credentials of Google registries', () => {
  const hosts = ['gcr.io', 'eu.gcr.io', 'europe-west3-docker.pkg.dev'];

  it('are an access token of the environment', async () => {
    for (const host of hosts) {
      const { credentials } = await find(host, { GOOGLE_OAUTH_ACCESS_TOKEN: 'ya' });
      assert.deepEqual(credentials, { username: 'oauth2accesstoken', password: 'ya' });
    }
    for (const host of ['gcr.io.evil.example', 'xgcr.io', 'pkg.dev', 'docker.pkg.dev.evil.example']) {
      assert.equal((await find(host, { GOOGLE_OAUTH_ACCESS_TOKEN: 'ya' })).credentials, undefined, host);
    }
  });

  it("are a token for a service account's signature, with rights to read", async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const file = {
      type: 'service_account',
      client_email: 'robot@project.example',
      private_key: key,
      token_uri: `http://${service.host}/token`,
    };
    answers({ access_token: 'ya' });
    const files = { '/key.json': JSON.stringify(file) };
    const { credentials } = await find('gcr.io', { GOOGLE_APPLICATION_CREDENTIALS: '/key.json' }, { files });
    assert.deepEqual(credentials, { username: 'oauth2accesstoken', password: 'ya' });
    const form = new URLSearchParams(service.seen[0]?.body);
    const [header = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
    assert.ok(createVerify('RSA-SHA256').update(`${header}.${claims}`).verify(publicKey, signature, 'base64url'));
    const told = JSON.parse(Buffer.from(claims, 'base64url').toString());
    assert.equal(told.iss, 'robot@project.example');
    assert.equal(told.aud, file.token_uri);
    assert.doesNotMatch(told.scope, /full_control|read_write|cloud-platform(?!\.read-only)/);
    assert.doesNotMatch(service.text(), /PRIVATE KEY/);
  });

  it('are a token for a refresh token, and never what a file would have us run', async () => {
    answers({ access_token: 'ya' });
    const user = { type: 'authorized_user', client_id: 'i', client_secret: 's', refresh_token: 'r' };
    const env = { GOOGLE_APPLICATION_CREDENTIALS: '/key.json' };
    const take = (file: object) => find('gcr.io', env, { files: { '/key.json': JSON.stringify(file) } });
    const { credentials } = await take({ ...user, token_uri: `http://${service.host}/token` });
    assert.deepEqual(credentials, { username: 'oauth2accesstoken', password: 'ya' });
    const source = { executable: { command: '/bin/false' } };
    for (const file of [{ type: 'external_account', credential_source: source }, {}, { type: 'service_account' }]) {
      const { credentials, tried } = await take(file);
      assert.equal(credentials, undefined);
      assert.match(tried.at(-1) ?? '', /GOOGLE_APPLICATION_CREDENTIALS/);
    }
  });

  it("are the machine's only where the user says so, whatever proxy there is", async () => {
    answer = ({ headers }, response) => {
      assert.equal(headers['metadata-flavor'], 'Google');
      response.end('{"access_token":"ya"}');
    };
    const env = { GCE_METADATA_HOST: service.host, HTTP_PROXY: 'http://127.0.0.1:9' };
    assert.equal((await find('gcr.io', env)).credentials, undefined);
    assert.equal(service.seen.length, 0);
    const { credentials } = await find('gcr.io', env, { instanceCredentials: true });
    assert.deepEqual(credentials, { username: 'oauth2accesstoken', password: 'ya' });
  });
});

describe('Credentials of Azure registries', () => {
  const env = { AZURE_CLIENT_ID: 'id', AZURE_TENANT_ID: 'tenant', AZURE_CLIENT_SECRET: 'app-secret' };

  async function exchange(host: string, given: Record<string, string>, files: Record<string, string> = {}) {
    const asked: CloudRequest[] = [];
    const around = surroundingsOf({ env: given, home: '/', etc: '/', readFile: (path) => files[path] });
    const credentials = await azureCredentials(host, {
      around,
      instanceCredentials: false,
      send: async (request) => {
        asked.push(request);
        return request.url.pathname === '/oauth2/exchange' ? { refresh_token: 'refresh' } : { access_token: 'entra' };
      },
    });
    return { credentials: credentials?.credentials, asked };
  }

  it("are the registry's refresh token for a token of the application", async () => {
    const { credentials, asked } = await exchange('team.azurecr.io', env);
    assert.deepEqual(credentials, { identityToken: 'refresh' });
    const [entra, registry] = asked.map(({ url, body }) => ({ url: url.href, form: new URLSearchParams(body) }));
    assert.equal(entra?.url, 'https://login.microsoftonline.com/tenant/oauth2/v2.0/token');
    assert.equal(entra.form.get('client_secret'), 'app-secret');
    assert.equal(registry?.url, 'https://team.azurecr.io/oauth2/exchange');
    assert.equal(registry.form.get('access_token'), 'entra');
    assert.doesNotMatch(asked[1]?.body ?? '', /app-secret/);
  });

  it('take the token of a cluster, and go to the cloud of the registry', async () => {
    const { AZURE_CLIENT_SECRET: _, ...others } = env;
    const given = { ...others, AZURE_FEDERATED_TOKEN_FILE: '/token' };
    const { asked } = await exchange('team.azurecr.cn', given, { '/token': 'jwt' });
    assert.equal(asked[0]?.url.host, 'login.chinacloudapi.cn');
    assert.equal(new URLSearchParams(asked[0].body).get('client_assertion'), 'jwt');
  });

  it('are asked for by names of Azure alone', async () => {
    for (const host of [
      'azurecr.io',
      'team.azurecr.io.evil.example',
      'azurecr.io.evil',
      'teamazurecr.io',
      'team.azurecr.io:444',
    ]) {
      assert.deepEqual(await exchange(host, env), { credentials: undefined, asked: [] }, host);
    }
    assert.equal((await exchange('team.azurecr.io', {})).asked.length, 0);
  });
});
