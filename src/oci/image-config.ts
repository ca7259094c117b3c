/** The image configuration (OCI image-spec config.md and Docker's v1.2), read leniently: any field may be missing or null. */

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

/** A HEALTHCHECK: its command and nothing else matters here. */
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
