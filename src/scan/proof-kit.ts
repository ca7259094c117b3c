/** What proofs are made of, and how each ends: with the line or the bytes that hold the secret. */

import type { ImageRecord } from '../source/source.ts';
import type { Draft } from './draft.ts';
import type { LayerScan } from './layer-scan.ts';
import type { Masker } from './mask.ts';
import { decodingSteps } from './proof-decode.ts';
import type { ProofPlace } from './proof-source.ts';
import { isOneLine, type Secret, unitsOf } from './secret.ts';

/** Lines are shown whole where the secret ends not too far to the right. */
const widestColumn = 400;

/** What a proof is made of. */
export interface ProofKit {
  /** Where the image is from, as the user named it. */
  readonly place: ProofPlace;
  readonly record: ImageRecord;
  readonly scans: readonly (LayerScan<Secret> | undefined)[];
  readonly masker: Masker;
}

/** The commands that show the line the secret is in, or its bytes where the line is long or the secret has several; decoded. */
export function selection({ match }: Draft): string[] | undefined {
  const { line, column, secret, start, end, decoded = [] } = match;
  const decoding = decodingSteps(decoded);
  if (decoding === undefined) return undefined;
  const isLine = column !== undefined && column + unitsOf(secret) <= widestColumn && isOneLine(secret);
  const bytes = `tail -c +${start + 1} | head -c ${end - start}`;
  switch (decoded[0]) {
    case 'base64':
    case 'hex':
      // They are told by where the whole of a code is, of which a line may be a part.
      return [bytes, ...decoding];
    case 'utf-16':
      return isLine ? [decoding[0]!, `sed -n ${line}p`, ...decoding.slice(1)] : [bytes, ...decoding];
    default:
      return [isLine ? `sed -n ${line}p` : bytes, ...decoding];
  }
}
