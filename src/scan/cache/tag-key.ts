/**
 * The key that tags of kept secrets are made with. It lies outside the cache's folder, so that a cache that is copied
 * (CI systems do) gives nothing away: without the key no guess of a weak password can be checked. Whoever keys the
 * fingerprints has it made of that key, and can use one cache on many machines.
 */

import { hash, randomBytes, scrypt } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TagKey } from '../secret.ts';

const keyBytes = 32;
const salt = 'whichlayer/cache/1';
const cost = { N: 1 << 14, r: 8, p: 1 } as const;

/** Tags that are remembered: the same stretches of instructions and paths come again and again. */
const mostTags = 200_000;

/** The key of a file, which is made where there is none, or of the fingerprints' key; undefined where neither can be had. */
export async function openTagKey(file: string, fingerprintKey: string | undefined): Promise<TagKey | undefined> {
  if (fingerprintKey !== undefined && fingerprintKey !== '') {
    return new HashTags(
      await new Promise<Buffer>((resolve, reject) => {
        scrypt(fingerprintKey, salt, keyBytes, cost, (error, key) => (error ? reject(error) : resolve(key)));
      }),
    );
  }
  const key = readKey(file) ?? makeKey(file);
  return key === undefined ? undefined : new HashTags(key);
}

/** Forgets the key: what was kept under it can't be used any more. */
export function removeTagKey(file: string): void {
  rmSync(file, { force: true });
}

function readKey(file: string): Buffer | undefined {
  try {
    const key = readFileSync(file);
    return key.length === keyBytes ? key : undefined;
  } catch {
    return undefined;
  }
}

function makeKey(file: string): Buffer | undefined {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, randomBytes(keyBytes), { flag: 'wx', mode: 0o600 });
    chmodSync(file, 0o600);
  } catch {
    // Another process was faster, or nothing can be written here.
  }
  return readKey(file);
}

class HashTags implements TagKey {
  readonly id: string;
  readonly #prefix: string;
  readonly #known = new Map<string, string>();

  constructor(key: Buffer) {
    this.#prefix = key.toString('hex');
    this.id = this.#hash('\0id');
  }

  tag(secret: string): string {
    let tag = this.#known.get(secret);
    if (tag === undefined) {
      if (this.#known.size >= mostTags) this.#known.clear();
      tag = this.#hash(`=${secret}`);
      this.#known.set(secret, tag);
    }
    return tag;
  }

  #hash(text: string): string {
    return hash('sha256', this.#prefix + text, 'base64').slice(0, 24);
  }
}
