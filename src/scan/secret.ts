/**
 * A secret as the join knows it: in the clear, from a scan of this run, or as the layer cache kept it, which is without
 * the secret. Whatever a report says of a secret is asked here, so that both give the same report.
 */

import { publicSecretHash } from '../detect/known-public.ts';
import type { Match } from '../detect/rule.ts';
import { ScanError } from '../errors.ts';
import type { Fingerprinter } from './fingerprint.ts';
import { mask } from './mask-text.ts';

/** Names secrets for comparison: without its key a tag says nothing of a secret, and nothing can be guessed from it. */
export interface TagKey {
  /** Names the key itself: what was kept under another can't be used. */
  readonly id: string;
  tag(secret: string): string;
}

/** What is written down of a secret. */
export interface SecretFacts {
  readonly masked: string;
  /** Characters (code points), as reports count them. */
  readonly length: number;
  /** UTF-16 units, as texts are searched. */
  readonly units: number;
  readonly isOneLine: boolean;
  /** True where the masked form begins and ends as the secret does: then few places of a text have to be looked at. */
  readonly hasEnds: boolean;
  readonly tag: string;
  /** True where public packages publish it. */
  readonly published: boolean;
  /** Told only of secrets that were shown: a slow hash takes its time. */
  readonly fingerprint?: string;
}

/** A secret that was kept without being kept. Objects of one scan are the same where the secrets are. */
export class KeptSecret {
  readonly facts: SecretFacts;
  readonly key: TagKey;

  constructor(facts: SecretFacts, key: TagKey) {
    this.facts = facts;
    this.key = key;
  }
}

/** A secret in the clear, or a kept one. */
export type Secret = string | KeptSecret;

/** A match whose secret may be a kept one. */
export interface FoundMatch<S extends Secret = Secret> extends Omit<Match, 'secret' | 'companion'> {
  readonly secret: S;
  readonly companion?: { readonly name: string; readonly value: S };
}

/** The facts on a secret in the clear. */
export function factsOf(secret: string, key: TagKey, knownPublic: Pick<ReadonlySet<string>, 'has'>): SecretFacts {
  const masked = mask(secret);
  const [head = '', tail = ''] = masked.split('…');
  const hasEnds = masked.length > 8 && secret.startsWith(head) && secret.endsWith(tail);
  return {
    masked,
    length: Array.from(secret).length,
    units: secret.length,
    isOneLine: !secret.includes('\n'),
    hasEnds,
    tag: key.tag(secret),
    published: knownPublic.has(publicSecretHash(secret)),
  };
}

/** The masked form. */
export function maskedForm(secret: Secret): string {
  return typeof secret === 'string' ? mask(secret) : secret.facts.masked;
}

/** Characters of it. */
export function lengthOf(secret: Secret): number {
  return typeof secret === 'string' ? Array.from(secret).length : secret.facts.length;
}

/** UTF-16 units of it. */
export function unitsOf(secret: Secret): number {
  return typeof secret === 'string' ? secret.length : secret.facts.units;
}

/** True where it has no line break. */
export function isOneLine(secret: Secret): boolean {
  return typeof secret === 'string' ? !secret.includes('\n') : secret.facts.isOneLine;
}

/** True where public packages publish it. */
export function isPublished(secret: Secret, knownPublic: Pick<ReadonlySet<string>, 'has'>): boolean {
  return typeof secret === 'string' ? knownPublic.has(publicSecretHash(secret)) : secret.facts.published;
}

/** True where it can be told in a report: a kept secret that was never shown has no fingerprint. */
export function canBeTold(secret: Secret): boolean {
  return typeof secret === 'string' || secret.facts.fingerprint !== undefined;
}

/** Its fingerprint. @throws ScanError INTERNAL for a kept secret that can't be told */
export async function fingerprintOf(secret: Secret, fingerprinter: Fingerprinter): Promise<string> {
  if (typeof secret === 'string') return fingerprinter.fingerprint(secret);
  if (secret.facts.fingerprint !== undefined) return secret.facts.fingerprint;
  throw new ScanError('INTERNAL', 'A kept secret was to be shown that has no fingerprint.');
}
