/**
 * Findings as a person wants them: by secret, the worst first, places that are still open before those that
 * are history. One secret keeps one group whatever rules, layers and paths it was found by and in.
 */

import { confidences, severities } from '../detect/rule.ts';
import type { Exposure, Finding } from '../scan/finding.ts';

/** One secret and the places it was found at, the most exposed first; `findings[0]` stands for it. */
export interface SecretGroup {
  readonly fingerprint: string;
  /** The finding that names the secret: of the highest severity and confidence. */
  readonly worst: Finding;
  readonly findings: readonly Finding[];
}

const exposureOrder: readonly Exposure[] = ['live', 'metadata', 'overwritten', 'deleted', 'attestation'];

/** The findings grouped by secret; groups by severity, then exposure, then confidence and title. */
export function groupFindings(findings: readonly Finding[]): SecretGroup[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const group = groups.get(finding.fingerprint);
    if (group === undefined) groups.set(finding.fingerprint, [finding]);
    else group.push(finding);
  }
  return [...groups]
    .map(([fingerprint, members]) => ({
      fingerprint,
      worst: members.toSorted(byGravity)[0]!,
      findings: members.toSorted(byPlace),
    }))
    .sort(byUrgency);
}

function byUrgency(a: SecretGroup, b: SecretGroup): number {
  return (
    severities.indexOf(b.worst.severity) - severities.indexOf(a.worst.severity) ||
    openness(a.findings[0]!) - openness(b.findings[0]!) ||
    confidences.indexOf(b.worst.confidence) - confidences.indexOf(a.worst.confidence) ||
    compare(a.worst.title, b.worst.title) ||
    byPlace(a.findings[0]!, b.findings[0]!) ||
    compare(a.fingerprint, b.fingerprint)
  );
}

function byGravity(a: Finding, b: Finding): number {
  return (
    severities.indexOf(b.severity) - severities.indexOf(a.severity) ||
    confidences.indexOf(b.confidence) - confidences.indexOf(a.confidence) ||
    compare(a.rule, b.rule) ||
    byPlace(a, b)
  );
}

function byPlace(a: Finding, b: Finding): number {
  return (
    openness(a) - openness(b) ||
    (a.layer?.index ?? -1) - (b.layer?.index ?? -1) ||
    (a.instruction?.historyIndex ?? -1) - (b.instruction?.historyIndex ?? -1) ||
    compare(a.location.path ?? a.location.name ?? '', b.location.path ?? b.location.name ?? '') ||
    (a.location.line ?? 0) - (b.location.line ?? 0) ||
    (a.location.offset ?? 0) - (b.location.offset ?? 0)
  );
}

/** Smaller is more open; an ENV is in every container and as open as a live file, the rest of the metadata less. */
function openness(finding: Finding): number {
  if (finding.exposure === 'metadata' && finding.location.kind === 'env') return 0;
  return exposureOrder.indexOf(finding.exposure);
}

// Not by locale: the same report is the same everywhere.
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
