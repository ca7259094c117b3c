/**
 * Results of a scan, as the JSON report publishes them (schemas/report.schema.json). Lines and columns
 * are 1-based, columns in code points; offsets are 0-based bytes. Absent means absent: no null.
 */

import type { Confidence, Severity } from '../detect/rule.ts';
import type { Diagnostic } from '../errors.ts';
import type { PublicReach, SourceKind } from '../source/source.ts';
import type { GitPlace } from './git-place.ts';

/** What kind of place a secret was found in. */
export type LocationKind =
  | 'file'
  | 'path'
  | 'env'
  | 'arg'
  | 'label'
  | 'history'
  | 'cmd'
  | 'entrypoint'
  | 'healthcheck'
  | 'onbuild'
  | 'shell'
  | 'user'
  | 'workdir'
  | 'volume'
  | 'author'
  | 'comment'
  | 'config'
  | 'annotation'
  | 'attestation';

/** Whether the secret is still in what a container sees. */
export type Exposure = 'live' | 'overwritten' | 'deleted' | 'metadata' | 'attestation';

/**
 * How a later layer took a file away: another entry at its path, a whiteout of it or of a folder above it, a folder marked opaque,
 * or something that is no folder in place of one above it.
 */
export type Removal = 'replaced' | 'whiteout' | 'opaque' | 'folder-replaced';

export interface Location {
  readonly kind: LocationKind;
  /** The variable's, label's or argument's name, where the kind has one. */
  readonly name?: string;
  /** Path in the image, without a leading slash (`file`, `path`). */
  readonly path?: string;
  readonly line?: number;
  readonly column?: number;
  readonly offset?: number;
  /** The chain of entries inside `path`, outermost first. */
  readonly nested?: readonly string[];
  readonly decoded?: readonly string[];
  /** Where in git's history it first was, for what is in an object of git; it is told once a repository. */
  readonly git?: GitPlace;
}

export interface LayerPlace {
  readonly index: number;
  readonly digest?: string;
  readonly diffId?: string;
  /** The image it was inherited from, where that is known. */
  readonly baseImage?: string;
}

/** The image an image was built upon. */
export interface BaseImage {
  readonly name: string;
  /** Of its manifest, where it is known. */
  readonly digest?: string;
  /** How many of the layers, from the lowest, are its own; absent where only its name is known. */
  readonly layers?: number;
  /** Who says so: the user's `--base` or the layer cache, whose layers were compared, or what is only the image's word. */
  readonly from: 'option' | 'cache' | 'annotation' | 'provenance' | 'dockerfile';
  readonly verified: boolean;
  /** What the image says of itself, where the cache knows an image below it by another name. */
  readonly claim?: Pick<BaseImage, 'name' | 'from'>;
}

export interface Instruction {
  /** Absent where the image has no history and only its provenance tells. */
  readonly historyIndex?: number;
  /** Masked. */
  readonly createdBy: string;
  /**
   * Where it stands in the Dockerfile, from `--dockerfile` or a provenance of `mode=max`; `stage` is told where the image is not
   * made of that stage.
   */
  readonly dockerfile?: { readonly path: string; readonly line: number; readonly stage?: string };
}

/** One secret at one place. */
export interface Finding {
  readonly fingerprint: string;
  readonly placeFingerprint: string;
  readonly rule: string;
  readonly provider: string;
  readonly title: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly secret: { readonly masked: string; readonly length: number; readonly value?: string };
  readonly companion?: { readonly name: string; readonly masked: string };
  /** What the secret says of itself, by name: `issuer`, `expires` (and `expired`), `account` … Unverified. */
  readonly details?: Readonly<Record<string, string>>;
  readonly location: Location;
  readonly layer?: LayerPlace;
  readonly instruction?: Instruction;
  readonly alsoAt?: readonly { readonly historyIndex: number }[];
  readonly exposure: Exposure;
  readonly removedBy?: { readonly layer: number; readonly historyIndex?: number; readonly how?: Removal };
  /**
   * Where several images were scanned and the secret is in no file of this one any more: the other images in whose file
   * system or variables it is. Empty: it is in none of them.
   */
  readonly liveIn?: readonly string[];
  /** The command that gets the secret, or the text it stands in, out of the image as it is stored. */
  readonly proof?: string;
  readonly remediation: { readonly summary: string; readonly url?: string };
  /** True where public packages publish this very secret (a test key, a sample): hence the low confidence. */
  readonly published?: boolean;
}

/** One layer of a scanned image. */
export interface LayerReport {
  readonly index: number;
  readonly digest?: string;
  readonly diffId?: string;
  readonly mediaType: string;
  readonly sizeBytes?: number;
  readonly uncompressedBytes?: number;
  readonly entries?: number;
  readonly historyIndex?: number;
  /** Masked. */
  readonly createdBy?: string;
  readonly base: boolean;
  /** The image it was inherited from, where that is known. */
  readonly baseImage?: string;
  readonly cached: boolean;
}

export interface Coverage {
  readonly complete: boolean;
  readonly layersScanned: number;
  /** Layers among them whose scan came from the cache; absent where there are none. */
  readonly layersCached?: number;
  readonly layersTotal: number;
  readonly filesScanned: number;
  readonly bytesScanned: number;
  /** Everything that was not looked at (`effect: incomplete`) and what else is worth knowing (`notice`). */
  readonly skipped: readonly Diagnostic[];
}

/** One image for one platform. */
export interface ImageReport {
  readonly reference: string;
  readonly source: SourceKind;
  readonly platform: string;
  /** What it is where it is no container image: a chart, a build cache … */
  readonly artifactType?: string;
  readonly manifestDigest?: string;
  readonly configDigest?: string;
  readonly createdAt?: string;
  /** Whether anyone can pull it; with `--check-public`, of registry images with findings. */
  readonly reach?: PublicReach;
  readonly repoTags: readonly string[];
  /** The image it was built upon, where something tells. */
  readonly base?: BaseImage;
  readonly layers: readonly LayerReport[];
  readonly coverage: Coverage;
  readonly findings: readonly Finding[];
}

/** An image that could not be scanned at all. */
export interface ImageError {
  readonly reference: string;
  readonly error: { readonly code: string; readonly message: string; readonly hint?: string };
}

export interface Summary {
  readonly images: number;
  readonly findings: number;
  readonly secrets: number;
  readonly bySeverity: Readonly<Partial<Record<Severity, number>>>;
  readonly hiddenByConfidence: number;
  /** Findings that marks and lists keep from being shown, by reason; absent where there are none. */
  readonly suppressed?: Suppressed;
}

/**
 * Why a finding is not shown: `inline` is a mark in its line (`--allow-inline`), `allow-list` one of an imported rule
 * file, `published` a hash of ours of a secret that public packages publish, `base` that it is in a layer of a `--base` image.
 */
export type Suppression = 'inline' | 'allow-list' | 'published' | 'base';

/** How many findings were suppressed, by reason. */
export type Suppressed = Readonly<Partial<Record<Suppression, number>>>;

export interface Report {
  readonly schemaVersion: 1;
  readonly tool: {
    readonly name: 'whichlayer';
    readonly version: string;
    readonly ruleSet: {
      readonly digest: string;
      readonly rules: number;
      readonly providers: number;
      /** Rules the user has switched off; absent where there are none. */
      readonly disabled?: number;
    };
    /** The configuration file that was read. */
    readonly config?: string;
  };
  readonly startedAt: string;
  readonly durationMs: number;
  readonly images: readonly (ImageReport | ImageError)[];
  /** What concerns no single image. */
  readonly diagnostics: readonly Diagnostic[];
  readonly summary: Summary;
}

/** What `whichlayer env` says of one string of an image's metadata. */
export type EnvVerdict = 'secret' | 'suspicious' | 'placeholder' | 'empty' | 'reference' | 'public';

export interface EnvEntry {
  readonly kind: LocationKind;
  readonly name?: string;
  /** Masked unless it is known to be harmless. */
  readonly value: string;
  readonly verdict: EnvVerdict;
  /** For a person: why. */
  readonly reason: string;
  readonly rule?: string;
  readonly provider?: string;
  readonly title?: string;
  readonly severity?: Severity;
  readonly confidence?: Confidence;
  readonly fingerprint?: string;
  readonly instruction?: Instruction;
  readonly remediation?: { readonly summary: string; readonly url?: string };
}

export interface EnvImageReport {
  readonly reference: string;
  readonly source: SourceKind;
  readonly platform: string;
  readonly manifestDigest?: string;
  readonly configDigest?: string;
  readonly repoTags: readonly string[];
  readonly entries: readonly EnvEntry[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface EnvReport {
  readonly schemaVersion: 1;
  readonly tool: Report['tool'];
  readonly startedAt: string;
  readonly durationMs: number;
  readonly images: readonly (EnvImageReport | ImageError)[];
  readonly diagnostics: readonly Diagnostic[];
  readonly summary: {
    readonly images: number;
    readonly entries: number;
    readonly byVerdict: Readonly<Partial<Record<EnvVerdict, number>>>;
    readonly suppressed?: Suppressed;
  };
}
