/**
 * Digest and size of bytes as they pass, compared at the end with what the blob was asked for by: nothing a
 * registry or an archive says of a blob is used unchecked (OCI image-spec descriptor.md, "Verification").
 */

import { createHash, type Hash } from 'node:crypto';
import { type Diagnostic, incomplete } from '../errors.ts';
import { parseDigest } from '../oci/digest.ts';

/** What a blob should be. */
export interface Expectation {
  readonly digest?: string | undefined;
  readonly sizeBytes?: number | undefined;
}

/** Hashes and counts what passes. */
export class Meter {
  readonly #hashes: Map<string, Hash> = new Map();
  #sizeBytes = 0;

  /** @param algorithms beside sha256, which is always there */
  constructor(algorithms: readonly string[] = []) {
    for (const algorithm of ['sha256', ...algorithms]) this.#hashes.set(algorithm, createHash(algorithm));
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  add(bytes: Uint8Array): void {
    this.#sizeBytes += bytes.length;
    for (const hash of this.#hashes.values()) hash.update(bytes);
  }

  /** `algorithm:hex` of all that passed, by algorithm; ends the meter. */
  digests(): ReadonlyMap<string, string> {
    return new Map([...this.#hashes].map(([algorithm, hash]) => [algorithm, `${algorithm}:${hash.digest('hex')}`]));
  }
}

/** The algorithms an expectation needs. */
export function algorithmsFor(expected: Expectation): string[] {
  const algorithm = parseDigest(expected.digest)?.algorithm;
  return algorithm === undefined || algorithm === 'sha256' ? [] : [algorithm];
}

/** Passes bytes on, measured. */
export async function* metered(bytes: AsyncIterable<Uint8Array>, meter: Meter): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of bytes) {
    meter.add(chunk);
    yield chunk;
  }
}

/** What is wrong with a blob of this size and these digests. */
export function verify(
  expected: Expectation,
  sizeBytes: number,
  digests: ReadonlyMap<string, string>,
): readonly Diagnostic[] {
  if (expected.sizeBytes !== undefined && sizeBytes < expected.sizeBytes) {
    return [incomplete('BLOB_TRUNCATED', '', `the blob ended after ${sizeBytes} of ${expected.sizeBytes} bytes`)];
  }
  const problems: Diagnostic[] = [];
  if (expected.sizeBytes !== undefined && sizeBytes > expected.sizeBytes) {
    const message = `the blob has ${sizeBytes} bytes and was declared with ${expected.sizeBytes}`;
    problems.push(incomplete('BLOB_SIZE_MISMATCH', '', message));
  }
  if (expected.digest === undefined) return problems;
  const algorithm = parseDigest(expected.digest)?.algorithm;
  const actual = algorithm === undefined ? undefined : digests.get(algorithm);
  if (actual !== expected.digest) {
    const message =
      actual === undefined
        ? 'the blob was asked for by a digest of an unknown algorithm, so that it can’t be verified'
        : `the blob was asked for as ${expected.digest} and is ${actual}`;
    problems.push(incomplete('BLOB_DIGEST_MISMATCH', '', message));
  }
  return problems;
}
