/** The library's front door: what `whichlayer` does, for programs. Exports only. */

export { loadAutomaton, loadPlan, loadRules } from './detect/load-rules.ts';
export type { Confidence, Detector, Match, Provider, Rotation, RuleSet, Severity } from './detect/rule.ts';
export { type Diagnostic, type ErrorCode, errorCodes, ScanError } from './errors.ts';
export { parseReference, type Reference } from './oci/reference.ts';
export { envReporters, reporters } from './report/index.ts';
export type { EnvReporter, Reporter, ReporterOptions } from './report/reporter.ts';
export { type CachePlaces, cachePlaces } from './scan/cache/cache-folder.ts';
export type {
  Coverage,
  EnvEntry,
  EnvImageReport,
  EnvReport,
  EnvVerdict,
  Exposure,
  Finding,
  ImageError,
  ImageReport,
  Instruction,
  LayerPlace,
  LayerReport,
  Location,
  LocationKind,
  Report,
  Summary,
} from './scan/finding.ts';
export { noProgress, type ProgressEvent, type ScanProgress } from './scan/progress.ts';
export { type RunOptions, runEnv, runScan, type Target } from './scan/run.ts';
export type { Filter } from './scan/triage.ts';
export { type OpenOptions, openImage } from './source/open.ts';
export type { ImageSource, SourceKind } from './source/source.ts';
