/**
 * BuildKit's provenance (SLSA v0.2 and v1; docs/attestations/slsa-definitions.md in moby/buildkit): with
 * `mode=max` it holds the Dockerfile, and for each step its lines and the layers it made. Whoever wrote the
 * image wrote this too: it is used to point at a line, never to leave anything out.
 */

import { asArray, asObject, asText, field, type JsonObject, parseJson } from './json.ts';

/** A Dockerfile as the build read it. */
export interface Dockerfile {
  /** As the build named it: `Dockerfile`, `docker/app.Dockerfile`. */
  readonly path: string;
  readonly text: string;
}

/** What a provenance says of how an image was built. */
export interface Provenance {
  readonly dockerfile: Dockerfile;
  /** The first line (1-based) of the step that made a layer, by the layer's digest. */
  readonly layerLines: ReadonlyMap<string, number>;
}

/** BuildKit's own part of an in-toto statement, wrapped in an envelope or not; undefined where it has no Dockerfile. */
export function readProvenance(document: Uint8Array): Provenance | undefined {
  try {
    return provenanceOf(statementOf(parseJson(document, 'provenance')));
  } catch {
    // No JSON: its strings are scanned all the same.
    return undefined;
  }
}

/** Images a build began with, as a provenance of any mode lists them: `debian:12`; that of the frontend is none of them. */
export function readBaseImages(document: Uint8Array): readonly string[] {
  try {
    const predicate = asObject(field(statementOf(parseJson(document, 'provenance')), 'predicate'));
    const v1 = field(asObject(field(predicate, 'buildDefinition')), 'resolvedDependencies');
    const uris = asArray(v1 ?? field(predicate, 'materials')).map((material) =>
      asText(field(asObject(material), 'uri')),
    );
    return uris.flatMap((uri) => imageOfUri(uri ?? '') ?? []);
  } catch {
    return [];
  }
}

/** `pkg:docker/debian@12?platform=linux%2Famd64` */
function imageOfUri(uri: string): string | undefined {
  const [, name, version] = /^pkg:(?:docker|oci)\/([^@?]{1,255})(?:@([^?]{1,255}))?/.exec(uri) ?? [];
  if (name === undefined || /^docker\/dockerfile(?:-upstream)?$/.test(name)) return undefined;
  const tag = version === undefined ? '' : decodeURIComponent(version);
  return tag === '' ? name : `${name}${tag.startsWith('sha256:') ? '@' : ':'}${tag}`;
}

/** The statement itself, out of a DSSE envelope (cosign's `.att`) or a sigstore bundle around one. */
function statementOf(json: unknown): JsonObject | undefined {
  const object = asObject(json);
  const envelope = asObject(field(object, 'dsseEnvelope')) ?? object;
  const payload = asText(field(envelope, 'payload'));
  if (payload === undefined) return object;
  return asObject(parseJson(Buffer.from(payload, 'base64'), 'provenance'));
}

function provenanceOf(statement: JsonObject | undefined): Provenance | undefined {
  const predicate = asObject(field(statement, 'predicate'));
  const v1 = asObject(field(asObject(field(predicate, 'runDetails')), 'metadata'));
  const metadata =
    asObject(field(v1, 'buildkit_metadata')) ??
    asObject(field(asObject(field(predicate, 'metadata')), 'https://mobyproject.org/buildkit@v1#metadata'));
  const source = asObject(field(metadata, 'source'));
  const infos = asArray(field(source, 'infos')).map(asObject);
  const [info] = infos;
  const data = asText(field(info, 'data'));
  if (data === undefined) return undefined;
  const dockerfile = {
    path: asText(field(info, 'filename')) ?? 'Dockerfile',
    text: Buffer.from(data, 'base64').toString('utf8'),
  };
  return { dockerfile, layerLines: layerLinesOf(metadata, linesOf(source)) };
}

/** The first line of each step, for steps of the first source. */
function linesOf(source: JsonObject | undefined): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  for (const [step, value] of Object.entries(asObject(field(source, 'locations')) ?? {})) {
    const [location] = asArray(field(asObject(value), 'locations')).map(asObject);
    if ((field(location, 'sourceIndex') ?? 0) !== 0) continue;
    const [range] = asArray(field(location, 'ranges')).map(asObject);
    const line = field(asObject(field(range, 'start')), 'line');
    if (typeof line === 'number' && Number.isSafeInteger(line) && line > 0) lines.set(step, line);
  }
  return lines;
}

/** `layers` maps `step:output` to chains of layers, of which the last is the step's own and the others lie below it. */
function layerLinesOf(metadata: JsonObject | undefined, lines: ReadonlyMap<string, number>): Map<string, number> {
  const own = new Map<string, number>();
  const below = new Map<string, number>();
  for (const [output, chains] of Object.entries(asObject(field(metadata, 'layers')) ?? {})) {
    const line = lines.get(output.replace(/:\d+$/, ''));
    if (line === undefined) continue;
    for (const chain of asArray(chains)) {
      const digests = asArray(chain).map((layer) => asText(field(asObject(layer), 'digest')));
      for (const [index, digest] of digests.entries()) {
        if (digest === undefined) continue;
        const lineOf = index === digests.length - 1 ? own : below;
        if (!lineOf.has(digest)) lineOf.set(digest, line);
      }
    }
  }
  // Nobody's own last layer: one of an image the build began with, of whose chain the first step to name it is FROM.
  return new Map([...below, ...own]);
}
