/**
 * Amazon ECR: its password is asked of ECR's own API (GetAuthorizationToken) in a request signed with the
 * environment's keys (Signature Version 4), as `aws ecr get-login-password` does. The keys themselves never leave.
 */

import { createHash, createHmac } from 'node:crypto';
import { ScanError } from '../../../errors.ts';
import { asArray, asObject, asText } from '../../../oci/json.ts';
import { type CloudCredentials, type CloudKit, serviceUrl, textOf } from './cloud-kit.ts';

/** A pair of keys, long-lived or of a session. */
interface Keys {
  readonly id: string;
  readonly secret: string;
  readonly session?: string;
}

const registryHost =
  /^\d{12}\.dkr[.-]ecr(?:-fips)?\.([a-z]{2,4}(?:-[a-z]+)+-\d{1,2})\.(amazonaws\.com(?:\.cn)?|on\.aws)$/;

/** The password of an ECR registry; undefined for any other host and without keys. @throws ScanError */
export async function amazonCredentials(host: string, kit: CloudKit): Promise<CloudCredentials | undefined> {
  const [, region, domain] = registryHost.exec(host) ?? [];
  if (region === undefined || domain === undefined) return undefined;
  const found = (await environmentKeys(kit, region)) ?? (await instanceKeys(kit));
  if (found === undefined) return undefined;
  const { env } = kit.around;
  const suffix = domain === 'on.aws' ? 'amazonaws.com' : domain;
  const url = serviceUrl(
    env['AWS_ENDPOINT_URL_ECR'] || env['AWS_ENDPOINT_URL'] || `https://api.ecr.${region}.${suffix}/`,
  );
  const body = '{}';
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken',
  };
  const signed = signRequest({ url, headers, body, keys: found.keys, region, service: 'ecr', at: new Date() });
  const answer = await kit.send({ method: 'POST', url, headers: signed, body });
  const [data] = asArray(answer['authorizationData']);
  const token = asText(asObject(data)?.['authorizationToken']) ?? '';
  const [, username = '', password = ''] = /^([^:]+):(.+)$/s.exec(Buffer.from(token, 'base64').toString()) ?? [];
  if (password === '') throw new ScanError('AUTH_DENIED', `${url.host} gave no password.`, { subject: host });
  return { title: found.title, credentials: { username, password } };
}

/** A request's headers with its signature (AWS Signature Version 4), for a POST to the root of a service. */
export function signRequest(request: {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly keys: Keys;
  readonly region: string;
  readonly service: string;
  readonly at: Date;
}): Readonly<Record<string, string>> {
  const { url, body, keys, region, service, at } = request;
  const time = at.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const date = time.slice(0, 8);
  const headers: Record<string, string> = {
    ...request.headers,
    host: url.host,
    'x-amz-date': time,
    ...(keys.session === undefined ? {} : { 'x-amz-security-token': keys.session }),
  };
  const names = Object.keys(headers).sort();
  const canonical = [
    'POST',
    url.pathname,
    url.search.slice(1),
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${keys.secret}`);
  const signature = hmac(key, text).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${keys.id}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { ...headers, authorization };
}

interface FoundKeys {
  readonly title: string;
  readonly keys: Keys;
}

/** The variables of the SDKs: keys, or a role and a file with the token that lets us take it (EKS, CI's OIDC). */
async function environmentKeys(kit: CloudKit, region: string): Promise<FoundKeys | undefined> {
  const { env, readFile } = kit.around;
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: session } = env;
  if (id && secret) {
    return { title: 'AWS_ACCESS_KEY_ID', keys: { id, secret, ...(session ? { session } : {}) } };
  }
  const { AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: role, AWS_ROLE_SESSION_NAME: name } = env;
  const token = file ? readFile(file)?.trim() : undefined;
  if (!role || !token) return undefined;
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const answer = await kit.send({
    method: 'POST',
    url: serviceUrl(env['AWS_ENDPOINT_URL_STS'] || env['AWS_ENDPOINT_URL'] || `https://sts.${region}.${suffix}/`),
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: role,
      RoleSessionName: name || 'whichlayer',
      WebIdentityToken: token,
    }).toString(),
  });
  const response = asObject(answer['AssumeRoleWithWebIdentityResponse']);
  const result = asObject(response?.['AssumeRoleWithWebIdentityResult']);
  return { title: 'AWS_WEB_IDENTITY_TOKEN_FILE', keys: keysOf(asObject(result?.['Credentials']) ?? {}, 'STS') };
}

/** The role of the machine or the container, from the services only it can reach. */
async function instanceKeys(kit: CloudKit): Promise<FoundKeys | undefined> {
  if (!kit.instanceCredentials) return undefined;
  const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: container, AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint } =
    kit.around.env;
  if (container?.startsWith('/')) {
    const url = new URL(container, 'http://169.254.170.2');
    const answer = await kit.send({ method: 'GET', url, headers: {}, direct: true });
    return { title: 'the role of the container', keys: keysOf(answer, url.host) };
  }
  const base = endpoint || 'http://169.254.169.254';
  const ask = (method: 'GET' | 'PUT', path: string, headers: Readonly<Record<string, string>>) =>
    kit.send({ method, url: serviceUrl(path, base), headers, direct: true });
  const session = await ask('PUT', '/latest/api/token', { 'x-aws-ec2-metadata-token-ttl-seconds': '60' });
  const headers = { 'x-aws-ec2-metadata-token': textOf(session, 'text', base) };
  const path = '/latest/meta-data/iam/security-credentials/';
  const [role = ''] = textOf(await ask('GET', path, headers), 'text', base).split('\n');
  const answer = await ask('GET', path + encodeURIComponent(role.trim()), headers);
  return { title: 'the role of the machine', keys: keysOf(answer, base) };
}

function keysOf(answer: Readonly<Record<string, unknown>>, service: string): Keys {
  const session = asText(answer['SessionToken']) ?? asText(answer['Token']);
  return {
    id: textOf(answer, 'AccessKeyId', service),
    secret: textOf(answer, 'SecretAccessKey', service),
    ...(session === undefined ? {} : { session }),
  };
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
