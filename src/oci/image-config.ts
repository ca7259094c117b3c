/** The image configuration (OCI image-spec config.md and Docker's v1.2), read leniently: any field may be missing or null. */

import { ScanError } from '../errors.ts';
import { asArray, asObject, asText, asTextRecord, asTexts, field } from './json.ts';
import { formatPlatform } from './platform.ts';

/** One step of the build, as the configuration's `history` tells it. */
export interface HistoryEntry {
  /** Position in the configuration's `history`, 0-based. */
  readonly index: number;
  readonly created?: string;
  /** The `created_by` string, untouched. */
  readonly createdBy: string;
  readonly author?: string;
  readonly comment?: string;
  /** True where the step made no layer. */
  readonly emptyLayer: boolean;
}

/** What a container of the image is started with, and how the image came to be. */
export interface ImageConfig {
  /** The parsed JSON, for whoever needs a string that no field below carries. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly os?: string;
  readonly architecture?: string;
  readonly variant?: string;
  readonly created?: string;
  readonly author?: string;
  readonly comment?: string;
  /** `NAME=value`, in the order they were set. */
  readonly env: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly cmd: readonly string[];
  readonly entrypoint: readonly string[];
  readonly healthcheck: readonly string[];
  readonly onBuild: readonly string[];
  readonly shell: readonly string[];
  readonly user?: string;
  readonly workingDir?: string;
  readonly volumes: readonly string[];
  /** Digests of the uncompressed layers, lowest first. */
  readonly diffIds: readonly string[];
  /** Undefined where the configuration has no history at all. */
  readonly history?: readonly HistoryEntry[];
}

/** Reads an image configuration; only what is no object at all is refused. @throws ScanError MANIFEST_INVALID */
export function parseImageConfig(json: unknown, subject = 'image configuration'): ImageConfig {
  const raw = asObject(json);
  if (raw === undefined) throw new ScanError('MANIFEST_INVALID', `${subject} is no JSON object.`, { subject });
  const config = asObject(field(raw, 'config'));
  const history = field(raw, 'history');
  return {
    raw,
    ...texts({
      os: field(raw, 'os'),
      architecture: field(raw, 'architecture'),
      variant: field(raw, 'variant'),
      created: field(raw, 'created'),
      author: field(raw, 'author'),
      comment: field(raw, 'comment'),
      user: field(config, 'User'),
      workingDir: field(config, 'WorkingDir'),
    }),
    env: asTexts(field(config, 'Env')),
    labels: asTextRecord(field(config, 'Labels')),
    cmd: asTexts(field(config, 'Cmd')),
    entrypoint: asTexts(field(config, 'Entrypoint')),
    healthcheck: asTexts(field(asObject(field(config, 'Healthcheck')), 'Test')),
    onBuild: asTexts(field(config, 'OnBuild')),
    shell: asTexts(field(config, 'Shell')),
    volumes: Object.keys(asObject(field(config, 'Volumes')) ?? {}),
    diffIds: asTexts(field(asObject(field(raw, 'rootfs')), 'diff_ids')),
    ...(Array.isArray(history) ? { history: asArray(history).map(parseHistoryEntry) } : {}),
  };
}

/** The platform an image's configuration says it is for; Docker's oldest images say none and are Linux on amd64. */
export function configPlatform(config: ImageConfig): string {
  const { os, architecture, variant } = config;
  const platform = { os: os ?? 'linux', architecture: architecture ?? 'amd64' };
  return formatPlatform(variant === undefined ? platform : { ...platform, variant });
}

function parseHistoryEntry(json: unknown, index: number): HistoryEntry {
  const entry = asObject(json);
  return {
    index,
    createdBy: asText(field(entry, 'created_by')) ?? '',
    emptyLayer: field(entry, 'empty_layer') === true,
    ...texts({
      created: field(entry, 'created'),
      author: field(entry, 'author'),
      comment: field(entry, 'comment'),
    }),
  };
}

// Fields that are absent, null or empty are left out: `exactOptionalPropertyTypes` wants no undefined.
function texts<T extends string>(fields: Record<T, unknown>): Partial<Record<T, string>> {
  const present: Partial<Record<T, string>> = {};
  for (const name of Object.keys(fields) as T[]) {
    const text = asText(fields[name]);
    if (text !== undefined) present[name] = text;
  }
  return present;
}
