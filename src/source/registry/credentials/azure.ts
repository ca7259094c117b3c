/**
 * Azure Container Registry: a token of Entra ID for the environment's application is exchanged at the registry
 * (`/oauth2/exchange`) for the registry's own refresh token, which the usual token flow then uses.
 */

import type { CloudCredentials, CloudKit } from './cloud-kit.ts';
import { serviceUrl, textOf } from './cloud-kit.ts';

const resource = 'https://containerregistry.azure.net';

/** The refresh token of an Azure registry; undefined for any other host and without credentials. @throws ScanError */
export async function azureCredentials(host: string, kit: CloudKit): Promise<CloudCredentials | undefined> {
  const [, domain] = /^[a-z0-9]+(?:[.-][a-z0-9-]+)*\.azurecr\.(io|cn|us)$/.exec(host) ?? [];
  if (domain === undefined) return undefined;
  const found = (await fromApplication(kit, domain)) ?? (await fromInstance(kit));
  if (found === undefined) return undefined;
  const tenant = kit.around.env['AZURE_TENANT_ID'];
  const answer = await kit.send({
    method: 'POST',
    url: new URL('/oauth2/exchange', `https://${host}`),
    headers: formHeaders,
    body: new URLSearchParams({
      grant_type: 'access_token',
      service: host,
      access_token: found.token,
      ...(tenant ? { tenant } : {}),
    }).toString(),
  });
  return { title: found.title, credentials: { identityToken: textOf(answer, 'refresh_token', host) } };
}

const formHeaders = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };

const authorities: Readonly<Record<string, string>> = {
  io: 'https://login.microsoftonline.com/',
  cn: 'https://login.chinacloudapi.cn/',
  us: 'https://login.microsoftonline.us/',
};

interface EntraToken {
  readonly title: string;
  readonly token: string;
}

/** By the application's secret, or by the token a cluster or CI signs for it (workload identity). */
async function fromApplication({ around, send }: CloudKit, domain: string): Promise<EntraToken | undefined> {
  const { env } = around;
  const { AZURE_CLIENT_ID: id, AZURE_TENANT_ID: tenant, AZURE_CLIENT_SECRET: secret } = env;
  const file = env['AZURE_FEDERATED_TOKEN_FILE'];
  const assertion = file ? around.readFile(file)?.trim() : undefined;
  if (!id || !tenant || !(secret || assertion)) return undefined;
  const proof: Readonly<Record<string, string>> = secret
    ? { client_secret: secret }
    : {
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion ?? '',
      };
  const url = serviceUrl(
    `${encodeURIComponent(tenant)}/oauth2/v2.0/token`,
    env['AZURE_AUTHORITY_HOST'] || authorities[domain],
  );
  const body = { grant_type: 'client_credentials', client_id: id, scope: `${resource}/.default`, ...proof };
  const answer = await send({
    method: 'POST',
    url,
    headers: formHeaders,
    body: new URLSearchParams(body).toString(),
  });
  return {
    title: secret ? 'AZURE_CLIENT_SECRET' : 'AZURE_FEDERATED_TOKEN_FILE',
    token: textOf(answer, 'access_token', url.host),
  };
}

async function fromInstance({ around, instanceCredentials, send }: CloudKit): Promise<EntraToken | undefined> {
  if (!instanceCredentials) return undefined;
  const url = new URL('http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01');
  url.searchParams.set('resource', resource);
  const id = around.env['AZURE_CLIENT_ID'];
  if (id) url.searchParams.set('client_id', id);
  const answer = await send({ method: 'GET', url, headers: { metadata: 'true' }, direct: true });
  return { title: 'the identity of the machine', token: textOf(answer, 'access_token', url.host) };
}
