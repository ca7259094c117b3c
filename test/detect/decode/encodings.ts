/** Ways to write a text that hide it from whoever looks for it as it is, by the names reports tell. */

import { deflateSync, gzipSync } from 'node:zlib';

/** A way to write a text, and what stands around it. */
export interface Encoding {
  readonly steps: readonly string[];
  readonly encode: (text: string) => Uint8Array;
}

const base64 = (bytes: string | Uint8Array): string => Buffer.from(bytes as string).toString('base64');
const wrapped = (text: string, width: number, joint: string): string =>
  (text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join(joint);
const each = (text: string, write: (code: string) => string): string =>
  Array.from(Buffer.from(text), (byte) => write(byte.toString(16).padStart(2, '0'))).join('');
const ascii = (text: string): Uint8Array => Buffer.from(text);

/** Text as UTF-16, little-endian. */
export function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le');
}

/** One line of issue 6, point 3, each, for a text of more than forty bytes. */
export const encodings: Readonly<Record<string, Encoding>> = {
  'base64 in a value': { steps: ['base64'], encode: (text) => ascii(`key=${base64(text)}\n`) },
  'base64 without its padding': { steps: ['base64'], encode: (text) => ascii(`"${base64(text).replace(/=+$/, '')}"`) },
  'base64 behind a path': { steps: ['base64'], encode: (text) => ascii(`conf/${base64(`Key: ${text}`)} `) },
  'URL-safe base64': {
    steps: ['base64'],
    encode: (text) => ascii(`?s=${Buffer.from(text).toString('base64url')}&x=1`),
  },
  'base64 in lines': {
    steps: ['base64'],
    encode: (text) => ascii(`${wrapped(base64(text.repeat(3)), 64, '\r\n')}\r\n`),
  },
  'base64 in indented lines': {
    steps: ['base64'],
    encode: (text) => ascii(`data: |\n    ${wrapped(base64(text.repeat(3)), 76, '\n    ')}\nnext: 1\n`),
  },
  'base64 in escaped lines': {
    steps: ['base64'],
    encode: (text) => ascii(`{"data": "${wrapped(base64(text.repeat(3)), 76, '\\n')}"}`),
  },
  'a Kubernetes Secret': {
    steps: ['base64'],
    encode: (text) => ascii(`apiVersion: v1\nkind: Secret\ndata:\n  config: ${base64(text)}\n`),
  },
  'base64 of base64': { steps: ['base64', 'base64'], encode: (text) => ascii(base64(base64(text))) },
  'a Helm release': {
    steps: ['base64', 'base64', 'gzip'],
    encode: (text) =>
      ascii(`kind: Secret\ndata:\n  release: ${base64(base64(gzipSync(JSON.stringify({ manifest: text }))))}\n`),
  },
  'zlib in base64': { steps: ['base64', 'zlib'], encode: (text) => ascii(base64(deflateSync(text))) },
  "PowerShell's encoded command": {
    steps: ['base64', 'utf-16'],
    encode: (text) => ascii(`powershell -enc ${utf16(text).toString('base64')}`),
  },
  'a claim of a JWT': {
    steps: ['base64'],
    encode: (text) =>
      ascii(`eyJhbGciOiJub25lIn0.${Buffer.from(JSON.stringify({ sub: 'shop', note: text })).toString('base64url')}.`),
  },
  hex: { steps: ['hex'], encode: (text) => ascii(`x = "${Buffer.from(text).toString('hex')}"`) },
  'upper-case hex with a prefix': {
    steps: ['hex'],
    encode: (text) => ascii(`(0x${Buffer.from(text).toString('hex').toUpperCase()})`),
  },
  'base64 of hex': { steps: ['base64', 'hex'], encode: (text) => ascii(base64(Buffer.from(text).toString('hex'))) },
  'UTF-16': { steps: ['utf-16'], encode: (text) => utf16(`\ufeffname\r\n${text}\r\n`) },
  'UTF-16, big-endian': { steps: ['utf-16'], encode: (text) => utf16(`\ufeffname\r\n${text}`).swap16() },
  'UTF-16 without a mark': { steps: ['utf-16'], encode: (text) => utf16(`name ${text} `) },
  'UTF-16 beside other scripts': { steps: ['utf-16'], encode: (text) => utf16(`鍵は次の通り。\n${text} です。`) },
  'UTF-16 in a program': {
    steps: ['utf-16'],
    encode: (text) => Buffer.concat([Buffer.from([1, 0, 0, 0, 0x90, 0xff, 0, 0]), utf16(text), Buffer.alloc(7)]),
  },
  'URL encoding': {
    steps: ['url'],
    encode: (text) => ascii(`https://shop7.io/?q=${each(text, (hex) => `%${hex}`)}&x=1`),
  },
  'escapes of JSON': {
    steps: ['backslash'],
    encode: (text) => ascii(`{"a": "${each(text, (hex) => `\\u00${hex}`)}"}`),
  },
  'escapes of C': { steps: ['backslash'], encode: (text) => ascii(`"${each(text, (hex) => `\\x${hex}`)}"`) },
  'octal escapes of a shell': {
    steps: ['backslash'],
    encode: (text) =>
      ascii(`printf '${each(text, (hex) => `\\${Number.parseInt(hex, 16).toString(8).padStart(3, '0')}`)}'`),
  },
  'references of XML': { steps: ['xml'], encode: (text) => ascii(`<a>${each(text, (hex) => `&#x${hex};`)}</a>`) },
  'escapes in base64': {
    steps: ['base64', 'backslash'],
    encode: (text) => ascii(base64(`{"a": "${each(text, (hex) => `\\u00${hex}`)}"}`)),
  },
  'base64 that is escaped': {
    steps: ['backslash', 'base64'],
    encode: (text) => ascii(`{"a": "${base64(text).replace(/[A-Z]/g, (char) => each(char, (hex) => `\\u00${hex}`))}"}`),
  },
};
