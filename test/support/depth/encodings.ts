/** Text that is written in another way: each of issue 6's encodings, as programs and people write them, and two of them stacked. */

import { createHmac } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type Group, inFile, type Place } from './place.ts';
import { type DepthToken, settings } from './token.ts';

const base64 = (text: string | Uint8Array): string => Buffer.from(text as string).toString('base64');
const wrapped = (text: string, width: number, joint: string): string =>
  (text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join(joint);
const each = (text: string, write: (code: number) => string): string =>
  Array.from(Buffer.from(text), (byte) => write(byte)).join('');
const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
const lineOf = ({ name, secret }: DepthToken): string => `${name}=${secret}`;

function written(
  name: string,
  path: string,
  decoded: readonly string[],
  write: (token: DepthToken) => string | Uint8Array,
): Place {
  return inFile(name, path, { decoded }, write);
}

/** Everything that is text and does not look it. */
export const encodings: Group = {
  title: 'encodings',
  folder: 'srv/encoded',
  places: [
    written('UTF-16 LE with a mark', 'settings.reg', ['utf-16'], (token) =>
      Buffer.from(`\ufeffWindows Registry Editor Version 5.00\r\n${settings(token)}`, 'utf16le'),
    ),
    written('UTF-16 BE with a mark', 'settings-be.txt', ['utf-16'], (token) =>
      Buffer.from(`\ufeff${settings(token)}`, 'utf16le').swap16(),
    ),
    written('UTF-16 LE without a mark', 'strings.bin', ['utf-16'], (token) =>
      Buffer.concat([Buffer.from([7, 0, 0, 1, 0xfe, 0x90]), Buffer.from(settings(token), 'utf16le'), Buffer.alloc(9)]),
    ),
    written('base64', 'user-data.yaml', ['base64'], (token) => `encoding: b64\ncontent: ${base64(settings(token))}\n`),
    written('base64, URL-safe', 'callback.txt', ['base64'], (token) => {
      const state = Buffer.from(`{"note":"\u00ff\u00fe?>","${token.name}":"${token.secret}"}`, 'latin1');
      return `https://shop.acme-corp.net/callback?state=${state.toString('base64url')}&ok=1\n`;
    }),
    written('base64, wrapped', 'mail.eml', ['base64'], (token) => {
      const body = base64(`${'Dear colleague, as promised, the settings.\n'.repeat(3)}${settings(token)}`);
      return `Content-Transfer-Encoding: base64\r\n\r\n${wrapped(body, 76, '\r\n')}\r\n`;
    }),
    written(
      'Kubernetes Secret',
      'secret.yaml',
      ['base64'],
      ({ name, secret }) =>
        `apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop\ndata:\n  ${name}: ${base64(secret)}\n`,
    ),
    inFile(
      'docker config.json',
      'config.json',
      {},
      ({ secret }) => JSON.stringify({ auths: { 'registry.acme-corp.net': { auth: secret } } }, null, 2),
      (tokens) => {
        const { secret } = tokens.password();
        return { secret: base64(`deploy:${secret}`), also: [secret], name: 'auth', providers: ['docker'] };
      },
    ),
    written('hex', 'dump.sql', ['hex'], (token) => {
      const value = Buffer.from(settings(token)).toString('hex').toUpperCase();
      return `INSERT INTO settings VALUES (1, X'${value}');\n`;
    }),
    written('URL encoding', 'access.log', ['url'], (token) => {
      const body = each(lineOf(token), (byte) => `%${hex(byte).toUpperCase()}`);
      return `10.0.0.7 - - "GET /set?body=${body}&ok=1 HTTP/1.1" 200 2\n`;
    }),
    written(
      'JSON \\u escapes',
      'settings.json',
      ['backslash'],
      ({ secret }) => `{"a": 1, "t": "${each(secret, (byte) => `\\u00${hex(byte)}`)}"}\n`,
    ),
    written(
      'YAML \\x escapes',
      'settings.yaml',
      ['backslash'],
      ({ secret }) => `a: 1\nt: "${each(secret, (byte) => `\\x${hex(byte)}`)}"\n`,
    ),
    written(
      'XML references',
      'web.config',
      ['xml'],
      ({ secret }) => `<settings><add t="${each(secret, (byte) => `&#${byte};`)}"/></settings>\n`,
    ),
    written(
      'shell, octal escapes',
      'run.sh',
      ['backslash'],
      ({ secret }) => `#!/bin/sh\nT=$(printf '${each(secret, (byte) => `\\${byte.toString(8).padStart(3, '0')}`)}')\n`,
    ),
    written(
      'shell, ANSI-C quotes, some characters',
      'env.sh',
      ['backslash'],
      ({ secret }) =>
        `export T=$'${Array.from(secret, (char, at) => (at % 3 === 1 ? `\\x${hex(char.charCodeAt(0))}` : char)).join('')}'\n`,
    ),
    written('Helm release', 'release.yaml', ['base64', 'base64', 'gzip'], (token) => {
      const release = JSON.stringify({ name: 'shop', config: { env: { [token.name]: token.secret } }, version: 3 });
      return `kind: Secret\ntype: helm.sh/release.v1\ndata:\n  release: ${base64(base64(gzipSync(release)))}\n`;
    }),
    inFile(
      'JWT payload',
      'session.txt',
      { decoded: ['base64'] },
      ({ also }) => `${also?.[0]}\n`,
      (tokens) => {
        const token = tokens.next();
        const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
        const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: 'shop', upstream: token.secret })}`;
        const jwt = `${signed}.${createHmac('sha256', tokens.random.bytes(32)).update(signed).digest('base64url')}`;
        return { ...token, also: [jwt] };
      },
    ),
    written(
      'stacked: base64 of base64',
      'twice.txt',
      ['base64', 'base64'],
      (token) => `value: ${base64(base64(settings(token)))}\n`,
    ),
    written(
      'stacked: URL encoding of base64',
      'form.txt',
      ['url', 'base64'],
      (token) =>
        `payload=${encodeURIComponent(`${base64(`${settings(token)}??`)}`).replace(/[A-Z]/g, (c) => `%${hex(c.charCodeAt(0))}`)}\n`,
    ),
    written(
      'stacked: base64 of UTF-16',
      'deploy.ps1',
      ['base64', 'utf-16'],
      (token) => `powershell -EncodedCommand ${base64(Buffer.from(`$env:${lineOf(token)}; deploy`, 'utf16le'))}\n`,
    ),
    written(
      'stacked: \\u escapes in base64',
      'state.txt',
      ['base64', 'backslash'],
      ({ secret }) => `state: ${base64(`{"a": "${each(secret, (byte) => `\\u00${hex(byte)}`)}"}`)}\n`,
    ),
  ],
};
