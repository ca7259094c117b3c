/**
 * Adds the secrets that public packages ship to rules/known-public.txt: `node scripts/known-public.ts PACKAGE…`, where
 * a package is a .deb, .whl, .tgz or .tar.* as its registry serves it. What the rules find is hashed, if nobody
 * would come to the same secret by chance; the secrets themselves are not kept.
 */

import { execFileSync } from 'node:child_process';
import { globSync, lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { compileMatcher } from '../src/detect/compiled-rules.ts';
import { entropyOf } from '../src/detect/entropy.ts';
import { publicSecretHash } from '../src/detect/known-public.ts';
import { loadAutomaton, loadRules } from '../src/detect/load-rules.ts';
import { Matcher } from '../src/detect/matcher.ts';

const list = new URL('../rules/known-public.txt', import.meta.url.replace('/dist/scripts/', '/scripts/'));
const known = new Map<string, string>();
for (const line of readFileSync(list, 'utf8').split('\n')) {
  const [hash, where] = /^([0-9a-f]{32}) (.+)$/u.exec(line)?.slice(1) ?? [];
  if (hash !== undefined && where !== undefined) known.set(hash, where);
}

const leastLength = 16;
const leastBits = 56;

const places: string[] = [];
const matcher = new Matcher(compileMatcher(await loadRules()), loadAutomaton(), (id, matches) => {
  for (const { secret } of matches) {
    if (!isOneOfAKind(secret)) continue;
    const hash = publicSecretHash(secret);
    if (!known.has(hash)) known.set(hash, places[id]!);
  }
});
for (const file of process.argv.slice(2)) {
  const before = known.size;
  const folder = mkdtempSync(path.join(tmpdir(), 'known-public-'));
  try {
    unpack(file, folder);
    for (const name of globSync('**/*', { cwd: folder }))
      look(path.join(folder, name), `${path.basename(file)}: ${name}`);
    matcher.flush();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`${path.basename(file)}: ${known.size - before} new`);
}
const head = readFileSync(list, 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('#'));
const lines = [...known].map(([hash, where]) => `${hash} ${where}`).sort();
writeFileSync(list, `${[...head, ...lines].join('\n')}\n`);

/** A manual's `qwerty` is somebody's password too: only what cannot be a coincidence is listed. */
function isOneOfAKind(secret: string): boolean {
  return secret.length >= leastLength && secret.length * entropyOf(secret) >= leastBits;
}

function unpack(file: string, folder: string): void {
  if (file.endsWith('.deb')) execFileSync('dpkg-deb', ['-x', file, folder]);
  else if (file.endsWith('.whl')) execFileSync('python3', ['-m', 'zipfile', '-e', file, folder]);
  else execFileSync('tar', ['-xf', file, '-C', folder]);
}

function look(file: string, where: string): void {
  if (!lstatSync(file).isFile()) return;
  places.push(where);
  matcher.begin(places.length - 1);
  const bytes = readFileSync(file);
  matcher.write(inflated(bytes));
  matcher.end();
}

/** Debian compresses its documentation; what only looks compressed is a test's broken file. */
function inflated(bytes: Buffer): Buffer {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch {
    return bytes;
  }
}
