/**
 * A token server as docker-registry's `auth: token` wants it (distribution's "token authentication"): JWTs
 * signed with a key whose certificate the registry knows, by GET with a password or as nobody, and by POST with
 * a refresh token. It remembers what it was asked.
 */

import { createSign, X509Certificate } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Certificate } from './certificates.ts';

/** Who may have a token; without any of them, nobody. */
export interface TokenUsers {
  readonly password?: string;
  readonly refreshToken?: string;
  /** True: whoever asks. */
  readonly anybody?: boolean;
}

/** A running token server. */
export interface TokenServer {
  readonly realm: string;
  readonly requests: readonly {
    readonly method: string;
    readonly query: URLSearchParams;
    readonly form: URLSearchParams;
  }[];
  users: TokenUsers;
  /** Seconds a token is good for. */
  lifeSeconds: number;
  close(): Promise<void>;
}

/** What registry and token server agree on. */
export const tokenNames = { service: 'test-registry', issuer: 'test-issuer' } as const;

/** Starts a token server on a free port of the loopback. */
export async function startTokenServer(signer: Certificate, users: TokenUsers): Promise<TokenServer> {
  const requests: { method: string; query: URLSearchParams; form: URLSearchParams }[] = [];
  const http = createServer(async (request, response) => {
    const form = new URLSearchParams(await textOf(request));
    const query = new URL(request.url ?? '', 'http://localhost').searchParams;
    requests.push({ method: request.method ?? '', query, form });
    if (!isKnown(request, form, server.users)) return response.writeHead(401).end('{}');
    const scope = query.get('scope') ?? form.get('scope') ?? '';
    const token = sign(signer, scope, server.lifeSeconds);
    return response.end(JSON.stringify(request.method === 'POST' ? { access_token: token } : { token }));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const server: TokenServer = {
    realm: `http://127.0.0.1:${(http.address() as AddressInfo).port}/token`,
    requests,
    users,
    lifeSeconds: 300,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
  return server;
}

function isKnown({ headers, method }: IncomingMessage, form: URLSearchParams, users: TokenUsers): boolean {
  if (users.anybody === true) return true;
  if (method === 'POST') return users.refreshToken !== undefined && form.get('refresh_token') === users.refreshToken;
  const login = Buffer.from((headers.authorization ?? '').replace(/^Basic /, ''), 'base64').toString();
  return users.password !== undefined && login.split(':')[1] === users.password;
}

function sign(signer: Certificate, scope: string, lifeSeconds: number): string {
  const now = Math.floor(Date.now() / 1000);
  const access = scope
    .split(' ')
    .filter((item) => item !== '')
    .map((item) => {
      const [type = '', ...rest] = item.split(':');
      return { type, name: rest.slice(0, -1).join(':'), actions: rest.at(-1)?.split(',') ?? [] };
    });
  const header = { typ: 'JWT', alg: 'ES256', x5c: [new X509Certificate(signer.cert).raw.toString('base64')] };
  const { service: aud, issuer: iss } = tokenNames;
  const claims = { iss, sub: 'test', aud, exp: now + lifeSeconds, nbf: now - 60, iat: now, jti: `${now}`, access };
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const key = { key: signer.key, dsaEncoding: 'ieee-p1363' as const };
  return `${text}.${createSign('SHA256').update(text).sign(key, 'base64url')}`;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
