/** A place of the depth image: what hides a token there, and where a report must say it was. */

import type { Exposure, LocationKind } from '../../../src/scan/finding.ts';
import type { Files } from '../packed-bytes.ts';
import type { TarEntry } from '../tar-writer.ts';
import type { DepthToken, Tokens } from './token.ts';

/** Where a report must say that a token is; what is left out is not looked at, but for `nested` and `decoded`, which then are to be absent. */
export interface Whereabouts {
  readonly kind: LocationKind;
  readonly path?: string;
  readonly name?: string;
  readonly nested?: readonly string[];
  readonly decoded?: readonly string[];
  /** The commit that the report names. */
  readonly commit?: string;
  readonly exposure?: Exposure;
}

/** What a place puts into the layer of its group. */
export interface Grown {
  readonly token: DepthToken;
  readonly files?: Files;
  readonly entries?: readonly TarEntry[];
  readonly where: Whereabouts;
}

/** A place of a group's table. */
export interface Place {
  readonly name: string;
  readonly grow: (tokens: Tokens) => Grown;
}

/** Places of one kind, which share a layer. */
export interface Group {
  readonly title: string;
  /** The folder that is its own. */
  readonly folder: string;
  readonly places: readonly Place[];
}

/** A place that is one file of the group's folder, made of the token it gets. */
export function inFile(
  name: string,
  path: string,
  where: Partial<Whereabouts>,
  write: (token: DepthToken, tokens: Tokens) => string | Uint8Array,
  choose: (tokens: Tokens) => DepthToken = (tokens) => tokens.next(),
): Place {
  return {
    name,
    grow: (tokens) => {
      const token = choose(tokens);
      return { token, files: { [path]: write(token, tokens) }, where: { kind: 'file', path, ...where } };
    },
  };
}
