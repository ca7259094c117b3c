/**
 * Adds the secrets that public packages ship to rules/known-public.txt: `node scripts/known-public.ts PACKAGE…`, where
 * a package is a .deb, .whl, .tgz or .tar.gz as its registry serves it. Only what the rules find at medium or
 * high confidence is hashed; the secrets themselves are not kept.
 */

import { execFileSync } from 'node:child_process';
import { globSync, lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { publicSecretHash } from '../src/detect/known-public.ts';
import { loadAutomaton, loadRules } from '../src/detect/load-rules.ts';
import { compileMatcher, Matcher } from '../src/detect/matcher.ts';

const list = new URL('../rules/known-public.txt', import.meta.url.replace('/dist/scripts/', '/scripts/'));
const known = new Map<string, string>();
for (const line of readFileSync(list, 'utf8').split('\n')) {
  const [hash, where] = /^([0-9a-f]{32}) (.+)$/u.exec(line)?.slice(1) ?? [];
  if (hash !== undefined && where !== undefined) known.set(hash, where);
}

const places: string[] = [];
const matcher = new Matcher(compileMatcher(await loadRules()), loadAutomaton(), (id, matches) => {
  for (const { confidence, secret } of matches) {
    const hash = publicSecretHash(secret);
    if (confidence !== 'low' && !known.has(hash)) known.set(hash, places[id]!);
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
  // Debian compresses its documentation.
  matcher.write(bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes);
  matcher.end();
}
