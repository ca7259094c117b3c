/**
 * What the results of a scan depend on besides the blob and the rules: the engine itself. A version number does not do,
 * since who builds from a checkout has many engines of one version; so the code is hashed, which takes milliseconds.
 */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folders with the code between a blob's bytes and its scan. */
const folders = ['detect', 'layer', 'oci', 'scan'];

/** Names the engine that runs; `automaton` is its WebAssembly. Undefined where its code is not in files of its own. */
export function engineDigest(version: string, automaton: Uint8Array | undefined): string | undefined {
  try {
    return digestOf(version, automaton);
  } catch {
    return undefined;
  }
}

function digestOf(version: string, automaton: Uint8Array | undefined): string {
  const digest = createHash('sha256').update(`${version} ${process.versions.node} ${process.arch}\n`);
  for (const folder of folders) {
    const path = fileURLToPath(new URL(`../../${folder}`, import.meta.url));
    const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /(?<!\.d)\.[jt]s$/.test(file),
    );
    for (const file of files.sort()) digest.update(`${folder}/${file}\n`).update(readFileSync(path + sep + file));
  }
  if (automaton !== undefined) digest.update(automaton);
  return digest.digest('hex');
}
