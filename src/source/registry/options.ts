/** What the registry client can be told, and its limits, in one place. */

/** A user's name and password for one registry. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** How to talk to a registry; everything may be left out. */
export interface RegistryOptions {
  /** Credentials for the registry asked; without them docker's config.json is looked at. */
  readonly credentials?: Credentials;
  /** `host` or `host:port` of registries spoken to over plain HTTP; those on the loopback always are. */
  readonly insecureRegistries?: readonly string[];
  /** How long to wait for an answer, and for the next bytes of one. */
  readonly idleTimeoutMs?: number;
  /** The wait before the first retry; it doubles with each. */
  readonly retryDelayMs?: number;
  /** A `Retry-After` up to this is waited for; a longer one is reported. */
  readonly maxRetryAfterMs?: number;
  /** For DOCKER_CONFIG and HOME. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Bounds on what a registry can make us hold, ask or follow. */
export interface RegistryLimits {
  readonly manifestBytes: number;
  readonly configBytes: number;
  readonly tokenBytes: number;
  readonly errorBytes: number;
  readonly headerBytes: number;
  readonly redirects: number;
  readonly tries: number;
  /** Manifests of one index, nested ones included. */
  readonly manifests: number;
}

/** The limits that hold; none can be raised by a registry. */
export const registryLimits: RegistryLimits = {
  manifestBytes: 4 * 1024 * 1024,
  configBytes: 8 * 1024 * 1024,
  tokenBytes: 256 * 1024,
  errorBytes: 64 * 1024,
  headerBytes: 32 * 1024,
  redirects: 5,
  tries: 3,
  manifests: 512,
};

/** What holds where `RegistryOptions` leave it out. */
export const registryDefaults = { idleTimeoutMs: 60_000, retryDelayMs: 250, maxRetryAfterMs: 10_000 } as const;
