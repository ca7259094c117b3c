/**
 * Just enough DER (X.690) to walk a key's frame: definite lengths within the bytes at hand, nothing recursive, so that
 * what an image put there can't cost more than its own length.
 */

/** One element: its tag and the half-open span of its contents. */
export interface DerElement {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** The tags a key's frame is made of. */
export const derTag = { integer: 0x02, octets: 0x04, oid: 0x06, sequence: 0x30 } as const;

/** The element at `at`, whole within `limit`; undefined where there is none. */
export function readDer(bytes: Uint8Array, at: number, limit: number = bytes.length): DerElement | undefined {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || lengthBytes > 3) return undefined;
  let length = lengthBytes === 0 ? first : 0;
  for (let index = 0; index < lengthBytes; index++) length = length * 256 + (bytes[at + 2 + index] ?? 0);
  const start = at + 2 + lengthBytes;
  return start + length > Math.min(limit, bytes.length) ? undefined : { tag, start, end: start + length };
}

/** The elements inside another one, at most `most` of them; undefined where its contents are no DER. */
export function childrenOf(bytes: Uint8Array, parent: DerElement, most = 16): DerElement[] | undefined {
  const children: DerElement[] = [];
  for (let at = parent.start; at < parent.end; ) {
    const child = children.length < most ? readDer(bytes, at, parent.end) : undefined;
    if (child === undefined) return undefined;
    children.push(child);
    at = child.end;
  }
  return children;
}

/** An element's contents in hex: object identifiers are compared so. */
export function hexOf(bytes: Uint8Array, { start, end }: DerElement): string {
  let hex = '';
  for (let at = start; at < end; at++) hex += (bytes[at] as number).toString(16).padStart(2, '0');
  return hex;
}

/** A non-negative INTEGER; infinite where it has more than four bytes. */
export function integerOf(bytes: Uint8Array, { start, end }: DerElement): number {
  if (end - start > 5) return Number.POSITIVE_INFINITY;
  let value = 0;
  for (let at = start; at < end; at++) value = value * 256 + (bytes[at] as number);
  return value;
}
