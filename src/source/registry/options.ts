/** What the registry client can be told, and its limits, in one place. */

import type { Surroundings } from './surroundings.ts';

/** A user's name and password. */
export interface PasswordCredentials {
  readonly username: string;
  readonly password: string;
}

/** What opens one registry: a password, an OAuth2 refresh token (`identitytoken`), or a bearer token as it is. */
export type Credentials = PasswordCredentials | { readonly identityToken: string } | { readonly registryToken: string };

/** How to talk to a registry; everything may be left out. */
export interface RegistryOptions {
  /** Credentials for the registry the reference names and for no other; without them docker's and podman's are looked up. */
  readonly credentials?: Credentials;
  /** `host` or `host:port` of registries that may speak plain HTTP or have a certificate nobody vouches for. */
  readonly insecureRegistries?: readonly string[];
  /** PEM files of certificate authorities that are trusted besides the system's. */
  readonly caFiles?: readonly string[];
  /** Hosts a registry may send us to although they are on a private network and it is not. */
  readonly allowHosts?: readonly string[];
  /** True: layers that a registry leaves out are fetched from the addresses their descriptors name. */
  readonly foreignLayers?: boolean;
  /** True: a cloud machine's metadata service is asked for credentials to its registry. */
  readonly instanceCredentials?: boolean;
  /** How long to wait for an answer, and for the next bytes of one. */
  readonly idleTimeoutMs?: number;
  /** The wait before the first retry, give or take; it doubles with each. */
  readonly retryDelayMs?: number;
  /** A `Retry-After` up to this is waited for; a longer one is reported. */
  readonly maxRetryAfterMs?: number;
  /** Instead of the process's own environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Instead of the user's home folder, which HOME names. */
  readonly home?: string;
  /** Instead of `/etc`. */
  readonly etc?: Surroundings['etc'];
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
  tries: 4,
  manifests: 512,
};

/** What holds where `RegistryOptions` leave it out. */
export const registryDefaults = { idleTimeoutMs: 60_000, retryDelayMs: 250, maxRetryAfterMs: 60_000 } as const;
