/** Exit statuses (design: the command line's contract): what a script can rely on. */

import type { Severity } from '../detect/rule.ts';
import type { EnvReport, Report } from '../scan/finding.ts';
import { severityRank } from '../scan/triage.ts';

/** Every exit status of whichlayer. */
export const exitCodes = {
  clean: 0,
  findings: 1,
  usage: 2,
  unreachable: 3,
  incomplete: 4,
  defect: 70,
  interrupted: 130,
  terminated: 143,
} as const;

/** What decides whether findings fail a run. */
export interface Gate {
  /** Findings less severe than this don't count; undefined: any finding shown counts. */
  readonly failOn?: Severity;
  /** Turns 1 into 0 and nothing else. */
  readonly exitZero: boolean;
}

/** The exit status of a scan: findings before images that could not be reached before an incomplete scan. */
export function exitCodeOf(report: Report, gate: Gate): number {
  const severities = report.images.flatMap((image) =>
    'error' in image ? [] : image.findings.map(({ severity }) => severity),
  );
  const complete =
    report.images.every((image) => 'error' in image || image.coverage.complete) &&
    !report.diagnostics.some(({ effect }) => effect === 'incomplete');
  return decide(
    severities,
    report.images.some((image) => 'error' in image),
    complete,
    gate,
  );
}

/** The exit status of `whichlayer env`. */
export function envExitCodeOf(report: EnvReport, gate: Gate): number {
  const images = report.images.flatMap((image) => ('error' in image ? [] : [image]));
  const severities = images.flatMap(({ entries }) =>
    entries.flatMap(({ verdict, severity }) => (verdict === 'secret' && severity !== undefined ? [severity] : [])),
  );
  const diagnostics = [...report.diagnostics, ...images.flatMap((image) => image.diagnostics)];
  const complete = !diagnostics.some(({ effect }) => effect === 'incomplete');
  return decide(severities, images.length < report.images.length, complete, gate);
}

function decide(severities: readonly Severity[], unreachable: boolean, complete: boolean, gate: Gate): number {
  const { failOn } = gate;
  const failing = severities.some((severity) => failOn === undefined || severityRank(severity) >= severityRank(failOn));
  if (failing) return gate.exitZero ? exitCodes.clean : exitCodes.findings;
  if (unreachable) return exitCodes.unreachable;
  return complete ? exitCodes.clean : exitCodes.incomplete;
}
