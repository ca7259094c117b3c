/**
 * Content digests, `algorithm:hex` (OCI image-spec descriptor.md, "Digests"). Only algorithms that the
 * scan can recompute are accepted: a digest that can't be checked is not used.
 */

const hexLengths: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/** A digest taken apart. */
export interface Digest {
  /** A name `node:crypto` knows. */
  readonly algorithm: string;
  /** Lower-case. */
  readonly hex: string;
}

/** The digest's parts, or undefined where the text is none that can be checked. */
export function parseDigest(text: unknown): Digest | undefined {
  if (typeof text !== 'string') return undefined;
  const [, algorithm, hex] = /^(sha256|sha384|sha512):([0-9a-f]+)$/.exec(text) ?? [];
  if (algorithm === undefined || hex === undefined || hex.length !== hexLengths[algorithm]) return undefined;
  return { algorithm, hex };
}

/** True for `algorithm:hex` of an algorithm that can be checked. */
export function isDigest(text: unknown): text is string {
  return parseDigest(text) !== undefined;
}

/** The digest for people: its first twelve hexadecimal digits. */
export function shortDigest(digest: string): string {
  return digest.replace(/^[a-z0-9]+:/, '').slice(0, 12);
}
