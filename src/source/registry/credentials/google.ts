/**
 * Google's Artifact Registry and Container Registry: an OAuth2 access token is the password of the user
 * `oauth2accesstoken`. It comes from the environment, or is asked for with the key or refresh token in the file
 * GOOGLE_APPLICATION_CREDENTIALS names (RFC 7523), with rights to read alone.
 */

import { createSign } from 'node:crypto';
import { ScanError } from '../../../errors.ts';
import { asObject, asText } from '../../../oci/json.ts';
import { type CloudCredentials, type CloudKit, serviceUrl, textOf } from './cloud-kit.ts';

const scope =
  'https://www.googleapis.com/auth/devstorage.read_only https://www.googleapis.com/auth/cloud-platform.read-only';

/** The password of a Google registry; undefined for any other host and without credentials. @throws ScanError */
export async function googleCredentials(host: string, kit: CloudKit): Promise<CloudCredentials | undefined> {
  if (!/^(?:[a-z0-9-]+\.)?gcr\.io$|^[a-z0-9-]+-docker\.pkg\.dev$/.test(host)) return undefined;
  const found = fromVariables(kit) ?? (await fromFile(kit)) ?? (await fromInstance(kit));
  if (found === undefined) return undefined;
  return { title: found.title, credentials: { username: 'oauth2accesstoken', password: found.token } };
}

interface AccessToken {
  readonly title: string;
  readonly token: string;
}

function fromVariables({ around: { env } }: CloudKit): AccessToken | undefined {
  for (const title of ['GOOGLE_OAUTH_ACCESS_TOKEN', 'CLOUDSDK_AUTH_ACCESS_TOKEN']) {
    const token = env[title];
    if (token) return { title, token };
  }
  return undefined;
}

async function fromFile(kit: CloudKit): Promise<AccessToken | undefined> {
  const title = 'GOOGLE_APPLICATION_CREDENTIALS';
  const path = kit.around.env[title];
  if (!path) return undefined;
  const file = readKeyFile(kit, path);
  const { url, form } = grantOf(file, path);
  const answer = await kit.send({
    method: 'POST',
    url,
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  });
  return { title, token: textOf(answer, 'access_token', url.host) };
}

function readKeyFile({ around }: CloudKit, path: string): Readonly<Record<string, unknown>> {
  try {
    const file = asObject(JSON.parse(around.readFile(path) ?? ''));
    if (file !== undefined) return file;
  } catch {
    // Said below, without what it holds.
  }
  throw invalid(path, "can't be read as JSON");
}

function grantOf(
  file: Readonly<Record<string, unknown>>,
  path: string,
): { readonly url: URL; readonly form: Readonly<Record<string, string>> } {
  const text = (field: string): string => {
    const value = asText(file[field]);
    if (value === undefined) throw invalid(path, `has no ${field}`);
    return value;
  };
  const tokenUri = asText(file['token_uri']) ?? 'https://oauth2.googleapis.com/token';
  const url = serviceUrl(tokenUri);
  switch (file['type']) {
    case 'service_account': {
      const assertion = jwt({ iss: text('client_email'), aud: tokenUri, scope }, text('private_key'), path);
      return { url, form: { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion } };
    }
    case 'authorized_user': {
      const [id, secret, token] = [text('client_id'), text('client_secret'), text('refresh_token')] as const;
      return {
        url,
        form: { grant_type: 'refresh_token', client_id: id, client_secret: secret, refresh_token: token },
      };
    }
    default:
      // Others name programs to run and addresses to ask.
      throw invalid(path, 'is of a type that is not supported; service_account and authorized_user are');
  }
}

function jwt(claims: Readonly<Record<string, string>>, key: string, path: string): string {
  const now = Math.floor(Date.now() / 1000);
  const parts = [
    { alg: 'RS256', typ: 'JWT' },
    { ...claims, iat: now, exp: now + 300 },
  ];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  try {
    return `${text}.${createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`;
  } catch {
    throw invalid(path, 'holds a private_key that is none');
  }
}

async function fromInstance({ around, instanceCredentials, send }: CloudKit): Promise<AccessToken | undefined> {
  if (!instanceCredentials) return undefined;
  const host = around.env['GCE_METADATA_HOST'] || 'metadata.google.internal';
  const url = new URL('/computeMetadata/v1/instance/service-accounts/default/token', `http://${host}`);
  const answer = await send({ method: 'GET', url, headers: { 'metadata-flavor': 'Google' }, direct: true });
  return { title: 'the service account of the machine', token: textOf(answer, 'access_token', host) };
}

function invalid(path: string, problem: string): ScanError {
  return new ScanError('CONFIG_INVALID', `The file ${path} (GOOGLE_APPLICATION_CREDENTIALS) ${problem}.`, {
    subject: path,
  });
}
