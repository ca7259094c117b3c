/**
 * Files that are a secret and nothing else: their name alone says of what (Jenkins' `secrets/master.key`, a mounted
 * secret in `run/secrets`). Rules ask for a name beside a value, so that such a file is given out once more as a line
 * that has both. No file is taken for a secret by its name alone: the rules judge the line like any other.
 */

import { createDecipheriv } from 'node:crypto';
import type { MemberSink, PackedReader } from './packed.ts';

/** A kind of file: where it lies, what its line calls it, what its content is like. */
interface BareKind {
  readonly path: RegExp;
  /** The name in the line; of the file itself where there is none. */
  readonly label?: string;
  /** What the content is, but for blanks around it; one word by default. */
  readonly form?: RegExp;
  /** Makes the line's value, or the whole text, of bytes that are none. */
  readonly read?: (bytes: Buffer) => string | undefined;
}

const word = /^[!-~]{8,200}$/;

const kinds: readonly BareKind[] = [
  { path: /(?:^|\/)secrets\/master\.key$/, label: 'jenkins_master_key', form: /^[0-9a-f]{256}$/ },
  { path: /(?:^|\/)secrets\/hudson\.util\.Secret$/, label: 'jenkins_hudson_util_secret', read: readBinary },
  { path: /(?:^|\/)secrets\/initialAdminPassword$/, label: 'jenkins_initial_admin_password', form: /^[0-9a-f]{32}$/ },
  { path: /(?:^|\/)config\/(?:master|credentials\/[\w-]+)\.key$/, label: 'rails_master_key', form: /^[0-9a-f]{32}$/ },
  { path: /(?:^|\/)\.?(?:ansible[_-]?)?vault[_-]?pass(?:word|wd)?(?:\.txt)?$/i, label: 'ansible_vault_password' },
  { path: /(?:^|\/)\.vault-token$/, label: 'vault_token' },
  { path: /(?:^|\/)\.erlang\.cookie$/, label: 'erlang_cookie' },
  { path: /(?:^|\/)\.dbeaver\/credentials-config\.json$/, read: readDbeaver },
  { path: /(?:^|\/)run\/secrets\/[\w.-]+$/ },
  { path: /(?:^|[/._-])(?:password|passwd|secret[._-]?key|api[._-]?key|(?:access|auth|api)[._-]?token)(?:\.txt)?$/i },
];

/** What such files hold at most. */
const mostBytes = 4096;

/** True for the path of a file that may be a secret and nothing else. */
export function isBarePath(path: string): boolean {
  return (
    /(?:key|secret|pass|token|cookie|\/secrets\/|credentials-config)/i.test(path.slice(-60)) &&
    kindOf(path) !== undefined
  );
}

/** Reads one such file. */
export class BareReader implements PackedReader {
  readonly #sink: MemberSink;
  readonly #path: string;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(sink: MemberSink, path: string) {
    this.#sink = sink;
    this.#path = path;
  }

  write(bytes: Uint8Array): void {
    if (this.#bytes.length <= mostBytes) this.#bytes = Buffer.concat([this.#bytes, bytes.subarray(0, mostBytes + 1)]);
  }

  end(): void {
    const line = this.#bytes.length > mostBytes ? undefined : lineOf(this.#path, this.#bytes);
    if (line === undefined || !this.#sink.begin(baseOf(this.#path))) return;
    this.#sink.data(Buffer.from(line));
    this.#sink.end();
  }
}

function lineOf(path: string, bytes: Buffer): string | undefined {
  const { label, form = word, read } = kindOf(path) ?? {};
  if (read !== undefined) {
    const text = read(bytes);
    return text === undefined || label === undefined ? text : `${label}: ${text}\n`;
  }
  const text = bytes.toString('latin1').trim();
  // What has a name of its own is found by it.
  if (!form.test(text) || /^[A-Za-z_]+[=:]./.test(text)) return undefined;
  return `${label ?? baseOf(path).replace(/\.txt$/i, '')}: ${text}\n`;
}

function kindOf(path: string): BareKind | undefined {
  return kinds.find((kind) => kind.path.test(path));
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Random bytes, in base64. */
function readBinary(bytes: Buffer): string | undefined {
  return bytes.length >= 48 && bytes.length <= 1024 ? bytes.toString('base64') : undefined;
}

/** DBeaver hides its passwords under a key that its source has. */
const dbeaverKey = Buffer.from('babb4a9f774ab853c96c2d653dfe544a', 'hex');

function readDbeaver(bytes: Buffer): string | undefined {
  if (bytes.length < 32 || bytes.length % 16 !== 0) return undefined;
  const decipher = createDecipheriv('aes-128-cbc', dbeaverKey, bytes.subarray(0, 16));
  try {
    const text = Buffer.concat([decipher.update(bytes.subarray(16)), decipher.final()]).toString('utf8');
    return text.startsWith('{') ? text : undefined;
  } catch {
    return undefined;
  }
}
