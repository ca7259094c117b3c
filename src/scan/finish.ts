/** From drafts to findings: fingerprints made, every secret masked wherever it might show. */

import type { HistoryEntry } from '../oci/image-config.ts';
import type { DockerfileLines } from './dockerfile-line.ts';
import type { Draft, RuleLookup } from './draft.ts';
import type { Exposure, Finding, Instruction, LayerPlace, Location } from './finding.ts';
import { type Fingerprinter, placeFingerprint } from './fingerprint.ts';
import type { Masker } from './mask.ts';
import { proofOf } from './proof.ts';
import type { ProofKit } from './proof-kit.ts';
import { fingerprintOf, lengthOf, maskedForm } from './secret.ts';
import { severityRank } from './triage.ts';

/** What the drafts of one image are finished with. */
export interface FinishContext {
  readonly rules: RuleLookup;
  readonly history: readonly HistoryEntry[];
  readonly layers: readonly LayerPlace[];
  /** For each layer the history entry that made it. */
  readonly madeBy: readonly (number | undefined)[];
  readonly masker: Masker;
  readonly fingerprinter: Fingerprinter;
  readonly showSecrets: boolean;
  /** Tells lines of the Dockerfile. */
  readonly lines: DockerfileLines;
  /** Makes proofs; without it there are none. */
  readonly proofs?: ProofKit;
}

/** Finishes drafts and puts them in order: severest first, what is live before what is not, then by place. */
export async function finish(drafts: readonly Draft[], context: FinishContext): Promise<Finding[]> {
  const findings = await Promise.all(drafts.map((draft) => finishOne(draft, context)));
  return findings.sort(
    (a, b) =>
      severityRank(b.severity) - severityRank(a.severity) ||
      exposureOrder.indexOf(a.exposure) - exposureOrder.indexOf(b.exposure) ||
      (a.layer?.index ?? -1) - (b.layer?.index ?? -1) ||
      (a.instruction?.historyIndex ?? -1) - (b.instruction?.historyIndex ?? -1) ||
      compare(a.location.path ?? a.location.name ?? '', b.location.path ?? b.location.name ?? '') ||
      (a.location.offset ?? 0) - (b.location.offset ?? 0) ||
      compare(a.rule, b.rule),
  );
}

const exposureOrder: readonly Exposure[] = ['live', 'metadata', 'attestation', 'overwritten', 'deleted'];

async function finishOne(draft: Draft, context: FinishContext): Promise<Finding> {
  const { match } = draft;
  const { detector, provider } = context.rules.get(match.rule)!;
  const fingerprint = await fingerprintOf(match.secret, context.fingerprinter);
  const { location } = draft;
  const place = [location.path ?? location.name ?? '', ...(location.nested ?? [])];
  const instruction = instructionOf(draft, context);
  const { url } = provider.rotation;
  const proof = context.proofs && proofOf(draft, context.proofs);
  return {
    fingerprint,
    placeFingerprint: placeFingerprint(fingerprint, location.kind, place),
    rule: match.rule,
    provider: match.provider,
    title: draft.published === true ? `${detector.title}, published with a public package` : detector.title,
    severity: detector.severity,
    confidence: match.confidence,
    secret: {
      masked: maskedForm(match.secret),
      length: lengthOf(match.secret),
      ...(context.showSecrets && typeof match.secret === 'string' ? { value: match.secret } : {}),
    },
    ...(match.companion === undefined
      ? {}
      : { companion: { name: match.companion.name, masked: maskedForm(match.companion.value) } }),
    ...(match.details === undefined ? {} : { details: finishDetails(match.details, context.masker) }),
    location: maskLocation(location, context.masker),
    ...(draft.layer === undefined ? {} : { layer: context.layers[draft.layer]! }),
    ...(instruction === undefined ? {} : { instruction }),
    ...(draft.alsoAt.length === 0 ? {} : { alsoAt: draft.alsoAt.map((historyIndex) => ({ historyIndex })) }),
    exposure: draft.exposure,
    ...(draft.removedBy === undefined ? {} : { removedBy: remover(draft.removedBy, context) }),
    ...(proof === undefined ? {} : { proof }),
    remediation: { summary: provider.rotation.summary, ...(url === undefined ? {} : { url }) },
    ...(draft.published === true ? { published: true } : {}),
  };
}

/** Whether something has expired is told here: a layer's scan, which is kept, knows no clock. */
function finishDetails(details: Readonly<Record<string, string>>, masker: Masker): Readonly<Record<string, string>> {
  const masked = Object.entries(details).map(([name, value]) => [name, masker.apply(value)] as const);
  const expires = Date.parse(details['expires'] ?? '');
  if (!Number.isNaN(expires)) masked.push(['expired', expires < Date.now() ? 'yes' : 'no']);
  return Object.fromEntries(masked);
}

/** The history entry that put it there, with its line in the Dockerfile; that line alone where there is no history. */
function instructionOf(draft: Draft, context: FinishContext): Instruction | undefined {
  const instruction = instructionAt(draft.historyIndex, context);
  const place = context.lines.find({
    ...draft.location,
    layerDigest: draft.layer === undefined ? undefined : context.layers[draft.layer]?.digest,
    historyIndex: draft.historyIndex,
    createdBy: draft.historyIndex === undefined ? undefined : context.history[draft.historyIndex]?.createdBy,
  });
  if (place === undefined) return instruction;
  const { path, line, text, stage } = place;
  const aside = stage === undefined ? {} : { stage: context.masker.applyToName(stage) };
  const dockerfile = { path: context.masker.applyToName(path), line, ...aside };
  return { ...(instruction ?? { createdBy: context.masker.apply(text) }), dockerfile };
}

function remover(
  { layer, how }: NonNullable<Draft['removedBy']>,
  context: FinishContext,
): NonNullable<Finding['removedBy']> {
  const historyIndex = context.madeBy[layer];
  return { layer, ...(historyIndex === undefined ? {} : { historyIndex }), how };
}

/** A history entry as reports show it. */
export function instructionAt(
  historyIndex: number | undefined,
  context: { readonly history: readonly HistoryEntry[]; readonly masker: Masker },
): Instruction | undefined {
  const entry = historyIndex === undefined ? undefined : context.history[historyIndex];
  return entry === undefined
    ? undefined
    : { historyIndex: entry.index, createdBy: context.masker.apply(entry.createdBy) };
}

function maskLocation(location: Location, masker: Masker): Location {
  return {
    ...location,
    ...(location.path === undefined ? {} : { path: masker.applyToName(location.path) }),
    ...(location.name === undefined ? {} : { name: masker.applyToName(location.name) }),
    ...(location.nested === undefined ? {} : { nested: location.nested.map((name) => masker.applyToName(name)) }),
    ...(location.git?.path === undefined
      ? {}
      : { git: { ...location.git, path: masker.applyToName(location.git.path) } }),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
