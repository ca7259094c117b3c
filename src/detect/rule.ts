/**
 * What a rule is. A provider's YAML file (docs/rules.md) is parsed into a `Provider` with its `Detector`s;
 * a `RuleSet` is all of them, ready to be compiled. Offsets are 0-based bytes, spans half-open.
 */

import type { Diagnostic } from '../errors.ts';

export const severities = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

export const confidences = ['low', 'medium', 'high'] as const;
export type Confidence = (typeof confidences)[number];

/** How to get rid of a leaked secret, in our own words. */
export interface Rotation {
  /** One line for the table, at most 120 characters: `API & Webhooks → Create API Key, move services over, delete this one`. */
  readonly summary: string;
  /** What the secret opens: what somebody who has it can do. */
  readonly opens: string;
  /** Where to look for abuse: access logs, usage patterns, active connections. */
  readonly abuse: readonly string[];
  /** How to make a new one, move services to it and revoke the old, in order, with console paths. */
  readonly steps: readonly string[];
  /** What stops working when the old one is revoked, and how to plan for it. */
  readonly breaks: string;
  /** The vendor's page on it. */
  readonly url?: string;
}

/** Where a detector looks, relative to its anchors. */
export type Anchoring =
  /** The anchor is the beginning of the secret: the pattern is tried exactly there. */
  | 'token'
  /** The anchor is (part of) the name the secret is assigned to, in code, configuration, URLs, headers or ENV: the pattern is the value's. */
  | 'name'
  /** The anchor is a word near the secret: the pattern is searched in the window around it. */
  | 'near';

/** One kind of secret a provider has. */
export interface Detector {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  /** Literals, ASCII case ignored, three bytes or more; a space in one stands for any of `_`, `-`, `.`, a space, or nothing. */
  readonly anchors: readonly string[];
  readonly at: Anchoring;
  /** Bytes before an anchor the window reaches (`near`). */
  readonly before: number;
  /** Bytes after an anchor's beginning the window reaches; at most 16 KiB together with `before`. */
  readonly after: number;
  /** JavaScript regular expression (flag `v` off, `s` off); one capture group is the secret, or the whole match where there is none. */
  readonly pattern: string;
  /** Least Shannon entropy of the secret, bits a character. */
  readonly entropy?: number;
  /** Named checks every secret must pass: `digit`, `mixed`, `jwt`, `crc32-base62` … (detect/checks). */
  readonly checks: readonly string[];
  /** Regular expressions (whole secret) that a real secret never matches. */
  readonly not: readonly string[];
  /** False where the secret may follow or be followed by word characters. */
  readonly boundary: boolean;
  /** True to let values through that look like placeholders (`changeme` is a password people really use). */
  readonly allowPlaceholder: boolean;
  /** What else must, or may, stand near: an account id beside its secret. */
  readonly companion?: {
    readonly pattern: string;
    readonly within: number;
    readonly required: boolean;
    readonly name: string;
  };
  /** A detector of last resort: gives way to any other that knows the same secret. */
  readonly generic: boolean;
  /** Pattern for the path of the files it looks at; without it, all and metadata. */
  readonly path?: string;
  /** What the user's gitleaks configuration allows. */
  readonly allow?: readonly AllowList[];
  /** True for a rule of another program: nothing but its regex and its lists says what is no secret. */
  readonly imported?: true;
  /** Texts with the secret in them; the secret is what the detector must report. */
  readonly examples: readonly RuleExample[];
  /** Texts this detector must not report anything in. */
  readonly counterExamples: readonly string[];
  /** Texts with a secret that this detector is known not to find, written down so that nobody forgets. */
  readonly knownMisses: readonly string[];
}

/** What a user allows by text or place, as gitleaks' allow-lists say it. */
export interface AllowList {
  /** Whether each of the kinds given must hold, rather than one. */
  readonly all: boolean;
  /** What the regexes are tested against. */
  readonly target: 'secret' | 'match' | 'line';
  /** Patterns for the path of the file. */
  readonly paths: readonly string[];
  readonly regexes: readonly string[];
  /** Texts a secret must not hold, lower case. */
  readonly stopwords: readonly string[];
}

/** An example and the secret in it. */
export interface RuleExample {
  /** One character a byte where `binary`. */
  readonly text: string;
  readonly secret: string;
  readonly binary?: true;
}

/** What an example gives to `detect`. */
export function contentOf({ text, binary }: RuleExample): string | Uint8Array {
  return binary === true ? Uint8Array.from(text, (char) => char.charCodeAt(0)) : text;
}

/** Whose secrets they are. */
export interface Provider {
  readonly id: string;
  readonly name: string;
  /** One sentence: what it is. */
  readonly about: string;
  readonly url: string;
  readonly categories: readonly string[];
  readonly rotation: Rotation;
  readonly detectors: readonly Detector[];
}

/** A detector and whose it is. */
export interface KnownRule {
  readonly detector: Detector;
  readonly provider: Provider;
}

/** All providers a scan knows. */
export interface RuleSet {
  /** `sha256:hex` over everything that changes what is found; prose does not count. */
  readonly digest: string;
  readonly providers: readonly Provider[];
  /** How many there are, where that is known before they are read. */
  readonly counts?: { readonly providers: number; readonly rules: number };
  /** Looks up a detector by its id, where that takes less than reading all providers. */
  readonly find?: (rule: string) => KnownRule | undefined;
  /** Hashes of secrets that public packages publish (`publicSecretHash`). */
  readonly knownPublic?: readonly string[];
  /** What a report must say of the rules: those that can't be run, what is done otherwise than their file says. */
  readonly remarks?: readonly RuleRemark[];
  /** Detectors the user has switched off. */
  readonly disabled?: readonly string[];
}

/** A remark on a rule of a user's file, or on the whole file where it names none. */
export interface RuleRemark {
  readonly rule?: string;
  /** The provider its rules have. */
  readonly provider: string;
  readonly diagnostic: Diagnostic;
}

/** A secret found in one content. */
export interface Match {
  /** `Detector.id`. */
  readonly rule: string;
  /** `Provider.id`. */
  readonly provider: string;
  /** The secret as text: UTF-8 where its bytes are, else one character a byte. */
  readonly secret: string;
  readonly confidence: Confidence;
  /** Where the secret stands in the content. */
  readonly start: number;
  readonly end: number;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in code points; absent past 64 KiB in a line. */
  readonly column?: number;
  /** True where an allow-list of its rule names it: it is counted, not shown. */
  readonly allowed?: true;
  /** True where its line says `whichlayer:allow`: the user decides whether that counts (`--allow-inline`). */
  readonly marked?: true;
  /** What stood beside it (`companion`), by name. */
  readonly companion?: { readonly name: string; readonly value: string };
  /** How it was encoded, outermost first: its place is that of the encoded text. Absent where it stands in the clear. */
  readonly decoded?: readonly string[];
  /** What the secret says of itself, by name: issuer, account, whether a key is protected. Unverified. */
  readonly details?: Readonly<Record<string, string>>;
}
